"""How roughly joints move: the third difference of their positions."""

from __future__ import annotations

from collections import deque

import numpy as np

from bt_robot.messages import Joints

_ORDER = 3


class JerkMeter:
    """Jerk from one control step to the next.

    A missed step or a jump of the counter begins anew: four consecutive steps make one value.
    """

    def __init__(self) -> None:
        """Start without positions."""
        self._rows: deque[Joints] = deque(maxlen=_ORDER + 1)
        self._step: int | None = None

    def measure(self, step: int, joints: Joints, period_s: float) -> Joints | None:
        """Return the jerk at a step, (n-1,) rad/s³; None until there were enough consecutive steps.

        Args:
            step: The control step.
            joints: Positions, (n,); the last one is the gripper's and left out.
            period_s: The control period [s].
        """
        if self._step is None or step != self._step + 1:
            self._rows.clear()
        self._step = step
        self._rows.append(joints[:-1])
        if len(self._rows) <= _ORDER or period_s <= 0.0:
            return None
        a, b, c, d = self._rows
        return np.asarray((d - 3.0 * c + 3.0 * b - a) / period_s**_ORDER)
