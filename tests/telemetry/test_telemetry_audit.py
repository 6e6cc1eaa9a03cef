"""The independent reader finds what the governor must never let through."""

import numpy as np

from bt_robot.messages import JointLimits
from bt_robot.telemetry.audit import Auditor, audit

LIMITS = JointLimits(
    ("a", "b"), np.array([-1.0, 0.0]), np.array([1.0, 1.0]), np.array([1.0, 2.0]), np.array([10.0, 20.0])
)
START = np.array([0.0, 0.5])


def found(*commands):
    return [(v.step, v.joint, v.limit) for v in audit([np.array(c) for c in commands], START, LIMITS, 0.1)]


def test_commands_inside_every_limit_pass():
    assert found([0.05, 0.5], [0.1, 0.6], [0.1, 0.6]) == []
    assert audit([], START, LIMITS, 0.1) == []


def test_each_limit_is_checked_for_each_joint():
    assert found([0.2, 0.5]) == [(0, "a", "velocity"), (0, "a", "acceleration")]
    assert found([0.1, 0.5], [0.0, 0.5]) == [(1, "a", "acceleration")]
    slow = [[0.1 * i, 0.5] for i in range(1, 12)]
    assert found(*slow) == [(10, "a", "position")]


def test_a_command_that_is_not_finite_breaks_every_limit():
    assert {limit for _, _, limit in found([np.nan, 0.5])} == {"position", "velocity", "acceleration"}


def test_the_first_step_starts_at_rest_from_the_measured_pose():
    assert found([0.11, 0.5]) == [(0, "a", "velocity"), (0, "a", "acceleration")]


def test_a_joint_that_begins_outside_may_come_back_but_not_go_further_out():
    outside = np.array([1.2, 0.5])

    def limits_broken(*pans):
        commands = [np.array([pan, 0.5]) for pan in pans]
        return [(v.step, v.limit) for v in audit(commands, outside, LIMITS, 0.1)]

    assert limits_broken(1.2, 1.15, 1.05, 0.95, 0.95) == []
    assert limits_broken(1.25) == [(0, "position")]
    assert limits_broken(1.15, 1.05, 0.95, 0.95, 1.02) == [(4, "position")]


def test_after_missing_steps_the_arm_starts_from_rest():
    auditor = Auditor(LIMITS, START, 0.1)
    auditor.check(0, np.array([0.1, 0.5]))
    auditor.check(30, np.array([0.1, 0.5]))
    assert auditor.count == 0


def test_every_violation_is_counted_and_the_first_are_kept(record):
    joints = np.array([0.0, 0.2, 0.5])
    limits = JointLimits(("a", "b", "c"), -np.ones(3), np.ones(3), np.full(3, 1e-3), np.full(3, 1e9))
    auditor = Auditor(limits, joints, 1 / 30)
    for step in range(600):
        auditor.publish(record(step))
    assert auditor.count > 600
    assert len(auditor.violations) <= 1000
