"""A recorded run, read: its ticks as they were published, its pictures, and what is known about it."""

from __future__ import annotations

import math
import struct
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from mcap.records import Message

from bt_robot.errors import RecordingError
from bt_robot.messages import Frame, Image, NodeInfo, TickRecord
from bt_robot.telemetry.jpeg import decode_jpeg
from bt_robot.telemetry.recorder import ros
from bt_robot.telemetry.recorder.index import ChunkPlace, Index, index_of, unpack
from bt_robot.telemetry.recorder.messages import (
    ENDING,
    FORMAT,
    RUN,
    TICK,
    TREE,
    RecordedEnding,
    RunInfo,
    Source,
    Tree,
    picture_topic,
)
from bt_robot.telemetry.recorder.plain import from_json
from bt_robot.telemetry.recorder.ticks import Folder
from bt_robot.telemetry.recorder.writer import nanoseconds

FILE_NAME: Final = "run.mcap"
"""A run's recording in its folder."""

_KEPT_CHUNKS: Final = 4


@dataclass(frozen=True, slots=True)
class Picture:
    """A recorded picture.

    Attributes:
        captured_s: Its capture time on the run's clock [s].
        jpeg: The picture.
    """

    captured_s: float
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class RecordedTree:
    """A tree that ran.

    Attributes:
        from_s: When it took over on the run's clock [s].
        name: Its name.
        nodes: Its nodes: the layout of its ticks.
        sources: The files it was loaded from, its own first.
    """

    from_s: float
    name: str
    nodes: tuple[NodeInfo, ...]
    sources: tuple[Source, ...]


class RecordedFrame(Frame):
    """A camera's frame of a recorded tick: the newest picture that was recorded until then.

    `captured_s` is what the run saw; fewer pictures are recorded than were captured, so the picture may be older.
    """

    __slots__ = ("_run", "_until_ns")

    def __init__(self, run: RecordedRun, camera: str, captured_s: float, until_ns: int) -> None:
        """Keep where to look for the picture when it is asked for."""
        super().__init__(camera, captured_s, self._decoded)
        self._run = run
        self._until_ns = until_ns

    @property
    def picture(self) -> Picture | None:
        """The recorded picture; None where none was recorded."""
        return self._run.picture_until(self.camera, self._until_ns)

    def _decoded(self) -> Image:
        picture = self.picture
        if picture is None:
            raise ValueError(f"no picture of the camera '{self.camera}' was recorded until then")
        return decode_jpeg(picture.jpeg)


@dataclass(slots=True)
class _Second:
    """A chunk of the file, unpacked.

    Attributes:
        ticks: The messages of each tick, by topic.
        pictures: The pictures by topic, each with the time of its tick.
        trees: The trees that took over, with the times of their ticks.
    """

    ticks: list[Mapping[str, bytes]] = field(default_factory=list[Mapping[str, bytes]])
    pictures: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict[str, list[tuple[int, bytes]]])
    trees: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])


class RecordedRun:
    """A recorded run. It reads from its file what is asked for, and may be asked from several threads.

    Attributes:
        path: The file.
        info: What was known of the run when it began.
        trees: Every tree that ran, in order.
        ending: How it ended; None where the recording was cut off before.
        left_out_ticks: Ticks that are missing before the last ones, because the file was full.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        """Look through a file; `read_run` opens it.

        Raises:
            RecordingError: It is no recording.
        """
        self.path = path
        self._file = file
        self._lock = threading.RLock()
        self._kept: OrderedDict[int, _Second] = OrderedDict()
        self._topics: dict[int, str] = {}
        self._damage: list[str] = []
        index = index_of(file)
        if index is None:
            raise RecordingError(f"{path} is no MCAP file; expected a recording of bt-run")
        self._chunks = index.chunks
        self.info, self.ending, self.left_out_ticks = _metadata(path, index)
        if index.cut_off:
            self._damage.append("the recording was cut off: the program, or the machine, was stopped in the run")
        self._start_ns = nanoseconds(self.info.started)
        self._second(0)
        self.trees = tuple(self._read_trees())
        if not self.trees:
            raise RecordingError(f"{path} holds no tick: the run was stopped before a second of it was recorded")

    def __enter__(self) -> Self:
        """Stay open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; frames whose pictures were not looked at have none from then on."""
        with self._lock:
            self._file.close()

    @property
    def damage(self) -> tuple[str, ...]:
        """What was found to be missing or damaged so far, in words."""
        return tuple(self._damage)

    @property
    def range_s(self) -> tuple[float, float]:
        """The times of the first and the last tick on the run's clock [s]."""
        first = next(self.records()).time_s
        for i in reversed(range(len(self._chunks))):
            if self._second(i).ticks:
                return first, list(self._ticks_of(i, self._folder()))[-1].time_s
        return first, first

    def records(self, start_s: float = -math.inf, end_s: float = math.inf) -> Iterator[TickRecord]:
        """Yield the ticks from one time to another, both included [s]."""
        folder = self._folder()
        for i in range(self._chunk_at(start_s), len(self._chunks)):
            if self._chunks[i].first_ns > self._ns(end_s):
                return
            for record in self._ticks_of(i, folder):
                if record.time_s > end_s:
                    return
                if record.time_s >= start_s:
                    yield record

    def record_at(self, time_s: float) -> TickRecord:
        """Return the newest tick at or before a time [s]; the first one for a time before it."""
        for i in range(self._chunk_at(time_s), -1, -1):
            before = [record for record in self._ticks_of(i, self._folder()) if record.time_s <= time_s]
            if before:
                return before[-1]
        return next(self.records())

    def picture(self, camera: str, time_s: float) -> Picture | None:
        """Return the newest picture of a camera that was recorded at or before a time [s]; None if there is none."""
        return self.picture_until(camera, self._ns(time_s))

    def picture_until(self, camera: str, until_ns: int) -> Picture | None:
        """Return the same for a time in ns since 1970."""
        topic = picture_topic(camera)
        channel = next((number for number, name in self._topics.items() if name == topic), None)
        starts = [chunk.first_ns for chunk in self._chunks]
        for i in range(bisect_right(starts, until_ns) - 1, -1, -1):
            channels = self._chunks[i].channels
            if channels is not None and channel not in channels:
                continue
            pictures = self._second(i).pictures.get(topic, [])
            k = bisect_right([time_ns for time_ns, _ in pictures], until_ns)
            if k:
                captured_ns, jpeg = ros.read_compressed_image(pictures[k - 1][1])
                return Picture((captured_ns - self._start_ns) / 1e9, jpeg)
        return None

    def _ticks_of(self, i: int, folder: Folder) -> Iterator[TickRecord]:
        for messages in self._second(i).ticks:
            try:
                record = folder.record(messages)
            except (ValueError, IndexError, KeyError, struct.error) as error:
                self._note(i, error)
                return
            if record is not None:
                yield record

    def _folder(self) -> Folder:
        def frame(camera: str, captured_s: float, time_s: float) -> Frame:
            return RecordedFrame(self, camera, captured_s, self._ns(time_s))

        return Folder(frame, lambda number: self.trees[number - 1].nodes)

    def _ns(self, time_s: float) -> int:
        if not math.isfinite(time_s):
            return -1 if time_s < 0 else 1 << 63
        return self._start_ns + round(1e9 * time_s)

    def _chunk_at(self, time_s: float) -> int:
        starts = [chunk.first_ns for chunk in self._chunks]
        return max(bisect_right(starts, self._ns(time_s)) - 1, 0)

    def _second(self, i: int) -> _Second:
        """Return a chunk, unpacked; without anything in it if it is damaged."""
        with self._lock:
            if i in self._kept:
                self._kept.move_to_end(i)
                return self._kept[i]
            try:
                channels, messages = unpack(self._file, self._chunks[i])
            except IndexError:
                return _Second()
            except ValueError as error:
                self._note(i, error)
                channels, messages = [], []
            self._topics |= {channel.id: channel.topic for channel in channels}
            second = self._sorted(messages)
            self._kept[i] = second
            if len(self._kept) > _KEPT_CHUNKS:
                self._kept.popitem(last=False)
            return second

    def _sorted(self, messages: list[Message]) -> _Second:
        second, open_tick = _Second(), dict[str, bytes]()
        step = -1
        for message in messages:
            if message.sequence != step:
                open_tick, step = {}, message.sequence
            topic = self._topics.get(message.channel_id, "")
            if topic == TREE:
                second.trees.append((message.log_time, message.data))
            elif topic.startswith(picture_topic("")):
                second.pictures.setdefault(topic, []).append((message.log_time, message.data))
            else:
                open_tick[topic] = message.data
            if topic == TICK:
                second.ticks.append(open_tick)
        return second

    def _read_trees(self) -> Iterator[RecordedTree]:
        channel = next((number for number, name in self._topics.items() if name == TREE), None)
        for i, chunk in enumerate(self._chunks):
            if chunk.channels is None or channel in chunk.channels:
                for time_ns, data in self._second(i).trees:
                    tree = from_json(Tree, data)
                    yield RecordedTree((time_ns - self._start_ns) / 1e9, tree.name, tree.nodes, tree.sources)

    def _note(self, i: int, error: Exception) -> None:
        place: ChunkPlace = self._chunks[i]
        first_s = (place.first_ns - self._start_ns) / 1e9
        words = f"the recording is damaged at {first_s:.1f} s: {error}"
        if words not in self._damage:
            self._damage.append(words)


def read_run(path: Path) -> RecordedRun:
    """Open a recorded run.

    Args:
        path: Its file, or the run's folder.

    Raises:
        RecordingError: There is none, or it can't be read.
    """
    place = path / FILE_NAME if path.is_dir() else path
    try:
        file = place.open("rb")
    except FileNotFoundError as error:
        folder = f"{path} is a folder without a {FILE_NAME}" if path.is_dir() else f"there is no {path}"
        raise RecordingError(f"{folder}; expected a recording, or the folder of a run, e.g. runs/…") from error
    except OSError as error:
        raise RecordingError(f"{place} can't be read: {error.strerror or error}") from error
    try:
        return RecordedRun(place, file)
    except BaseException:
        file.close()
        raise


def _metadata(path: Path, index: Index) -> tuple[RunInfo, RecordedEnding | None, int]:
    about = index.metadata.get(RUN)
    if about is None:
        raise RecordingError(f"{path} is an MCAP file, but not one that bt-run wrote")
    if about.get("format") != str(FORMAT):
        raise RecordingError(
            f"{path} is a recording of format {about.get('format')}; expected {FORMAT}; try another version"
        )
    ending = index.metadata.get(ENDING, {})
    try:
        info = from_json(RunInfo, about.get("run", ""))
        ended = from_json(RecordedEnding, ending["ending"]) if ending else None
        return info, ended, int(ending.get("left_out_ticks", "0"))
    except (ValueError, KeyError) as error:
        raise RecordingError(f"{path} is damaged: what it tells of its run can't be read ({error})") from error
