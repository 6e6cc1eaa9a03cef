"""What makes the stand-in as undecided as a sampled policy, reproducibly, pure.

A flow policy starts every answer from other noise: asked twice, it plans two ways. Here the noise is a function of the
seed and the question, never of the order of arrival, so that runs repeat and clients don't disturb each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bt_robot.arm.so101 import GRIPPER, LOWER, UPPER
from bt_robot.messages import Actions

_PERIODS_S = ((2.5, 5.0), (1.2, 2.5))  # of the two sines
_SHARES = (0.75, 0.25)
_FIRST_SHARE = 0.2  # of a deviation's beginning stays: answers differ a little in their first action, too


@dataclass(frozen=True, slots=True)
class Spread:
    """How far answers stray from what is planned, and how much longer some of them take.

    Attributes:
        amplitude_rad: About how far an arm joint strays in the course of a chunk [rad].
        jitter_s: The longest extra time [s].
        seed: Another seed, other deviations.
    """

    amplitude_rad: float = 0.0
    jitter_s: float = 0.0
    seed: int = 0

    def stray(self, rows: Actions, rate_hz: float, fingerprint: int) -> Actions:
        """Return targets that wander slowly away from the planned ones, inside the joints' range; not the gripper's.

        Args:
            rows: The planned targets, (k, 6) rad.
            rate_hz: Their rate [Hz].
            fingerprint: Of the question.
        """
        if self.amplitude_rad == 0.0:
            return rows
        draws = np.random.default_rng([self.seed, fingerprint])
        time_s = np.arange(len(rows))[:, None] / rate_hz
        way = np.zeros((len(rows), GRIPPER))
        for share, period_s in zip(_SHARES, _PERIODS_S, strict=True):
            phase = draws.uniform(0.0, 2.0 * np.pi, GRIPPER) + 2.0 * np.pi * time_s / draws.uniform(*period_s, GRIPPER)
            way += share * np.sin(phase)
        way -= (1.0 - _FIRST_SHARE) * way[0]
        strayed = rows.copy()
        arm = slice(0, GRIPPER)
        strayed[:, arm] = np.clip(rows[:, arm] + self.amplitude_rad * way, LOWER[arm], UPPER[arm])
        return strayed

    def delay_s(self, fingerprint: int) -> float:
        """Return the extra time for a question [s]."""
        return self.jitter_s * float(np.random.default_rng([self.seed, fingerprint, 1]).random())
