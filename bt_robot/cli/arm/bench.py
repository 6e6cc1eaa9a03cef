"""The six servos as a calibration needs them: where their encoders stand, limp, and their EEPROM written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bt_robot.arm.so101 import JOINT_NAMES
from bt_robot.errors import RobotError, RobotRefused
from bt_robot.robot.so101.bus import Bus
from bt_robot.robot.so101.identity import firmware_of, value_of
from bt_robot.robot.so101.look import read_memories
from bt_robot.robot.so101.range_sweep import encoder_ticks
from bt_robot.robot.so101.service import Service
from bt_robot.robot.so101.wire.registers import (
    MAX_POSITION,
    MIN_POSITION,
    MODEL,
    MODEL_NUMBER,
    POSITION_OFFSET,
    PRESENT_POSITION,
    REGISTERS,
    TICKS_PER_TURN,
    TORQUE_ENABLE,
    decode,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bt_robot.robot.so101.calibration import Calibration
    from bt_robot.robot.so101.port import SerialPort

_TRIES: Final = 5


class Bench:
    """Six servos on a port.

    Attributes:
        held: What each servo's EEPROM held of a calibration at the beginning, by id and register name.
        energised: The ids whose torque was on at the beginning.
        firmware: The firmware of each, by id.
    """

    def __init__(self, port: SerialPort, ids: Sequence[int] = range(1, 7)) -> None:
        """Look at them; nothing is written.

        Args:
            port: Their port.
            ids: Their ids, in the robot's order.

        Raises:
            RobotRefused: They are not six STS3215, one of each id.
            PortLost: The port is gone.
        """
        self._bus = Bus(port)
        self._service = Service(port)
        self._ids = tuple(ids)
        memories, doubled, echoed = read_memories(self._bus, self._ids)
        if echoed:
            raise RobotRefused(
                "the adapter hears itself (it sends back what it is sent); set its jumper for half duplex"
            )
        self._refuse_others(memories, doubled)
        kept = (POSITION_OFFSET, MIN_POSITION, MAX_POSITION)
        self.held = {i: {register.name: value_of(m, register) for register in kept} for i, m in memories.items()}
        self.energised = tuple(i for i, memory in memories.items() if value_of(memory, TORQUE_ENABLE))
        self.firmware = {i: firmware_of(memory) for i, memory in memories.items()}

    def _refuse_others(self, memories: Mapping[int, bytes], doubled: Sequence[int]) -> None:
        missing = [f"{self.name(i)} (id {i})" for i in self._ids if i not in memories]
        if missing:
            raise RobotRefused(f"no answer from {', '.join(missing)}; `bt-arm scan` tells which servos there are")
        if doubled:
            raise RobotRefused(f"several servos answer to id {doubled[0]}; give each its own with `bt-arm setup-id`")
        for servo_id, memory in memories.items():
            if value_of(memory, MODEL) != MODEL_NUMBER:
                model = value_of(memory, MODEL)
                raise RobotRefused(
                    f"id {servo_id} is a servo of model {model}; an SO-101 has {MODEL_NUMBER}, the STS3215"
                )

    def name(self, servo_id: int) -> str:
        """Return what a servo moves."""
        return JOINT_NAMES[self._ids.index(servo_id)]

    def encoders(self) -> tuple[int | None, ...]:
        """Return the encoders' own positions, 0 … 4095 [ticks], in the robot's order; None where there was no answer.

        Raises:
            PortLost: The port is gone.
        """
        replies = self._bus.sync_read(PRESENT_POSITION.address, PRESENT_POSITION.width, self._ids).replies
        return tuple(
            encoder_ticks(decode(PRESENT_POSITION, replies[i].data), self.held[i][POSITION_OFFSET.name])
            if i in replies
            else None
            for i in self._ids
        )

    def all_encoders(self) -> tuple[int, ...]:
        """Return the same once all have answered.

        Raises:
            RobotError: One of them does not.
            PortLost: The port is gone.
        """
        positions = self.encoders()
        for _ in range(_TRIES):
            if None not in positions:
                break
            positions = self.encoders()
        silent = [JOINT_NAMES[i] for i, position in enumerate(positions) if position is None]
        if silent:
            raise RobotError(f"no answer from {', '.join(silent)} any more; look at the plugs and the supply")
        return tuple(position for position in positions if position is not None)

    def positions(self, offsets: Sequence[int]) -> tuple[int | None, ...]:
        """Return what the servos would report with other homing offsets [ticks]; None where there was no answer.

        Args:
            offsets: An offset for each servo, in the robot's order [ticks]; nothing is written.

        Raises:
            PortLost: The port is gone.
        """
        pairs = zip(self.encoders(), offsets, strict=True)
        return tuple(None if ticks is None else (ticks - offset) % TICKS_PER_TURN for ticks, offset in pairs)

    def release(self) -> None:
        """Switch the torque of all servos off.

        Raises:
            RobotError: One of them did not confirm it.
            PortLost: The port is gone.
        """
        stuck = self._service.release(self._ids)
        if stuck:
            names = ", ".join(f"{self.name(i)} (id {i})" for i in stuck)
            raise RobotError(f"{names} did not confirm that the torque is off; switch the supply off and on")

    def store(self, calibration: Calibration) -> dict[str, tuple[str, ...]]:
        """Bring a calibration into the servos; return which values had to be written, by joint.

        Raises:
            RobotError: A servo did not keep a value; the others are as they should be, or as they were.
            PortLost: The port is gone.
        """
        written: dict[str, tuple[str, ...]] = {}
        for joint in calibration.joints:
            values = {REGISTERS[name]: value for name, value in joint.registers.items()}
            written[joint.name] = self._service.store(joint.servo_id, values)
        return written
