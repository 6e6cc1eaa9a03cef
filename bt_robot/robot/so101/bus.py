"""One transaction at a time on the servo bus: bounded by a deadline, and whoever answered is kept.

A lost reply costs its own servo only: the others answer in time slots of their own, which don't depend on it. What
arrives unasked for is thrown away before each request, so a late reply is never taken for the answer to the next
question.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bt_robot.robot.so101.port import BAUD, Port
from bt_robot.robot.so101.wire import packets
from bt_robot.robot.so101.wire.registers import Register, encode
from bt_robot.robot.so101.wire.replies import Reply, ReplyParser

BITS_PER_BYTE: Final = 10
_OVERHEAD: Final = 6  # header, id, length, error and checksum of a status packet
_SLOT_GAP: Final = 3  # byte times between two servos' slots, github.com/0o8o0-blip/sts3215-firmware
LATENCY_S: Final = 0.004
"""Granted beside the time on the wire [s]: two USB frames of 1 ms, the servos' turn-around, and a late wake-up."""

_EARLY_S: Final = 0.001  # how long the answer itself is waited for after one that came too early to be it


@dataclass(frozen=True, slots=True)
class Transaction:
    """One request and what came back, for the record of the last moments before a fault.

    Attributes:
        time_s: When it was sent [s].
        took_s: Until it was complete, or its deadline [s].
        request: Bytes sent.
        received: Bytes that arrived.
        dropped: Stale bytes thrown away before it.
        missing: Ids that did not answer.
    """

    time_s: float
    took_s: float
    request: bytes
    received: bytes
    dropped: int = 0
    missing: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a request brought.

    Attributes:
        replies: The replies by id; an id that did not answer in time is not there.
        sent_s: When the request was sent [s].
        foreign: Well-formed replies that nobody asked for: another id, another length, a second one of an id.
        bad_bytes: Bytes that belonged to no good reply.
        echoed: Whether the request itself came back, as with adapters that hear themselves.
    """

    replies: Mapping[int, Reply]
    sent_s: float
    foreign: int = 0
    bad_bytes: int = 0
    echoed: bool = False


class Bus:
    """Servos on one wire.

    Attributes:
        dropped: Stale bytes thrown away so far.
        history: The last transactions, oldest first.
    """

    def __init__(self, port: Port, *, baud: int = BAUD, latency_s: float = LATENCY_S, history: int = 200) -> None:
        """Use a port that is open.

        Args:
            port: The port; the bus closes it.
            baud: Its line rate [bit/s], to know how long bytes take.
            latency_s: Granted for an answer beside the time on the wire [s].
            history: How many transactions are remembered.
        """
        self.port = port
        self._byte_s = BITS_PER_BYTE / baud
        self._latency_s = latency_s
        self._left_s = 0.0
        self.dropped = 0
        self.history: deque[Transaction] = deque(maxlen=history)

    def sync_read(self, address: int, length: int, ids: Sequence[int]) -> Gathered:
        """Read the same bytes of several servos.

        Raises:
            PortLost: The port is gone.
        """
        return self._ask(packets.sync_read(address, length, ids), ids, length)

    def read(self, servo_id: int, address: int, length: int) -> Gathered:
        """Read bytes of one servo.

        Raises:
            PortLost: The port is gone.
        """
        return self._ask(packets.read(servo_id, address, length), (servo_id,), length)

    def write(self, servo_id: int, register: Register, value: int) -> Gathered:
        """Write a register of one servo and wait for its acknowledgement.

        Raises:
            PortLost: The port is gone.
            ValueError: The value does not fit the register.
        """
        request = packets.write(servo_id, register.address, encode(register, value))
        return self._ask(request, (servo_id,), 0)

    def sync_write(self, register: Register, values: Mapping[int, int]) -> None:
        """Write a register of several servos at once; no servo acknowledges that.

        Raises:
            PortLost: The port is gone, or takes no bytes.
            ValueError: A value does not fit the register.
        """
        request = packets.sync_write(register.address, {i: encode(register, value) for i, value in values.items()})
        self.history.append(Transaction(self._send(request), 0.0, request, b""))

    def close(self) -> None:
        """Let go of the port; never raises."""
        self.port.close()

    def _send(self, request: bytes) -> float:
        """Hand a request over, and keep in mind when its last byte will have left; return the present [s]."""
        sent_s = self.port.now_s()
        self.port.send(request)
        self._left_s = max(sent_s, self._left_s) + len(request) * self._byte_s
        return sent_s

    def _ask(self, request: bytes, ids: Sequence[int], length: int) -> Gathered:
        port = self.port
        stale = port.drop_input()
        self.dropped += stale
        sent_s = self._send(request)
        slot_s = (length + _OVERHEAD + _SLOT_GAP) * self._byte_s
        last_s = self._left_s + (len(ids) - 1) * slot_s  # when the last servo begins, and the others have answered
        whole_s = last_s + (length + _OVERHEAD) * self._byte_s  # what is whole before is an old answer, held back
        deadline_s = last_s + slot_s + self._latency_s
        parser, received, heard = ReplyParser(ids, length), bytearray(), 0
        # The servos answer in the order they were asked: when the last one has, nobody else will.
        while not (answered := parser.has(ids[-1]) or parser.complete) or port.now_s() < whole_s:
            data = port.receive(whole_s + _EARLY_S if answered else deadline_s, last_s)
            if not data:
                break
            received += data
            if not request.startswith(received[: len(request)]):
                parser.feed(bytes(received[heard:]))
                heard = len(received)
            elif len(received) >= len(request):  # an adapter that hears itself: what it said is no reply
                heard = max(heard, len(request))
                parser.feed(bytes(received[heard:]))
                heard = len(received)
            if len(received) > 8 * (len(request) + len(ids) * (length + _OVERHEAD)) or port.now_s() > deadline_s:
                break  # a babbling line is not listened to for ever
        missing = () if parser.complete else tuple(i for i in ids if not parser.has(i))
        took_s, echoed = port.now_s() - sent_s, received.startswith(request)
        self.history.append(Transaction(sent_s, took_s, request, bytes(received), stale, missing))
        return Gathered(parser.replies, sent_s, parser.foreign, parser.bad_bytes, echoed)
