"""A recorded run, read: its ticks as they were published, its pictures, and what is known about it."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from bt_robot.errors import RecordingError
from bt_robot.messages import Frame, Image, NodeInfo, TickRecord
from bt_robot.telemetry.jpeg import decode_jpeg
from bt_robot.telemetry.recorder import ros
from bt_robot.telemetry.recorder.blocks import Blocks
from bt_robot.telemetry.recorder.index import Index, index_of
from bt_robot.telemetry.recorder.messages import (
    ENDING,
    FORMAT,
    RUN,
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

    __slots__ = ("_run", "_until_s")

    def __init__(self, run: RecordedRun, camera: str, captured_s: float, until_s: float) -> None:
        """Keep where to look for the picture when it is asked for."""
        super().__init__(camera, captured_s, self._decoded)
        self._run = run
        self._until_s = until_s

    @property
    def picture(self) -> Picture | None:
        """The recorded picture; None where none was recorded."""
        return self._run.picture(self.camera, self._until_s)

    def _decoded(self) -> Image:
        picture = self.picture
        if picture is None:
            raise ValueError(f"no picture of the camera '{self.camera}' was recorded until then")
        return decode_jpeg(picture.jpeg)


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
        index = index_of(file)
        if index is None:
            raise RecordingError(f"{path} is no MCAP file; expected a recording of bt-run")
        self.info, self.ending, self.left_out_ticks = _metadata(path, index)
        self._start_ns = nanoseconds(self.info.started)
        self._joints = len(self.info.limits.names)
        self._blocks = Blocks(file, index, self._start_ns)
        if index.cut_off:
            self._blocks.damage.insert(
                0, "the recording was cut off: the run was stopped in the middle, or the file was not copied whole"
            )
        if self.left_out_ticks:
            self._blocks.damage.append(
                f"the file was full: {self.left_out_ticks} ticks before the last ones are missing (--record-limit)"
            )
        self._by_number = dict(self._read_trees())
        self.trees = tuple(self._by_number.values())
        if next(self.records(), None) is None:
            why = self.damage[-1] if self.damage else "it has none"
            raise RecordingError(f"{path} has no tick that can be read: {why}")

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
        self._blocks.close()

    @property
    def damage(self) -> tuple[str, ...]:
        """What was found to be missing or damaged so far, in words."""
        return tuple(self._blocks.damage)

    @cached_property
    def range_s(self) -> tuple[float, float]:
        """The times of the first and the last tick on the run's clock [s]."""
        first = next(self.records())
        last = next(record for i in reversed(range(len(self._blocks))) for record in reversed(self._ticks_of(i)))
        return first.time_s, last.time_s

    def records(self, start_s: float = -math.inf, end_s: float = math.inf) -> Iterator[TickRecord]:
        """Yield the ticks from one time to another, both included [s]."""
        folder = self._folder()
        for i in range(max(self._blocks.at(self._ns(start_s)), 0), len(self._blocks)):
            if self._blocks.begins_after(i, self._ns(end_s)):
                return
            for record in self._fold(i, folder):
                if record.time_s > end_s:
                    return
                if record.time_s >= start_s:
                    yield record

    def record_at(self, time_s: float) -> TickRecord:
        """Return the newest tick at or before a time [s]; the first one for a time before it."""
        for i in range(self._blocks.at(self._ns(time_s)), -1, -1):
            before = [record for record in self._ticks_of(i) if record.time_s <= time_s]
            if before:
                return before[-1]
        return next(self.records())

    def picture(self, camera: str, time_s: float) -> Picture | None:
        """Return the newest picture of a camera that was recorded at or before a time [s]; None if there is none."""
        data = self._blocks.picture(picture_topic(camera), self._ns(time_s))
        if data is None:
            return None
        captured_ns, jpeg = ros.read_compressed_image(data)
        return Picture(self.seconds(captured_ns), jpeg)

    def _ticks_of(self, i: int) -> list[TickRecord]:
        return list(self._fold(i, self._folder()))

    def _fold(self, i: int, folder: Folder) -> Iterator[TickRecord]:
        for messages in self._blocks.block(i).ticks:
            try:
                record = folder.record(messages)
            except (ValueError, IndexError, KeyError, struct.error, RecursionError) as error:
                self._blocks.note(i, error)
                return
            if record is None:
                continue
            if not len(record.observation.joints) == len(record.command.positions) == self._joints:
                self._blocks.note(i, ValueError("a tick of other joints"))
            elif len(record.nodes) != len(record.layout):
                self._blocks.note(i, ValueError("a tick of another tree"))
            else:
                yield record

    def _folder(self) -> Folder:
        def frame(camera: str, captured_s: float, time_s: float) -> Frame:
            return RecordedFrame(self, camera, captured_s, time_s)

        return Folder(frame, self._layout)

    def _layout(self, number: int) -> tuple[NodeInfo, ...]:
        if number not in self._by_number:
            raise ValueError("the tree of these ticks is missing")
        return self._by_number[number].nodes

    def _read_trees(self) -> Iterator[tuple[int, RecordedTree]]:
        for i, time_ns, data in self._blocks.trees():
            try:
                tree = from_json(Tree, data)
            except ValueError as error:
                self._blocks.note(i, error)
                continue
            yield tree.number, RecordedTree(self.seconds(time_ns), tree.name, tree.nodes, tree.sources)

    def seconds(self, time_ns: int) -> float:
        """Return the run's clock [s] at a time [ns since 1970]."""
        return (time_ns - self._start_ns) / 1e9

    def _ns(self, time_s: float) -> int:
        """Return a time on the run's clock in ns since 1970."""
        if not math.isfinite(time_s):
            return -1 if time_s < 0 else 1 << 63
        return self._start_ns + round(1e9 * time_s)


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
        raise RecordingError(f"{path} is an MCAP file, but no recording of bt-run, or one without a tick")
    if about.get("format") != str(FORMAT):
        raise RecordingError(
            f"{path} is a recording of format {about.get('format', '')[:20]!r}; expected {FORMAT}; try another version"
        )
    ending = index.metadata.get(ENDING, {})
    try:
        info = _sound(from_json(RunInfo, about.get("run", "")))
        ended = from_json(RecordedEnding, ending["ending"]) if ending else None
        return info, ended, int(ending.get("left_out_ticks", "0"))
    except (ValueError, KeyError) as error:
        raise RecordingError(f"{path} is damaged: what it tells of its run can't be read ({error})") from error


def _sound(info: RunInfo) -> RunInfo:
    """Return what is known of a run, if others can rely on it.

    Raises:
        ValueError: They can't.
    """
    limits = info.limits
    sides = (limits.lower, limits.upper, limits.velocity, limits.acceleration)
    if not limits.names or any(len(side) != len(limits.names) for side in sides):
        raise ValueError("its limits are not those of its joints")
    if not 0.0 < info.control_hz < math.inf:
        raise ValueError(f"a control rate of {info.control_hz:g} Hz")
    if info.started.tzinfo is None:
        raise ValueError("its start is not in UTC")
    if any("\0" in source.path for source in info.profiles):
        raise ValueError("a profile with a path that is none")
    return info
