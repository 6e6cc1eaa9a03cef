"""The SO-101 in figures: joints, ranges, link frames, poses.

The figures are those of TheRobotStudio's SO-ARM100 (`so101_new_calib`, Apache-2.0), in its "new
calibration": every joint's zero is the middle of its range. Names and order are LeRobot's. The
gripper is 0.0 (closed) to 1.0 (open) everywhere but in the kinematics, where it is an angle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bt_robot.messages import JointLimits, Joints

JOINT_NAMES = ("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper")
GRIPPER = 5
"""Index of the gripper in a joint vector."""

RANGES_RAD = (
    (-1.91986, 1.91986),
    (-1.74533, 1.74533),
    (-1.69, 1.69),
    (-1.658063, 1.658063),
    (-2.7438473, 2.8412063),
    (-0.174533, 1.745329),
)
"""Mechanical range of each joint [rad], the gripper's angle included."""

GRIPPER_CLOSED_RAD, GRIPPER_OPEN_RAD = RANGES_RAD[GRIPPER]


@dataclass(frozen=True, slots=True)
class Link:
    """A link's frame in its parent's; its joint, if it has one, turns about the local z axis.

    Attributes:
        name: The link's name.
        position_m: Origin in the parent's frame.
        quaternion: Orientation in the parent's frame, w x y z, not normalised.
        joint: Name of the joint that moves it; empty for the base.
    """

    name: str
    position_m: tuple[float, float, float]
    quaternion: tuple[float, float, float, float]
    joint: str


LINKS = (
    Link("base", (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0), ""),
    Link("shoulder", (0.0388353, 0.0, 0.0624), (0.0, 0.0, -1.0, 0.0), "shoulder_pan"),
    Link("upper_arm", (-0.0303992, -0.0182778, -0.0542), (0.5, -0.5, -0.5, -0.5), "shoulder_lift"),
    Link("lower_arm", (-0.11257, -0.028, 0.0), (1.0, 0.0, 0.0, 1.0), "elbow_flex"),
    Link("wrist", (-0.1349, 0.0052, 0.0), (1.0, 0.0, 0.0, -1.0), "wrist_flex"),
    Link("gripper", (0.0, -0.0611, 0.0181), (0.0172091, -0.0172091, 0.706897, 0.706897), "wrist_roll"),
    Link("moving_jaw", (0.0202, 0.0188, -0.0234), (1.0, 1.0, 0.0, 0.0), "gripper"),
)
"""From the base to the moving jaw; each link's parent is the one before it."""


def gripper_to_rad(opening: float) -> float:
    """Return the jaw's angle [rad] for an opening of 0 (closed) … 1 (open)."""
    return GRIPPER_CLOSED_RAD + opening * (GRIPPER_OPEN_RAD - GRIPPER_CLOSED_RAD)


def rad_to_gripper(angle_rad: float) -> float:
    """Return the opening, 0 (closed) … 1 (open), for the jaw's angle."""
    return (angle_rad - GRIPPER_CLOSED_RAD) / (GRIPPER_OPEN_RAD - GRIPPER_CLOSED_RAD)


def to_rad(joints: Joints) -> Joints:
    """Return a joint vector, (6,), with the gripper as an angle [rad]."""
    angles = np.array(joints, dtype=np.float64)
    angles[GRIPPER] = gripper_to_rad(float(angles[GRIPPER]))
    return angles


def from_rad(angles_rad: Joints) -> Joints:
    """Return joint angles, (6,) rad, as a joint vector with the gripper 0 … 1."""
    joints = np.array(angles_rad, dtype=np.float64)
    joints[GRIPPER] = rad_to_gripper(float(joints[GRIPPER]))
    return joints


def _frozen(values: tuple[float, ...]) -> Joints:
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


LOWER = _frozen((*(low for low, _ in RANGES_RAD[:GRIPPER]), 0.0))
UPPER = _frozen((*(high for _, high in RANGES_RAD[:GRIPPER]), 1.0))

LIMITS = JointLimits(
    names=JOINT_NAMES,
    lower=LOWER,
    upper=UPPER,
    velocity=_frozen((3.0,) * GRIPPER + (5.0,)),
    acceleration=_frozen((30.0,) * GRIPPER + (80.0,)),
)
"""The mechanical ranges with speeds well inside what an STS3215 at 12 V reaches (4.7 rad/s)."""

WRIST_ROLL_IN_PLANE_RAD = 2.0 * math.atan2(0.0172091, 0.706897)
"""The wrist_roll at which the jaws open in the arm's plane."""

REST = _frozen((0.0, -1.60, 1.35, 1.20, 0.0487, rad_to_gripper(0.30)))
"""Folded up over the base, out of the cameras' view of the table; the jaws ajar."""
