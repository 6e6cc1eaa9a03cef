"""Whether the policy answers."""

from __future__ import annotations

from bt_robot.messages import TickContext
from bt_robot.tree import Condition, Outcome, failure, success


class PolicyAvailable(Condition):
    """Succeed while requests to the policy are answered."""

    type_name = "policy_available"

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Ask the link."""
        state = ctx.policy.state
        return success() if state.available else failure(f"policy unavailable: {state.reason}")
