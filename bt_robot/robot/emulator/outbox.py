"""Bytes on their way to the host, each at its own time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

_SLACK = 0.01
"""Of a byte: a clock that has run for months is not exact to a nanosecond."""


@dataclass(slots=True)
class Chunk:
    """Bytes in a row.

    Attributes:
        start_s: When the first bit of the first byte is on the line [s].
        data: The bytes.
        byte_s: How long a byte takes [s].
        reply: Whose reply it is, and what it says; None for bytes that are no reply.
        sent: How many are out.
    """

    start_s: float
    data: bytes
    byte_s: float
    reply: tuple[int, bytes] | None = None
    sent: int = 0

    @property
    def end_s(self) -> float:
        """When the last bit of the last byte is on the line [s]."""
        return self.start_s + len(self.data) * self.byte_s

    def due(self, now_s: float) -> int:
        """Return how many bytes are out by a time."""
        return max(self.sent, min(len(self.data), math.floor((now_s - self.start_s) / self.byte_s + _SLACK)))


class Outbox:
    """Chunks in the order of their start; where two overlap, two servos speak at once and their bytes mix."""

    def __init__(self) -> None:
        """Start with an empty line."""
        self._chunks: list[Chunk] = []

    def add(self, chunk: Chunk) -> None:
        """Put bytes on their way."""
        if not chunk.data:
            return
        at = len(self._chunks)
        while at and self._chunks[at - 1].start_s > chunk.start_s:
            at -= 1
        self._chunks.insert(at, chunk)

    def clear(self) -> None:
        """Forget what is on its way."""
        self._chunks.clear()

    @property
    def next_s(self) -> float | None:
        """When the next chunk is out [s]; None if there is none."""
        return min((chunk.end_s for chunk in self._chunks), default=None)

    def busy_until_s(self, now_s: float) -> float:
        """Return when the replies are out that have begun by a time [s]; that time if none have."""
        begun = (chunk.end_s for chunk in self._chunks if chunk.reply is not None and chunk.start_s <= now_s)
        return max(begun, default=now_s)

    def flush(self, now_s: float) -> tuple[bytes, list[Chunk]]:
        """Return the bytes that are out by a time, and the chunks that they complete."""
        if not self._chunks or self._chunks[0].start_s > now_s:
            return b"", []
        moving = [chunk for chunk in self._chunks if chunk.start_s <= now_s]
        mixed = any(one.end_s > other.start_s + one.byte_s / 2 for one, other in pairwise(moving))
        data = self._mixed(moving, now_s) if mixed else self._in_a_row(moving, now_s)
        complete = [chunk for chunk in moving if chunk.sent == len(chunk.data)]
        if complete:
            complete.sort(key=lambda chunk: chunk.end_s)
            self._chunks = [chunk for chunk in self._chunks if chunk.sent < len(chunk.data)]
        return data, complete

    @staticmethod
    def _in_a_row(chunks: list[Chunk], now_s: float) -> bytes:
        parts: list[bytes] = []
        for chunk in chunks:
            due = chunk.due(now_s)
            parts.append(chunk.data[chunk.sent : due])
            chunk.sent = due
        return b"".join(parts)

    @staticmethod
    def _mixed(chunks: list[Chunk], now_s: float) -> bytes:
        timed: list[tuple[float, int]] = []
        for chunk in chunks:
            due = chunk.due(now_s)
            timed += [(chunk.start_s + (i + 1) * chunk.byte_s, chunk.data[i]) for i in range(chunk.sent, due)]
            chunk.sent = due
        timed.sort(key=lambda byte: byte[0])
        return bytes(byte for _, byte in timed)
