"""Whether the hand is in a place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from bt_robot.messages import Setup, TickContext
from bt_robot.nodes.evidence import answer, joints_age, unknown_joints
from bt_robot.tree import Condition, Input, Outcome, failure

_AXES = ("x_m", "y_m", "z_m")
_NO_HAND = "where this robot's hand is can't be told: it has no kinematics"

_HALFWAY_M = 0.01
"""A tip that is so far from the nearest wall is as sure as not to be on its side: what a small arm is exact to [m]."""


class InRegion(Condition):
    """Succeed while the point between the fingertips is in a box.

    Where that is follows from the measured joints by forward kinematics, in the base frame: x forward, y left,
    z up from the table. An axis that is left out has no walls. Give `inside: false` to ask whether the
    hand is out of the box; unlike an inverter, that is no yes when nothing is known.
    """

    type_name = "in_region"
    x_m = Input(
        tuple[float, ...] | None, default=None, length=2, doc="from … to, forward of the base [m], e.g. `[0.2, 0.35]`"
    )
    y_m = Input(tuple[float, ...] | None, default=None, length=2, doc="from … to, to the left of the base [m]")
    z_m = Input(tuple[float, ...] | None, default=None, length=2, doc="from … to, above the table [m]")
    inside = Input(bool, default=True, doc="whether it has to be in the box, or out of it")

    @classmethod
    def amiss(cls, values: Mapping[str, object], kinds: Mapping[str, Any]) -> tuple[str, str] | None:
        """Look whether the box has walls, each pair in its order."""
        known = [(name, values[name]) for name in _AXES if name in values]
        for name, axis in known:
            if isinstance(axis, tuple) and not axis[0] < axis[1]:
                return name, "the smaller number first"
        without = len(known) == len(_AXES) and all(axis is None for _, axis in known)
        return ("x_m", "walls, by at least one of 'x_m', 'y_m' and 'z_m'") if without else None

    def why_not(self, setup: Setup) -> str:
        """Look whether the robot's hand can be found."""
        return "" if setup.body.kinematics is not None else _NO_HAND

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Compare the tip with the walls."""
        age_s, walls = joints_age(ctx), self._walls()
        if ctx.body.kinematics is None:
            return failure(_NO_HAND)
        if isinstance(walls, str):
            return failure(walls)
        if unknown := unknown_joints(age_s):
            return unknown
        tip = ctx.body.kinematics.tip(ctx.observation.joints)
        depth_m = _depth(tip, *walls)
        x, y, z = np.round(tip, 3) + 0.0  # no minus before a zero
        side = "inside" if depth_m >= 0.0 else "outside"
        words = f"tip at {x:.3f}, {y:.3f}, {z:.3f} m, {abs(depth_m):.3f} m {side}"
        clear = 0.5 + 0.5 * abs(depth_m) / (abs(depth_m) + _HALFWAY_M)
        holds = (depth_m >= 0.0) == self.inside
        return answer(holds, words, clear if holds else 1.0 - clear, age_s)

    def _walls(self) -> tuple[np.ndarray, np.ndarray] | str:
        """Return the box's lower and upper corner, (3,) m each, or why there is none."""
        axes: dict[str, tuple[float, ...] | None] = {"x_m": self.x_m, "y_m": self.y_m, "z_m": self.z_m}
        if found := self.amiss(axes, {}):
            return f"`{found[0]}` is {axes[found[0]]}; expected {found[1]}"
        spans = [(-math.inf, math.inf) if axis is None else axis for axis in axes.values()]
        return np.array([span[0] for span in spans]), np.array([span[1] for span in spans])


def _depth(tip: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """Return how far a point, (3,) m, is inside a box; negative by how far it is outside [m]."""
    inward = np.minimum(tip - low, high - tip)
    if np.all(inward >= 0.0):
        return float(np.min(inward))
    return -float(np.linalg.norm(np.minimum(inward, 0.0)))
