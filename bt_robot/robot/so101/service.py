"""The rare things that have no deadline, through feetech-servo-sdk: scanning, ids, rates and EEPROM.

The cyclic traffic never comes here. What is wrong with the SDK is put right in this module only:

- Its port spins while it waits, never drops stale input, has no write time-out, lets a second program in, measures time
  by the wall clock, knows no 76800 bit/s, and stays "busy" for ever after an exception, so that not even the torque can
  be switched off. So it gets a port of ours instead (`_SdkPort`).
- It takes a reply of any length for the answer. So each length is looked at here.
- It takes an adapter's echo of a request for a reply. So both are compared here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import scservo_sdk

from bt_robot.errors import RobotError
from bt_robot.robot.so101.bus import BITS_PER_BYTE
from bt_robot.robot.so101.identity import value_of
from bt_robot.robot.so101.port import BAUD, SerialPort
from bt_robot.robot.so101.wire import packets
from bt_robot.robot.so101.wire.registers import (
    BAUD_RATE,
    BAUD_RATES,
    ID,
    LOCK,
    MEMORY_SIZE,
    TORQUE_ENABLE,
    TORQUE_OFF,
    Register,
    decode,
    encode,
)

ANSWER_WITHIN_S: Final = 0.02
"""Granted beside the time on the wire [s]: the slowest USB adapters hand bytes over every 16 ms."""

TRIES: Final = 3
RELEASES: Final = 3

_QUIET_S: Final = 0.003  # after a reply: a second servo's would follow closely
_POLL_S: Final = 0.002
_HALF: Final = MEMORY_SIZE // 2
_SLOT_BYTES: Final = packets.REPLY_OVERHEAD + 3  # of one id in the answer to a broadcast ping
_LOW_BYTE_FIRST: Final = 0


class _SdkPort:
    """What the SDK takes for its own `PortHandler`."""

    def __init__(self, port: SerialPort) -> None:
        self.port = port
        self.byte_s = BITS_PER_BYTE / BAUD
        self._arrived = bytearray()
        self._until_s = 0.0

    @property
    def is_using(self) -> bool:
        """Whether somebody else uses it; there is nobody else."""
        return False

    @is_using.setter
    def is_using(self, value: bool) -> None:
        pass

    def clearPort(self) -> None:  # noqa: N802 (the SDK's names)
        self.port.drop_input()
        self._arrived.clear()

    def writePort(self, packet: Sequence[int]) -> int:  # noqa: N802
        self.port.send(bytes(packet))
        return len(packet)

    def readPort(self, length: int) -> bytes:  # noqa: N802
        if len(self._arrived) < length:
            self._arrived += self.port.receive(self.port.now_s() + _POLL_S)
        data = bytes(self._arrived[: max(0, length)])
        del self._arrived[: len(data)]
        return data

    def setPacketTimeout(self, packet_length: int) -> None:  # noqa: N802
        # The SDK counts the reply only; the request has up to as many bytes as the longest of ours.
        self._until_s = self.port.now_s() + (packet_length + 16) * self.byte_s + ANSWER_WITHIN_S

    def isPacketTimeout(self) -> bool:  # noqa: N802
        return self.port.now_s() > self._until_s

    def rest(self, wait_s: float) -> bytes:
        """Return what else arrives until the line has been quiet for a while [s]."""
        rest, until_s = bytes(self._arrived), self.port.now_s() + 20 * wait_s
        self._arrived.clear()
        while (more := self.port.receive(self.port.now_s() + wait_s)) and self.port.now_s() < until_s:
            rest += more
        return rest


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request.

    Attributes:
        data: What was asked for; None if no sound reply came.
        spoilt: Whether bytes came that belong to no reply, or to one too many.
        echoed: Whether the request itself came back.
    """

    data: bytes | None
    spoilt: bool = False
    echoed: bool = False


@dataclass(frozen=True, slots=True)
class FoundServo:
    """A servo that answers.

    Attributes:
        servo_id: Its id.
        rate: The line rate that it answers at [bit/s].
        memory: Its memory from address 0.
    """

    servo_id: int
    rate: int
    memory: bytes

    def value(self, register: Register) -> int:
        """Return one of its values."""
        return value_of(self.memory, register)


@dataclass(frozen=True, slots=True)
class Scan:
    """What is on the bus.

    Attributes:
        servos: Those that answer, by rate and id.
        doubled: (rate, id) at which several servos seem to answer, or one that can't be understood.
        echoed: Whether the adapter hears itself, so that nothing can be told.
    """

    servos: tuple[FoundServo, ...] = ()
    doubled: tuple[tuple[int, int], ...] = ()
    echoed: bool = False

    def __add__(self, other: Scan) -> Scan:
        return Scan(self.servos + other.servos, self.doubled + other.doubled, self.echoed or other.echoed)


class Service:
    """The SDK on a port."""

    def __init__(self, port: SerialPort) -> None:
        """Use a port that is open, at `BAUD`; whoever opened it closes it."""
        self._port = _SdkPort(port)
        self._sdk: Any = scservo_sdk.PacketHandler(_LOW_BYTE_FIRST)  # untyped
        self.rate = BAUD

    def set_rate(self, rate: int) -> None:
        """Talk at another line rate [bit/s].

        Raises:
            PortLost: The port is gone.
        """
        self._port.port.set_baud(rate)
        self._port.byte_s = BITS_PER_BYTE / rate
        self.rate = rate

    # looking ------------------------------------------------------------------------------------------------

    def ping(self, servo_id: int) -> Answer:
        """Ask whether a servo is there.

        Raises:
            PortLost: The port is gone.
        """
        return self._ask(packets.ping(servo_id), 0)

    def look(self, servo_id: int) -> Answer:
        """Read a servo's whole memory; `spoilt` if it could not be had cleanly in any of some tries.

        Raises:
            PortLost: The port is gone.
        """
        parts: list[bytes] = []
        spoilt = echoed = False
        for start in (0, _HALF):
            tries = [self._ask(packets.read(servo_id, start, _HALF), _HALF)]
            while (tries[-1].data is None or tries[-1].spoilt) and len(tries) < TRIES:
                tries.append(self._ask(packets.read(servo_id, start, _HALF), _HALF))
            parts += [answer.data for answer in tries[-1:] if answer.data is not None]
            spoilt = spoilt or all(answer.spoilt for answer in tries)
            echoed = echoed or any(answer.echoed for answer in tries)
        memory = b"".join(parts)
        return Answer(memory if len(memory) == MEMORY_SIZE else None, spoilt, echoed)

    def scan(self, ids: Iterable[int], rates: Iterable[int] = (BAUD,)) -> Iterator[Scan]:
        """Look for servos, one id after the other; the rate is set back to `BAUD` at the end.

        Args:
            ids: Which ids to ask.
            rates: At which line rates [bit/s].

        Yields:
            What was found at each id, so that the progress can be shown.

        Raises:
            PortLost: The port is gone.
        """
        asked = tuple(ids)
        try:
            for rate in rates:
                self.set_rate(rate)
                for servo_id in asked:
                    yield self._scan_one(servo_id)
        finally:
            self.set_rate(BAUD)

    def _scan_one(self, servo_id: int) -> Scan:
        sign = self.ping(servo_id)
        if sign.echoed:
            return Scan(echoed=True)
        if sign.data is None and not sign.spoilt:
            return Scan()
        seen = self.look(servo_id)
        if seen.spoilt or seen.data is None:
            return Scan(doubled=((self.rate, servo_id),))
        return Scan((FoundServo(servo_id, self.rate, seen.data),))

    def roll_call(self, rates: Iterable[int] = BAUD_RATES) -> Scan:
        """Ask everybody at once, at each line rate [bit/s]; quicker than `scan` where all ids may be there.

        Raises:
            PortLost: The port is gone.
        """
        found = Scan()
        try:
            for rate in rates:
                self.set_rate(rate)
                for servo_id in self._who_is_there():
                    found += self._scan_one(servo_id)
        finally:
            self.set_rate(BAUD)
        return found

    def _who_is_there(self) -> list[int]:
        """Return the ids that answer a broadcast ping; each answers in a slot of its own."""
        port = self._port
        request = packets.ping(packets.BROADCAST)
        port.clearPort()
        until_s = port.port.now_s() + (packets.MAX_ID + 1) * _SLOT_BYTES * port.byte_s + ANSWER_WITHIN_S
        self._sdk.txPacket(port, list(request))
        heard = b""
        while port.port.now_s() < until_s:
            heard += port.port.receive(until_s)
        ids = {heard[i + 2] for i in range(len(heard) - 5) if heard[i : i + 2] == packets.HEADER and heard[i + 3] == 2}
        # Two servos of one id make something that is no reply; the ids in use, by far the most often, are asked.
        strange = bool(heard) and len(heard) != len(ids) * packets.REPLY_OVERHEAD
        return sorted(i for i in ids | set(range(21) if strange else ()) if i <= packets.MAX_ID)

    def read(self, servo_id: int, register: Register) -> int:
        """Return a register's value.

        Raises:
            RobotError: The servo does not answer.
            PortLost: The port is gone.
        """
        for _ in range(TRIES):
            answer = self._ask(packets.read(servo_id, register.address, register.width), register.width)
            if answer.data is not None:
                return decode(register, answer.data)
        raise RobotError(f"servo {servo_id} does not answer any more; look at its plug and at the supply")

    # writing ------------------------------------------------------------------------------------------------

    def write(self, servo_id: int, register: Register, value: int) -> bool:
        """Write a register; return whether the servo said so. Status bits in its reply are no failure.

        Raises:
            PortLost: The port is gone.
            ValueError: The value does not fit.
        """
        request = packets.write(servo_id, register.address, encode(register, value))
        return self._ask(request, 0).data is not None

    def release(self, ids: Sequence[int]) -> tuple[int, ...]:
        """Switch the torque of servos off; return the ids that did not confirm it.

        Each is told several times, whatever the others answer.

        Raises:
            PortLost: The port is gone.
        """
        for _ in range(RELEASES):
            for servo_id in ids:
                self.write(servo_id, TORQUE_ENABLE, TORQUE_OFF)
        return tuple(servo_id for servo_id in ids if not self._is_released(servo_id))

    def _is_released(self, servo_id: int) -> bool:
        try:
            return self.read(servo_id, TORQUE_ENABLE) == TORQUE_OFF
        except RobotError:
            return False

    def store(self, servo_id: int, values: Mapping[Register, int]) -> tuple[str, ...]:
        """Bring values into a servo's EEPROM; return the names of those that had to be written.

        Each write wears the memory, so that only what differs is written, and it is read back. The lock is closed
        again whatever happens.

        Args:
            servo_id: The servo; its torque is off.
            values: What it shall hold. Not its id or rate, see `rename`.

        Raises:
            RobotError: It does not answer, or did not keep a value.
            PortLost: The port is gone.
        """
        changed = [register for register, value in values.items() if self.read(servo_id, register) != value]
        if not changed:
            return ()
        self._unlock(servo_id)
        try:
            for register in changed:
                self.write(servo_id, register, values[register])
        finally:
            self.write(servo_id, LOCK, 1)
        for register in changed:
            held = self.read(servo_id, register)
            if held != values[register]:
                raise RobotError(
                    f"servo {servo_id} did not keep {register.name}: it holds {held}, and {values[register]} was"
                    " written; try again, and look at the supply"
                )
        self._require_locked(servo_id)
        return tuple(register.name for register in changed)

    def rename(self, old_id: int, old_rate: int, new_id: int) -> None:
        """Give a servo another id, and the line rate `BAUD`; it has to be alone on the bus.

        Args:
            old_id: Its id so far.
            old_rate: Its line rate so far [bit/s].
            new_id: Its id from now on.

        Raises:
            RobotError: It did not take them.
            PortLost: The port is gone.
        """
        self.set_rate(old_rate)
        try:
            self.write(old_id, TORQUE_ENABLE, TORQUE_OFF)
            self._unlock(old_id)
            if new_id != old_id:
                self.write(old_id, ID, new_id)  # some answer with the new id already, so the reply says nothing
            if old_rate != BAUD:
                self.write(new_id, BAUD_RATE, BAUD_RATES.index(BAUD))
        finally:
            self.set_rate(BAUD)
        held = (self.read(new_id, ID), self.read(new_id, BAUD_RATE))
        self.write(new_id, LOCK, 1)
        if held != (new_id, BAUD_RATES.index(BAUD)):
            raise RobotError(f"the servo answers to {new_id}, but holds id {held[0]} and rate {held[1]}; try again")
        self._require_locked(new_id)

    def _unlock(self, servo_id: int) -> None:
        self.write(servo_id, LOCK, 0)
        if self.read(servo_id, LOCK) != 0:
            raise RobotError(f"servo {servo_id} does not open its EEPROM for writing; try again")

    def _require_locked(self, servo_id: int) -> None:
        if self.read(servo_id, LOCK) != 1 and not (self.write(servo_id, LOCK, 1) and self.read(servo_id, LOCK) == 1):
            raise RobotError(f"servo {servo_id} did not close its EEPROM again; switch the supply off and on")

    # asking -------------------------------------------------------------------------------------------------

    def _ask(self, request: bytes, length: int) -> Answer:
        reply, result, _ = self._sdk.txRxPacket(self._port, list(request))
        rest = self._port.rest(_QUIET_S) if reply else b""
        if reply is None or not (reply or rest):
            return Answer(None)
        if bytes(reply) == request or rest.startswith(request):
            return Answer(None, echoed=True)
        sound = result == scservo_sdk.COMM_SUCCESS and len(reply) == length + packets.REPLY_OVERHEAD
        data = bytes(reply[5:-1]) if sound else None
        return Answer(data, spoilt=not sound or bool(rest))
