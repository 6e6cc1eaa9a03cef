"""An independent reader of recorded commands: plain differences, no code shared with the governor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bt_robot.messages import JointLimits, Joints, TickRecord

MAX_KEPT = 1000
"""Violations kept for looking at; all are counted."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A command outside a limit."""

    step: int
    joint: str
    limit: str
    value: float
    allowed: float


class Auditor:
    """A sink that checks every command as it is sent.

    A joint that begins outside its limits may stay there or come back, but not go further out.

    Attributes:
        count: Violations so far.
        violations: The first of them.
    """

    def __init__(self, limits: JointLimits, start: Joints, period_s: float, *, tolerance: float = 1e-6) -> None:
        """Begin with an arm at rest.

        Args:
            limits: The safety envelope.
            start: The measured pose before the first command, (n,).
            period_s: The control period [s].
            tolerance: Relative slack for rounding.
        """
        self._limits = limits
        self._period_s = period_s
        self._slack = tolerance
        self._positions = start
        self._velocity = np.zeros_like(start)
        self._step: int | None = None
        self.count = 0
        self.violations: list[Violation] = []

    def publish(self, record: TickRecord) -> None:
        """Check one tick's command; a run, and a robot that was stopped, begin where the arm is measured, at rest."""
        if self._step is None or record.observation.health.stopped:
            self._positions = record.observation.joints
            self._velocity = np.zeros_like(self._positions)
        self.check(record.step, record.command.positions)

    def check(self, step: int, positions: Joints) -> None:
        """Check the command of a step, (n,); steps that are missing are time in which the arm came to rest."""
        limits = self._limits
        resting = self._step is not None and step - self._step > 1
        before = np.zeros_like(positions) if resting else self._velocity
        velocity = (positions - self._positions) / self._period_s
        acceleration = (velocity - before) / self._period_s
        outside = np.maximum(self._outside(self._positions), 0.0)
        self._note(step, "position", self._outside(positions), outside + 1e-9)
        self._note(step, "velocity", np.abs(velocity), limits.velocity * (1 + self._slack) + self._slack)
        self._note(step, "acceleration", np.abs(acceleration), limits.acceleration * (1 + self._slack) + self._slack)
        self._positions, self._velocity, self._step = positions, velocity, step

    def _outside(self, positions: Joints) -> Joints:
        return np.maximum(positions - self._limits.upper, self._limits.lower - positions)

    def _note(self, step: int, limit: str, values: Joints, allowed: Joints) -> None:
        for i in np.flatnonzero(~np.isfinite(values) | (values > allowed)):
            self.count += 1
            if len(self.violations) < MAX_KEPT:
                name = self._limits.names[i]
                self.violations.append(Violation(step, name, limit, float(values[i]), float(allowed[i])))


def audit(commands: Sequence[Joints], start: Joints, limits: JointLimits, period_s: float) -> list[Violation]:
    """Return the violations in the commands of consecutive control steps.

    Args:
        commands: Commanded positions, (n,) each.
        start: The measured pose before the first, (n,); the arm stood still there.
        limits: The safety envelope.
        period_s: The control period [s].
    """
    auditor = Auditor(limits, start, period_s)
    for step, positions in enumerate(commands):
        auditor.check(step, positions)
    return auditor.violations
