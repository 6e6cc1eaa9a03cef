"""How the guardian moves a joint's goal: behind the controller's goals, braking, or to a place. Pure, in ticks.

This is the second place that enforces the limits, and it shares nothing with the first (`runtime/governor.py`): numbers
in ticks instead of vectors in radians, once per bus cycle instead of once per control step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JointEnvelope:
    """What a joint may do.

    Attributes:
        lower: Lowest goal [ticks].
        upper: Highest goal [ticks].
        velocity: Greatest speed [ticks/s].
        acceleration: Greatest acceleration [ticks/s²].
    """

    lower: float
    upper: float
    velocity: float
    acceleration: float

    def __post_init__(self) -> None:
        """Refuse what would switch a limit off.

        Raises:
            ValueError: A number is not finite, or leaves the joint no room.
        """
        numbers = (self.lower, self.upper, self.velocity, self.acceleration)
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"an envelope holds {numbers}; expected finite numbers")
        if self.lower >= self.upper or self.velocity <= 0.0 or self.acceleration <= 0.0:
            raise ValueError(f"an envelope of {numbers} leaves the joint no room")

    def clamp(self, position: float) -> float:
        """Return the nearest position inside [ticks]."""
        return min(max(position, self.lower), self.upper)


class JointMotion:
    """The goal of one joint as it is sent, cycle by cycle.

    Attributes:
        position: The goal sent last [ticks].
        velocity: How fast it moved last [ticks/s].
        clamps: How often the envelope changed what was asked for.
    """

    def __init__(self, envelope: JointEnvelope) -> None:
        """Begin nowhere; `start` says where the joint is."""
        self.envelope = envelope
        self.position = 0.0
        self.velocity = 0.0
        self.clamps = 0

    def start(self, position: float) -> None:
        """Stand still at a measured position [ticks], wherever that is."""
        self.position = position
        self.velocity = 0.0

    def follow(self, goal: float, left_s: float, dt_s: float, control_s: float) -> None:
        """Move towards the controller's goal, to be there when its control period is over.

        Args:
            goal: Where to be [ticks].
            left_s: Time until the controller's next goal is due [s].
            dt_s: The bus cycle [s].
            control_s: The controller's period [s]; its goals change speed once in that time.
        """
        envelope = self.envelope
        inside = envelope.clamp(goal)
        wanted = (inside - self.position) * min(1.0, dt_s / max(left_s, dt_s)) / dt_s
        velocity = self._limited(wanted, envelope.acceleration * max(dt_s, control_s))
        if inside != goal or abs(velocity - wanted) * dt_s > 1.0:
            self.clamps += 1
        self._move(velocity, dt_s)

    def brake(self, dt_s: float) -> None:
        """Come to rest within the acceleration limit."""
        change = self.envelope.acceleration * dt_s
        self._move(math.copysign(max(0.0, abs(self.velocity) - change), self.velocity), dt_s)

    def approach(self, goal: float, speed: float, dt_s: float) -> None:
        """Move towards a goal that stands still, slowly, and stop there.

        Args:
            goal: Where to be [ticks].
            speed: How fast at most [ticks/s].
            dt_s: The bus cycle [s].
        """
        envelope = self.envelope
        distance = envelope.clamp(goal) - self.position
        change = envelope.acceleration * dt_s
        # The longest step s from which it can still stop: s + (s-c) + (s-2c) + … is the distance.
        per_cycle = change * dt_s
        more = math.floor((math.sqrt(1.0 + 8.0 * abs(distance) / per_cycle) - 1.0) / 2.0)
        stopping = (abs(distance) / (more + 1) + per_cycle * more / 2.0) / dt_s
        self._move(self._limited(math.copysign(min(speed, stopping), distance), change), dt_s)

    @property
    def at_rest(self) -> bool:
        """Whether the goal stands still."""
        return self.velocity == 0.0

    def _limited(self, velocity: float, change: float) -> float:
        fastest = self.envelope.velocity
        low, high = max(self.velocity - change, -fastest), min(self.velocity + change, fastest)
        return min(max(velocity, low), high)

    def _move(self, velocity: float, dt_s: float) -> None:
        # Moved outside by hand, it may come back at its own pace, and go no further.
        lowest, highest = min(self.envelope.lower, self.position), max(self.envelope.upper, self.position)
        moved = min(max(self.position + velocity * dt_s, lowest), highest)
        self.velocity = (moved - self.position) / dt_s
        self.position = moved
