"""Finding the servos' replies in whatever arrives, never taking one servo's reply for another's.

A candidate needs the header, an id that was asked, the exact length and the checksum; where one of them is wrong, the
search goes on one byte later, so that a hit reply costs only itself. As every candidate has the same length, a false
header can hide no reply behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bt_robot.robot.so101.wire.packets import HEADER, MAX_ID, REPLY_OVERHEAD, checksum

_HEAD: Final = 4
"""Header, id and length."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What one servo answered.

    Attributes:
        servo_id: Who answered.
        error: Its status bits.
        data: What was asked for.
    """

    servo_id: int
    error: int
    data: bytes


class ReplyParser:
    """Collects the replies to one request.

    The servos answer in the order of the ids, each once. What breaks the order is a late reply to an earlier request:
    only replies that belong to *every* longest run in that order are kept. With two replies of one id and nothing to
    tell them apart, neither is.

    Attributes:
        bad_bytes: Bytes that belong to no reply of this length.
        foreign: Sound replies that were not asked for, or came out of turn.
    """

    def __init__(self, ids: Sequence[int], length: int) -> None:
        """Expect one reply of each id.

        Args:
            ids: Who was asked, in the order of the request.
            length: Bytes of data in each reply.

        Raises:
            ValueError: An id is impossible or comes twice, or the length is negative.
        """
        if length < 0:
            raise ValueError(f"a reply can't have {length} bytes of data")
        if len(set(ids)) < len(ids) or not all(0 <= servo_id <= MAX_ID for servo_id in ids):
            raise ValueError(f"expected ids from 0 to {MAX_ID}, each once; got {', '.join(map(str, ids))}")
        self._ranks = {servo_id: rank for rank, servo_id in enumerate(ids)}
        self._size = length + REPLY_OVERHEAD
        self._buffer = bytearray()
        self._found: list[Reply] = []
        self._believed: dict[int, Reply] = {}
        self._unasked = 0
        self._in_order = True
        self.bad_bytes = 0

    @property
    def replies(self) -> dict[int, Reply]:
        """The replies so far, by id."""
        return dict(self._believed)

    def has(self, servo_id: int) -> bool:
        """Whether there is a reply of an id."""
        return servo_id in self._believed

    @property
    def complete(self) -> bool:
        """Whether everybody answered."""
        return len(self._believed) == len(self._ranks)

    @property
    def foreign(self) -> int:
        """Sound replies that were not asked for, or came out of turn."""
        return self._unasked + len(self._found) - len(self._believed)

    def feed(self, data: bytes) -> None:
        """Take the bytes that arrived next, in pieces of any size."""
        buffer, size = self._buffer, self._size
        buffer += data
        at = 0
        while True:
            start = buffer.find(HEADER, at)
            if start < 0:
                # The last byte may be the first half of a header.
                start = len(buffer) - (1 if len(buffer) > at and buffer[-1] == HEADER[0] else 0)
            self.bad_bytes += start - at
            at = start
            if len(buffer) - at < _HEAD:
                break
            if buffer[at + 3] != size - _HEAD or buffer[at + 2] > MAX_ID:
                at = self._past(at)
                continue
            if len(buffer) - at < size:
                break
            if buffer[at + size - 1] != checksum(bytes(buffer[at + 2 : at + size - 1])):
                at = self._past(at)
                continue
            self._take(Reply(buffer[at + 2], buffer[at + 4], bytes(buffer[at + 5 : at + size - 1])))
            at += size
        del buffer[:at]

    def _past(self, at: int) -> int:
        self.bad_bytes += 1
        return at + 1

    def _take(self, reply: Reply) -> None:
        rank = self._ranks.get(reply.servo_id)
        if rank is None:
            self._unasked += 1
            return
        if self._found and rank <= self._ranks[self._found[-1].servo_id]:
            self._in_order = False
        self._found.append(reply)
        if self._in_order:
            self._believed[reply.servo_id] = reply
        else:
            sure = _in_every_longest_run([self._ranks[found.servo_id] for found in self._found])
            self._believed = {found.servo_id: found for found, keep in zip(self._found, sure, strict=True) if keep}


def _in_every_longest_run(ranks: Sequence[int]) -> list[bool]:
    """Tell which ranks belong to every longest strictly increasing run."""
    before = _run_lengths(ranks)
    after = [*reversed(_run_lengths([-rank for rank in reversed(ranks)]))]
    longest = max(before)
    places = [length for length, rest in zip(before, after, strict=True) if length + rest - 1 == longest]
    return [
        length + rest - 1 == longest and places.count(length) == 1 for length, rest in zip(before, after, strict=True)
    ]


def _run_lengths(ranks: Sequence[int]) -> list[int]:
    """Return, for each rank, the length of the longest increasing run that ends with it."""
    lengths: list[int] = []
    for index, rank in enumerate(ranks):
        lengths.append(1 + max((lengths[i] for i in range(index) if ranks[i] < rank), default=0))
    return lengths
