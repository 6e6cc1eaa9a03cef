"""Follow the policy's actions."""

from __future__ import annotations

from bt_robot.messages import TickContext
from bt_robot.tree import Action, Outcome, running


class ExecuteChunk(Action):
    """Follow the planned actions, one per tick, for as long as it is ticked.

    A policy never says that it is done, so this stays RUNNING: let a condition beside it end the skill.
    When the plan has nothing for this tick the arm holds. When it is halted, the planned actions are
    kept only if another `execute_chunk` goes on in the same tick.
    """

    type_name = "execute_chunk"

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Propose the action meant for this control step."""
        step = ctx.observation.step
        action = ctx.plan.action(step)
        if action is None:
            return running("no action planned for now; holding")
        ctx.propose(action)
        return running(f"{len(ctx.plan.remaining(step + 1))} actions left")
