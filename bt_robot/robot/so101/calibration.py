"""Where a servo's ticks are in the joint's units: the one border between ticks and radians.

The formula is LeRobot's, so one calibration file means the same pose here and there. For the five joints it is
`degrees = (tick - (range_min + range_max) / 2) · 360 / 4095`: zero is the middle of the calibrated range. The gripper
is the share of its range.

Two things differ, both outside the calibrated range only. Measurements are not clamped to the range, so an arm that
stands outside is seen to. And a tick is taken for the turn in which it is nearest to the middle of the range, so a
joint that crosses the encoder's seam (4095 to 0, or to 4096 and −1 where the servo goes on counting) does not jump.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from bt_robot.arm.so101 import GRIPPER, JOINT_NAMES
from bt_robot.errors import RobotRefused
from bt_robot.messages import JointLimits, Joints
from bt_robot.robot.so101.wire.registers import (
    MAX_POSITION,
    MIN_POSITION,
    POSITION_OFFSET,
    TICKS_PER_TURN,
)

MAX_TICK: Final = TICKS_PER_TURN - 1
MAX_OFFSET: Final = POSITION_OFFSET.highest
RAD_PER_TICK: Final = 2.0 * math.pi / MAX_TICK
"""LeRobot's scale [rad]: a turn is divided by 4095 there, not by 4096."""

MAX_ID: Final = 253


class Fault(NamedTuple):
    """One thing wrong with a joint's calibration.

    Attributes:
        field: The field to look at.
        message: What is wrong, with the value.
        expected: What would have been right.
    """

    field: str
    message: str
    expected: str


def turn_difference(ticks: float, reference: float) -> float:
    """Return how far a position is from another [ticks], by the shorter way around the turn: −2048 … 2048."""
    return (ticks - reference + TICKS_PER_TURN / 2) % TICKS_PER_TURN - TICKS_PER_TURN / 2


@dataclass(frozen=True, slots=True)
class JointCalibration:
    """How one servo is mounted: an entry of LeRobot's file.

    Attributes:
        name: The joint's name.
        servo_id: Its servo's id.
        drive_mode: 1 if the gripper opens towards smaller ticks; the other joints ignore it, as LeRobot does.
        homing_offset: What the servo takes off its encoder's position [ticks].
        range_min: Low end of the calibrated range [ticks].
        range_max: High end of the calibrated range [ticks].
    """

    name: str
    servo_id: int
    drive_mode: int
    homing_offset: int
    range_min: int
    range_max: int

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ValueError: A value can't be, or the range has no length.
        """
        found = list(faults_of(self.servo_id, self.drive_mode, self.homing_offset, self.range_min, self.range_max))
        if found:
            raise ValueError("; ".join(f"{self.name}: {f.message}; expected {f.expected}" for f in found))

    @property
    def middle(self) -> float:
        """Middle of the calibrated range [ticks]."""
        return (self.range_min + self.range_max) / 2

    @property
    def registers(self) -> Mapping[str, int]:
        """What the servo's EEPROM holds when it is calibrated like this, by register name."""
        return {
            POSITION_OFFSET.name: self.homing_offset,
            MIN_POSITION.name: self.range_min,
            MAX_POSITION.name: self.range_max,
        }

    def angle_rad(self, ticks: float) -> float:
        """Return the angle [rad] of a position [ticks]; 0 in the middle of the range."""
        return turn_difference(ticks, self.middle) * RAD_PER_TICK

    def ticks_at_angle(self, angle_rad: float) -> float:
        """Return the position [ticks] of an angle [rad]."""
        return angle_rad / RAD_PER_TICK + self.middle

    def share(self, ticks: float) -> float:
        """Return where in its range a position [ticks] is, 0 … 1 and beyond; this is how a gripper counts."""
        share = (turn_difference(ticks, self.middle) + self.middle - self.range_min) / (self.range_max - self.range_min)
        return 1.0 - share if self.drive_mode else share

    def ticks_at_share(self, share: float) -> float:
        """Return the position [ticks] of a share, 0 … 1, of the range."""
        share = 1.0 - share if self.drive_mode else share
        return self.range_min + share * (self.range_max - self.range_min)


def faults_of(servo_id: int, drive_mode: int, homing_offset: int, range_min: int, range_max: int) -> Iterator[Fault]:
    """Yield everything wrong with the values of one joint."""
    if not 0 <= servo_id <= MAX_ID:
        yield Fault("id", f"id is {servo_id}", f"0 to {MAX_ID}")
    if drive_mode not in (0, 1):
        yield Fault("drive_mode", f"drive_mode is {drive_mode}", "0 or 1")
    if abs(homing_offset) > MAX_OFFSET:
        yield Fault("homing_offset", f"homing_offset is {homing_offset}", f"-{MAX_OFFSET} to {MAX_OFFSET}")
    for field, ticks in (("range_min", range_min), ("range_max", range_max)):
        if not 0 <= ticks <= MAX_TICK:
            yield Fault(field, f"{field} is {ticks}", f"0 to {MAX_TICK}")
    if range_min >= range_max:
        yield Fault("range_max", f"range_max is {range_max}, not above range_min, {range_min}", "range_min < range_max")


@dataclass(frozen=True, slots=True)
class Calibration:
    """The calibration of the whole arm.

    Attributes:
        joints: A calibration per joint, in the robot's order.
    """

    joints: tuple[JointCalibration, ...]

    def __post_init__(self) -> None:
        """Check that the joints are the robot's.

        Raises:
            ValueError: A joint is missing, unknown or out of order, or two share a servo.
        """
        names = tuple(joint.name for joint in self.joints)
        if names != JOINT_NAMES:
            raise ValueError(f"the joints are {', '.join(names)}; expected {', '.join(JOINT_NAMES)}")
        if len(set(self.ids)) < len(self.ids):
            raise ValueError(f"two joints have the same servo id: {', '.join(map(str, self.ids))}")

    @property
    def ids(self) -> tuple[int, ...]:
        """The servos' ids, in the robot's order."""
        return tuple(joint.servo_id for joint in self.joints)

    @property
    def tick_ranges(self) -> tuple[tuple[int, int], ...]:
        """The calibrated range of each joint, low and high end [ticks], in the robot's order."""
        return tuple((joint.range_min, joint.range_max) for joint in self.joints)

    def to_joints(self, ticks: Sequence[float]) -> Joints:
        """Return positions, six in [ticks], as a joint vector, (6,) rad, gripper 0 … 1; not clamped to any range.

        Raises:
            ValueError: There are not six of them.
        """
        pairs = enumerate(zip(self.joints, ticks, strict=True))
        return np.array([j.share(t) if i == GRIPPER else j.angle_rad(t) for i, (j, t) in pairs], dtype=np.float64)

    def to_ticks(self, joints: Joints | Sequence[float]) -> tuple[float, ...]:
        """Return a joint vector, (6,) rad, gripper 0 … 1, as positions [ticks], not rounded and not clamped.

        Raises:
            ValueError: There are not six of them.
        """
        pairs = enumerate(zip(self.joints, joints, strict=True))
        return tuple(j.ticks_at_share(float(v)) if i == GRIPPER else j.ticks_at_angle(float(v)) for i, (j, v) in pairs)

    def limits(self, mechanical: JointLimits) -> JointLimits:
        """Return the limits with each range narrowed to what was calibrated; speeds stay as they are.

        The servos clamp goals to the calibrated range themselves, without a word, so nothing beyond it may be asked
        for. `wrist_roll` is calibrated as a full turn, so its mechanical range is what counts.

        Args:
            mechanical: The arm's own limits, in the robot's order.

        Raises:
            ValueError: They are those of other joints.
            RobotRefused: Nothing is left of a joint's range.
        """
        if mechanical.names != JOINT_NAMES:
            raise ValueError(
                f"the limits are those of {', '.join(mechanical.names)}; expected {', '.join(JOINT_NAMES)}"
            )
        half_turns = [(j.range_max - j.range_min) / 2 * RAD_PER_TICK for j in self.joints]
        low = np.array([0.0 if i == GRIPPER else -half for i, half in enumerate(half_turns)])
        high = np.array([1.0 if i == GRIPPER else half for i, half in enumerate(half_turns)])
        lower, upper = np.maximum(low, mechanical.lower), np.minimum(high, mechanical.upper)
        for i, name in enumerate(JOINT_NAMES):
            if lower[i] >= upper[i]:
                raise RobotRefused(
                    f"{name}: nothing is left of its range: calibrated from {low[i]:.2f} to {high[i]:.2f}, limited to"
                    f" {mechanical.lower[i]:.2f} to {mechanical.upper[i]:.2f}; change the limits or calibrate again"
                )
        lower.setflags(write=False)
        upper.setflags(write=False)
        return JointLimits(JOINT_NAMES, lower, upper, mechanical.velocity, mechanical.acceleration)
