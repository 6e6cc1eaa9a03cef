"""Whether there is something between the jaws."""

from __future__ import annotations

import math

from bt_robot.messages import Joints, Setup, TickContext
from bt_robot.nodes.dwell import Dwell
from bt_robot.nodes.evidence import MAX_AGE_S, above, answer, joints_age, unknown_joints
from bt_robot.tree import Condition, Input, Outcome, failure


class HoldingObject(Condition):
    """Succeed while something keeps the gripper from closing.

    True when the gripper is commanded further shut than it is, is not wide open, and has stood still
    for some time: the gap is the evidence. Where the robot tells how hard its motors work, ask for load
    or current as well: jaws that are stuck halfway push against nothing.
    """

    type_name = "holding_object"
    for_s = Input(float, default=0.3, minimum=0.0, doc="how long the gap must have lasted [s]")
    min_gap = Input(float, default=0.05, minimum=0.0, maximum=1.0, doc="measured minus commanded opening [0 … 1]")
    max_opening = Input(float, default=0.9, minimum=0.0, maximum=1.0, doc="wider open holds nothing [0 … 1]")
    max_motion = Input(float, default=0.02, minimum=0.0, maximum=1.0, doc="how still is still [0 … 1]")
    min_load = Input(
        float | None,
        default=None,
        minimum=0.0,
        maximum=1.0,
        doc="and the gripper's motor works at least so hard [share of the full voltage]; not looked at by default",
    )
    min_current_a = Input(
        float | None,
        default=None,
        minimum=0.0,
        doc="and the gripper's motor draws at least so much [A]; not looked at by default",
    )

    def __init__(self, **values: object) -> None:
        """Start without evidence."""
        super().__init__(**values)
        self._dwell = Dwell()
        self._opening = 0.0
        self._load, self._current_a = _Gauge("load"), _Gauge("current")

    def why_not(self, setup: Setup) -> str:
        """Look whether the robot tells what is to be looked at."""
        if self.min_load is not None and not setup.body.load:
            return "this robot does not tell its motors' load; leave out `min_load`"
        if self.min_current_a is not None and not setup.body.current:
            return "this robot does not tell its motors' current; leave out `min_current_a`"
        return ""

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Compare the gripper's opening with its command, and its effort with what holding takes."""
        age_s = joints_age(ctx)
        effort = ctx.observation.effort
        self._load.take(ctx.now_s, effort.load)
        self._current_a.take(ctx.now_s, effort.current_a)
        if unknown := unknown_joints(age_s) or self._unknown_effort(ctx):
            return unknown
        opening = float(ctx.observation.joints[-1])
        gap = opening - float(ctx.last_command.positions[-1])
        clear, words = above(gap, self.min_gap), f"gap {round(gap, 2) + 0.0:.2f}"
        blocked = gap >= self.min_gap and opening <= self.max_opening
        if self.min_load is not None:
            blocked = blocked and self._load.value >= self.min_load
            clear, words = min(clear, above(self._load.value, self.min_load)), f"{words}, load {self._load.value:.2f}"
        if self.min_current_a is not None:
            blocked = blocked and self._current_a.value >= self.min_current_a
            clear = min(clear, above(self._current_a.value, self.min_current_a))
            words = f"{words}, {self._current_a.value:.2f} A"
        still = abs(opening - self._opening) <= self.max_motion
        if not (still and blocked):
            self._opening = opening
        held_s = self._dwell.update(ctx.now_s, blocked and still)
        holds = blocked and held_s >= self.for_s
        return answer(holds, words + (f" for {held_s:.1f} s" if held_s else ""), clear, age_s)

    def _unknown_effort(self, ctx: TickContext) -> Outcome | None:
        for limit, gauge in ((self.min_load, self._load), (self.min_current_a, self._current_a)):
            if limit is not None and not gauge.known(ctx.now_s):
                return failure(f"not known: the gripper has not told its {gauge.what} for {MAX_AGE_S:g} s")
        return None


class _Gauge:
    """The last value that the gripper told; a lost reply is no zero."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.value = 0.0
        self._told_s = -math.inf

    def take(self, now_s: float, values: Joints | None) -> None:
        if values is not None and math.isfinite(values[-1]):
            self.value, self._told_s = float(values[-1]), now_s

    def known(self, now_s: float) -> bool:
        return now_s - self._told_s <= MAX_AGE_S
