"""How far the joints have moved within the last seconds."""

from __future__ import annotations

from collections import deque

import numpy as np

from bt_robot.messages import Joints
from bt_robot.nodes.dwell import MAX_GAP_S

_PARTS = 16


class Stretch:
    """The lowest and highest place of each joint over a stretch of time.

    It keeps what each sixteenth of the stretch spans instead of every measurement, so a long one costs no more than a
    short one. What counts is how far the places lie apart, not the length of the way between them: an encoder's
    noise adds up to a long way, and goes nowhere.
    """

    def __init__(self) -> None:
        """Begin without a measurement."""
        self._parts: deque[tuple[float, Joints, Joints]] = deque()
        self._last_s = 0.0

    def clear(self) -> None:
        """Forget every measurement."""
        self._parts.clear()

    def update(self, measured_s: float, joints: Joints, length_s: float) -> tuple[float, Joints]:
        """Take a measurement; return how much time is covered [s], and what each joint spans in it.

        Args:
            measured_s: When it was made [s]; one that was taken before adds nothing.
            joints: The joint positions, (n,).
            length_s: How long the stretch is [s]; what is older than that, and a sixteenth, is forgotten.

        Returns:
            The time from its first to its last measurement [s], and highest minus lowest position, (n,).
        """
        parts = self._parts
        if parts and not 0.0 <= measured_s - self._last_s <= MAX_GAP_S:
            parts.clear()
        self._last_s = measured_s
        if parts and measured_s - parts[-1][0] < length_s / _PARTS:
            began_s, low, high = parts[-1]
            parts[-1] = (began_s, np.minimum(low, joints), np.maximum(high, joints))
        else:
            parts.append((measured_s, joints, joints))
        while len(parts) > 1 and measured_s - parts[1][0] >= length_s:
            parts.popleft()
        low = np.min([part[1] for part in parts], axis=0)
        high = np.max([part[2] for part in parts], axis=0)
        return measured_s - parts[0][0], high - low
