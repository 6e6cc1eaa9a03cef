"""What the servos move: the interface, and joints that follow with a first-order lag."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from bt_robot.arm.so101 import RANGES_RAD, REST, to_rad

MAX_SPEED_RAD_S: Final = 4.7
"""Speed of an STS3215 at 12 V without load [rad/s]."""

STALL_CURRENT_MA: Final = 2700.0
"""Current of an STS3215 at 12 V that is held fast at full drive [mA]."""

_LAG_S = 0.03
_IDLE_MA = 6.5
_FALL_S, _FALL_RAD_S = 0.5, 0.8
_FALLING = (False, True, True, True, False, False)


@dataclass(frozen=True, slots=True)
class Drive:
    """What one servo makes of its goal.

    Attributes:
        goal_rad: Where it wants its shaft [rad].
        torque: The strongest drive it may use, as a share of what the motor can do; 0 when its torque is off.
        speed_limit_rad_s: The greatest speed it may move at [rad/s]; None for no limit.
        blocked: Whether something holds the shaft where it is.
    """

    goal_rad: float
    torque: float
    speed_limit_rad_s: float | None = None
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Motion:
    """What one shaft does.

    Attributes:
        position_rad: [rad].
        speed_rad_s: [rad/s].
        load: The motor's drive, -1 … 1 of full.
        current_ma: What the motor takes [mA].
    """

    position_rad: float
    speed_rad_s: float
    load: float
    current_ma: float


class Plant(Protocol):
    """The mechanics behind the servos; its joints are numbered as the servos are."""

    def step(self, dt_s: float, drives: Sequence[Drive]) -> Sequence[Motion]:
        """Let time pass, and say what each shaft does then.

        Args:
            dt_s: How much [s]; with 0 nothing moves.
            drives: One per joint.
        """
        ...

    def place(self, joint: int, position_rad: float) -> None:
        """Put a joint somewhere at once, as a hand does."""
        ...


class FirstOrderPlant:
    """Joints that know nothing of each other: a lag, a top speed, and, if wanted, a fall when torque is off.

    A joint's drive grows with its distance from the goal, and gives its speed: the motor's law without a mass.
    """

    def __init__(
        self,
        start_rad: Sequence[float] | None = None,
        *,
        ranges_rad: Sequence[tuple[float, float]] = RANGES_RAD,
        gravity: bool = False,
    ) -> None:
        """Put the joints somewhere.

        Args:
            start_rad: Where each joint stands [rad]; the SO-101's rest pose by default.
            ranges_rad: Where the mechanics stop each joint [rad]; the SO-101's by default.
            gravity: Whether the joints of an SO-101 that carry weight sink to the rest pose when their torque is off.
        """
        self._rest_rad = tuple(float(angle) for angle in to_rad(REST))
        start = self._rest_rad if start_rad is None else start_rad
        self._positions_rad = [float(angle) for angle in start]
        self._speeds_rad_s = [0.0] * len(self._positions_rad)
        self._ranges_rad = tuple(ranges_rad)
        self._gravity = gravity

    def step(self, dt_s: float, drives: Sequence[Drive]) -> Sequence[Motion]:
        """Let time pass, and say what each shaft does then.

        Args:
            dt_s: How much [s]; with 0 nothing moves.
            drives: One per joint.
        """
        return [self._joint(index, dt_s, drive) for index, drive in enumerate(drives)]

    def place(self, joint: int, position_rad: float) -> None:
        """Put a joint somewhere at once, as a hand does."""
        self._positions_rad[joint] = position_rad
        self._speeds_rad_s[joint] = 0.0

    def _joint(self, index: int, dt_s: float, drive: Drive) -> Motion:
        position = self._positions_rad[index]
        load = self._load(position, drive)
        speed = load * MAX_SPEED_RAD_S if drive.torque > 0.0 else self._fall_rad_s(index)
        if drive.blocked or self._at_stop(index, speed):
            speed = 0.0
        if dt_s > 0.0:
            speed = self._move(index, dt_s, speed, drive) / dt_s
            self._speeds_rad_s[index] = speed
        # What the speed does not use of the drive goes into current.
        pushing = max(0.0, abs(load) - abs(self._speeds_rad_s[index]) / MAX_SPEED_RAD_S)
        current = STALL_CURRENT_MA * pushing if drive.torque > 0.0 else 0.0
        return Motion(self._positions_rad[index], self._speeds_rad_s[index], load, _IDLE_MA + current)

    def _load(self, position: float, drive: Drive) -> float:
        """Return the motor's drive, which a speed limit holds down as long as nothing is in the way."""
        if drive.torque <= 0.0:
            return 0.0
        most = drive.torque
        if drive.speed_limit_rad_s is not None and not drive.blocked:
            most = min(most, drive.speed_limit_rad_s / MAX_SPEED_RAD_S)
        return min(most, max(-most, (drive.goal_rad - position) / (_LAG_S * MAX_SPEED_RAD_S)))

    def _fall_rad_s(self, index: int) -> float:
        if not (self._gravity and _FALLING[index]):
            return 0.0
        wanted = (self._rest_rad[index] - self._positions_rad[index]) / _FALL_S
        return min(_FALL_RAD_S, max(-_FALL_RAD_S, wanted))

    def _at_stop(self, index: int, speed_rad_s: float) -> bool:
        low, high = self._ranges_rad[index]
        position = self._positions_rad[index]
        return (position <= low and speed_rad_s < 0.0) or (position >= high and speed_rad_s > 0.0)

    def _move(self, index: int, dt_s: float, speed_rad_s: float, drive: Drive) -> float:
        """Move a joint by a step and return how far it came [rad]."""
        position = self._positions_rad[index]
        reach = abs(speed_rad_s) * dt_s
        if drive.torque > 0.0:  # the lag's own course, so that no step is too long for it
            reach = min(reach, abs(drive.goal_rad - position) * (1.0 - math.exp(-dt_s / _LAG_S)))
        low, high = self._ranges_rad[index]
        target = position + math.copysign(reach, speed_rad_s)
        self._positions_rad[index] = max(min(low, position), min(max(high, position), target))
        return self._positions_rad[index] - position
