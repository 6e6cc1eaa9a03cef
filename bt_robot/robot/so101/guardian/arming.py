"""Switching the torque on without a motion: little torque first, goal = present, look, then more. Pure.

A servo that is switched on drives to whatever its goal register holds, at full torque; after a boot that is position
0. So the torque limit is lowered before, the goal is set to where the joint is (which is what switches the torque
on), and only when every servo has confirmed this does the torque come up.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from bt_robot.robot.so101.guardian.limbs import Limbs, Write
from bt_robot.robot.so101.guardian.messages import words_for
from bt_robot.robot.so101.guardian.plan import GuardianPlan
from bt_robot.robot.so101.guardian.senses import Senses
from bt_robot.robot.so101.wire.registers import ACCELERATION, GOAL_SPEED, ServoSettings

VERIFY_WITHIN_S: Final = 0.5
MOST_MOTION: Final = 12.0
"""A joint that moves further than this while the torque comes up stops the arming: 1° [ticks]."""


MOST_OUTSIDE: Final = 25.0
"""How far outside its limits a joint may stand when it is switched on: the margin to its mechanical stop [ticks]."""


def why_not_to_arm(plan: GuardianPlan, senses: Senses, known: Mapping[int, float]) -> str:
    """Return why the arm must not be switched on as it stands, in words; empty if it may.

    Args:
        plan: The limits.
        senses: What the servos say.
        known: Where each joint is, if that can be relied on [ticks].
    """
    if silent := senses.silent:
        return f"{silent} did not answer"
    if senses.wound:  # a goal in its range would make it unwind a whole turn
        names = words_for([f"{plan.names[i]} (id {i})" for i in senses.wound])
        return f"{names} counts positions beyond a turn; switch the supply off and on, or clear bit 4 of register 18"
    for joint in plan.joints:
        who, position = f"{joint.name} (id {joint.servo_id})", known.get(joint.servo_id)
        if position is None:
            return f"nobody knows where {who} stands: its encoder reports a fault, or tells what can't be"
        outside = abs(position - joint.envelope.clamp(position))
        if outside > MOST_OUTSIDE:  # the servo would clamp its goal, and jump there
            return f"{who} stands {outside * 360 / 4096:.1f}° outside its limits; move it inside by hand"
    return ""


class Progress(Enum):
    """How far a sequence is."""

    BUSY = auto()
    DONE = auto()
    FAILED = auto()


class Arming:
    """The sequence that energises the arm.

    Attributes:
        progress: How far it is.
        reason: Why it failed; empty otherwise.
    """

    def __init__(self, plan: GuardianPlan, limbs: Limbs, now_s: float, left_on: frozenset[int] = frozenset()) -> None:
        """Begin at the measured positions.

        Args:
            plan: The limits.
            limbs: The joints; all of them are measured.
            now_s: The time [s].
            left_on: Servos that a program which died left switched on.
        """
        self._plan = plan
        self._limbs = limbs
        self._left_on = left_on
        self._since_s = now_s
        self._step = self._prepare
        self._moved_from: dict[int, float] = {}
        self.progress = Progress.BUSY
        self.reason = ""

    @property
    def wants_settings(self) -> bool:
        """Whether the next cycle should read the servos' settings, too."""
        return self._step == self._verify

    def cycle(self, now_s: float, settings: Mapping[int, ServoSettings] | None) -> list[Write]:
        """Take the next step; return what to write."""
        if self._moved_from and (moved := self._motion()):
            return self._fail(moved)
        return self._step(now_s, settings)

    def _prepare(self, now_s: float, settings: Mapping[int, ServoSettings] | None) -> list[Write]:
        plan, limbs = self._plan, self._limbs
        limbs.start_here()
        self._moved_from = dict(limbs.measured)
        for servo_id in plan.ids:  # one that carries something already must not let it sink
            carries = servo_id in limbs.energised or servo_id in self._left_on
            limbs.set_torque(plan.stop_torque if carries else plan.arm_torque, 0.0, only=servo_id)
        self._step = self._energise
        return [*limbs.write_torque(plan.cycle_s), *self._own_limits()]

    def _own_limits(self) -> list[Write]:
        """The servos' own limits of acceleration and speed."""
        plan = self._plan
        return [
            Write(ACCELERATION, dict.fromkeys(plan.ids, plan.acceleration)),
            Write(GOAL_SPEED, plan.goal_speeds),
        ]

    def _energise(self, now_s: float, settings: Mapping[int, ServoSettings] | None) -> list[Write]:
        self._limbs.energised = set(self._plan.ids)
        self._step = self._verify
        self._since_s = now_s
        return self._limbs.write_goals(frozenset())

    def _verify(self, now_s: float, settings: Mapping[int, ServoSettings] | None) -> list[Write]:
        if settings is not None:
            wrong = self._wrong(settings)
            if not wrong:
                self._limbs.set_torque(None, self._plan.ramp_s)
                self._step = self._ramp
            elif now_s - self._since_s > VERIFY_WITHIN_S:
                return self._fail(wrong)
        again = [*self._limbs.write_torque(self._plan.cycle_s, settings), *self._own_limits()]
        return [*again, *self._limbs.write_goals(frozenset())]

    def _wrong(self, settings: Mapping[int, ServoSettings]) -> str:
        """Return what a servo did not take; empty when all of them did."""
        for joint in self._plan.joints:
            found = settings.get(joint.servo_id)
            who = f"{joint.name} (id {joint.servo_id})"
            if found is None:
                return f"{who} did not confirm that it is armed: no answer"
            if found.torque_enable != 1:
                return f"{who} did not switch its torque on"
            goal = self._limbs.goals[joint.servo_id]
            if goal is None or found.goal_position != round(goal):
                return f"{who} has the goal {found.goal_position}; expected {goal}"
            limit = self._limbs.torque_limits()[joint.servo_id]
            if found.torque_limit != limit:
                return f"{who} has the torque limit {found.torque_limit}; expected {limit}"
            speed = self._plan.goal_speeds[joint.servo_id]
            if found.goal_speed != speed:
                return f"{who} has the speed limit {found.goal_speed}; expected {speed}"
        return ""

    def _ramp(self, now_s: float, settings: Mapping[int, ServoSettings] | None) -> list[Write]:
        if self._limbs.torque_settled:
            self.progress = Progress.DONE
        writes = self._limbs.write_torque(self._plan.cycle_s, settings)
        return [*writes, *self._limbs.write_goals(frozenset())]

    def _motion(self) -> str:
        for joint in self._plan.joints:
            moved = abs(self._limbs.measured[joint.servo_id] - self._moved_from[joint.servo_id])
            if moved > MOST_MOTION:
                return (
                    f"{joint.name} (id {joint.servo_id}) moved by {moved * 360 / 4096:.1f}° while it was armed; let the"
                    " arm rest where it does not sink, and try again"
                )
        return ""

    def _fail(self, reason: str) -> list[Write]:
        self.progress, self.reason = Progress.FAILED, reason
        return []
