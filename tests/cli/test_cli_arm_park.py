"""`bt-arm park`: to the park pose and let go, also for an arm that a dead program left energised."""

import os
import signal
from itertools import pairwise

import numpy as np
import pytest

from bt_robot.arm.so101 import REST, to_rad
from bt_robot.cli.arm.main import main
from bt_robot.robot.so101.guardian.lock import holder_of
from tests.cli.arm_kit import Session, await_true, emulated_arm, fits

FAST = ("--set", "robot.guard.park_speed_rad_s=3")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    with emulated_arm(tmp_path_factory) as arm:
        yield arm


@pytest.fixture
def arm(emulator):
    emulator.rest()
    return emulator


def is_parked(arm):
    return np.allclose(arm.angles_rad()[:5], to_rad(REST)[:5], atol=0.05)


def test_an_arm_without_torque_is_armed_parked_and_released(arm, command):
    arm.place((0.5, -1.6, 1.35, 1.2, 0.4, 0.3))
    done = command(main, "park", *FAST, *arm.flags)
    assert (done.code, done.out) == (0, "the arm is parked and released\n")
    assert is_parked(arm)
    assert arm.torque() == [0] * 6


def test_an_arm_whose_guardian_was_killed_is_taken_over_without_dropping(arm, command):
    with Session("jog", "shoulder_lift", "--to", "-60", "--speed", "60", "--exit", "hold", *arm.flags) as session:
        code, out, _ = session.end()
    assert code == 0
    assert out.startswith("shoulder_lift: -91.")
    assert "the arm holds for 60 s and is then let go softly; `bt-arm release` lets it go" in " ".join(out.split())
    assert fits(out)
    assert arm.torque() == [1] * 6
    os.kill(holder_of(arm.port), signal.SIGKILL)
    await_true(lambda: holder_of(arm.port) is None, "the guardian's end")
    up_rad = arm.angles_rad()[1]
    assert up_rad == pytest.approx(np.radians(-60), abs=0.03)
    arm.news()
    done = command(main, "park", "--json", *FAST, *arm.flags)
    assert done.code == 0
    assert done.json["taken_over"] is True
    assert "taking over an arm that was left energised" in done.err
    assert is_parked(arm)
    assert arm.torque() == [0] * 6
    goals = [ticks for name, servo_id, ticks in arm.written() if (name, servo_id) == ("goal_position", 2)]
    assert abs(goals[0] - (2047 + up_rad * 4096 / (2 * np.pi))) < 30  # from where it stood
    assert max(abs(b - a) for a, b in pairwise(goals)) < 40


def test_a_running_program_that_has_the_arm_is_named(arm, command):
    with Session("jog", "shoulder_pan", "60", "--speed", "10", "--exit", "release", *arm.flags) as session:
        await_true(lambda: arm.angles_rad()[0] > 0.05, "motion")
        done = command(main, "park", *arm.flags)
        assert done.code == 3
        assert f"bt-arm jog (process {session.process.pid}) with its guardian" in done.err
        assert "end that first (Ctrl-C there parks it); `bt-arm release` has it let go" in done.err
        free = command(main, "release", "--json", "--port", arm.port)
        assert free.code == 0
        assert fits(free.err)
        code, _, err = session.end()
    assert code == 1
    assert "bt-arm: " in err
    assert arm.torque() == [0] * 6


def test_a_bus_where_nobody_answers_is_refused(arm, command):
    arm.inject("power", on=False)
    arm.settle()
    try:
        done = command(main, "park", *arm.flags)
        assert done.code == 3
        assert "no servo answers" in done.err
    finally:
        arm.inject("power", on=True)
