"""Whether the jaws have let go."""

from __future__ import annotations

from bt_robot.messages import TickContext
from bt_robot.nodes.dwell import Dwell
from bt_robot.nodes.evidence import above, answer, below, joints_age, unknown_joints
from bt_robot.tree import Condition, Input, Outcome


class ReleasedObject(Condition):
    """Succeed when the gripper has been open for some time, and squeezes nothing.

    It looks at the gripper only. Where the object has to end up in a place, ask for that beside it:
    `in_region` for the hand, `object_in_region` for the object.
    """

    type_name = "released_object"
    for_s = Input(float, default=0.2, minimum=0.0, doc="how long it must have been open [s]")
    min_opening = Input(float, default=0.3, minimum=0.0, maximum=1.0, doc="how far open is open [0 … 1]")
    max_gap = Input(
        float, default=0.1, minimum=0.0, maximum=1.0, doc="measured minus commanded opening; more squeezes [0 … 1]"
    )

    def __init__(self, **values: object) -> None:
        """Start without evidence."""
        super().__init__(**values)
        self._dwell = Dwell()

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Compare the gripper's opening with the limit and with its command."""
        age_s = joints_age(ctx)
        if unknown := unknown_joints(age_s):
            return unknown
        opening = float(ctx.observation.joints[-1])
        gap = opening - float(ctx.last_command.positions[-1])
        is_open = opening >= self.min_opening and gap <= self.max_gap
        open_s = self._dwell.update(ctx.now_s, is_open)
        clear = min(above(opening, self.min_opening), below(gap, self.max_gap))
        words = f"open {opening:.2f}"
        if gap > self.max_gap:
            words = f"{words}, and pushing: commanded {gap:.2f} further shut"
        elif not is_open:
            words = f"{words}, expected {self.min_opening:g}"
        return answer(is_open and open_s >= self.for_s, words, clear, age_s)
