"""The pictures of a run, to show now and to travel in: kept in a file that is gone with the process."""

from __future__ import annotations

import logging
import math
import tempfile
import threading
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from bt_robot.messages import Frame, TickRecord
from bt_robot.telemetry.recorder.room import Room
from bt_robot.telemetry.recorder.shutter import Shutter

logger = logging.getLogger(__name__)

RATE_HZ: Final = 10.0
MAX_BYTES: Final = 500_000_000
"""Pictures get rarer, and stop, before they take more of the disk."""

_CLOSE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture.

    Attributes:
        captured_s: Its capture time on the run's clock [s].
        jpeg: The picture.
    """

    captured_s: float
    jpeg: bytes


class Album(Protocol):
    """The pictures of a run."""

    def at(self, camera: str, time_s: float) -> Shot | None:
        """Return the newest picture of a camera at or before a time [s]; None if there is none."""
        ...


@dataclass(slots=True)
class _Roll:
    """Where the pictures of one camera are in the file."""

    times_s: list[float] = field(default_factory=list[float])
    places: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])


Shown = Callable[[str, Shot], None]


class LiveAlbum:
    """Takes pictures while a run goes on, in a thread of its own; a camera that is slow to draw makes nobody wait."""

    def __init__(self, shown: Shown, rate_hz: float = RATE_HZ, max_bytes: int = MAX_BYTES) -> None:
        """Start the thread.

        Args:
            shown: Told every picture with its camera, in that thread; must not wait.
            rate_hz: Pictures a second, of each camera, at most.
            max_bytes: How much of the disk they may take.
        """
        self._shown = shown
        self._shutter = Shutter(rate_hz)
        self._room = Room(max_bytes)
        self._used = 0
        self._file = tempfile.TemporaryFile(prefix="bt-view-")  # noqa: SIM115 - open as long as the album
        self._rolls: dict[str, _Roll] = {}
        self._lock = threading.Lock()
        self._newest: tuple[Mapping[str, Frame], float] | None = None
        self._there = threading.Event()
        self._closing = False
        self._full = False
        self._thread = threading.Thread(target=self._run, name="view pictures", daemon=True)
        self._thread.start()

    def publish(self, record: TickRecord) -> None:
        """Leave a tick's frames for the thread; it takes the newest when it has time."""
        self._newest = (record.observation.frames, record.time_s)
        self._there.set()

    def at(self, camera: str, time_s: float) -> Shot | None:
        """Return the newest picture of a camera at or before a time [s]; None if there is none."""
        with self._lock:
            roll = self._rolls.get(camera)
            i = bisect_right(roll.times_s, time_s) if roll else 0
            if roll is None or not i or self._file.closed:
                return None
            place, length = roll.places[i - 1]
            try:
                self._file.seek(place)
                return Shot(roll.times_s[i - 1], self._file.read(length))
            except OSError:
                return None

    def close(self) -> None:
        """End the thread and give the disk back."""
        self._closing = True
        self._there.set()
        self._thread.join(_CLOSE_S)
        with self._lock:
            self._file.close()

    def _run(self) -> None:
        while self._there.wait() and not self._closing:
            self._there.clear()
            newest = self._newest
            if newest is None:
                continue
            one_in = self._room.one_picture_in(self._used)
            frames, time_s = newest
            for frame, jpeg in self._shutter.pictures(frames, time_s):
                shot = Shot(frame.captured_s, jpeg)
                if one_in is not None and not self._full:
                    self._keep(frame.camera, shot, one_in)
                self._shown(frame.camera, shot)

    def _keep(self, camera: str, shot: Shot, one_in: int) -> None:
        with self._lock:
            roll = self._rolls.setdefault(camera, _Roll())
            last_s = roll.times_s[-1] if roll.times_s else -math.inf
            if self._file.closed or shot.captured_s - last_s < (one_in - 1) / RATE_HZ or shot.captured_s <= last_s:
                return
            try:
                self._file.seek(self._used)
                self._file.write(shot.jpeg)
            except OSError as error:
                self._full = True
                logger.warning("the view can't go back to the pictures from here on: %s", error.strerror or error)
                return
            roll.times_s.append(shot.captured_s)
            roll.places.append((self._used, len(shot.jpeg)))
            self._used += len(shot.jpeg)
