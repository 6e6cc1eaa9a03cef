"""Who has which arm: one program at a time, by whatever name the port is called, as long as that program lives."""

import os
import subprocess
import sys

import pytest

from bt_robot.errors import RobotRefused
from bt_robot.robot.so101.guardian.lock import ArmLock, holder_of, lock_path

HOLDER = """
import sys
from pathlib import Path
from bt_robot.robot.so101.guardian.lock import ArmLock
lock = ArmLock(sys.argv[1], Path(sys.argv[2]))
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def port(tmp_path):
    path = tmp_path / "ttyACM0"
    path.touch()
    return str(path)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "locks"


def test_nobody_has_an_arm_that_was_never_taken(port, folder):
    assert holder_of(port, folder) is None


def test_the_holder_of_an_arm_is_known(port, folder):
    lock = ArmLock(port, folder)
    assert holder_of(port, folder) == os.getpid()
    lock.close()
    assert holder_of(port, folder) is None


def test_looking_who_has_an_arm_does_not_take_it(port, folder):
    ArmLock(port, folder).close()
    assert holder_of(port, folder) is None
    lock = ArmLock(port, folder)
    holder_of(port, folder)
    with pytest.raises(RobotRefused):
        ArmLock(port, folder)
    lock.close()


def test_an_arm_that_is_taken_is_refused_with_who_has_it_and_what_to_do(port, folder):
    lock = ArmLock(port, folder)
    with pytest.raises(RobotRefused) as refusal:
        ArmLock(port, folder)
    assert str(refusal.value) == (
        f"another program has the arm on {port} (guardian process {os.getpid()}); end it first, or let the arm go with"
        " `bt-arm release`"
    )
    lock.close()


def test_a_refused_program_does_not_change_who_has_the_arm(port, folder):
    lock = ArmLock(port, folder)
    for _ in range(3):
        with pytest.raises(RobotRefused):
            ArmLock(port, folder)
    assert holder_of(port, folder) == os.getpid()
    lock.close()


def test_an_arm_that_was_given_back_can_be_taken_again(port, folder):
    for _ in range(3):
        ArmLock(port, folder).close()
    lock = ArmLock(port, folder)
    assert lock.path.read_text() == f"{os.getpid()}\n"
    lock.close()


def test_two_arms_can_be_had_at_once(port, tmp_path, folder):
    other = tmp_path / "ttyACM1"
    other.touch()
    locks = [ArmLock(port, folder), ArmLock(str(other), folder)]
    assert len({lock.path for lock in locks}) == 2
    for lock in locks:
        lock.close()


def test_a_port_is_the_same_by_whatever_link_it_is_called(port, tmp_path, folder):
    link = tmp_path / "usb-1a86_USB_Single_Serial-if00"
    link.symlink_to(port)
    lock = ArmLock(str(link), folder)
    assert holder_of(port, folder) == os.getpid()
    with pytest.raises(RobotRefused):
        ArmLock(port, folder)
    lock.close()


def test_a_lock_of_a_program_that_was_killed_is_no_lock(port, folder):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, port, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout.readline() == b"locked\n"
        assert holder_of(port, folder) == process.pid
        with pytest.raises(RobotRefused, match=f"guardian process {process.pid}"):
            ArmLock(port, folder)
    finally:
        process.kill()
        process.communicate()
    assert holder_of(port, folder) is None
    ArmLock(port, folder).close()


def test_locks_are_kept_in_a_folder_that_only_its_user_can_read(port, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    path = lock_path(port)
    assert path.parent == tmp_path / "run" / f"bt_robot-{os.getuid()}"
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_without_a_runtime_folder_locks_are_kept_among_the_temporary_files(port, tmp_path, monkeypatch):
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    assert lock_path(port).parent == tmp_path / "tmp" / f"bt_robot-{os.getuid()}"


def test_a_lock_that_holds_no_process_id_names_nobody(port, folder):
    lock = ArmLock(port, folder)
    lock.path.write_text("")
    with pytest.raises(RobotRefused, match="guardian process unknown"):
        ArmLock(port, folder)
    assert holder_of(port, folder) is None
    lock.close()
