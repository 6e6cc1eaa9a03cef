"""From waypoints to a chunk of actions: one absolute joint target per control step.

The motion is what a person with a leader arm shows: it speeds up, passes corners without stopping, and brakes. How fast
it is depends on where the arm is on its way, because a policy that sees one picture knows nothing of how fast it was.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bt_robot.arm.so101 import GRIPPER, from_rad
from bt_robot.messages import Actions, Joints

FASTEST_RAD = 0.067
"""Per step, for the joint that has the farthest to go: 2 rad/s."""

_STILL_RAD = 0.02
_SLOWEST_RAD = 0.008  # per step; what is left at the end of a way is gone in two steps
_CHANGE_RAD = 0.008  # of the speed, per step: 7 rad/s²
_SMOOTH = np.array([1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0]) / 16.0  # rounds corners and the change of acceleration


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


def actions(angles_rad: Joints, path: Sequence[Waypoint], horizon: int, travelled_rad: float = math.inf) -> Actions:
    """Return targets along a path, (horizon, 6), gripper 0 … 1; the last waypoint is held.

    Args:
        angles_rad: Where the arm is measured to be, (6,), the gripper's as an angle.
        path: At least one waypoint.
        horizon: Number of control steps.
        travelled_rad: How far the arm has come from where it last stood still, as far as that can be seen.
    """
    rows = np.empty((horizon, GRIPPER + 1))
    begin, row, arrived_rad = angles_rad[:GRIPPER], 0, travelled_rad
    for legs in _legs(path):
        corners = np.vstack([begin, *(waypoint.angles_rad for waypoint in legs)])
        for arm, leg in _way(corners, arrived_rad):
            if row == horizon:
                break
            rows[row] = (*arm, legs[leg].jaw_rad)
            row += 1
        stay = min(legs[-1].dwell, horizon - row)
        rows[row : row + stay] = (*legs[-1].angles_rad, legs[-1].jaw_rad)
        row, begin, arrived_rad = row + stay, legs[-1].angles_rad, 0.0
    rows[row:] = (*path[-1].angles_rad, path[-1].jaw_rad)
    rows[:, :GRIPPER] = _smoothed(angles_rad[:GRIPPER], rows[:, :GRIPPER], still=travelled_rad < _STILL_RAD)
    return np.stack([from_rad(angles) for angles in rows])


def _legs(path: Sequence[Waypoint]) -> Iterator[list[Waypoint]]:
    """Yield the parts of a path that are gone through without a stop."""
    legs: list[Waypoint] = []
    for waypoint in path:
        legs.append(waypoint)
        if waypoint.dwell:
            yield legs
            legs = []
    if legs:
        yield legs


def _way(corners: NDArray[np.float64], travelled_rad: float) -> Iterator[tuple[Joints, int]]:
    """Yield the arm's joints step by step from the first corner to the last, and the leg they are on."""
    lengths = np.abs(np.diff(corners, axis=0)).max(axis=1)
    ends = np.concatenate([[0.0], np.cumsum(lengths)])
    at, total = 0.0, float(ends[-1])
    while at < total - 1e-9:
        gathered = math.sqrt(2.0 * _CHANGE_RAD * min(at + travelled_rad, 1e3)) + _CHANGE_RAD / 2
        braking = math.sqrt(2.0 * _CHANGE_RAD * (total - at))
        at = min(total, at + max(_SLOWEST_RAD / 2, min(FASTEST_RAD, gathered, braking)))
        leg = min(int(np.searchsorted(ends, at, side="left")), len(lengths)) - 1
        share = 1.0 if lengths[leg] == 0.0 else (at - ends[leg]) / lengths[leg]
        yield corners[leg] + share * (corners[leg + 1] - corners[leg]), leg


def _smoothed(begin: Joints, arm: NDArray[np.float64], *, still: bool) -> NDArray[np.float64]:
    """Return a way, (h, 5), without its corners; before it the arm stood still, or moved as it begins."""
    reach = len(_SMOOTH) // 2
    speed = np.zeros_like(begin) if still else arm[0] - begin
    before = begin - speed * np.arange(reach - 1, -1, -1)[:, None]
    padded = np.vstack([before, arm, np.repeat(arm[-1:], reach, axis=0)])
    return np.stack([np.convolve(column, _SMOOTH, mode="valid") for column in padded.T], axis=1)
