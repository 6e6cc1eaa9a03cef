"""The arm as its servos report it, read and never written, in rows for a person."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bt_robot.arm.so101 import GRIPPER, JOINT_NAMES
from bt_robot.cli.arm.words import paragraph, table
from bt_robot.robot.so101.wire.registers import (
    FULL_ADDRESS,
    FULL_LENGTH,
    ServoSettings,
    ServoState,
    parse_full,
    status_words,
)

if TYPE_CHECKING:
    from bt_robot.robot.so101.bus import Bus
    from bt_robot.robot.so101.calibration import Calibration

_HEAD: Final = ("joint", "id", "ticks", "position", "load", "mA", "°C", "V", "torque")

_MORE_TRIES: Final = 4


@dataclass(frozen=True, slots=True)
class JointReading:
    """What one servo says of itself; everything but its name and id is None if it did not answer.

    Attributes:
        name: The joint.
        servo_id: Its servo.
        settings: What it was told last.
        state: What it measures.
        degrees: Its angle [deg]; None for the gripper, and without a calibration.
        percent: The gripper's opening [%]; None for the other joints, and without a calibration.
    """

    name: str
    servo_id: int
    settings: ServoSettings | None = None
    state: ServoState | None = None
    degrees: float | None = None
    percent: float | None = None

    @property
    def energised(self) -> bool:
        """Whether its torque is on."""
        return self.settings is not None and self.settings.torque_enable != 0

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object; units are in the keys' names."""
        said: dict[str, Any] = {"joint": self.name, "id": self.servo_id, "answers": self.state is not None}
        if self.state is None or self.settings is None:
            return said
        return {
            **said,
            "position_ticks": self.state.position,
            "position_deg": None if self.degrees is None else round(self.degrees, 2),
            "position_percent": None if self.percent is None else round(self.percent, 1),
            "speed_ticks_s": self.state.speed,
            "load_percent": self.state.load / 10.0,
            "current_ma": round(self.state.current_ma, 1),
            "temperature_c": self.state.temperature_c,
            "voltage_v": round(self.state.voltage_v, 1),
            "torque": self.energised,
            "torque_limit_percent": self.settings.torque_limit / 10.0,
            "status": status_words(self.state.status),
        }


def read_joints(bus: Bus, calibration: Calibration | None, ids: Sequence[int]) -> tuple[JointReading, ...]:
    """Ask all servos once.

    Args:
        bus: The bus.
        calibration: Of the arm; None if it is not known.
        ids: The servos' ids, in the robot's order.

    Raises:
        PortLost: The port is gone.
    """
    replies = bus.sync_read(FULL_ADDRESS, FULL_LENGTH, ids).replies
    found = {i: parse_full(i, reply.error, reply.data) for i, reply in replies.items()}
    return tuple(_reading(joint, servo_id, found, calibration) for joint, servo_id in enumerate(ids))


def read_patiently(bus: Bus, ids: Sequence[int]) -> tuple[JointReading, ...]:
    """Ask all servos, those that did not answer several times; positions are told in ticks only.

    Raises:
        PortLost: The port is gone.
    """
    joints = {joint.servo_id: joint for joint in read_joints(bus, None, ids)}
    for _ in range(_MORE_TRIES):
        silent = [servo_id for servo_id, joint in joints.items() if joint.state is None]
        if not silent:
            break
        joints.update({joint.servo_id: joint for joint in read_joints(bus, None, ids) if joint.state is not None})
    return tuple(joints.values())


def _reading(
    joint: int,
    servo_id: int,
    found: Mapping[int, tuple[ServoSettings, ServoState]],
    calibration: Calibration | None,
) -> JointReading:
    name = JOINT_NAMES[joint]
    if servo_id not in found:
        return JointReading(name, servo_id)
    settings, state = found[servo_id]
    if calibration is None:
        return JointReading(name, servo_id, settings, state)
    own = calibration.joints[joint]
    if joint == GRIPPER:
        return JointReading(name, servo_id, settings, state, percent=100.0 * own.share(state.position))
    return JointReading(name, servo_id, settings, state, degrees=math.degrees(own.angle_rad(state.position)))


def lines_of(joints: Sequence[JointReading]) -> str:
    """Return a reading as a table, and below it what servos report of their troubles."""
    troubles = [
        f"{joint.name} (id {joint.servo_id}) "
        + ("does not answer" if joint.state is None else f"reports: {status_words(joint.state.status)}")
        for joint in joints
        if joint.state is None or joint.state.status
    ]
    rows = [_row(joint) for joint in joints]
    return "".join(f"{line}\n" for line in table(_HEAD, rows)) + "".join(map(paragraph, troubles))


def _row(joint: JointReading) -> tuple[str, ...]:
    state, settings = joint.state, joint.settings
    if state is None or settings is None:
        return (joint.name, str(joint.servo_id), *["–"] * (len(_HEAD) - 2))
    return (
        joint.name,
        str(joint.servo_id),
        str(state.position),
        position_words(joint),
        f"{state.load / 10.0:.0f} %",
        f"{state.current_ma:.0f}",
        str(state.temperature_c),
        f"{state.voltage_v:.1f}",
        "on" if joint.energised else "off",
    )


def position_words(joint: JointReading) -> str:
    """Return where a joint is, in the unit in which a person counts; a dash without a calibration."""
    if joint.percent is not None:
        return f"{joint.percent:.1f} %"
    return "–" if joint.degrees is None else f"{joint.degrees:.1f}°"
