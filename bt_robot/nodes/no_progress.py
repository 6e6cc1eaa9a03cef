"""Whether the arm gets nowhere, though it is told to move."""

from __future__ import annotations

import numpy as np

from bt_robot.messages import TickContext
from bt_robot.nodes.evidence import above, answer, below, joints_age, unknown_joints
from bt_robot.nodes.stretch import Stretch
from bt_robot.tree import Condition, Input, Outcome, failure


class NoProgress(Condition):
    """Succeed when the planned actions ask for motion, and for some time no joint has moved.

    The arm is blocked, or trembles about one place. An arm that stands still because its plan is at rest
    may be done: that is `chunk_idle`, and no lack of progress. Time without actions does not count.
    """

    type_name = "no_progress"
    prompt = Input(str, doc="the prompt whose actions count; the nearest `prompt:` above by default")
    for_s = Input(float, default=3.0, minimum=0.1, doc="how long nothing must have moved [s]")
    min_motion = Input(
        float, default=0.05, minimum=0.0, doc="a joint that went less far has not moved [rad, gripper 0 … 1]"
    )
    min_planned = Input(
        float, default=0.1, minimum=0.0, doc="a plan that ends nearer to the arm is at rest [rad, gripper 0 … 1]"
    )

    def __init__(self, **values: object) -> None:
        """Start without evidence."""
        super().__init__(**values)
        self._stretch = Stretch()

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Compare how far the joints came with how far they are to go."""
        observation, age_s = ctx.observation, joints_age(ctx)
        planned = ctx.plan.remaining(observation.step)
        if ctx.plan.prompt != self.prompt or not len(planned):
            self._stretch.clear()
            return failure("no actions planned for this prompt")
        covered_s, span = self._stretch.update(observation.time_s, observation.joints, self.for_s)
        if unknown := unknown_joints(age_s):
            return unknown
        joint = int(span.argmax())
        here = observation.joints.copy()
        here[-1] = ctx.last_command.positions[-1]  # jaws that squeeze what they hold are where they are wanted
        moved, wanted = float(span[joint]), float(np.max(np.abs(planned - here)))
        words = f"{ctx.limits.names[joint]} moved most, {moved:.3f} in {covered_s:.1f} s; planned are {wanted:.3f}"
        stuck = moved <= self.min_motion and wanted >= self.min_planned and covered_s >= self.for_s - 1e-9
        return answer(stuck, words, min(below(moved, self.min_motion), above(wanted, self.min_planned)), age_s)
