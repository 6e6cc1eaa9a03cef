"""Ask the policy for actions, in the background."""

from __future__ import annotations

from typing import Literal

from bt_robot.messages import TickContext
from bt_robot.nodes.dwell import Dwell
from bt_robot.tree import Action, Input, Outcome, Output, failure, success


class QueryPolicy(Action):
    """Keep the plan filled: ask the policy for the next actions before the present ones are used up.

    It never waits. It succeeds while there are actions to execute, or while an answer can be
    expected; it fails when the plan is empty and the policy is unavailable or late, with the reason.
    Put `execute_chunk` behind it, and `hold_position: {while: policy_unavailable}` beside both.
    """

    type_name = "query_policy"
    prompt = Input(str, doc="what the policy is asked to do; the nearest `prompt:` above by default")
    patience_s = Input(float, default=1.0, minimum=0.0, doc="how long the plan may be empty before this fails [s]")
    on_switch = Input(
        Literal["continue", "stop"],
        default="continue",
        doc="on a new prompt: go on with the actions planned for the old one until new ones arrive, or stop at once",
    )
    latency_s = Output(float, doc="latency of the last answer [s]")

    def __init__(self, **values: object) -> None:
        """Start with all patience."""
        super().__init__(**values)
        self._empty = Dwell()

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Offer this tick's observation if the plan wants more."""
        step = ctx.observation.step
        switched = ctx.plan.prompt != self.prompt
        if switched and self.on_switch == "stop":
            ctx.plan.clear()
        ctx.policy.follow(self.prompt)
        if switched or ctx.plan.wants_more(step):
            ctx.policy.offer(ctx.observation, self.prompt)
        state = ctx.policy.state
        if state.latency_s is not None:
            self.latency_s = state.latency_s
        left = len(ctx.plan.remaining(step))
        waited_s = self._empty.update(ctx.now_s, not left)
        if left:
            doubt = "" if state.available else f"; policy unavailable: {state.reason}"
            return success(f"{left} actions planned{doubt}")
        if not state.available:
            return failure(f"policy unavailable: {state.reason}")
        if waited_s > self.patience_s:
            return failure(f"no actions from the policy for {waited_s:.1f} s")
        return success("waiting for the policy's first actions")
