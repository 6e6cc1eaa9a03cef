"""check_joint_limits: the measured arm, not the commanded one."""

import numpy as np

from bt_robot.messages import Status
from bt_robot.nodes.joint_limits import CheckJointLimits


def test_joints_within_limits_pass_and_a_little_outside_too(world):
    assert world.tick(CheckJointLimits(), start=True).status is Status.SUCCESS
    world.joints = np.array([1.04, 0.0, 0.5])
    assert world.tick(CheckJointLimits()).status is Status.SUCCESS


def test_a_joint_outside_fails_with_name_position_and_limits(world):
    world.joints = np.array([0.0, -1.2, 0.5])
    outcome = world.tick(CheckJointLimits(), start=True)
    assert (outcome.status, outcome.reason) == (
        Status.FAILURE,
        "lift is at -1.200, outside -1.000 … 1.000 by more than 0.05",
    )


def test_a_joint_that_is_no_number_fails(world):
    world.joints = np.array([np.nan, 0.0, 0.5])
    assert world.tick(CheckJointLimits(), start=True).reason.startswith("pan is at nan")
