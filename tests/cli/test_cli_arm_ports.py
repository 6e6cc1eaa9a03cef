"""`bt-arm ports`: what is there, who has it, what is in the way."""

import os

import pytest

from bt_robot.cli.arm import ports
from bt_robot.cli.arm.main import main
from bt_robot.robot.so101.guardian.lock import ArmLock
from bt_robot.robot.so101.ports import SerialDevice
from tests.cli.arm_kit import emulated_arm, fits


@pytest.fixture(scope="module")
def arm(tmp_path_factory):
    with emulated_arm(tmp_path_factory) as arm:
        yield arm


@pytest.fixture(autouse=True)
def no_others(monkeypatch):
    monkeypatch.setattr("bt_robot.robot.so101.ports.serial_devices", list)


def test_a_free_port_is_told_with_where_it_leads(arm, command):
    done = command(main, "ports", arm.port)
    assert done.code == 0
    assert done.out.split() == [arm.port, "as", "given", "now", os.path.realpath(arm.port), "free"]
    assert fits(done.out)


def test_who_has_a_port_is_told(arm, command):
    lock = ArmLock(arm.port)
    try:
        (port,) = command(main, "ports", arm.port, "--json").json["ports"]
        assert port["held_by"]["pid"] == os.getpid()
        assert "in use: " in command(main, "ports", arm.port).out
    finally:
        lock.close()


def test_an_adapter_is_told_by_the_path_that_stays(command, monkeypatch, tmp_path):
    device = tmp_path / "ttyACM0"
    device.touch()
    by_id = tmp_path / "usb-1a86_USB_Single_Serial_58FA081234-if00"
    by_id.symlink_to(device)
    found = SerialDevice(str(by_id), str(device), "WCH (the usual SO-101 adapter)", True)
    monkeypatch.setattr("bt_robot.robot.so101.ports.serial_devices", lambda: [found])
    done = command(main, "ports")
    assert done.out.split() == [str(by_id), "WCH", "(the", "usual", "SO-101", "adapter)", "now", str(device), "free"]


def test_an_absent_port_is_told(command):
    done = command(main, "ports", "/dev/nothing", "--json")
    assert done.code == 1
    assert done.json["status"] == "FAILURE"
    assert done.json["ports"][0]["problem"] == "it is not there; is the USB cable in?"


def test_no_port_at_all_says_what_to_try(command):
    done = command(main, "ports")
    assert done.code == 1
    assert "Plug the servo adapter in" in done.out
    assert fits(done.out)


def test_a_built_in_port_is_no_adapter(command, monkeypatch, tmp_path):
    device = tmp_path / "ttyS0"
    device.touch()
    monkeypatch.setattr(
        "bt_robot.robot.so101.ports.serial_devices", lambda: [SerialDevice(str(device), str(device), "", False)]
    )
    done = command(main, "ports")
    assert done.code == 1
    assert "built in, no USB adapter" in done.out
    assert "Plug the servo adapter in" in done.out


@pytest.mark.parametrize(
    ("group", "fix"),
    [
        ("dialout", "no permission; run `sudo usermod -aG dialout $USER`, log out and in again"),
        ("root", "no permission; run `sudo chmod a+rw "),
    ],
)
def test_a_port_without_permission_comes_with_the_fix(tmp_path, monkeypatch, group, fix):
    device = tmp_path / "ttyACM0"
    device.touch()
    monkeypatch.setattr(ports, "_group", lambda path: group)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert ports.problem_with(str(device)).startswith(fix)


def test_the_group_of_a_port_is_looked_up(tmp_path):
    assert ports._group(str(tmp_path))
    assert ports._group("/dev/nothing") == ""
