"""Requests to the servos and a servo's reply as bytes, for the STS series (the low byte of a value comes first).

The instructions that reset a servo to its factory state or start its boot loader are left out on purpose: the boot
loader knows no ids and takes over every servo on the line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

HEADER: Final = b"\xff\xff"
BROADCAST: Final = 0xFE
"""The id that every servo takes for its own."""

MAX_ID: Final = 0xFD
MAX_PACKET: Final = 250
"""Bytes of the longest packet that a servo takes."""

PING, READ, WRITE, REG_WRITE, ACTION, SYNC_READ, SYNC_WRITE = 0x01, 0x02, 0x03, 0x04, 0x05, 0x82, 0x83

REPLY_OVERHEAD: Final = 6
"""Bytes of a reply that are not its data."""

_BYTE = 0xFF
_MEMORY = 256


def checksum(body: bytes) -> int:
    """Return the last byte of a packet from all that stands between its header and it."""
    return ~sum(body) & _BYTE


def ping(servo_id: int) -> bytes:
    """Return the request that a servo says it is there; with `BROADCAST` each does, in a time slot of its own.

    Raises:
        ValueError: There is no such id.
    """
    return _request(servo_id, PING, b"")


def read(servo_id: int, address: int, length: int) -> bytes:
    """Return the request for some bytes of a servo's memory.

    Raises:
        ValueError: The id is none of a single servo, or there is no such place in its memory.
    """
    _check_single(servo_id)
    return _request(servo_id, READ, _place(address, length))


def write(servo_id: int, address: int, data: bytes) -> bytes:
    """Return the request to set some bytes of a servo's memory.

    Raises:
        ValueError: There is no such id or place, or nothing to write.
    """
    return _request(servo_id, WRITE, _content(address, data))


def reg_write(servo_id: int, address: int, data: bytes) -> bytes:
    """Return the request to set some bytes when `action` says so.

    Raises:
        ValueError: There is no such id or place, or nothing to write.
    """
    return _request(servo_id, REG_WRITE, _content(address, data))


def action(servo_id: int = BROADCAST) -> bytes:
    """Return the request to do what `reg_write` announced.

    Raises:
        ValueError: There is no such id.
    """
    return _request(servo_id, ACTION, b"")


def sync_read(address: int, length: int, ids: Sequence[int]) -> bytes:
    """Return the request for the same bytes of several servos, which answer in the order of their ids here.

    Raises:
        ValueError: An id is none of a single servo or comes twice, there are none, or there is no such place.
    """
    _check_ids(ids)
    return _request(BROADCAST, SYNC_READ, _place(address, length) + bytes(ids))


def sync_write(address: int, values: Mapping[int, bytes]) -> bytes:
    """Return the request to set the same bytes of several servos at once; none of them answers.

    Args:
        address: The first byte that is written.
        values: What each id gets, all of one length.

    Raises:
        ValueError: An id is none of a single servo, there are none, the lengths differ, or there is no such place.
    """
    _check_ids(tuple(values))
    lengths = {len(data) for data in values.values()}
    if len(lengths) != 1:
        sizes = ", ".join(f"id {servo_id}: {len(data)}" for servo_id, data in values.items())
        raise ValueError(f"a sync write needs the same number of bytes for each id; got {sizes}")
    head = _place(address, lengths.pop())
    return _request(BROADCAST, SYNC_WRITE, head + b"".join(bytes((i,)) + data for i, data in values.items()))


def status_packet(servo_id: int, error: int, data: bytes = b"") -> bytes:
    """Return a servo's reply.

    Args:
        servo_id: Who answers.
        error: Its status bits.
        data: What was asked for.

    Raises:
        ValueError: The id is none of a single servo, or the error or the data do not fit.
    """
    _check_single(servo_id)
    if not 0 <= error <= _BYTE:
        raise ValueError(f"the error byte can't be {error}; expected 0 to {_BYTE}")
    return _packet(servo_id, error, data)


def _request(servo_id: int, instruction: int, parameters: bytes) -> bytes:
    if servo_id != BROADCAST:
        _check_single(servo_id)
    return _packet(servo_id, instruction, parameters)


def _packet(servo_id: int, code: int, rest: bytes) -> bytes:
    size = len(rest) + REPLY_OVERHEAD
    if size > MAX_PACKET:
        raise ValueError(f"the packet would have {size} bytes; expected at most {MAX_PACKET}")
    body = bytes((servo_id, len(rest) + 2, code)) + rest
    return HEADER + body + bytes((checksum(body),))


def _place(address: int, length: int) -> bytes:
    if not (0 <= address < _MEMORY and 0 < length <= _MEMORY - address and length <= _BYTE):
        raise ValueError(f"there are no {length} bytes at address {address}; expected 1 or more within 0 to 255")
    return bytes((address, length))


def _content(address: int, data: bytes) -> bytes:
    return _place(address, len(data))[:1] + data


def _check_single(servo_id: int) -> None:
    if not 0 <= servo_id <= MAX_ID:
        raise ValueError(f"there is no servo with id {servo_id}; expected 0 to {MAX_ID}")


def _check_ids(ids: Sequence[int]) -> None:
    if not ids:
        raise ValueError("no ids were given; expected at least one")
    for servo_id in ids:
        _check_single(servo_id)
    if len(set(ids)) < len(ids):
        raise ValueError(f"an id comes twice: {', '.join(map(str, ids))}")
