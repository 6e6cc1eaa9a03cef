"""What ends a skill: the policy never says that it is done, so the tree has to see it."""

from __future__ import annotations

import numpy as np

from bt_robot.messages import TickContext
from bt_robot.nodes.dwell import Dwell
from bt_robot.tree import Condition, Input, Outcome, failure, success


class HoldingObject(Condition):
    """Succeed while something keeps the gripper from closing.

    True when the gripper is commanded further shut than it is, is not wide open, and has stood still
    for some time. No camera, no sensor in the finger: the gap is the evidence.
    """

    type_name = "holding_object"
    for_s = Input(float, default=0.3, minimum=0.0, doc="how long the gap must have lasted [s]")
    min_gap = Input(float, default=0.05, minimum=0.0, maximum=1.0, doc="measured minus commanded opening [0 … 1]")
    max_opening = Input(float, default=0.9, minimum=0.0, maximum=1.0, doc="wider open holds nothing [0 … 1]")
    max_motion = Input(float, default=0.02, minimum=0.0, maximum=1.0, doc="how still is still [0 … 1]")

    def __init__(self, **values: object) -> None:
        """Start without evidence."""
        super().__init__(**values)
        self._dwell = Dwell()
        self._opening = 0.0

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Compare the gripper's opening with its command."""
        opening = float(ctx.observation.joints[-1])
        gap = opening - float(ctx.last_command.positions[-1])
        blocked = gap >= self.min_gap and opening <= self.max_opening
        still = abs(opening - self._opening) <= self.max_motion
        if not (still and blocked):
            self._opening = opening
        held_s = self._dwell.update(ctx.now_s, blocked and still)
        if held_s >= self.for_s and blocked:
            return success(f"gap {gap:.2f} for {held_s:.1f} s")
        return failure(f"gap {gap:.2f}" + (f" for {held_s:.1f} s" if held_s else ""))


class ReleasedObject(Condition):
    """Succeed when the gripper has been open for some time."""

    type_name = "released_object"
    for_s = Input(float, default=0.2, minimum=0.0, doc="how long it must have been open [s]")
    min_opening = Input(float, default=0.3, minimum=0.0, maximum=1.0, doc="how far open is open [0 … 1]")

    def __init__(self, **values: object) -> None:
        """Start without evidence."""
        super().__init__(**values)
        self._dwell = Dwell()

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Compare the gripper's opening with the limit."""
        opening = float(ctx.observation.joints[-1])
        open_s = self._dwell.update(ctx.now_s, opening >= self.min_opening)
        if opening >= self.min_opening and open_s >= self.for_s:
            return success(f"open {opening:.2f}")
        return failure(f"open {opening:.2f}, expected {self.min_opening:g}")


class PolicyAvailable(Condition):
    """Succeed while requests to the policy are answered."""

    type_name = "policy_available"

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Ask the link."""
        state = ctx.policy.state
        return success() if state.available else failure(f"policy unavailable: {state.reason}")


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
        self._last_s: float | None = None

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Compare the planned actions with the last command."""
        period_s = 0.0 if self._last_s is None else ctx.now_s - self._last_s
        self._last_s = ctx.now_s
        planned = ctx.plan.remaining(ctx.observation.step)
        if ctx.plan.prompt != self.prompt or not len(planned) or period_s <= 0.0:
            self._dwell.update(ctx.now_s, False)
            return failure("no actions planned for this prompt")
        motion = float(np.max(np.abs(planned - ctx.last_command.positions)))
        # A speed, not a distance: what is left of a plan gets ever shorter, and moves ever less.
        speed = motion / (len(planned) * period_s)
        idle_s = self._dwell.update(ctx.now_s, speed <= self.max_speed)
        if speed <= self.max_speed and idle_s >= self.for_s:
            return success(f"planned speed {speed:.3f} for {idle_s:.1f} s")
        return failure(f"planned speed {speed:.3f}")
