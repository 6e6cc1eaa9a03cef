"""Rows B22 and B27 to B29 of the fault table: goals, the encoder's seam, and an arm outside its limits.

An SO-101 in virtual time. Each test asserts what reached the servos, what a person reads, and how it is afterwards.
"""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.arm.so101 import RANGES_RAD, REST, to_rad
from bt_robot.cli.preflight import require_inside
from bt_robot.errors import RobotRefused
from bt_robot.messages import Observation
from bt_robot.robot.so101.guardian.messages import Goal, State
from bt_robot.runtime.governor import govern, rest_at
from tests.faults.servo_kit import (
    CYCLE_S,
    WRITING,
    Flight,
    assert_lawful,
    standing,
    under_way,
)
from tests.robot.so101_kit import IDS, PERIOD_S
from tests.scale import examples

ONE_DEGREE = 4096 / 360


def standing_at(joint, position_rad):
    """Where the joints of an arm at rest are, but for one of them [rad]."""
    start = [float(angle) for angle in to_rad(REST)]
    start[joint] = position_rad
    return start


# B22: the encoder's seam --------------------------------------------------------------------------------------


def test_b22_a_joint_whose_range_holds_the_encoders_seam_moves_across_it_without_a_jump():
    arm = Flight(start_rad=standing_at(4, -2.5))
    arm.arm()
    arm.sweep(4, 1.0)
    encoder, seen = [], []
    for _ in range(500):
        arm.tick()
        servo = arm.line.servos[4]
        encoder.append((servo.mount_ticks + servo.motion.position_rad * 4096 / (2 * np.pi)) % 4096)
        seen.append(arm.joints[4])
        assert abs(arm.seen(5) - arm.truth(5)) <= 6
    assert max(abs(b - a) for a, b in pairwise(encoder)) > 4000  # it did cross it
    assert max(abs(b - a) for a, b in pairwise(seen)) <= 1.2 * CYCLE_S
    assert seen[-1] > 2.4
    assert arm.words == ["arming", "armed"]
    assert_lawful(arm)


def test_b22_a_servo_that_counts_beyond_a_turn_is_measured_right_but_not_armed():
    """With bit 4 of its phase set, and booted beyond the seam, it would unwind a whole turn to follow a goal."""
    arm = Flight(start_rad=standing_at(4, 2.0))
    arm.faults.poke(5, "phase", 12 | 16)
    arm.faults.reboot(5)
    arm.run(0.2)
    assert arm.line.servos[4].present_ticks() < 0.0
    assert abs(arm.seen(5) - arm.truth(5)) <= 1
    refusal = arm.core.arm(arm.now_s)
    assert refusal.startswith("wrist_roll (id 5) counts positions beyond a turn; ")
    arm.run(0.2)
    assert arm.log.kinds(*WRITING) == []
    arm.faults.poke(5, "phase", 12)
    arm.faults.reboot(5)
    arm.run(0.1)
    arm.arm()


# B27, B28: goals that must not be followed as they are -----------------------------------------------------------


def test_b27_a_goal_outside_the_limits_is_clamped_counted_and_named():
    arm = standing()
    proposal = arm.joints
    proposal[0] = 9.0
    governed = govern(proposal, rest_at(arm.joints, 0), arm.safety, PERIOD_S, step=1)
    assert "shoulder_pan: position" in governed.verdict.clamped  # what the controller tells of its own limits
    arm.fly(lambda _: proposal)  # and a controller that does not keep them
    arm.run(2.5)
    upper = arm.plan.joints[0].envelope.upper
    assert arm.log.goal_writes(1)[-1][2] == round(upper)
    assert arm.core.clamped >= 70  # of 75
    assert arm.words == ["clamped the goal of shoulder_pan to its limits"]
    assert arm.state is State.ARMED
    assert_lawful(arm)
    arm.fly()
    arm.run(0.2)
    before = arm.core.clamped
    arm.sweep(0, -0.3)
    arm.run(1.0)
    assert arm.core.clamped == before
    assert abs(arm.truth(1) - (upper - 0.3 * 652)) < 40


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_b27_goals_that_are_no_numbers_are_refused_and_told_once_and_the_arm_holds(number):
    arm = under_way()
    broken = arm.joints
    broken[3] = number
    arm.path = None
    since_s = arm.now_s
    for _ in range(10):
        arm.number += 1
        arm.core.heard(arm.now_s)
        positions = [*arm.calibration.to_ticks(arm.joints)]
        positions[3] = number
        arm.core.goal(arm_goal(arm, positions), arm.now_s)
        arm.tick()
    assert arm.words == ["refused goals that are no finite numbers"]
    assert arm.core.refused == 10
    late = {write[2] for write in arm.goals_after(since_s + 0.08, 1)}
    assert len(late) == 1
    arm.fly()
    arm.run(0.2)
    assert arm.state is State.ARMED
    assert_lawful(arm)


def arm_goal(arm, positions):
    return Goal(arm.number, arm.now_s, PERIOD_S, tuple(positions))


ANYWHERE = st.lists(st.floats(-1e4, 1e4), min_size=6, max_size=6)
A_STREAM = st.lists(st.tuples(ANYWHERE, st.integers(1, 8)), min_size=1, max_size=12)


@given(A_STREAM)
@settings(max_examples=examples(25))
def test_b28_whatever_goals_come_speed_and_acceleration_are_limited_around_the_command_before(stream):
    """Goals anywhere, changing as often as they like."""
    arm = Flight()
    arm.arm()
    armed_s = arm.now_s
    for positions, cycles in stream:
        for _ in range(cycles):
            arm.number += 1
            arm.core.heard(arm.now_s)
            arm.core.goal(arm_goal(arm, positions), arm.now_s)
            arm.tick()
    assert_lawful(arm)
    for joint in arm.plan.joints:
        ticks = [write[2] for write in arm.log.goal_writes(joint.servo_id) if write[0] > armed_s - 2 * CYCLE_S]
        steps = [after - before for before, after in pairwise(ticks)]
        change = joint.envelope.acceleration * PERIOD_S * CYCLE_S  # a controller changes its speed once a period
        assert all(abs(after - before) <= change + 2 for before, after in pairwise(steps))
    assert arm.state is State.ARMED


def test_b28_the_first_goal_of_all_is_where_the_joint_is():
    arm = Flight(start_rad=(0.3, -0.9, 0.4, -0.2, 1.0, 0.7))
    arm.run(0.05)
    before = [arm.truth(servo_id) for servo_id in IDS]
    arm.arm()
    first = [arm.log.goal_writes(servo_id)[0][2] for servo_id in IDS]
    assert first == [round(position) for position in before]


# B29, B30: an arm that is not where it should be, or in a person's hands -------------------------------------------


@pytest.mark.parametrize("position_rad", [2.0, 2.6, -2.0])
def test_b29_an_arm_outside_its_limits_is_not_armed_until_it_was_moved_inside(position_rad):
    arm = Flight(start_rad=standing_at(0, position_rad))
    arm.run(0.1)
    refusal = arm.core.arm(arm.now_s)
    assert refusal.startswith("shoulder_pan (id 1) stands ")
    assert refusal.endswith("° outside its limits; move it inside by hand")
    arm.run(0.3)
    assert arm.log.kinds(*WRITING) == []
    with pytest.raises(RobotRefused, match=r"shoulder_pan stands at .*; move it inside by hand"):
        require_inside(Observation(0, 0.0, arm.joints), arm.safety)
    arm.faults.place(1, 0.5)
    arm.run(0.6)
    arm.arm()


def test_b29_a_range_of_the_config_far_from_where_the_joint_stands_does_not_move_its_readings_by_a_turn():
    arm = Flight(start_rad=standing_at(0, 1.85), ranges={"shoulder_pan": (-1.9, -0.9)})
    arm.run(0.1)
    assert abs(arm.seen(1) - arm.truth(1)) <= 1
    assert "shoulder_pan (id 1) stands " in arm.core.arm(arm.now_s)
    assert arm.log.kinds(*WRITING) == []


@pytest.mark.parametrize("joint", range(4))
@pytest.mark.parametrize("end", [0, 1])
def test_b29_an_arm_at_its_mechanical_stop_is_armed_without_a_motion_and_comes_inside_slowly(joint, end):
    arm = Flight(start_rad=standing_at(joint, RANGES_RAD[joint][end]))
    before = [arm.line.servos[i].motion.position_rad for i in range(6)]
    arm.arm()
    after = [arm.line.servos[i].motion.position_rad for i in range(6)]
    assert np.abs(np.subtract(after, before)).max() < np.deg2rad(1.0)
    arm.fly()
    arm.run(0.5)
    envelope = arm.plan.joints[joint].envelope
    ticks = [write[2] for write in arm.log.goal_writes(joint + 1)]
    assert envelope.lower - 1 <= ticks[-1] <= envelope.upper + 1
    towards = np.diff(ticks) * (1 if end == 0 else -1)
    assert towards.min() >= 0
    assert max(towards) <= envelope.velocity * CYCLE_S + 1
