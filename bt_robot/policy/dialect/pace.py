"""The policy's actions on the control steps: another rate, another speed, pure.

A policy that was trained at 30 Hz gives an action every 1/30 s. At a control rate of 60 or 100 Hz what lies between two
of them is interpolated; at half speed the same way takes twice the time. Where more than one action falls on a control
step, the way is sampled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bt_robot.messages import Actions

_EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class Pace:
    """How far the policy's actions are apart on the control steps.

    Attributes:
        actions_per_step: Actions that pass in a control step: rate of the actions × speed / control rate.
    """

    actions_per_step: float = 1.0

    @classmethod
    def of(cls, rate_hz: float, control_hz: float, speed: float = 1.0) -> Pace:
        """Return the pace of a policy.

        Args:
            rate_hz: The rate that the actions are meant for [Hz].
            control_hz: The control rate [Hz].
            speed: How fast to execute them; 0.5 takes twice the time.
        """
        return cls(rate_hz * speed / control_hz)

    def steps(self, actions: float) -> int:
        """Return how many control steps a number of actions takes, at least one."""
        return max(1, math.ceil(actions / self.actions_per_step - _EPSILON))

    def actions(self, steps: float) -> int:
        """Return how many actions begin within a number of control steps."""
        return math.ceil(steps * self.actions_per_step - _EPSILON)

    def spread_targets(self, actions: Actions) -> Actions:
        """Return a target per control step, (K, n), from a target per action, (H, n).

        Between two actions the arm's joints follow a cubic without overshoot; the gripper, the last column, keeps its
        target until the next action.
        """
        if self.actions_per_step == 1.0:
            return actions
        last = len(actions) - 1
        at = np.minimum(self._borders(self.steps(len(actions))), last)
        below = at.astype(np.int64)
        rows = _monotone_cubic(actions, below, (at - np.floor(at))[:, None])
        rows[:, -1] = actions[below, -1]
        return rows

    def spread_increments(self, actions: Actions) -> Actions:
        """Return an increment per control step, (K, n), from an increment per action, (H, n); the sums are the same.

        The gripper, the last column, is a target and keeps it until the next one.
        """
        if self.actions_per_step == 1.0:
            return actions
        borders = np.minimum(self._borders(self.steps(len(actions)) + 1), len(actions))
        sums = np.concatenate([np.zeros((1, actions.shape[1])), np.cumsum(actions, axis=0)])
        knots = np.arange(len(actions) + 1)
        reached = np.stack([np.interp(borders, knots, column) for column in sums.T], axis=1)
        rows = np.diff(reached, axis=0)
        rows[:, -1] = actions[np.minimum(borders[:-1].astype(np.int64), len(actions) - 1), -1]
        return rows

    def _borders(self, count: int) -> NDArray[np.float64]:
        """Return where in the actions the first control steps begin, (count,); a miss by rounding is put right."""
        at = np.arange(count, dtype=np.float64) * self.actions_per_step
        whole = np.round(at)
        return np.where(np.abs(at - whole) < _EPSILON, whole, at)

    def gather(self, rows: Actions) -> Actions:
        """Return what is commanded when an action begins, (H, n), from a row per control step, (K, n)."""
        if self.actions_per_step == 1.0 or not len(rows):
            return rows
        count = max(1, math.floor((len(rows) - 1) * self.actions_per_step + _EPSILON) + 1)
        at = np.minimum(np.arange(count) / self.actions_per_step, len(rows) - 1)
        steps = np.arange(len(rows))
        gathered = np.stack([np.interp(at, steps, column) for column in rows.T], axis=1)
        gathered[:, -1] = rows[(at + _EPSILON).astype(np.int64), -1]
        return gathered


def _monotone_cubic(points: Actions, below: NDArray[np.int64], u: NDArray[np.float64]) -> Actions:
    """Return points between points, (K, n), that never leave the range of the two beside them.

    Hermite's cubic with the slopes of Fritsch and Butland (SIAM J. Sci. Stat. Comput. 5, 1984): zero at an extremum,
    the harmonic mean elsewhere. Straight lines would change the speed by jerks, at every action.

    Args:
        points: (H, n), one apart.
        below: The point at or below each position, (K,).
        u: How far each position is towards the next point, (K, 1), 0 … 1.
    """
    steps = np.diff(points, axis=0)
    slopes = np.zeros_like(points)
    if len(steps) > 1:
        left, right = steps[:-1], steps[1:]
        total = np.where(left * right > 0.0, left + right, 1.0)
        slopes[1:-1] = np.where(left * right > 0.0, 2.0 * left * right / total, 0.0)
    if len(steps):
        slopes[0], slopes[-1] = steps[0], steps[-1]
    above = np.minimum(below + 1, len(points) - 1)
    begin, end = points[below], points[above]
    u2, u3 = u * u, u * u * u
    return (
        begin + (end - begin) * (3.0 * u2 - 2.0 * u3) + slopes[below] * (u3 - 2.0 * u2 + u) + slopes[above] * (u3 - u2)
    )
