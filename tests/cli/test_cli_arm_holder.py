"""Who has an arm, as the machine's processes tell it."""

import os

import pytest

from bt_robot.cli.arm.holder import holder, own_port, require_free
from bt_robot.errors import RobotRefused
from bt_robot.robot.so101.guardian.lock import ArmLock

GUARDIAN = ["/venv/bin/python", "-P", "-m", "bt_robot.robot.so101.guardian.process", "5"]


@pytest.fixture
def proc(tmp_path, monkeypatch):
    """A made-up list of processes, and a port that this process has."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))

    def tell(pid, line, parent=1):
        folder = tmp_path / "proc" / str(pid)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cmdline").write_bytes("\0".join(line).encode() + b"\0")
        (folder / "stat").write_text(f"{pid} (a) b (c) S {parent} 1 1")
        return tmp_path / "proc"

    return tell


@pytest.fixture
def port(tmp_path, proc):
    path = str(tmp_path / "tty")
    lock = ArmLock(path)
    yield path
    lock.close()


def test_an_arm_that_nobody_has_has_no_holder(tmp_path, proc):
    assert holder(str(tmp_path / "tty")) is None
    require_free(str(tmp_path / "tty"))


def test_a_guardian_is_told_with_the_program_it_works_for(port, proc):
    proc(4000, ["/venv/bin/python3.11", "/venv/bin/bt-run", "trees/pick_place.yaml"])
    found = holder(port, proc(os.getpid(), GUARDIAN, parent=4000))
    assert (found.guards, found.program, found.program_pid) == (True, "bt-run", 4000)
    assert found.words == f"bt-run (process 4000) with its guardian (process {os.getpid()})"


def test_a_guardian_whose_program_ended_is_told(port, proc):
    proc(1, ["/sbin/init"])
    found = holder(port, proc(os.getpid(), GUARDIAN, parent=1))
    assert found.words == f"the guardian (process {os.getpid()}) of a program that has ended"


def test_another_bt_arm_is_no_guardian(port, proc):
    line = ["/venv/bin/python3.11", "/venv/bin/bt-arm", "read", "--port", port]
    found = holder(port, proc(os.getpid(), line))
    assert (found.guards, found.words) == (False, f"bt-arm read (process {os.getpid()})")


def test_a_process_that_tells_nothing_is_still_a_holder(port, tmp_path):
    found = holder(port, tmp_path / "nothing")
    assert found.words == f"a program (process {os.getpid()})"


def test_an_arm_that_somebody_has_is_refused(port):
    with pytest.raises(RobotRefused, match=r"has the arm on .*; end that first"), own_port(port):
        pass
