"""A camera with a capture process: opening, refusing, replacing the process, closing."""

import os
import signal
import threading
import time

import numpy as np
import psutil
import pytest

from bt_robot.errors import RobotRefused
from bt_robot.robot.cameras import captured
from bt_robot.robot.cameras.captured import CapturedCamera
from bt_robot.robot.cameras.settings import OpenCvCameraSettings, ScriptedCameraSettings, Step, VideoCameraSettings
from tests.robot.camera_kit import device_tree, scripted, until, watch


@pytest.fixture
def camera():
    camera = scripted()
    camera.open()
    yield camera
    camera.close()


def test_the_newest_frame_is_the_same_until_there_is_a_newer_one_and_never_changes(camera):
    first = camera.newest(time.monotonic())
    copy = first.image.copy()
    until(lambda: camera.newest(time.monotonic()) is not first)
    second = camera.newest(time.monotonic())
    assert second.captured_s > first.captured_s
    assert first.camera == second.camera == "wrist"
    np.testing.assert_array_equal(first.image, copy)
    with pytest.raises(ValueError, match="read-only"):
        first.image[0, 0, 0] = 1


def test_a_frozen_stream_grows_old(camera):
    camera.newest(time.monotonic())
    camera.tell(Step("repeat"))
    frozen = watch(camera, lambda c: c.lost)
    assert "its stream is frozen" in frozen.doubt
    age_s = time.monotonic() - camera.newest(time.monotonic()).captured_s
    assert age_s > 0.5


def test_a_process_that_dies_is_replaced_and_its_counts_go_on(camera):
    before = watch(camera, lambda c: c.counts.frames >= 5)
    number = camera._seen
    pid = camera.pid
    os.kill(pid, signal.SIGKILL)
    watch(camera, lambda c: c.lost)
    after = watch(camera, lambda c: c.fresh)
    assert camera.pid != pid
    assert after.counts.reopened == before.counts.reopened + 1
    assert after.counts.frames >= before.counts.frames + 5
    assert camera._seen >= number + 5
    assert not psutil.pid_exists(pid)


def test_why_a_process_was_replaced_is_told_until_there_are_pictures(camera):
    os.kill(camera.pid, signal.SIGKILL)
    seen = watch(camera, lambda c: c.lost and c.reason)
    assert seen.reason == "its capture process ended (signal 9)"
    assert watch(camera, lambda c: c.fresh).reason == ""


def test_a_process_that_can_not_be_started_again_is_told_and_tried_again(camera, monkeypatch):
    started = []

    def fail(*_):
        started.append(time.monotonic())
        raise captured.RobotError("camera 'wrist': its capture process could not be started: no memory")

    works = captured.CaptureProcess
    monkeypatch.setattr(captured, "CaptureProcess", fail)
    os.kill(camera.pid, signal.SIGKILL)
    until(lambda: len(started) >= 2)
    assert started[1] - started[0] >= 1.0
    assert "no memory" in camera.condition(time.monotonic()).reason
    monkeypatch.setattr(captured, "CaptureProcess", works)
    watch(camera, lambda c: c.fresh)


def test_opening_twice_changes_nothing_and_closing_works_at_any_time(camera):
    pid = camera.pid
    camera.open()
    assert camera.pid == pid
    for _ in range(2):
        camera.close()
        assert camera.newest(0.0) is None
        assert camera.condition(0.0).doubt == "camera 'wrist': it is not open"
    assert not psutil.pid_exists(pid)
    camera.open()
    assert camera.newest(time.monotonic()) is not None


def test_closing_ends_also_a_process_that_hangs(camera):
    pid = camera.pid
    camera.tell(Step("block"))
    camera.close()
    assert not psutil.pid_exists(pid)


def test_it_leaves_neither_threads_nor_files_behind(camera):
    threads, files = threading.active_count(), psutil.Process().num_fds()
    for _ in range(3):
        other = scripted("other")
        other.open()
        other.close()
    assert threading.active_count() == threads
    assert psutil.Process().num_fds() <= files


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (ScriptedCameraSettings(script=(Step("lose"),)), "camera 'wrist': the scripted camera is unplugged"),
        (ScriptedCameraSettings(script=(Step("pause"),)), "camera 'wrist': the scripted camera gives no pictures"),
        (
            ScriptedCameraSettings(script=(Step("block"),), open_timeout_s=1.5),
            "camera 'wrist': no picture within 1.5 s",
        ),
        (
            ScriptedCameraSettings(script=(Step("resize", amount=2.0),), open_timeout_s=1.5),
            "camera 'wrist': no picture within 1.5 s (a picture was dropped: pictures of 128x96 are larger than was"
            " expected)",
        ),
        (VideoCameraSettings("nowhere.mp4"), "camera 'wrist': the video 'nowhere.mp4' is not there"),
        (
            ScriptedCameraSettings(fps=0.0),
            "camera 'wrist': its capture process ended: the capture process failed: ZeroDivisionError: ",
        ),
        (OpenCvCameraSettings("/dev/video63"), "camera 'wrist': there is no /dev/video63; "),
    ],
)
def test_what_does_not_come_up_is_refused_with_the_reason_and_leaves_no_process(settings, words):
    children = set(psutil.Process().children())
    camera = CapturedCamera("wrist", settings)
    with pytest.raises(RobotRefused) as refused:
        camera.open()
    assert str(refused.value).startswith(words)
    assert set(psutil.Process().children()) == children


def test_a_process_that_can_not_be_started_is_a_refusal(monkeypatch):
    def fail(*_):
        raise captured.RobotError("no memory")

    monkeypatch.setattr(captured, "CaptureProcess", fail)
    with pytest.raises(RobotRefused, match="no memory"):
        scripted().open()


def test_closing_ends_an_opening():
    camera = scripted("wrist", Step("block"))
    said = []

    def open_it():
        try:
            camera.open()
        except RobotRefused as refused:
            said.append(str(refused))

    thread = threading.Thread(target=open_it)
    thread.start()
    time.sleep(0.1)
    while thread.is_alive():  # it may not have begun
        camera.close()
        thread.join(0.1)
    assert said == ["camera 'wrist': it was closed before its first picture"]


def test_an_index_is_opened_by_the_path_that_stays_with_the_camera(tmp_path, monkeypatch):
    root = device_tree(tmp_path, (3, "C270", "usb-C270-video-index0", "", 0))
    asked = []

    def note(name, settings):
        asked.append(settings.device)
        raise captured.RobotError("that is all")

    monkeypatch.setattr(captured, "CaptureProcess", note)
    with pytest.raises(RobotRefused):
        CapturedCamera("wrist", OpenCvCameraSettings(3), root).open()
    assert asked == ["/dev/v4l/by-id/usb-C270-video-index0"]
