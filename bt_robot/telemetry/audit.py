"""An independent reader of recorded commands: plain differences, no code shared with the governor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bt_robot.messages import JointLimits, Joints


@dataclass(frozen=True, slots=True)
class Violation:
    """A command outside a limit."""

    index: int
    joint: str
    limit: str
    value: float
    allowed: float


def audit(
    commands: Sequence[Joints], start: Joints, limits: JointLimits, period_s: float, *, tolerance: float = 1e-6
) -> list[Violation]:
    """Return every command that breaks a limit.

    Args:
        commands: Commanded positions of consecutive control steps, (n,) each.
        start: The measured pose before the first, (n,); the arm stood still there.
        limits: The safety envelope.
        period_s: The control period [s].
        tolerance: Relative slack for rounding.
    """
    if not commands:
        return []
    positions = np.vstack([start, *commands])
    velocity = np.diff(positions, axis=0) / period_s
    acceleration = np.diff(np.vstack([np.zeros_like(start), velocity]), axis=0) / period_s
    found: list[Violation] = []
    inside = (start >= limits.lower) & (start <= limits.upper)
    over = np.maximum(positions[1:] - limits.upper, limits.lower - positions[1:])
    checks = (
        ("position", np.where(inside, over, -1.0), np.zeros_like(start), 1e-9),
        ("velocity", np.abs(velocity), limits.velocity, tolerance),
        ("acceleration", np.abs(acceleration), limits.acceleration, tolerance),
    )
    for name, values, allowed, slack in checks:
        bad = ~np.isfinite(values) | (values > allowed * (1 + tolerance) + slack)
        for i, j in np.argwhere(bad):
            found.append(Violation(int(i), limits.names[j], name, float(values[i, j]), float(allowed[j])))
    return found
