"""`bt-arm release`: the arm is let go softly, whoever has it."""

import os

import pytest

from bt_robot.cli.arm.main import main
from bt_robot.robot.so101.guardian.lock import ArmLock
from tests.cli.arm_kit import READING, emulated_arm


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    with emulated_arm(tmp_path_factory) as arm:
        yield arm


@pytest.fixture
def arm(emulator):
    emulator.rest()
    return emulator


def test_an_arm_that_was_left_energised_is_let_go_softly_without_any_config(arm, command):
    arm.energise()
    arm.news()
    done = command(main, "release", "--json", "--port", arm.port)
    assert done.code == 0
    assert done.json["reason"] == "the arm is released where it stood"
    assert arm.torque() == [0] * 6
    written = arm.written()
    assert "goal_position" not in {name for name, _, _ in written}
    limits = [value for name, servo_id, value in written if (name, servo_id) == ("torque_limit", 2)]
    first_off = [name for name, servo_id, _ in written if servo_id == 2].index("torque_enable")
    assert first_off > 20  # the limit went down before the torque was switched off
    assert min(limits) == 0
    assert limits[-1] == 1000


def test_one_servo_in_trouble_does_not_keep_the_others_and_one_that_stays_stiff_is_named(arm, command):
    arm.energise()
    arm.inject("report", servo_id=2, status=32)
    arm.inject("ignore_torque_off", servo_id=4)
    done = command(main, "release", "--json", "--port", arm.port)
    assert done.code == 1
    assert "wrist_flex (id 4) did not confirm that the torque is off; switch the supply off" in done.json["reason"]
    assert arm.torque() == [0, 0, 0, 1, 0, 0]


def test_where_nothing_is_energised_nothing_is_written(arm, command):
    done = command(main, "release", "--port", arm.port)
    assert done.code == 0
    assert done.out == "there is nothing to let go: the torque of the 6 servos that answer is off\n"
    assert arm.kinds() <= READING


def test_another_bt_arm_is_not_killed(arm, command):
    lock = ArmLock(arm.port)
    try:
        done = command(main, "release", "--port", arm.port)
        assert done.code == 3
        assert f"(process {os.getpid()}) has the arm" in done.err
    finally:
        lock.close()


def test_without_servos_it_is_refused(arm, command):
    arm.inject("power", on=False)
    arm.settle()
    try:
        done = command(main, "release", "--port", arm.port)
        assert done.code == 3
        assert "no servo answers: is the supply on" in done.err
    finally:
        arm.inject("power", on=True)
