"""The joints as they are driven: where each is, where its goal stands, and how much torque it may use. Pure.

The one rule about writing: a goal write switches a servo's torque on, so a goal is written only where somebody
decided that the joint is to be energised. Everything the guardian sends to the servos comes out of here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bt_robot.robot.so101.guardian.motion import JointMotion
from bt_robot.robot.so101.guardian.plan import GuardianPlan
from bt_robot.robot.so101.wire.registers import (
    GOAL_POSITION,
    TORQUE_ENABLE,
    TORQUE_LIMIT,
    Register,
    ServoSettings,
)

_RELIEF_OVER: Final = 0.5
"""A relieved joint follows again when its goal is nearer than this share of the error that stopped it."""

_NEAR: Final = 6.0
"""And when its goal is as near as this while nothing troubles it any more: half a degree [ticks]."""


@dataclass(frozen=True, slots=True)
class Write:
    """A register to write on several servos at once.

    Attributes:
        register: Which.
        values: The value for each servo.
    """

    register: Register
    values: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class _Relief:
    """A joint that pushed against something.

    Attributes:
        goal: Where its goal is held instead [ticks].
        side: On which side of the joint the goal was, −1 or 1.
        error: How far the goal was away [ticks].
        text: Why.
    """

    goal: float
    side: float
    error: float
    text: str


class Limbs:
    """All joints of the arm.

    Attributes:
        motions: How each goal moves, by id.
        measured: Where each joint is, by id [ticks]; empty before the first measurement.
        energised: Ids whose torque was switched on, by us or before us.
    """

    def __init__(self, plan: GuardianPlan) -> None:
        """Begin with nothing measured and nothing energised."""
        self._plan = plan
        self.motions = {joint.servo_id: JointMotion(joint.envelope) for joint in plan.joints}
        self.measured: dict[int, float] = {}
        self.energised: set[int] = set()
        self._grips = {joint.servo_id: joint.grips for joint in plan.joints}
        self._reliefs: dict[int, _Relief] = {}
        self._pressed: set[int] = set()
        self._goals: dict[int, float | None] = dict.fromkeys(plan.ids)
        self._sent: dict[int, float] = {}
        self._found: dict[int, int] = {}
        self._torque: dict[int, float] = {}
        self._wanted: dict[int, float] = {}
        self._rate = 0.0

    @property
    def ids(self) -> tuple[int, ...]:
        """The servos in the robot's order."""
        return self._plan.ids

    @property
    def goals(self) -> Mapping[int, float | None]:
        """The goal of each joint as it was sent last [ticks]; None where none is sent."""
        return self._goals

    @property
    def strain(self) -> str:
        """Why joints are relieved; empty where none is, or only the gripper grips."""
        return "; ".join(relief.text for i, relief in self._reliefs.items() if not self._grips[i])

    @property
    def at_rest(self) -> bool:
        """Whether no goal moves."""
        return all(motion.at_rest for motion in self.motions.values())

    def start_here(self) -> None:
        """Let every goal begin at the measured position."""
        self._reliefs.clear()
        for servo_id, motion in self.motions.items():
            motion.start(self.measured[servo_id])

    def adopt(self, settings: Mapping[int, ServoSettings]) -> None:
        """Take servos over as somebody left them: switched on or not, with their goals and their torque limits."""
        self.energised = {i for i, found in settings.items() if found.torque_enable}
        self._torque = {i: float(found.torque_limit) for i, found in settings.items()}
        for servo_id, motion in self.motions.items():
            if servo_id in self.energised:
                motion.start(settings[servo_id].goal_position)
                self._sent[servo_id] = motion.position
            elif servo_id in self.measured:
                motion.start(self.measured[servo_id])

    def start_over(self) -> None:
        """Let joints push again that were relieved, because they are to go somewhere else now."""
        self._reliefs.clear()

    def nearest(self, positions: tuple[float, ...]) -> float:
        """Return the greatest distance of a set of goals from the measured positions [ticks]."""
        return max(abs(goal - self.measured[i]) for i, goal in zip(self.ids, positions, strict=True))

    def follow(self, positions: tuple[float, ...], left_s: float, dt_s: float, control_s: float) -> None:
        """Move all goals towards the controller's, [ticks]."""
        for servo_id, goal in zip(self.ids, positions, strict=True):
            if not self._held_back(servo_id, goal, dt_s):
                self.motions[servo_id].follow(goal, left_s, dt_s, control_s)
        self._pressed.clear()

    def brake(self, dt_s: float) -> None:
        """Bring all goals to rest."""
        for servo_id, motion in self.motions.items():
            if servo_id not in self._reliefs:
                motion.brake(dt_s)
            else:
                self._held_back(servo_id, math.nan, dt_s)

    def relieve(self, servo_id: int, text: str) -> None:
        """Stop pushing with a joint: its goal comes back to where the joint is. To be said in every cycle it lasts."""
        self._pressed.add(servo_id)
        if servo_id in self._reliefs:
            return
        error = self.motions[servo_id].position - self.measured[servo_id]
        side = math.copysign(1.0, error)
        margin = min(abs(error), self._plan.grip_margin) if self._grips[servo_id] else 0.0
        self._reliefs[servo_id] = _Relief(self.measured[servo_id] + side * margin, side, abs(error), text)

    def _held_back(self, servo_id: int, goal: float, dt_s: float) -> bool:
        """Keep a relieved joint where it is, until its goal comes back; return whether it was kept."""
        relief = self._reliefs.get(servo_id)
        if relief is None:
            return False
        error = (goal - self.measured[servo_id]) * relief.side
        # One that was relieved at its goal has no goal that could come back: it follows as soon as the trouble is over.
        near = 0.0 if servo_id in self._pressed else _NEAR
        if not math.isnan(error) and error < max(_RELIEF_OVER * relief.error, near):
            del self._reliefs[servo_id]
            self._wanted[servo_id] = self._normal(servo_id)
            return False
        motion = self.motions[servo_id]
        motion.approach(relief.goal, motion.envelope.velocity, dt_s)
        return True

    def stand_still(self) -> None:
        """Let every goal stay where it is, a relieved joint's too, because nothing can be sent."""
        self._reliefs.clear()
        for motion in self.motions.values():
            motion.start(motion.position)

    def write_goals(self, forbidden: frozenset[int]) -> list[Write]:
        """Send the goals of every joint that is energised and may have one; the others' stay where they were sent."""
        for servo_id in self._sent.keys() & forbidden:
            self.motions[servo_id].start(self._sent[servo_id])
        values = {i: round(self.motions[i].position) for i in self.ids if i in self.energised and i not in forbidden}
        self._goals = {i: self.motions[i].position if i in values else None for i in self.ids}
        self._sent.update({i: self.motions[i].position for i in values})
        return [Write(GOAL_POSITION, values)] if values else []

    def silence(self, servo_ids: frozenset[int]) -> None:
        """Note that servos get no goals any more."""
        self.energised -= servo_ids
        for servo_id in servo_ids:
            self._goals[servo_id] = None

    # torque limits ------------------------------------------------------------------------------------------

    def set_torque(self, limit: float | None, ramp_s: float, *, only: int | None = None) -> None:
        """Bring torque limits to a value, gradually.

        Args:
            limit: The limit [0.1 %]; None for each joint's own.
            ramp_s: How long the whole range takes [s]; 0 for at once.
            only: One servo instead of all.
        """
        for servo_id in self.ids if only is None else (only,):
            normal = self._normal(servo_id)
            self._wanted[servo_id] = normal if limit is None else min(limit, normal)
        self._rate = math.inf if ramp_s <= 0.0 else 1000.0 / ramp_s

    def _normal(self, servo_id: int) -> float:
        return float(next(joint.torque for joint in self._plan.joints if joint.servo_id == servo_id))

    def write_torque(self, dt_s: float, settings: Mapping[int, ServoSettings] | None = None) -> list[Write]:
        """Send the torque limits that change, and those that a servo does not have although they were sent."""
        values: dict[int, int] = {}
        for servo_id, wanted in self._wanted.items():
            now = self._torque.get(servo_id)
            step = self._rate * dt_s
            new = wanted if now is None else min(max(wanted, now - step), now + step)
            lost = settings is not None and servo_id in settings and settings[servo_id].torque_limit != round(now or 0)
            if new != now or (lost and now is not None):
                values[servo_id] = round(new)
            self._torque[servo_id] = new
        return [Write(TORQUE_LIMIT, values)] if values else []

    @property
    def torque_settled(self) -> bool:
        """Whether every torque limit is what it is to be."""
        return all(self._torque.get(i) == wanted for i, wanted in self._wanted.items())

    def torque_limits(self) -> dict[int, int]:
        """The torque limit of each servo as it was sent last [0.1 %]; nothing for those that were never told."""
        return {i: round(limit) for i, limit in self._torque.items()}

    def write_release(self) -> list[Write]:
        """Switch the torque of all servos off; whatever one of them answers, the others are released."""
        self.silence(frozenset(self.ids))
        self._goals = dict.fromkeys(self.ids)
        return [Write(TORQUE_ENABLE, dict.fromkeys(self.ids, 0))]

    def forget_torque(self) -> None:
        """Leave released servos with the torque limits they were found with, for whoever comes next."""
        self._torque.clear()
        self._wanted = {i: float(self._found.get(i, self._normal(i))) for i in self.ids}
        self._rate = math.inf

    def find(self, settings: Mapping[int, ServoSettings]) -> None:
        """Note the torque limits that servos have before anything is written to them."""
        for servo_id, found in settings.items():
            self._found.setdefault(servo_id, found.torque_limit)
