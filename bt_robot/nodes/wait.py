"""Let time pass."""

from __future__ import annotations

from bt_robot.messages import TickContext
from bt_robot.tree import Action, Input, Outcome, running, success


class Wait(Action):
    """Wait for some time, then succeed; the arm holds meanwhile."""

    type_name = "wait"
    aliases = ("sleep", "timer")
    btcpp = "Sleep"
    py_trees = "timers.Timer"
    duration_s = Input(float, minimum=0.0, doc="how long to wait [s]")

    _since_s = 0.0

    def on_start(self, ctx: TickContext) -> None:
        """Start the time."""
        self._since_s = ctx.now_s

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Compare the time passed with the duration."""
        left_s = self.duration_s - (ctx.now_s - self._since_s)
        return success() if left_s <= 0.0 else running(f"{left_s:.1f} s left")
