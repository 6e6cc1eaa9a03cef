"""A run in memory, to travel in: what a page was told, tick by tick, in blocks that are forgotten from the oldest on.

Each block begins with a whole state and goes on with what every tick changed, as JSON, packed as soon as the block is
full: an hour at 30 Hz takes some 20 MB, and no objects that the garbage collector would have to look through.
"""

from __future__ import annotations

import dataclasses
import math
import zlib
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import orjson

from bt_robot.messages import NodeInfo, TickRecord
from bt_robot.telemetry.view import told
from bt_robot.telemetry.view.lanes import Lanes, same_paths
from bt_robot.telemetry.view.series import Columns, Series, joined
from bt_robot.telemetry.view.told import Message

BLOCK_TICKS: Final = 256
MAX_BYTES: Final = 300_000_000
"""What all blocks may take together; the oldest are forgotten."""

MAX_EVENTS: Final = 20_000
MAX_CHUNKS: Final = 5_000

EVENTS_TOLD: Final = 200
"""In a state: the newest up to its time."""

CHUNKS_TOLD: Final = 3
_OVERHEAD: Final = 200
_LEVEL: Final = 1  # of compression: twice the time of a higher one is not worth a tenth of the size


@dataclass(slots=True)
class _Block:
    """Some ticks of one tree, one after the other.

    Attributes:
        revision: The number of its tree.
        start: The state of its first tick, as JSON.
        columns: The numbers of all its ticks.
        changes: What each tick changed, as JSON; the first entry is not looked at.
        packed: The same when the block is full.
    """

    revision: int
    start: bytes
    columns: Columns
    changes: list[bytes] = field(default_factory=list[bytes])
    packed: bytes = b""

    @property
    def full(self) -> bool:
        return len(self.columns) >= BLOCK_TICKS

    @property
    def first_s(self) -> float:
        return float(self.columns.times_s[0])

    @property
    def last_s(self) -> float:
        return float(self.columns.times_s[-1])

    def pack(self) -> int:
        """Make it small; return its size."""
        self.start = zlib.compress(self.start, _LEVEL)
        self.packed = zlib.compress(b"\n".join(self.changes), _LEVEL)
        self.changes.clear()
        return len(self.start) + len(self.packed) + self.columns.nbytes + _OVERHEAD

    def opened(self) -> tuple[bytes, list[bytes]]:
        """Return the state of its first tick, and what each tick changed."""
        if not self.packed:
            return self.start, self.changes
        return zlib.decompress(self.start), zlib.decompress(self.packed).split(b"\n")


class History:
    """What is remembered of a run."""

    def __init__(self, joints: int, control_hz: float, max_bytes: int = MAX_BYTES) -> None:
        """Start with no tick.

        Args:
            joints: How many there are.
            control_hz: The control rate [Hz].
            max_bytes: How much is remembered.
        """
        self._joints = joints
        self._period_s = 1.0 / control_hz
        self._max_bytes = max_bytes
        self._bytes = 0
        self._blocks: deque[_Block] = deque()
        self._before: TickRecord | None = None
        self._blackboard: dict[str, dict[str, object]] = {}
        self._events: deque[tuple[float, str]] = deque(maxlen=MAX_EVENTS)
        self._chunks: deque[tuple[float, float, bytes]] = deque(maxlen=MAX_CHUNKS)
        self._open: tuple[_Block, tuple[bytes, list[bytes]]] | None = None
        self.lanes = Lanes()
        self.layouts: list[tuple[NodeInfo, ...]] = []

    def publish(self, record: TickRecord) -> tuple[Message, Message | None]:
        """Remember a tick; return what it tells, and the chunk that arrived in it."""
        with np.errstate(all="ignore"):  # a wild number is shown as it is; it must not end the view
            return self._remember(record)

    def _remember(self, record: TickRecord) -> tuple[Message, Message | None]:
        self.lanes.publish(record)
        before = self._before
        if before is None or record.layout is not before.layout:
            self.layouts.append(record.layout)
            if before is None or not same_paths(before.layout, record.layout):
                self._blackboard = {}
        record = self._before = _as_it_stood(record, before)
        tick = told.tick(record, before)
        for scope, key, value in tick["written"]:
            self._blackboard.setdefault(scope, {})[key] = value
        self._block(record).changes.append(told.encode(tick))
        self._blocks[-1].columns.append(
            record.time_s,
            record.observation.joints,
            record.command.positions,
            record.chunk_age_steps,
            held=record.verdict.held,
        )
        self._events.extend(tick["events"])
        return tick, self._chunk(record)

    def tell(self, event: str) -> None:
        """Remember an event after the last tick, as one of it."""
        if self._blocks:
            self._events.append((round(self._blocks[-1].last_s, told.TIME_DIGITS), event))

    @property
    def range_s(self) -> tuple[float, float] | None:
        """The first and the last time that is remembered [s]; None before the first tick."""
        return (self._blocks[0].first_s, self._blocks[-1].last_s) if self._blocks else None

    @property
    def revision(self) -> int:
        """The number of the newest tree."""
        return len(self.layouts) - 1

    def state(self, time_s: float = math.inf) -> Message | None:
        """Return the state of the newest tick at or before a time [s]; of the oldest one for a time before it."""
        if not self._blocks:
            return None
        time_s += told.ROUNDING_S
        i = max(bisect_right(self._blocks, time_s, key=lambda block: block.first_s) - 1, 0)
        block = self._blocks[i]
        start, changes = self._opened(block)
        state: Message = orjson.loads(start)
        ticks = max(block.columns.until(time_s), 1)
        for change in changes[1:ticks]:
            told.fold(state, orjson.loads(change))
        now_s = float(block.columns.times_s[ticks - 1]) + told.ROUNDING_S
        events = bisect_right(self._events, now_s, key=lambda event: event[0])
        state["events"] = [self._events[k] for k in range(max(events - EVENTS_TOLD, 0), events)]
        chunks = bisect_right(self._chunks, now_s, key=lambda chunk: chunk[0])
        state["chunks"] = [
            orjson.loads(zlib.decompress(self._chunks[k][2])) for k in range(max(chunks - CHUNKS_TOLD, 0), chunks)
        ]
        return state

    def series(self, start_s: float, end_s: float, points: int) -> Series:
        """Return the joints from one time to another [s], in at most so many points."""
        parts = [block.columns for block in self._blocks if block.first_s <= end_s and block.last_s >= start_s]
        latencies = [(t, latency_s) for t, latency_s, _ in self._chunks if start_s <= t <= end_s]
        return joined(parts, self._joints, start_s, end_s, points, latencies)

    def _block(self, record: TickRecord) -> _Block:
        """Return the block that a tick belongs to."""
        if self._blocks:
            newest = self._blocks[-1]
            if newest.revision == self.revision and not newest.full:
                return newest
            self._bytes += newest.pack()
            while self._bytes > self._max_bytes and len(self._blocks) > 1:
                oldest = self._blocks.popleft()
                self._bytes -= len(oldest.start) + len(oldest.packed) + oldest.columns.nbytes + _OVERHEAD
        start = told.tick(record) | {"type": "state", "revision": self.revision, "blackboard": self._blackboard}
        del start["written"], start["events"]
        columns = Columns(BLOCK_TICKS, self._joints)
        self._blocks.append(_Block(self.revision, told.encode(start), columns))
        return self._blocks[-1]

    def _opened(self, block: _Block) -> tuple[bytes, Sequence[bytes]]:
        if not block.packed:
            return block.opened()
        if self._open is None or self._open[0] is not block:  # whoever drags along the timeline asks for it again
            self._open = (block, block.opened())
        return self._open[1]

    def _chunk(self, record: TickRecord) -> Message | None:
        if record.chunk is None:
            return None
        message = told.chunk(record, record.chunk, self._period_s)
        self._chunks.append((message["t"], record.chunk.latency_s, zlib.compress(told.encode(message), _LEVEL)))
        return message


def _as_it_stood(record: TickRecord, before: TickRecord | None) -> TickRecord:
    """Return a tick with its nodes as its tree was ticked last: while a person holds a run, none is ticked at all."""
    if record.mode != "held" or before is None or not same_paths(before.layout, record.layout):
        return record
    nodes = tuple(
        dataclasses.replace(now, ticked=True) if old.ticked and old.status == now.status else now
        for old, now in zip(before.nodes, record.nodes, strict=True)
    )
    return dataclasses.replace(record, nodes=nodes)
