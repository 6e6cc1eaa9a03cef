"""What the servos last said of themselves: in the turn of the joint, and a lost reply is no silence."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.robot.so101.guardian.senses import Senses
from bt_robot.robot.so101.wire.registers import ServoState
from tests.robot.so101_kit import IDS, Arm

PLAN = Arm().plan
MIDDLES = {joint.servo_id: joint.middle for joint in PLAN.joints}


def state(servo_id, position=None, **values):
    found = {
        "servo_id": servo_id,
        "position": round(MIDDLES[servo_id]) if position is None else position,
        "speed": 100,
        "load": -250,
        "voltage_v": 12.1,
        "temperature_c": 30,
        "status": 4,
        "moving": True,
        "goal_echo": 2000,
        "current_ma": 130.0,
    }
    return ServoState(**{**found, **values})


def everybody(*silent):
    return {i: None if i in silent else state(i) for i in IDS}


def test_before_anybody_answered_all_are_silent():
    assert Senses(PLAN).silent == "shoulder_pan, shoulder_lift, elbow_flex, wrist_flex, wrist_roll and gripper"


def test_whoever_answered_is_not_silent():
    senses = Senses(PLAN)
    senses.take(1.0, everybody(3))
    assert senses.silent == "elbow_flex"
    senses.take(1.01, everybody())
    assert senses.silent == ""


@pytest.mark.parametrize(("lost", "silent"), [(1, ""), (2, ""), (3, "elbow_flex"), (30, "elbow_flex")])
def test_a_reply_or_two_may_be_lost(lost, silent):
    senses = Senses(PLAN)
    senses.take(1.0, everybody())
    for n in range(lost):
        senses.take(1.01 + n * 0.01, everybody(3))
    assert senses.silent == silent
    assert senses.report(3, 2000.0, 1.0, None).losses == lost


def test_when_no_servo_can_be_reached_all_are_silent_at_once():
    senses = Senses(PLAN)
    senses.take(1.0, everybody())
    senses.lose_all()
    assert senses.silent.count(",") == 4
    assert senses.states == dict.fromkeys(IDS)


@given(st.sampled_from(IDS), st.integers(-32767, 32767))
def test_a_position_is_told_in_the_turn_of_its_joint(servo_id, position):
    senses = Senses(PLAN)
    senses.take(1.0, {servo_id: state(servo_id, position)})
    told = senses.states[servo_id].position
    assert (told - position) % 4096 == 0
    assert abs(told - MIDDLES[servo_id]) <= 2048.5
    assert senses.wound == (() if 0 <= position < 4096 else (servo_id,))


def test_the_encoders_seam_is_no_jump():
    servo_id, positions = 2, []
    senses = Senses(PLAN)
    top = round(MIDDLES[servo_id]) + 2040
    for step in range(8):
        senses.take(step * 0.01, {servo_id: state(servo_id, (top + step) % 4096)})
        positions.append(senses.states[servo_id].position)
    assert [b - a for a, b in pairwise(positions)] == [1] * 7


def test_a_report_tells_what_was_measured_in_usual_units():
    senses = Senses(PLAN)
    senses.take(1.0, everybody())
    joint = senses.report(2, 1234.5, 0.99, 1240.0)
    assert (joint.position, joint.goal, joint.speed, joint.load) == (1234.5, 1240.0, 100.0, -0.25)
    assert (joint.voltage_v, joint.temperature_c, joint.current_ma, joint.status) == (12.1, 30.0, 130.0, 4)
    assert (joint.age_s, joint.losses) == (pytest.approx(0.01), 0.0)


def test_a_report_of_a_silent_servo_tells_how_old_it_is():
    senses = Senses(PLAN)
    senses.take(1.0, everybody())
    senses.take(1.25, everybody(2))
    joint = senses.report(2, 1234.5, 1.0, None)
    assert (joint.position, joint.age_s, joint.losses, joint.status) == (1234.5, 0.25, 1.0, 0)
    assert math.isnan(joint.goal)
    assert math.isnan(joint.load)  # a lost reply is no zero
    assert math.isnan(joint.current_ma)


def test_a_servo_that_never_answered_is_infinitely_old():
    assert Senses(PLAN).report(2, math.nan, -math.inf, None).age_s == math.inf
