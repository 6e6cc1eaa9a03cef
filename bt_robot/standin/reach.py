"""How the hand may stand: grasps that are within reach and clear of what stands about."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bt_robot.arm.kinematics import TCP_HOLDING_M, TCP_OPEN_M, Grasp, inverse
from bt_robot.arm.workcell import CONTAINER_OUTER_HALF_M, FRONT
from bt_robot.messages import Joints
from bt_robot.standin.perception import TablePose

CARRY_Z_M = 0.095
"""Height of the tcp when carrying: the vertical hand reaches hardly higher."""
PRE_GRASP_Z_M = 0.060
_PITCHES = tuple(math.pi / 2 - 0.05 * k for k in range(22))
_JAW_POINTS_M = (-0.037, -0.027, 0.032, 0.045)  # along the jaws' axis: the fixed jaw, the open moving jaw
_CONTAINER_GAP_M, _BLOCK_GAP_M = 0.018, 0.032


@dataclass(frozen=True, slots=True)
class Descent:
    """A straight way down to a grasp.

    Attributes:
        yaw_rad: The direction in which the jaws open.
        pitch_rad: The hand's pitch, the same all the way.
        bottom_m: The tcp's height at the grasp.
        points: The arm's joints, (5,) rad each, from above down to the grasp.
    """

    yaw_rad: float
    pitch_rad: float
    bottom_m: float
    points: tuple[Joints, ...]


def grasp_height(pitch_rad: float) -> float:
    """Return the tcp's height [m] at a grasp: a tilted hand must stay clear of the table."""
    return 0.013 + 0.010 * math.cos(pitch_rad)


def relaxed(x_m: float, y_m: float, z_m: float, yaw_rad: float, offset_m: float) -> Joints | None:
    """Return the joints, (5,) rad, of the steepest hand that reaches a point, or None."""
    for pitch in _PITCHES:
        angles = inverse(Grasp(x_m, y_m, z_m, yaw_rad, pitch), offset_m)
        if angles is not None:
            return angles
    return None


def easiest(x_m: float, y_m: float, z_m: float, present_rad: Joints) -> Joints | None:
    """Return the joints, (5,) rad, that carry a held block to a point with the least turn of the wrist, or None."""
    found = (relaxed(x_m, y_m, z_m, k * math.pi / 2, TCP_HOLDING_M) for k in range(4))
    return min((a for a in found if a is not None), key=lambda a: abs(a[4] - present_rad[4]), default=None)


def straight_up(present: Grasp, present_rad: Joints, z_m: float, offset_m: float) -> Joints | None:
    """Return the joints, (5,) rad, above where the hand is, turned as it is, or None.

    Args:
        present: Where the tcp is.
        present_rad: The joints, (6,) rad.
        z_m: The height to rise to.
        offset_m: Distance of the tcp from the gripper's axis.
    """
    angles = relaxed(present.x_m, present.y_m, z_m, present.yaw_rad, offset_m)
    if angles is None or abs(angles[4] - present_rad[4]) < 1.0:
        return angles
    return easiest(present.x_m, present.y_m, z_m, present_rad)


def descents(
    block: TablePose, present_rad: Joints, container: TablePose | None, others: Sequence[tuple[float, float]]
) -> list[Descent]:
    """Return the ways to grasp a block, the best first.

    Args:
        block: The block.
        present_rad: The joints, (6,) rad; little turning is better.
        container: The container, which the jaws must not touch.
        others: The other blocks' centres [m].
    """
    ways: list[tuple[float, Descent]] = []
    for quarter in range(4):
        yaw = block.yaw_rad + quarter * math.pi / 2
        way = next(_straight(block, yaw), None)
        if way is None:
            continue
        bearing = math.atan2(FRONT.position_m[1] - block.y_m, FRONT.position_m[0] - block.x_m)
        turn = abs(float(way.points[-1][4]) - float(present_rad[4]))
        hiding = 0.6 * abs(math.cos(yaw - bearing))
        tilt = math.pi / 2 - way.pitch_rad
        ways.append((turn + hiding + tilt + 2.0 * _clutter(block, yaw, container, others), way))
    return [way for _, way in sorted(ways, key=lambda item: item[0])]


def _straight(block: TablePose, yaw: float) -> Iterator[Descent]:
    for pitch in _PITCHES:
        bottom = grasp_height(pitch)
        heights = np.linspace(PRE_GRASP_Z_M, bottom, 4)
        points = [inverse(Grasp(block.x_m, block.y_m, float(z), yaw, pitch), TCP_OPEN_M) for z in heights]
        reached = tuple(point for point in points if point is not None)
        if len(reached) == len(points):
            yield Descent(yaw, pitch, bottom, reached)


def _clutter(block: TablePose, yaw: float, container: TablePose | None, others: Sequence[tuple[float, float]]) -> float:
    """Return how far the open jaws come too near to something; 1 is a touch."""
    total = 0.0
    for along in _JAW_POINTS_M:
        x, y = block.x_m + along * math.cos(yaw), block.y_m + along * math.sin(yaw)
        if container is not None:
            away = max(abs(x - container.x_m), abs(y - container.y_m)) - CONTAINER_OUTER_HALF_M
            total += max(0.0, 1.0 - away / _CONTAINER_GAP_M)
        total += sum(max(0.0, 2.0 - 2.0 * math.dist((x, y), other) / _BLOCK_GAP_M) for other in others)
    return total
