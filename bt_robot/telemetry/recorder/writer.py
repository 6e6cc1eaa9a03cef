"""A run as an MCAP file that can be read however the run ends."""

from __future__ import annotations

import json
import logging
import math
import os
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from mcap.well_known import MessageEncoding, SchemaEncoding
from mcap.writer import CompressionType, Writer

from bt_robot.messages import NodeInfo, TickRecord
from bt_robot.telemetry.kept import KeptFrame
from bt_robot.telemetry.recorder import ros
from bt_robot.telemetry.recorder.messages import (
    CHANGES,
    CHUNK,
    COMMANDED,
    CURRENT,
    ENDING,
    FORMAT,
    LOAD,
    LOG,
    MEASURED,
    PROPOSED,
    RUN,
    TICK,
    TREE,
    Changes,
    Chunk,
    RecordedEnding,
    RunInfo,
    Source,
    Tick,
    Tree,
    picture_topic,
)
from bt_robot.telemetry.recorder.plain import schema_of, to_json
from bt_robot.telemetry.recorder.room import Room
from bt_robot.telemetry.recorder.shutter import Shutter
from bt_robot.telemetry.recorder.ticks import Unfolder

logger = logging.getLogger(__name__)

CHUNK_BYTES: Final = 1_000_000
"""A chunk that is larger is closed before its second is over."""

COMPRESSION: Final = 4
"""What does not come compressed becomes smaller by this factor at least."""

_TAIL_TICKS: Final = 100
NEVER: Final = 1 << 62
"""The size at which the library closes a chunk by itself."""
_JSON: Final = {TICK: Tick, TREE: Tree, CHUNK: Chunk, CHANGES: Changes}
_LOUD: Final = {"SUCCESS": ros.INFO, "INTERRUPTED": ros.WARN, "FAILURE": ros.ERROR}
_JOINTS: Final = (MEASURED, COMMANDED, PROPOSED, LOAD, CURRENT)

TreeOf = Callable[[tuple[NodeInfo, ...]], tuple[str, tuple[Source, ...]]]
"""Returns the name of the tree whose nodes a tick tells of, and its files."""


class Recorder:
    """Writes a run into a file; put it behind a `Background`.

    Every second of the run's clock is a chunk of the file, handed over to the operating system when it is complete; it
    begins with a tick that tells of all nodes. A process that is killed loses the second that it was in.
    """

    def __init__(
        self,
        path: Path,
        info: RunInfo,
        tree_of: TreeOf,
        rate_hz: float,
        limit_bytes: int,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        """Open the file.

        Args:
            path: The file; it is replaced.
            info: What is known of the run; when it started is found out with its first tick.
            tree_of: Finds a tree.
            rate_hz: Pictures per camera and second, at most.
            limit_bytes: The size that the file may have.
            now: The wall's clock.

        Raises:
            OSError: The disk takes nothing.
        """
        self._file = path.open("wb")
        self._path = path
        self._tree_of = tree_of
        self._info = info
        self._now = now
        self._start_ns: int | None = None
        self._writer = Writer(self._file, chunk_size=NEVER, compression=CompressionType.ZSTD)
        self._writer.start(profile="", library="bt_robot")
        self._channels = self._registered(info.cameras)
        self._unfolder = Unfolder(info.limits.names)
        self._shutter = Shutter(rate_hz)
        self._room = Room(limit_bytes)
        self._layout: tuple[NodeInfo, ...] | None = None
        self._trees = self._chunks = self._left_out = 0
        self._pending = 0  # bytes of the chunk that is not written yet
        self._second = -math.inf
        self._whole = True
        self._full = False
        self._told = ""
        self._tail: deque[TickRecord] = deque(maxlen=_TAIL_TICKS)
        self._ending: RecordedEnding | None = None
        self._last: tuple[int, int] | None = None  # time [ns since 1970] and step of the newest tick in the file

    def publish(self, record: TickRecord) -> None:
        """Write a tick.

        Raises:
            OSError: The disk takes nothing.
        """
        if self._start_ns is None:
            self._start_ns = self._begin(record.time_s)
        second = math.floor(record.time_s + 1e-9)
        if second > self._second or self._pending > CHUNK_BYTES:
            self._flush()
            self._second = second
        used = self._file.tell() + self._pending
        self._full = self._full or not self._room.for_ticks(used, self._chunks)
        if self._full:
            self._tell("full", "it is full; the rest of the run is not recorded, except for its end")
            self._keep_for_the_end(record)
            return
        one_in = self._room.one_picture_in(used)
        if one_in is None:
            self._tell("no pictures", "it is nearly full: no more pictures")
        elif one_in > 1 and not self._told:
            self._tell("few pictures", "it is half full: pictures get rarer from here on")
        self._write(record, one_in)

    def end(self, ending: RecordedEnding) -> None:
        """Say how the run ended; it is written when the file is closed."""
        self._ending = ending

    def close(self) -> None:
        """Write the end, and the index with which others find their way in the file; an empty one is taken away."""
        try:
            if self._tail:
                self._flush()
            for record in self._tail:
                self._write(record, None, last=record is self._tail[-1])
            if self._ending is not None:
                self._write_last_words(self._ending)
            self._flush()
            if self._ending is not None:
                left_out = {"left_out_ticks": str(self._left_out)} if self._left_out else {}
                self._writer.add_metadata(ENDING, {"ending": to_json(self._ending).decode(), **left_out})
            self._writer.finish()
            self._file.flush()
            os.fsync(self._file.fileno())
        finally:
            self._close()

    def _keep_for_the_end(self, record: TickRecord) -> None:
        if self._tail:
            self._tail[-1] = without_pictures(self._tail[-1])
        self._left_out += len(self._tail) == self._tail.maxlen
        self._tail.append(record)

    def _begin(self, time_s: float) -> int:
        """Write what is known of the run in its first tick; return when its clock showed 0 [ns since 1970]."""
        info = replace(self._info, started=self._now() - timedelta(seconds=time_s))
        self._writer.add_metadata(RUN, {"format": str(FORMAT), "tree": info.tree, "run": to_json(info).decode()})
        return nanoseconds(info.started)

    def _close(self) -> None:
        try:
            self._file.close()
        finally:
            if self._start_ns is None or self._path.stat().st_size == 0:
                self._path.unlink()

    def _write(self, record: TickRecord, one_in: int | None, *, last: bool = False) -> None:
        assert self._start_ns is not None, "it was written when the first tick came"
        time_ns = self._start_ns + round(1e9 * record.time_s)
        self._last = time_ns, record.step
        if record.layout is not self._layout:
            self._take_over(record, time_ns)
        if last:
            pictures = self._shutter.all_of(record.observation.frames)
        else:
            frames = record.observation.frames if one_in else {}
            pictures = self._shutter.pictures(frames, record.time_s, one_in or 1)
        for frame, jpeg in pictures:
            captured_ns = self._start_ns + round(1e9 * frame.captured_s)
            topic = picture_topic(frame.camera)
            self._put(topic, time_ns, record.step, ros.compressed_image(captured_ns, frame.camera, jpeg), packed=True)
        for topic, data in self._unfolder.messages(record, time_ns, self._trees, whole=self._whole):
            self._put(topic, time_ns, record.step, data)
        self._whole = False

    def _write_last_words(self, ending: RecordedEnding) -> None:
        """Say how the run ended where other programs show it: they don't look at what only this one knows to read."""
        if self._last is None:
            return
        lines = [(ros.INFO, "", f"person: {act}") for act in ending.acts]
        words = f"the run ended: {ending.status}" + (f": {ending.reason}" if ending.reason else "")
        lines.append((_LOUD[ending.status], ending.failed_path or self._info.tree, words))
        lines += [(ros.WARN, self._info.tree, f"not as expected: {each}") for each in ending.unmet]
        for level, name, text in lines:
            self._put(LOG, *self._last, ros.log_line(self._last[0], level, name, text))

    def _take_over(self, record: TickRecord, time_ns: int) -> None:
        self._layout = record.layout
        self._trees += 1
        self._whole = True
        name, sources = self._tree_of(record.layout)
        self._put(TREE, time_ns, record.step, to_json(Tree(self._trees, name, record.layout, sources)))

    def _put(self, topic: str, time_ns: int, step: int, data: bytes, *, packed: bool = False) -> None:
        self._writer.add_message(self._channels[topic], time_ns, data, time_ns, step)
        self._pending += len(data) if packed else len(data) // COMPRESSION

    def _flush(self) -> None:
        if self._pending:
            self._writer.flush()
            self._chunks += 1
        self._pending, self._whole = 0, True

    def _registered(self, cameras: tuple[str, ...]) -> dict[str, int]:
        channels: dict[str, int] = {}
        for topic, kind in _JSON.items():
            data = json.dumps(schema_of(kind)).encode()
            schema = self._writer.register_schema(f"bt_robot.{kind.__name__}", SchemaEncoding.JSONSchema, data)
            channels[topic] = self._writer.register_channel(topic, MessageEncoding.JSON, schema)
        topics = {
            ros.JOINT_STATE: _JOINTS,
            ros.COMPRESSED_IMAGE: [picture_topic(camera) for camera in cameras],
            ros.LOG: (LOG,),
        }
        for name, those in topics.items():
            schema = self._writer.register_schema(name, ros.SCHEMA_ENCODING, ros.DEFINITIONS[name].encode())
            channels |= {topic: self._writer.register_channel(topic, ros.ENCODING, schema) for topic in those}
        return channels

    def _tell(self, what: str, words: str) -> None:
        if self._told != what:
            self._told = what
            logger.warning("%s: %s (--record-limit)", self._path.name, words)


def without_pictures(record: TickRecord) -> TickRecord:
    """Return a tick that keeps no picture in memory, and tells all the same when its pictures were captured."""
    frames = {name: KeptFrame(name, frame.captured_s, None) for name, frame in record.observation.frames.items()}
    return replace(record, observation=replace(record.observation, frames=frames))


def nanoseconds(moment: datetime) -> int:
    """Return a moment in ns since 1970."""
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1) * 1000
