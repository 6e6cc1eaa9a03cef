"""Bringing the arm to rest for good: brake, park or hold, let go softly, and see that every servo did. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from bt_robot.robot.so101.guardian.limbs import Limbs, Write
from bt_robot.robot.so101.guardian.messages import words_for
from bt_robot.robot.so101.guardian.plan import GuardianPlan
from bt_robot.robot.so101.wire.registers import ServoSettings

RELEASES: Final = 3
"""How often torque-off is written before anybody looks whether it worked."""

_MOST_RELEASES: Final = 25
_SOFT_S: Final = 1.0
_PARKED: Final = 1.0
_PARK_SHARE: Final = 0.8  # of the time for parking; the rest is for speeding up and braking
_LEAST_SHARE: Final = 0.02  # of the parking speed, so that a joint that is nearly there arrives

Step = Callable[[float, Mapping[int, ServoSettings] | None], list[Write]]


class Leaving:
    """The sequence that ends with all torque off.

    Attributes:
        done: Whether it is over.
        stuck: Servos whose torque could not be switched off.
        parked: Whether the arm reached its park position.
    """

    def __init__(self, plan: GuardianPlan, limbs: Limbs, now_s: float, *, park: bool, linger_s: float) -> None:
        """Begin with braking.

        Args:
            plan: The limits.
            limbs: The joints.
            now_s: The time [s].
            park: Whether the arm may be moved to its park position.
            linger_s: How long it is held before it is let go [s].
        """
        self._plan = plan
        self._limbs = limbs
        self._park = park
        self._linger_s = linger_s
        self._since_s = now_s
        self._step: Step = self._brake
        self._writes = 0
        self._park_rate = plan.park_speed
        self._forbidden: frozenset[int] = frozenset()
        self.done = False
        self.parked = False
        self.stuck: tuple[int, ...] = ()

    @property
    def words(self) -> str:
        """What it is doing, for a person."""
        names: dict[Step, str] = {
            self._brake: "braking",
            self._park_slowly: "parking",
            self._linger: f"holding for {self._linger_s:g} s",
            self._soften: "letting go softly",
        }
        return names.get(self._step, "released" if self.done else "switching the torque off")

    @property
    def moves(self) -> bool:
        """Whether it moves the arm."""
        return self._step in (self._brake, self._park_slowly)

    @property
    def wants_settings(self) -> bool:
        """Whether the next cycle should read the servos' settings, too."""
        return self._step == self._release and self._writes >= RELEASES

    def stand_still(self, now_s: float) -> None:
        """Park no further: hold where the arm is, then let go; what a second Ctrl-C asks for."""
        if self._step in (self._brake, self._park_slowly):
            self._park, self._linger_s = False, self._plan.linger_s
            self._go(self._brake, now_s)

    def hurry(self, now_s: float) -> None:
        """Hold no longer: let go softly now, or as soon as it stands still."""
        self._linger_s = 0.0
        if self._step == self._linger:
            self._go(self._soften, now_s)
            self._limbs.set_torque(0, _SOFT_S)

    def cycle(
        self, now_s: float, settings: Mapping[int, ServoSettings] | None, forbidden: frozenset[int]
    ) -> list[Write]:
        """Take the next step; return what to write."""
        self._forbidden = forbidden
        return self._step(now_s, settings)

    def _go(self, step: Step, now_s: float) -> None:
        self._step, self._since_s = step, now_s

    def _brake(self, now_s: float, settings: Mapping[int, ServoSettings] | None) -> list[Write]:
        limbs = self._limbs
        if limbs.energised and not limbs.at_rest:
            limbs.brake(self._plan.cycle_s)
            return [*limbs.write_torque(self._plan.cycle_s), *limbs.write_goals(self._forbidden)]
        if not limbs.energised:
            self._go(self._release, now_s)
        elif self._park:
            limbs.start_over()
            limbs.set_torque(None, self._plan.ramp_s)
            self._park_rate = max(self._plan.park_speed, self._farthest() / (_PARK_SHARE * self._plan.park_s))
            self._go(self._park_slowly, now_s)
        else:
            limbs.set_torque(self._plan.stop_torque, self._plan.ramp_s)
            self._go(self._linger, now_s)
        return []

    def _park_slowly(self, now_s: float, settings: Mapping[int, ServoSettings] | None) -> list[Write]:
        limbs, plan = self._limbs, self._plan
        left, farthest = self._left(), self._farthest()
        for joint in plan.joints:
            # All joints arrive together, which keeps the path near to what a person expects.
            share = left[joint.servo_id] / farthest if farthest > 0.0 else 0.0
            speed = self._park_rate * max(share, _LEAST_SHARE)
            limbs.motions[joint.servo_id].approach(joint.park, speed, plan.cycle_s)
        self.parked = farthest <= _PARKED
        late = now_s - self._since_s >= plan.park_s
        if self.parked or late or limbs.strain:
            limbs.set_torque(0, _SOFT_S)
            self._go(self._soften, now_s)
        return [*limbs.write_torque(plan.cycle_s), *limbs.write_goals(self._forbidden)]

    def _left(self) -> dict[int, float]:
        """Return how far each goal is from its park position [ticks]."""
        motions = self._limbs.motions
        return {
            j.servo_id: abs(motions[j.servo_id].envelope.clamp(j.park) - motions[j.servo_id].position)
            for j in self._plan.joints
        }

    def _farthest(self) -> float:
        return max(self._left().values())

    def _linger(self, now_s: float, settings: Mapping[int, ServoSettings] | None) -> list[Write]:
        if now_s - self._since_s >= self._linger_s:
            self._limbs.set_torque(0, _SOFT_S)
            self._go(self._soften, now_s)
        return self._limbs.write_torque(self._plan.cycle_s, settings)

    def _soften(self, now_s: float, settings: Mapping[int, ServoSettings] | None) -> list[Write]:
        if self._limbs.torque_settled:
            self._go(self._release, now_s)
        return self._limbs.write_torque(self._plan.cycle_s)

    def _release(self, now_s: float, settings: Mapping[int, ServoSettings] | None) -> list[Write]:
        if settings is not None and self._writes >= RELEASES:
            self.stuck = tuple(i for i in self._limbs.ids if i not in settings or settings[i].torque_enable != 0)
            if not self.stuck or self._writes >= _MOST_RELEASES:
                self._limbs.forget_torque()
                self.done = True
                return self._limbs.write_torque(self._plan.cycle_s)
        self._writes += 1
        return self._limbs.write_release()

    def verdict(self) -> str:
        """Return how it ended, for a person."""
        if self.stuck:
            names = words_for([f"{self._plan.names[i]} (id {i})" for i in self.stuck])
            return f"{names} did not confirm that the torque is off; switch the supply off if the arm is stiff"
        return "the arm is parked and released" if self.parked else "the arm is released where it stood"
