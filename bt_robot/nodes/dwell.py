"""How long something has been true without a break."""

from __future__ import annotations

MAX_GAP_S = 0.5
"""A node that was not ticked for this long starts anew [s]."""


class Dwell:
    """Measures for how long a condition has held, on the run's clock."""

    def __init__(self) -> None:
        """Start with a condition that does not hold."""
        self._since_s: float | None = None
        self._last_s = 0.0

    def update(self, now_s: float, true: bool) -> float:
        """Note whether the condition holds now; return for how long it has held [s]."""
        if self._since_s is not None and now_s - self._last_s > MAX_GAP_S:
            self._since_s = None
        self._last_s = now_s
        if not true:
            self._since_s = None
            return 0.0
        if self._since_s is None:
            self._since_s = now_s
        return now_s - self._since_s
