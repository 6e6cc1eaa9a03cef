"""What successive bus cycles say together: how long something lasts, what was told, where a joint is. Pure."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from bt_robot.robot.so101.calibration import turn_difference
from bt_robot.robot.so101.wire.registers import ServoState, Status

JUMPS: Final = 3
"""Impossible samples in a row that are no glitch any more."""

_SHORTEST_CYCLE_S: Final = 0.01
_LONGEST_BRIDGE_S: Final = 0.05
_ROUNDING_S: Final = 1e-9


class Lasting:
    """How long a condition has lasted.

    Attributes:
        seconds: How long, when it was last seen [s]; −1 while it does not hold.
    """

    def __init__(self) -> None:
        """Begin with a condition that does not hold."""
        self._since_s: float | None = None
        self.seconds = -1.0

    def see(self, now_s: float, holds: bool) -> float:
        """Return how long it has lasted [s]; −1 while it does not hold."""
        if not holds:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = now_s
        self.seconds = -1.0 if self._since_s is None else now_s - self._since_s + _ROUNDING_S
        return self.seconds


class Told:
    """The values that a servo was told lately, to be recognised in what it says it follows."""

    def __init__(self, window_s: float) -> None:
        """Begin with nothing told.

        Args:
            window_s: How long the value before may still be in force, because writes can be lost [s].
        """
        self._window_s = window_s
        self._values: deque[tuple[float, float]] = deque()

    def tell(self, now_s: float, value: float) -> None:
        """Note the value that was told last."""
        if not self._values or self._values[-1][1] != value:
            self._values.append((now_s, value))
        # The last one before the window was in force when the window began.
        while len(self._values) > 1 and self._values[1][0] <= now_s - self._window_s + _ROUNDING_S:
            self._values.popleft()

    def recognises(self, value: int) -> bool:
        """Whether a servo that says this may be doing what it was told; True as long as nothing was."""
        return not self._values or any(abs(value - told) < 1.0 for _, told in self._values)

    @property
    def last(self) -> float | None:
        """What was told last; None before anything was."""
        return self._values[-1][1] if self._values else None


class Track:
    """Where a joint most plausibly is: lost replies are bridged for a cycle, impossible samples are dropped.

    Attributes:
        position: The position [ticks]; None before the first sample.
        measured_s: When that was measured, or before it was bridged [s]; −inf before the first sample.
        answered_s: When the servo last answered [s]; None before.
        lost: Replies lost in a row.
        good: Replies in a row.
        jumps: Impossible samples in a row; of `JUMPS` jumps, the last is believed.
        jumped: How far the last sample was from the last good one [ticks].
    """

    def __init__(self, jump_ticks_per_s: float) -> None:
        """Begin anywhere.

        Args:
            jump_ticks_per_s: How fast a joint can become beyond the speed that it had [ticks/s].
        """
        self._fastest = jump_ticks_per_s
        self.position: float | None = None
        self.measured_s = -math.inf
        self.answered_s: float | None = None
        self.lost = self.good = self.jumps = 0
        self.jumped = 0.0
        self._sample: ServoState | None = None
        self._bridged = False

    def see(self, now_s: float, state: ServoState | None) -> None:
        """Take what the servo answered in this cycle; None when its reply was lost."""
        if state is None:
            self.lost, self.good = self.lost + 1, 0
            self._bridge(now_s)
            return
        self.lost, self.good, self.answered_s = 0, self.good + 1, now_s
        if self._is_plausible(now_s, state):
            self.jumps = 0
            self._accept(now_s, state)
            return
        self.jumps += 1
        if self.jumps >= JUMPS and not state.status & Status.ENCODER:
            self._accept(now_s, state)  # it stays there; what to make of that is for a rule
        else:
            self._bridge(now_s)

    def _is_plausible(self, now_s: float, state: ServoState) -> bool:
        if state.status & Status.ENCODER:
            self.jumped = 0.0
            return False
        if self._sample is None:
            return True
        gap_s = max(now_s - self.measured_s, _SHORTEST_CYCLE_S)
        self.jumped = abs(turn_difference(state.position, self._sample.position))  # the seam is no jump
        return self.jumped <= (self._fastest + abs(self._sample.speed)) * gap_s

    def _accept(self, now_s: float, state: ServoState) -> None:
        self.position, self._sample, self.measured_s, self._bridged = state.position, state, now_s, False

    def _bridge(self, now_s: float) -> None:
        """Go on as it moved, for one cycle; then stay there."""
        if self._sample is None or self._bridged:
            return
        gap_s = min(max(now_s - self.measured_s, 0.0), _LONGEST_BRIDGE_S)
        speed = min(max(float(self._sample.speed), -self._fastest), self._fastest)
        self.position = self._sample.position + speed * gap_s
        self._bridged = True
