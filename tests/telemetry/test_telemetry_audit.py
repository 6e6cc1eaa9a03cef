"""The independent reader finds what the governor must never let through."""

import numpy as np

from bt_robot.messages import JointLimits
from bt_robot.telemetry.audit import audit

LIMITS = JointLimits(
    ("a", "b"), np.array([-1.0, 0.0]), np.array([1.0, 1.0]), np.array([1.0, 2.0]), np.array([10.0, 20.0])
)
START = np.array([0.0, 0.5])


def found(*commands):
    return [(v.index, v.joint, v.limit) for v in audit([np.array(c) for c in commands], START, LIMITS, 0.1)]


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
