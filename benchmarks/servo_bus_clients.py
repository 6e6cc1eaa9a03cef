"""Who drives the emulated arm in `benchmarks.servo_bus`: we, and those we are compared with."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

import scservo_sdk as scs

from bt_robot.robot.so101.bus import Bus
from bt_robot.robot.so101.port import SerialPort
from bt_robot.robot.so101.wire import packets
from bt_robot.robot.so101.wire.registers import BLOCK_ADDRESS, BLOCK_LENGTH, GOAL_POSITION, PRESENT_POSITION, decode

IDS = (1, 2, 3, 4, 5, 6)
HERE_TICKS = 2047
LEROBOT_TIMEOUT_MS, LEROBOT_TRIES = 50.0, 3
POSITION = (56, 2)
HEALTH = (POSITION, (60, 2), (62, 1), (63, 1), (69, 2))
"""Position, load, voltage, temperature and current as (address, length), which our one read brings as well."""


class Client(Protocol):
    """Somebody who drives the arm."""

    def read(self) -> Mapping[int, int]:
        """Return the positions that it takes for good, by id [ticks]."""
        ...

    def write(self) -> None:
        """Send each servo a goal."""
        ...

    def close(self) -> None:
        """Let go of the port."""
        ...


class Ours:
    """The guardian's bus."""

    def __init__(self, path: str) -> None:
        """Open a port."""
        self._bus = Bus(SerialPort(path))
        self._goals = dict.fromkeys(IDS, HERE_TICKS)

    def read(self) -> Mapping[int, int]:
        """Read position, speed, load, voltage, temperature, status and current; take the positions out."""
        replies = self._bus.sync_read(BLOCK_ADDRESS, BLOCK_LENGTH, IDS).replies
        return {i: decode(PRESENT_POSITION, reply.data[: PRESENT_POSITION.width]) for i, reply in replies.items()}

    def write(self) -> None:
        """Send each servo a goal."""
        self._bus.sync_write(GOAL_POSITION, self._goals)

    def close(self) -> None:
        """Let go of the port."""
        self._bus.close()


class Sdk:
    """feetech-servo-sdk, reading the same block as we do."""

    def __init__(self, path: str) -> None:
        """Open a port."""
        self._port = scs.PortHandler(path)
        self._port.openPort()
        handler = scs.PacketHandler(0)
        self._reader = scs.GroupSyncRead(self._port, handler, BLOCK_ADDRESS, BLOCK_LENGTH)
        self._writer = scs.GroupSyncWrite(self._port, handler, GOAL_POSITION.address, GOAL_POSITION.width)
        for servo_id in IDS:
            self._reader.addParam(servo_id)
            self._writer.addParam(servo_id, [HERE_TICKS & 0xFF, HERE_TICKS >> 8])

    def read(self) -> Mapping[int, int]:
        """Read the block; after an error code nothing of it can be relied on."""
        if self._reader.txRxPacket() != scs.COMM_SUCCESS:
            return {}
        return self._positions()

    def _positions(self) -> Mapping[int, int]:
        return {i: self._reader.getData(i, PRESENT_POSITION.address, PRESENT_POSITION.width) for i in IDS}

    def write(self) -> None:
        """Send each servo a goal."""
        self._writer.txPacket()

    def close(self) -> None:
        """Let go of the port."""
        self._port.closePort()


class LeRobot(Sdk):
    """The SDK as LeRobot uses it (lerobot/motors/feetech): its time-out, its retries, a register at a time."""

    def __init__(self, path: str, registers: Sequence[tuple[int, int]] = HEALTH) -> None:
        """Open a port.

        Args:
            path: Its path.
            registers: What is read in a cycle, (address, length) of each; the first is the position.
        """
        super().__init__(path)
        self._registers = registers
        self._port.setPacketTimeout = self._set_timeout

    def _set_timeout(self, length: int) -> None:
        port = self._port
        port.packet_start_time = port.getCurrentTime()
        port.packet_timeout = port.tx_time_per_byte * (length + 3.0) + LEROBOT_TIMEOUT_MS

    def read(self) -> Mapping[int, int]:
        """Read the registers; one that fails ends the cycle, as its exception would."""
        positions: Mapping[int, int] = {}
        for address, length in self._registers:
            reader = self._reader
            reader.clearParam()
            reader.start_address, reader.data_length = address, length
            for servo_id in IDS:
                reader.addParam(servo_id)
            if not any(reader.txRxPacket() == scs.COMM_SUCCESS for _ in range(LEROBOT_TRIES)):
                return {}
            if address == PRESENT_POSITION.address:
                positions = self._positions()
        return positions


class PositionOnly(LeRobot):
    """LeRobot's own control loop, which reads nothing but positions."""

    def __init__(self, path: str) -> None:
        """Open a port."""
        super().__init__(path, (POSITION,))


class Bare:
    """The bytes of our cycle without a client."""

    def __init__(self, path: str) -> None:
        """Open a port."""
        self._port = SerialPort(path)
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._request = packets.sync_read(BLOCK_ADDRESS, BLOCK_LENGTH, IDS)
        self._goals = packets.sync_write(GOAL_POSITION.address, dict.fromkeys(IDS, HERE_TICKS.to_bytes(2, "little")))
        self._size = len(IDS) * (BLOCK_LENGTH + packets.REPLY_OVERHEAD)

    def read(self) -> Mapping[int, int]:
        """Wait for as many bytes as there should be."""
        os.write(self._fd, self._request)
        size, until_s = 0, time.monotonic() + 0.1
        while size < self._size and time.monotonic() < until_s:
            if select.select((self._fd,), (), (), 0.1)[0]:
                size += len(os.read(self._fd, 4096))
        return dict.fromkeys(IDS, HERE_TICKS) if size == self._size else {}

    def write(self) -> None:
        """Send each servo a goal."""
        os.write(self._fd, self._goals)

    def close(self) -> None:
        """Let go of the port."""
        os.close(self._fd)
        self._port.close()
