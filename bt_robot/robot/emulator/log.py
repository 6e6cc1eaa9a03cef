"""Everything that was on the line, in the order of time, and the questions that tests ask of it."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, Self

from bt_robot.robot.so101.wire import packets
from bt_robot.robot.so101.wire.registers import GOAL_POSITION, TORQUE_ENABLE, Register, decode

MAX_PACKETS: Final = 500_000
REPLY: Final = "reply"
_WRITES: Final = ("write", "sync_write", "acted")


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet.

    Attributes:
        time_s: When its last bit was on the line [s].
        kind: `ping`, `read`, `write`, `reg_write`, `action`, `sync_read`, `sync_write`, `other`, `reply`, or `acted`,
            which is no packet: what a servo wrote when an ACTION came.
        servo_id: Whom it is for, or who answers; the broadcast id for all.
        raw: Its bytes, as they were on the line.
        address: The first byte that is read or written; -1 if it is about none.
        length: How many bytes per servo.
        ids: Whom it asks or tells, in its order.
        values: What each id is told; with the broadcast id, every servo.
        heard: Whether it reached the servos; not so if a fault swallowed it or the line rates differ.
    """

    time_s: float
    kind: str
    servo_id: int
    raw: bytes = b""
    address: int = -1
    length: int = 0
    ids: tuple[int, ...] = ()
    values: dict[int, bytes] = field(default_factory=dict[int, bytes])
    heard: bool = True

    def value(self, register: Register, servo_id: int) -> int | None:
        """Return the value that it writes to a servo's register; None if it writes none, or only a part of it."""
        data = self.values.get(servo_id, self.values.get(packets.BROADCAST))
        start = register.address - self.address
        if self.kind not in _WRITES or data is None or start < 0 or start + register.width > len(data):
            return None
        return decode(register, data[start : start + register.width])

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values, bytes as hexadecimal text."""
        return {
            "time_s": self.time_s,
            "kind": self.kind,
            "servo_id": self.servo_id,
            "raw": self.raw.hex(),
            "address": self.address,
            "length": self.length,
            "ids": list(self.ids),
            "values": {str(servo_id): data.hex() for servo_id, data in self.values.items()},
            "heard": self.heard,
        }

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> Self:
        """Return the packet of `to_json`."""
        values = {int(servo_id): bytes.fromhex(data) for servo_id, data in entry["values"].items()}
        known: dict[str, Any] = {
            **entry,
            "raw": bytes.fromhex(entry["raw"]),
            "ids": tuple(entry["ids"]),
            "values": values,
        }
        return cls(**known)


class PacketLog:
    """The last packets, oldest first.

    Attributes:
        listeners: Told each packet that is added.
    """

    def __init__(self, packets: Iterable[Packet] = (), limit: int = MAX_PACKETS) -> None:
        """Start with some packets.

        Args:
            packets: In the order of time.
            limit: How many are kept.
        """
        self._packets = deque(packets, maxlen=limit)
        self.listeners: list[Callable[[Packet], None]] = []

    def __iter__(self) -> Iterator[Packet]:
        return iter(tuple(self._packets))

    def __len__(self) -> int:
        return len(self._packets)

    def add(self, packet: Packet) -> None:
        """Append a packet."""
        self._packets.append(packet)
        for listener in self.listeners:
            listener(packet)

    def clear(self) -> None:
        """Forget all packets."""
        self._packets.clear()

    def last(self, count: int) -> list[Packet]:
        """Return the last packets, oldest first."""
        return [*islice(reversed(self._packets), count)][::-1]

    def kinds(self, *kinds: str) -> list[Packet]:
        """Return the packets of some kinds."""
        return [packet for packet in self._packets if packet.kind in kinds]

    def writes(self, register: Register, servo_id: int | None = None) -> list[tuple[float, int, int]]:
        """Return what the host wrote to a register: when its last bit was on the line [s], to which id, which value.

        A write to all has the broadcast id. Lost writes are in it too: they were sent.

        Args:
            register: Which one.
            servo_id: Only those that this servo takes for its own; None for all.
        """
        found: list[tuple[float, int, int]] = []
        for packet in self._packets:
            ids = packet.values if servo_id is None else (servo_id,)
            for told in ids:
                value = packet.value(register, told)
                if value is not None:
                    found.append((packet.time_s, told, value))
        return found

    def goal_writes(self, servo_id: int | None = None) -> list[tuple[float, int, int]]:
        """Return every goal that was sent: when [s], to which id, where [ticks].

        Args:
            servo_id: Only those to this servo; None for all.
        """
        return self.writes(GOAL_POSITION, servo_id)

    def torque_writes(self, servo_id: int | None = None) -> list[tuple[float, int, int]]:
        """Return every switching of torque that was sent: when [s], to which id, the value of `torque_enable`.

        Args:
            servo_id: Only those to this servo; None for all.
        """
        return self.writes(TORQUE_ENABLE, servo_id)

    def to_lines(self) -> str:
        """Return it as JSON lines."""
        return "".join(json.dumps(packet.to_json()) + "\n" for packet in self._packets)

    @classmethod
    def from_lines(cls, text: str) -> Self:
        """Return the log of JSON lines; a last line that was cut off is left out."""
        whole = text[: text.rfind("\n") + 1]
        return cls(Packet.from_json(json.loads(line)) for line in whole.splitlines())
