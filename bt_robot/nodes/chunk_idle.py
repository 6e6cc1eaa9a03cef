"""Whether the policy has come to rest."""

from __future__ import annotations

import numpy as np

from bt_robot.messages import TickContext
from bt_robot.nodes.dwell import Dwell
from bt_robot.nodes.evidence import answer, below
from bt_robot.nodes.pace import Pace
from bt_robot.tree import Condition, Input, Outcome, failure


class ChunkIdle(Condition):
    """Succeed when the policy has planned to ask for nothing new.

    The planned actions are compared with the last command, so that a gripper that squeezes what it
    holds is idle, too.

    Policies trained on demonstrations that end at rest stand still when they are done. Only actions
    planned for the prompt in force count, so that a skill does not end on the rest of the one before.
    """

    type_name = "chunk_idle"
    prompt = Input(str, doc="the prompt whose actions count; the nearest `prompt:` above by default")
    for_s = Input(float, default=0.5, minimum=0.0, doc="how long the plan must have been idle [s]")
    max_speed = Input(
        float, default=0.03, minimum=0.0, doc="greatest planned speed of a joint, on average [rad/s, gripper 1/s]"
    )

    def __init__(self, **values: object) -> None:
        """Start without evidence."""
        super().__init__(**values)
        self._dwell = Dwell()
        self._pace = Pace()

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Compare the planned actions with the last command."""
        period_s, step = self._pace.update(ctx), ctx.observation.step
        planned = ctx.plan.remaining(step)
        if ctx.plan.prompt != self.prompt or not len(planned) or period_s <= 0.0:
            self._dwell.update(ctx.now_s, False)
            return failure("no actions planned for this prompt")
        motion = float(np.max(np.abs(planned - ctx.last_command.positions)))
        # A speed, not a distance: what is left of a plan gets ever shorter, and moves ever less.
        speed = motion / (len(planned) * period_s)
        idle = speed <= self.max_speed
        idle_s = self._dwell.update(ctx.now_s, idle)
        words = f"planned speed {speed:.3f}" + (f" for {idle_s:.1f} s" if idle_s else "")
        age_s = (ctx.plan.chunk_age(step) or 0) * period_s
        return answer(idle and idle_s >= self.for_s, words, below(speed, self.max_speed), age_s)
