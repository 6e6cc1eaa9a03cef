"""Calibrating by hand: the middle first, then every joint through its range. Pure, fed with what the servos report.

1. The person holds the arm in the middle of its range. `half_turn_offset` gives the offset with which each servo reads
   2047 there, half a turn away from the encoder's seam (4095 to 0) on either side.
2. With these offsets in the servos, the person moves every joint from stop to stop. `RangeSweep` follows across the
   seam, so that a range which contains it is noticed; a plain minimum and maximum would silently be wrong there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bt_robot.arm.so101 import JOINT_NAMES, RANGES_RAD
from bt_robot.errors import RobotRefused
from bt_robot.robot.so101.calibration import (
    MAX_OFFSET,
    MAX_TICK,
    RAD_PER_TICK,
    Calibration,
    JointCalibration,
    turn_difference,
)
from bt_robot.robot.so101.wire.registers import TICKS_PER_TURN

MIDDLE_TICK: Final = 2047
"""What every servo reads in the middle pose."""

FULL_TURN: Final = "wrist_roll"
"""The joint that is calibrated as a whole turn, 0 to 4095, whatever was swept, as LeRobot does."""

ENOUGH_SHARE: Final = 0.5
"""A joint that moved through less than this share of the arm's mechanical range was forgotten, or is blocked."""

MAX_STEP_TICKS: Final = 1024
"""A quarter turn between two reports: which way round it went can't be told any more."""

_DEG_PER_TICK = 360.0 / TICKS_PER_TURN


def encoder_ticks(present_ticks: int, offset: int) -> int:
    """Return the encoder's own position, 0 … 4095 [ticks], from what a servo reports with an offset."""
    return (present_ticks + offset) % TICKS_PER_TURN


def half_turn_offset(actual_ticks: int) -> int:
    """Return the homing offset, −2047 … 2047 [ticks], with which a servo reads 2047 where it stands.

    Offsets that differ by a turn mean the same, so there is one that the register can hold; LeRobot takes the plain
    difference and fails with "Magnitude 2114 exceeds 2047". At 4095 alone it would be half a turn, which the register
    can't hold either way: there the servo reads 2048.

    Args:
        actual_ticks: The encoder's position, as reported with an offset of 0 [ticks]; any turn.
    """
    half = TICKS_PER_TURN // 2
    offset = (actual_ticks - MIDDLE_TICK + half) % TICKS_PER_TURN - half
    return offset if offset >= -MAX_OFFSET else MAX_OFFSET


@dataclass(frozen=True, slots=True)
class SweptJoint:
    """How far one joint was moved.

    Attributes:
        name: Its name.
        low: Lowest position so far [ticks]; below 0 once it crossed the seam.
        now: The newest position [ticks], counted on across the seam.
        high: Highest position so far [ticks]; above 4095 once it crossed the seam.
        enough: Whether that is plausible as its whole range.
        problem: What is wrong, and what to do; empty if nothing is.
    """

    name: str
    low: int
    now: int
    high: int
    enough: bool
    problem: str


class RangeSweep:
    """The second half of the calibration. To begin again with another middle, make a new one.

    Attributes:
        offsets: The homing offset of each servo, in the robot's order [ticks]; `see` wants what is read with them.
    """

    def __init__(self, middle_ticks: Sequence[int], ids: Sequence[int] = (1, 2, 3, 4, 5, 6)) -> None:
        """Begin in the middle pose.

        Args:
            middle_ticks: The encoders' positions there, as reported with an offset of 0, in the robot's order [ticks].
            ids: The servos' ids, in the robot's order.

        Raises:
            ValueError: There are not six of each.
        """
        if len(middle_ticks) != len(JOINT_NAMES) or len(ids) != len(JOINT_NAMES):
            raise ValueError(f"{len(middle_ticks)} positions of {len(ids)} servos; expected {len(JOINT_NAMES)} of each")
        self._ids = tuple(ids)
        self.offsets = tuple(half_turn_offset(ticks) for ticks in middle_ticks)
        self._sweeps = [_Sweep(name, high - low) for name, (low, high) in zip(JOINT_NAMES, RANGES_RAD, strict=True)]

    def see(self, positions: Sequence[int | None]) -> None:
        """Take what the servos report now.

        Args:
            positions: The positions in the robot's order [ticks]; None where a servo did not answer.

        Raises:
            ValueError: There are not six of them.
        """
        for sweep, position in zip(self._sweeps, positions, strict=True):
            if position is not None:
                sweep.see(position)

    @property
    def joints(self) -> tuple[SweptJoint, ...]:
        """How far each joint was moved, in the robot's order, to be shown while it goes on."""
        return tuple(SweptJoint(s.name, s.low, s.now, s.high, s.enough, s.problem) for s in self._sweeps)

    @property
    def unfinished(self) -> tuple[str, ...]:
        """The joints that moved too little; the full turn of `wrist_roll` needs no motion."""
        return tuple(sweep.name for sweep in self._sweeps if not sweep.enough)

    @property
    def problems(self) -> tuple[str, ...]:
        """Why there is no calibration yet, a sentence per joint, and what to do."""
        return tuple(s.problem or s.too_little for s in self._sweeps if s.problem or not s.enough)

    def calibration(self) -> Calibration:
        """Return what was found.

        Raises:
            RobotRefused: A joint moved too little, or a range can't be; each with what to do.
        """
        if problems := self.problems:
            raise RobotRefused("\n".join(problems))
        joints = zip(self._sweeps, self._ids, self.offsets, strict=True)
        return Calibration(tuple(JointCalibration(s.name, i, 0, offset, *s.range) for s, i, offset in joints))


class _Sweep:
    """One joint, followed across the seam."""

    def __init__(self, name: str, mechanical_rad: float) -> None:
        self.name = name
        self._mechanical = mechanical_rad / RAD_PER_TICK
        self.low = self.now = self.high = MIDDLE_TICK  # where it stood when its offset was taken
        self._jump = 0

    def see(self, position: int) -> None:
        step = round(turn_difference(position, self.now))
        if abs(step) > MAX_STEP_TICKS:
            self._jump = max(self._jump, abs(step))
        self.now += step
        self.low, self.high = min(self.low, self.now), max(self.high, self.now)

    @property
    def range(self) -> tuple[int, int]:
        return (0, MAX_TICK) if self.name == FULL_TURN else (self.low, self.high)

    @property
    def enough(self) -> bool:
        return self.name == FULL_TURN or self.high - self.low >= ENOUGH_SHARE * self._mechanical

    @property
    def too_little(self) -> str:
        moved, whole = (self.high - self.low) * _DEG_PER_TICK, self._mechanical * _DEG_PER_TICK
        return (
            f"{self.name} moved by {moved:.0f}° only, of about {whole:.0f}°: move it from one stop to the other; if it"
            " did move, look whether this joint has the right servo id"
        )

    @property
    def problem(self) -> str:
        if self._jump:
            return (
                f"{self.name} jumped by {self._jump} ticks ({self._jump * _DEG_PER_TICK:.0f}°) between two readings:"
                " repeat the calibration, and move it more slowly"
            )
        whole_turn = self.high - self.low > MAX_TICK
        if whole_turn and self.name != FULL_TURN:  # that one turns freely on some arms
            return (
                f"{self.name} moved through {self.high - self.low} ticks, more than a turn ({MAX_TICK}): repeat the"
                " calibration, and move it between its two stops only"
            )
        if (self.low < 0 or self.high > MAX_TICK) and not whole_turn:
            off = (self.low + self.high) / 2 - MIDDLE_TICK
            return (
                f"{self.name} crossed the encoder's seam, at {self.low} … {self.high} ticks: redo the middle step with"
                f" this joint about {abs(off) * _DEG_PER_TICK:.0f}° nearer to the middle of its range"
            )
        return ""
