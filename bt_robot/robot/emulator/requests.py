"""What the host puts on the line, cut into requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from bt_robot.robot.so101.wire import packets
from bt_robot.robot.so101.wire.packets import HEADER, checksum

KINDS: Final = {
    packets.PING: "ping",
    packets.READ: "read",
    packets.WRITE: "write",
    packets.REG_WRITE: "reg_write",
    packets.ACTION: "action",
    packets.SYNC_READ: "sync_read",
    packets.SYNC_WRITE: "sync_write",
}
OTHER: Final = "other"
"""The kind of a sound packet whose instruction is none of the above, or whose parameters make no sense."""

_HEAD = 4
_GAP_S = 0.02


@dataclass(frozen=True, slots=True)
class Request:
    """One packet of the host.

    Attributes:
        time_s: When its last bit was on the line [s].
        kind: A word of `KINDS`, or `other`.
        servo_id: Whom it is for; the broadcast id for all.
        raw: The whole packet.
        address: The first byte that is read or written; -1 if it is about none.
        length: How many bytes per servo.
        ids: Who is read, in the order of a sync read.
        values: What each id is to write; with the broadcast id, every servo.
    """

    time_s: float
    kind: str
    servo_id: int
    raw: bytes
    address: int = -1
    length: int = 0
    ids: tuple[int, ...] = ()
    values: dict[int, bytes] = field(default_factory=dict[int, bytes])


class RequestParser:
    """Finds requests in the host's bytes, in pieces of any size and with anything between them."""

    def __init__(self) -> None:
        """Start with an empty line."""
        self._buffer = bytearray()
        self._heard_s = 0.0

    def feed(self, data: bytes, start_s: float, byte_s: float) -> list[Request]:
        """Take the bytes that come next; return the requests that they complete.

        Args:
            data: The bytes.
            start_s: When the first bit of the first is on the line [s].
            byte_s: How long a byte takes [s].
        """
        buffer = self._buffer
        if buffer and start_s - self._heard_s > _GAP_S:
            buffer.clear()  # whoever began a packet that long ago gave it up
        end_s = self._heard_s = start_s + len(data) * byte_s
        buffer += data
        found: list[Request] = []
        at = 0
        while len(buffer) - at >= _HEAD:
            size = buffer[at + 3] + _HEAD
            if (
                not buffer.startswith(HEADER, at)
                or buffer[at + 2] > packets.BROADCAST
                or not packets.REPLY_OVERHEAD <= size <= packets.MAX_PACKET
            ):
                at += 1
                continue
            if len(buffer) - at < size:
                break
            raw = bytes(buffer[at : at + size])
            if raw[-1] != checksum(raw[2:-1]):
                at += 1
                continue
            at += size
            found.append(read_request(raw, end_s - (len(buffer) - at) * byte_s))
        del buffer[:at]
        return found


def read_request(raw: bytes, time_s: float) -> Request:
    """Return what a sound packet asks for.

    Args:
        raw: The whole packet.
        time_s: When its last bit was on the line [s].
    """
    servo_id, rest = raw[2], raw[5:-1]
    kind = KINDS.get(raw[4], OTHER)
    if kind in ("ping", "action"):
        return Request(time_s, kind, servo_id, raw)
    if kind == "read" and len(rest) == 2:
        return Request(time_s, kind, servo_id, raw, rest[0], rest[1], (servo_id,))
    if kind in ("write", "reg_write") and len(rest) > 1:
        return Request(time_s, kind, servo_id, raw, rest[0], len(rest) - 1, (servo_id,), {servo_id: rest[1:]})
    if kind == "sync_read" and len(rest) > 2:
        return Request(time_s, kind, servo_id, raw, rest[0], rest[1], tuple(rest[2:]))
    if kind == "sync_write" and len(rest) > 2 and (len(rest) - 2) % (rest[1] + 1) == 0:
        length, entries = rest[1], rest[2:]
        values = {entries[i]: entries[i + 1 : i + 1 + length] for i in range(0, len(entries), length + 1)}
        return Request(time_s, kind, servo_id, raw, rest[0], length, tuple(values), values)
    return Request(time_s, OTHER, servo_id, raw)
