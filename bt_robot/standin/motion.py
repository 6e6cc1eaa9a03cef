"""From waypoints to a chunk of actions: one absolute joint target per control step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bt_robot.arm.so101 import GRIPPER, from_rad
from bt_robot.messages import Actions, Joints

_GAIN = 0.30  # of what is left, per step
_FASTEST_RAD, _SLOWEST_RAD = 0.067, 0.010  # per step, for the joint that has the farthest to go
_REACHED_RAD = 0.012


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A place to go through.

    Attributes:
        angles_rad: The five arm joints, (5,).
        jaw_rad: The jaw's target, commanded at once: a ramp would start anew with every chunk.
        dwell: Steps to stay there.
    """

    angles_rad: Joints
    jaw_rad: float
    dwell: int = 0


def actions(angles_rad: Joints, path: Sequence[Waypoint], horizon: int) -> Actions:
    """Return targets along a path, (horizon, 6), gripper 0 … 1; the last waypoint is held.

    Args:
        angles_rad: Where the arm is measured to be, (6,), the gripper's as an angle.
        path: At least one waypoint.
        horizon: Number of control steps.
    """
    rows = np.empty((horizon, GRIPPER + 1))
    arm, jaw, row = angles_rad[:GRIPPER].copy(), path[0].jaw_rad, 0
    for waypoint in path:
        jaw, stay = waypoint.jaw_rad, waypoint.dwell
        while row < horizon and (np.abs(waypoint.angles_rad - arm).max() > _REACHED_RAD or stay > 0):
            if np.abs(waypoint.angles_rad - arm).max() <= _REACHED_RAD:
                stay -= 1
            arm = _towards(arm, waypoint.angles_rad)
            rows[row] = (*arm, jaw)
            row += 1
    for rest in range(row, horizon):
        arm = _towards(arm, path[-1].angles_rad)
        rows[rest] = (*arm, jaw)
    return np.stack([from_rad(angles) for angles in rows])


def _towards(arm: Joints, target: Joints) -> Joints:
    error = target - arm
    farthest = float(np.abs(error).max())
    step = min(max(_GAIN * farthest, _SLOWEST_RAD), _FASTEST_RAD)
    return target.copy() if farthest <= step else arm + error * (step / farthest)
