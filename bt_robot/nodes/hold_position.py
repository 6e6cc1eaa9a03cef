"""Stand still on purpose."""

from __future__ import annotations

from typing import Literal

from bt_robot.messages import TickContext
from bt_robot.tree import Action, Input, Outcome, declined, failure, running


class HoldPosition(Action):
    """Brake and hold the arm where it is.

    As the last child of a `reactive_fallback` it is what the arm does while nothing better is
    possible: `while: unavailable` holds until the policy has actions again, and the robot follows and sees again,
    and says no when that was not the trouble; `policy_unavailable` looks at the policy only. It fails after
    `at_most_s`, with the reason it held for.
    """

    type_name = "hold_position"
    while_ = Input(
        Literal["always", "policy_unavailable", "unavailable"],
        default="always",
        doc="hold for ever, or only while there is a reason: in the policy, or in the policy or the robot",
    )
    at_most_s = Input(float | None, default=None, minimum=0.0, doc="fail after this time [s]; never by default")

    _since_s = 0.0

    def on_start(self, ctx: TickContext) -> None:
        """Start the time."""
        self._since_s = ctx.now_s

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Propose nothing: the governor then brakes and holds."""
        reason = ""
        if self.while_ != "always":
            reason = self._of_the_robot(ctx) or _of_the_policy(ctx)
            if not reason:
                return declined("nothing to hold for: the policy is available")
        held_s = ctx.now_s - self._since_s
        if self.at_most_s is not None and held_s >= self.at_most_s:
            return failure(f"held for {held_s:.1f} s{'; ' if reason else ''}{reason}")
        return running(f"holding for {held_s:.1f} s{': ' if reason else ''}{reason}")

    def _of_the_robot(self, ctx: TickContext) -> str:
        """Return why the robot can't be relied on, as far as that may pass by itself; a strained joint does not."""
        health = ctx.observation.health
        return (health.stopped or "; ".join(health.doubts)) if self.while_ == "unavailable" else ""


def _of_the_policy(ctx: TickContext) -> str:
    """Return why there are no actions, or an empty string."""
    state = ctx.policy.state
    planned = len(ctx.plan.remaining(ctx.observation.step))
    if state.available and (planned or not state.in_flight):
        return ""
    return "policy unavailable: " + state.reason if not state.available else "no actions from the policy"
