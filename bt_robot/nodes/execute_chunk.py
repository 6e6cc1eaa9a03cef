"""Follow the policy's actions."""

from __future__ import annotations

import numpy as np

from bt_robot.messages import Joints, TickContext
from bt_robot.tree import Action, Input, Outcome, failure, running

_MOVED = 0.02  # rad, gripper 0 … 1


class ExecuteChunk(Action):
    """Follow the planned actions, one per tick, for as long as it is ticked.

    A policy never says that it is done, so this stays RUNNING: let a condition beside it end the skill.
    When the plan has nothing for this tick the arm holds. When it is halted, the planned actions are
    kept only if another `execute_chunk` goes on in the same tick.

    It fails when the actions of `stuck_after_s` have moved neither arm nor gripper: a policy that
    answers the same whatever it sees would otherwise keep a skill busy for ever.
    """

    type_name = "execute_chunk"
    stuck_after_s = Input(
        float | None, default=10.0, minimum=0.1, doc="fail when no joint has moved for this long [s]; never if empty"
    )

    def __init__(self, **values: object) -> None:
        """Start without a place to compare with."""
        super().__init__(**values)
        self._stood: Joints | None = None
        self._stuck_s = 0.0
        self._last_s = 0.0

    def on_start(self, ctx: TickContext) -> None:
        """Forget where the arm stood before."""
        self._stood, self._last_s = None, ctx.now_s

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Propose the action meant for this control step."""
        step = ctx.observation.step
        passed_s, self._last_s = ctx.now_s - self._last_s, ctx.now_s
        action = ctx.plan.action(step)
        if action is None:
            return running("no action planned for now; holding")
        if self._stands_still(ctx, passed_s) > (self.stuck_after_s or float("inf")):
            stuck_s = self.stuck_after_s  # a policy never says that it is done; a condition has to see it
            return failure(f"the policy's actions have moved no joint for {stuck_s:g} s; is it frozen, or done?")
        ctx.propose(action)
        return running(f"{len(ctx.plan.remaining(step + 1))} actions left")

    def _stands_still(self, ctx: TickContext, passed_s: float) -> float:
        """Return how much time with actions has left the arm where it is [s]; time without any does not count."""
        joints = ctx.observation.joints
        if self._stood is None or np.max(np.abs(joints - self._stood)) > _MOVED:
            self._stood, self._stuck_s = joints, 0.0
        self._stuck_s += passed_s
        return self._stuck_s
