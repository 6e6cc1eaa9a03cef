"""Stand still on purpose."""

from __future__ import annotations

from typing import Literal

from bt_robot.messages import TickContext
from bt_robot.tree import Action, Input, Outcome, declined, failure, running


class HoldPosition(Action):
    """Brake and hold the arm where it is.

    As the last child of a `reactive_fallback` it is what the arm does while nothing better is
    possible: `while: policy_unavailable` holds until the policy has actions again, and says no when
    that was not the trouble. It fails after `at_most_s`, with the reason it held for.
    """

    type_name = "hold_position"
    while_ = Input(
        Literal["always", "policy_unavailable"], default="always", doc="hold for ever, or only while there is a reason"
    )
    at_most_s = Input(float | None, default=None, minimum=0.0, doc="fail after this time [s]; never by default")

    _since_s = 0.0

    def on_start(self, ctx: TickContext) -> None:
        """Start the time."""
        self._since_s = ctx.now_s

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Propose nothing: the governor then brakes and holds."""
        reason = ""
        if self.while_ == "policy_unavailable":
            state = ctx.policy.state
            planned = len(ctx.plan.remaining(ctx.observation.step))
            if state.available and (planned or not state.in_flight):
                return declined("nothing to hold for: the policy is available")
            reason = "policy unavailable: " + state.reason if not state.available else "no actions from the policy"
        held_s = ctx.now_s - self._since_s
        if self.at_most_s is not None and held_s >= self.at_most_s:
            return failure(f"held for {held_s:.1f} s{'; ' if reason else ''}{reason}")
        return running(f"holding for {held_s:.1f} s{': ' if reason else ''}{reason}")
