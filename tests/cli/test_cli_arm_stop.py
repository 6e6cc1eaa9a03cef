"""`bt-arm stop`: at once, from another terminal."""

import os

import pytest

from bt_robot.cli.arm.main import main
from bt_robot.robot.so101.guardian.lock import ArmLock
from tests.cli.arm_kit import Session, await_true, emulated_arm, fits


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    with emulated_arm(tmp_path_factory) as arm:
        yield arm


@pytest.fixture
def arm(emulator):
    emulator.rest()
    return emulator


def test_a_moving_arm_stops_and_holds_and_its_program_says_why(arm, command):
    with Session("jog", "shoulder_pan", "100", "--speed", "40", "--exit", "park", "--json", *arm.flags) as session:
        await_true(lambda: arm.angles_rad()[0] > 0.1, "motion")
        done = command(main, "stop", "--port", arm.port)
        assert done.code == 0
        told = " ".join(done.out.split())
        assert f"emergency stop: bt-arm jog (process {session.process.pid}) with its guardian" in told
        assert fits(done.out)
        code, out, _ = session.end()
    try:
        assert code == 1
        assert "emergency stop: signal SIGUSR1" in out
        assert arm.angles_rad()[0] < 1.6
        assert arm.torque() == [1] * 6
    finally:
        assert command(main, "release", "--port", arm.port).code == 0
    assert arm.torque() == [0] * 6


def test_nobody_to_stop_is_refused(arm, command):
    done = command(main, "stop", "--port", arm.port)
    assert done.code == 3
    assert "nobody has the arm on" in done.err
    assert "`bt-arm release` helps" in done.err


def test_a_program_that_moves_nothing_gets_no_signal(arm, command):
    lock = ArmLock(arm.port)
    try:
        done = command(main, "stop", "--port", arm.port)
        assert done.code == 3
        assert f"(process {os.getpid()}) has the arm" in done.err
    finally:
        lock.close()
