"""How long a control step is, as a leaf sees it."""

from __future__ import annotations

from bt_robot.messages import TickContext


class Pace:
    """Measures the control period from one tick to the next."""

    def __init__(self) -> None:
        """Begin before the first tick."""
        self._last: tuple[int, float] | None = None
        self._period_s = 0.0

    def update(self, ctx: TickContext) -> float:
        """Take a tick; return the control period [s], 0 in the first."""
        step, now_s = ctx.observation.step, ctx.now_s
        if self._last is not None and step > self._last[0]:
            # Steps that a person held take none of the tree's time: they would make the period look shorter.
            self._period_s = max(self._period_s, (now_s - self._last[1]) / (step - self._last[0]))
        self._last = (step, now_s)
        return self._period_s
