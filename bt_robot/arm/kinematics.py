"""Forward kinematics of the SO-101 by its link frames, and inverse kinematics in closed form.

The tool centre point (tcp) lies between the jaws, `TCP_DEPTH_M` beyond the gripper's origin along
the approach direction (the gripper frame's -z) and some way from the fixed jaw towards the moving
one (its +x). A hand's *pitch* is the angle of the approach direction below the horizontal, its
*yaw* the direction in which the jaws open, seen from above, when the hand points down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bt_robot.arm.so101 import GRIPPER, LINKS, RANGES_RAD, WRIST_ROLL_IN_PLANE_RAD
from bt_robot.messages import Joints

TCP_DEPTH_M = 0.092
TCP_OPEN_M = 0.0165
"""Distance of the tcp from the gripper's axis when a block is centred between open jaws."""
TCP_HOLDING_M = 0.0055
"""The same when a block is held against the fixed jaw."""

PAN_AXIS_M = LINKS[1].position_m[0]
_SHOULDER_R_M = -LINKS[2].position_m[0]
_SHOULDER_Z_M = LINKS[1].position_m[2] - LINKS[2].position_m[2]
_UPPER_X_M, _UPPER_Z_M = -LINKS[3].position_m[1], -LINKS[3].position_m[0]
_FORE_X_M, _FORE_Z_M = -LINKS[4].position_m[0], LINKS[4].position_m[1]
_UPPER_M, _UPPER_RAD = math.hypot(_UPPER_X_M, _UPPER_Z_M), math.atan2(_UPPER_Z_M, _UPPER_X_M)
_FORE_M, _FORE_RAD = math.hypot(_FORE_X_M, _FORE_Z_M), math.atan2(_FORE_Z_M, _FORE_X_M)
_HAND_M = -LINKS[5].position_m[1]
_LATERAL_M = LINKS[2].position_m[1] + LINKS[5].position_m[2]
_PAN, _LIFT, _ELBOW, _FLEX, _ROLL = RANGES_RAD[:GRIPPER]


@dataclass(frozen=True, slots=True)
class Pose:
    """A frame in the base frame.

    Attributes:
        position_m: Its origin, (3,).
        rotation: Its axes as columns, (3, 3).
    """

    position_m: NDArray[np.float64]
    rotation: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Grasp:
    """Where the tcp is and how the hand stands.

    Attributes:
        x_m: Forward of the base.
        y_m: To the left of the base.
        z_m: Above the table.
        yaw_rad: The direction in which the jaws open, from x towards y.
        pitch_rad: The approach direction below the horizontal; pi/2 points down.
    """

    x_m: float
    y_m: float
    z_m: float
    yaw_rad: float
    pitch_rad: float = math.pi / 2


def _rotation(quaternion: tuple[float, float, float, float]) -> NDArray[np.float64]:
    w, x, y, z = np.array(quaternion) / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


_FRAMES = tuple((np.array(link.position_m), _rotation(link.quaternion)) for link in LINKS)


def link_poses(angles_rad: Joints) -> dict[str, Pose]:
    """Return the pose of every link for joint angles, (6,) rad, the gripper's as an angle."""
    position, rotation = np.zeros(3), np.eye(3)
    poses: dict[str, Pose] = {}
    for index, (link, (offset, turn)) in enumerate(zip(LINKS, _FRAMES, strict=True)):
        position = position + rotation @ offset
        rotation = rotation @ turn
        if link.joint:
            angle = float(angles_rad[index - 1])
            cos, sin = math.cos(angle), math.sin(angle)
            rotation = rotation @ np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
        poses[link.name] = Pose(position, rotation)
    return poses


def gripper_pose(angles_rad: Joints) -> Pose:
    """Return the gripper frame for joint angles, (5,) or (6,) rad."""
    return link_poses(np.append(angles_rad[:GRIPPER], 0.0))["gripper"]


def tcp_position(gripper: Pose, offset_m: float = TCP_OPEN_M) -> NDArray[np.float64]:
    """Return the tcp, (3,) m, of a gripper frame; `offset_m` is its distance from the gripper's axis."""
    return gripper.position_m + gripper.rotation @ np.array([offset_m, 0.0, -TCP_DEPTH_M])


class So101Kinematics:
    """The Protocol `Kinematics` of the SO-101: its tip is the tcp of jaws that hold nothing."""

    def tip(self, joints: Joints) -> NDArray[np.float64]:
        """Return the tcp in the base frame, (3,) m, for a joint vector, (6,) rad, gripper 0 … 1."""
        return tcp_position(gripper_pose(joints))


def forward(angles_rad: Joints, offset_m: float = TCP_OPEN_M) -> Grasp:
    """Return where the tcp is for joint angles, (5,) or (6,) rad; the inverse of `inverse`."""
    x, y, z = (float(value) for value in tcp_position(gripper_pose(angles_rad), offset_m))
    yaw = float(angles_rad[4]) - WRIST_ROLL_IN_PLANE_RAD - float(angles_rad[0])
    return Grasp(x, y, z, _wrap(yaw), float(angles_rad[1] + angles_rad[2] + angles_rad[3]))


def inverse(grasp: Grasp, offset_m: float = TCP_OPEN_M) -> Joints | None:
    """Return the angles of the five arm joints, (5,) rad, elbow up, or None if out of reach.

    Args:
        grasp: Where the tcp must be and how the hand must stand.
        offset_m: Distance of the tcp from the gripper's axis.
    """
    cos, sin = math.cos(grasp.pitch_rad), math.sin(grasp.pitch_rad)
    x, y = grasp.x_m - PAN_AXIS_M, grasp.y_m
    distance, bearing = math.hypot(x, y), math.atan2(y, x)
    psi = bearing
    roll = side = 0.0
    for _ in range(40):  # turning the arm turns the jaws out of their yaw, which shifts the axis again
        before, roll = psi, grasp.yaw_rad - psi
        side = _LATERAL_M + offset_m * math.sin(roll)
        if abs(side) >= distance:
            return None
        psi = bearing - math.asin(side / distance)
        if abs(psi - before) < 1e-14:
            break
    radial = offset_m * math.cos(roll)
    wrist_r = math.sqrt(distance**2 - side**2) - radial * sin - (TCP_DEPTH_M + _HAND_M) * cos - _SHOULDER_R_M
    wrist_z = grasp.z_m - radial * cos + (TCP_DEPTH_M + _HAND_M) * sin - _SHOULDER_Z_M
    return _two_links(wrist_r, wrist_z, psi, roll, grasp.pitch_rad)


def _two_links(r_m: float, z_m: float, psi: float, roll: float, pitch: float) -> Joints | None:
    """Solve the shoulder-elbow-wrist triangle and check every joint's range."""
    cos_beta = (r_m * r_m + z_m * z_m - _UPPER_M**2 - _FORE_M**2) / (2 * _UPPER_M * _FORE_M)
    if not -1.0 <= cos_beta <= 1.0:
        return None
    beta = math.acos(cos_beta)
    upper = math.atan2(z_m, r_m) + math.atan2(_FORE_M * math.sin(beta), _UPPER_M + _FORE_M * cos_beta)
    lift = _UPPER_RAD - upper
    elbow = _FORE_RAD - (upper - beta) - lift
    roll = _wrap(roll) + WRIST_ROLL_IN_PLANE_RAD
    if roll > _ROLL[1]:
        roll -= 2 * math.pi
    elif roll < _ROLL[0]:
        roll += 2 * math.pi
    angles = (-_wrap(psi), lift, elbow, pitch - lift - elbow, roll)
    inside = all(low <= angle <= high for angle, (low, high) in zip(angles, RANGES_RAD, strict=False))
    return np.array(angles) if inside else None


def _wrap(angle_rad: float) -> float:
    return math.remainder(angle_rad, 2 * math.pi)
