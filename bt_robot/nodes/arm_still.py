"""Whether the arm has come to rest."""

from __future__ import annotations

from bt_robot.messages import TickContext
from bt_robot.nodes.evidence import answer, below, joints_age, unknown_joints
from bt_robot.nodes.stretch import Stretch
from bt_robot.tree import Condition, Input, Outcome


class ArmStill(Condition):
    """Succeed when no joint has moved for some time, as measured.

    Unlike `chunk_idle` it looks at the arm and not at the plan: it is also true of an arm that is blocked,
    or that waits for the policy.
    """

    type_name = "arm_still"
    for_s = Input(float, default=0.5, minimum=0.05, doc="how long it must have stood still [s]")
    max_motion = Input(
        float, default=0.02, minimum=0.0, doc="how far a joint may be from itself in that time [rad, gripper 0 … 1]"
    )
    gripper = Input(bool, default=True, doc="whether the gripper has to stand still, too")

    def __init__(self, **values: object) -> None:
        """Start without evidence."""
        super().__init__(**values)
        self._stretch = Stretch()

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Look how far the joints came in the last moments."""
        observation, age_s = ctx.observation, joints_age(ctx)
        covered_s, span = self._stretch.update(observation.time_s, observation.joints, self.for_s)
        if unknown := unknown_joints(age_s):
            return unknown
        joint = int((span if self.gripper else span[:-1]).argmax())
        moved = float(span[joint])
        words = f"{ctx.limits.names[joint]} moved {moved:.3f} in {covered_s:.1f} s"
        long_enough = covered_s >= self.for_s - 1e-9
        return answer(long_enough and moved <= self.max_motion, words, below(moved, self.max_motion), age_s)
