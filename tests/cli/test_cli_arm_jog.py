"""`bt-arm jog`: one joint, slowly, within its limits, and the arm is left in order."""

import signal
from itertools import pairwise

import pytest

from bt_robot.cli.arm.main import main
from tests.cli.arm_kit import READING, Session, await_true, emulated_arm

FAST = ("--speed", "60")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    with emulated_arm(tmp_path_factory) as arm:
        yield arm


@pytest.fixture
def arm(emulator):
    emulator.rest()
    return emulator


def test_a_joint_moves_by_some_degrees_and_the_arm_is_let_go(arm, command):
    done = command(main, "jog", "shoulder_pan", "20", "--exit", "release", "--json", *FAST, *arm.flags)
    assert done.code == 0
    result = done.json
    assert (result["joint"], result["unit"], result["status"]) == ("shoulder_pan", "°", "OK")
    assert result["to"] - result["from"] == pytest.approx(20.0, abs=1.0)
    assert result["left"] == "the arm is released where it stood"
    assert arm.angles_rad()[0] == pytest.approx(0.349, abs=0.02)
    assert arm.torque() == [0] * 6
    log = arm.news()
    steps = [abs(b - a) for (_, _, a), (_, _, b) in pairwise(log.goal_writes(1))]
    assert max(steps) < 25  # 60 °/s are 7 ticks in a bus cycle; 20 are the limit where it catches up
    goals = {servo_id: [ticks for _, _, ticks in log.goal_writes(servo_id)] for servo_id in (2, 3, 4, 5, 6)}
    assert all(max(ticks) - min(ticks) <= 20 for ticks in goals.values())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("shoulder_pan", "200"), "shoulder_pan is at 0.0°, and 200.0° is outside its range, -108.9° … 108.9°"),
        (("gripper", "--to", "101"), "and 101.0 % is outside its range, 0.0 % … 100.0 %; nothing was moved"),
    ],
)
def test_what_is_out_of_range_is_refused_with_the_range_and_nothing_is_written(arm, command, words, told):
    done = command(main, "jog", *words, *arm.flags)
    assert done.code == 3
    assert told in done.err
    assert arm.kinds() <= READING


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("elbow", "10"), "unknown joint 'elbow'; expected shoulder_pan"),
        (("elbow_flex",), "give either DELTA, by how much, or --to, where to"),
        (("elbow_flex", "1", "--to", "2"), "give either DELTA"),
        (("elbow_flex", "nan"), "'nan' is not a number"),
        (("elbow_flex", "1", "--speed", "0"), "'0' is not a number above 0"),
    ],
)
def test_what_is_not_meant_is_a_usage_error(command, words, told):
    done = command(main, "jog", *words, "--port", "/dev/nothing", "--config", "so101_emulated")
    assert done.code == 2
    assert told in done.err


def test_a_joint_that_something_holds_is_told_and_the_arm_is_left(arm, command):
    arm.inject("freeze", servo_id=1)
    done = command(main, "jog", "shoulder_pan", "15", "--exit", "release", "--json", *FAST, *arm.flags)
    assert done.code == 1
    assert done.json["status"] == "FAILURE"
    assert "shoulder_pan" in done.json["reason"]
    assert arm.torque() == [0] * 6


def test_an_arm_that_is_too_hot_is_not_armed_and_says_why(arm, command):
    arm.inject("heat", servo_id=4, celsius=67)
    done = command(main, "jog", "shoulder_pan", "15", "--exit", "release", *FAST, *arm.flags)
    assert done.code == 3
    assert "wrist_flex (id 4)" in done.err
    assert "67 °C" in done.err
    assert arm.torque() == [0] * 6


def test_ctrl_c_stops_the_joint_and_leaves_the_arm_in_order(arm):
    with Session("jog", "shoulder_pan", "100", "--speed", "40", "--exit", "release", *arm.flags) as session:
        await_true(lambda: arm.angles_rad()[0] > 0.1, "motion")
        session.process.send_signal(signal.SIGINT)
        code, out, _ = session.end()
    assert code == 130
    assert "interrupted" in out
    assert "the arm is released where it stood" in out
    assert arm.angles_rad()[0] < 1.6
    assert arm.torque() == [0] * 6
