"""The parent's end of a capture process."""

import os
import signal
import sys

import psutil
import pytest

from bt_robot.errors import RobotError
from bt_robot.robot.cameras import process as process_module
from bt_robot.robot.cameras.process import CaptureProcess
from bt_robot.robot.cameras.settings import ScriptedCameraSettings, Step
from bt_robot.robot.cameras.shared_frames import State
from tests.robot.camera_kit import until


@pytest.fixture
def process():
    process = CaptureProcess("wrist", ScriptedCameraSettings())
    yield process
    process.stop()


def test_it_captures_in_a_process_and_a_session_of_its_own_on_one_thread_of_opencv(process):
    until(lambda: process.reader.newest > 0)
    assert process.exit_code is None
    assert process.pid != os.getpid()
    assert os.getsid(process.pid) == process.pid
    environment = psutil.Process(process.pid).environ()
    assert environment["OPENCV_FOR_THREADS_NUM"] == "1"
    assert environment["OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"] == "1"


def test_it_can_be_told_what_to_do(process):
    until(lambda: process.reader.newest > 0)
    process.tell(Step("lose"))
    until(lambda: process.reader.state is State.LOST)
    process.tell(Step("play"))
    until(lambda: process.reader.state is State.CAPTURING)
    assert process.reader.counts.reopened == 1


def test_stop_ends_it_in_good_order():
    process = CaptureProcess("wrist", ScriptedCameraSettings())
    until(lambda: process.reader.newest > 0)
    child = psutil.Process(process.pid)
    process.stop()
    assert process.exit_code == 0
    assert not child.is_running()


def test_stop_ends_it_also_before_it_came_up_and_when_it_does_not_listen():
    process = CaptureProcess("wrist", ScriptedCameraSettings())
    process.stop()
    assert process.exit_code is not None
    process = CaptureProcess("wrist", ScriptedCameraSettings())
    until(lambda: process.reader.newest > 0)
    os.kill(process.pid, signal.SIGSTOP)
    process.stop()
    assert process.exit_code == -signal.SIGKILL


def test_telling_a_process_that_is_gone_is_no_error(process):
    process.kill()
    until(lambda: process.exit_code is not None)
    process.tell(Step("play"))


def test_it_ends_when_its_parent_is_killed():
    code = (
        "from bt_robot.robot.cameras.process import CaptureProcess\n"
        "from bt_robot.robot.cameras.settings import ScriptedCameraSettings\n"
        "import os, signal, sys, time\n"
        "child = CaptureProcess('wrist', ScriptedCameraSettings())\n"
        "while child.reader.newest == 0: time.sleep(0.01)\n"
        "sys.stdout.write(str(child.pid)); sys.stdout.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    read, write = os.pipe()
    parent = os.posix_spawn(
        sys.executable, [sys.executable, "-c", code], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)]
    )
    os.close(write)
    os.waitpid(parent, 0)
    with open(read, encoding="ascii") as said:
        pid = int(said.read())
    until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def test_what_it_says_about_its_own_failure_is_kept():
    process = CaptureProcess("wrist", ScriptedCameraSettings(fps=0.0))
    until(lambda: process.exit_code is not None)
    assert process.last_words.startswith("the capture process failed: ZeroDivisionError: ")
    process.stop()


def test_what_python_says_when_it_can_not_even_start_is_kept(monkeypatch):
    monkeypatch.setattr(process_module, "to_json", lambda settings: "{")
    process = CaptureProcess("wrist", ScriptedCameraSettings())
    until(lambda: process.exit_code is not None)
    assert "JSONDecodeError" in process.last_words
    process.stop()


def test_a_machine_that_can_start_no_process_is_an_error(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(RobotError, match="camera 'wrist': its capture process could not be started: "):
        CaptureProcess("wrist", ScriptedCameraSettings())
