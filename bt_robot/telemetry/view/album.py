"""The pictures of a run, to show now and to travel in: kept in a file that is gone with the process."""

from __future__ import annotations

import io
import logging
import tempfile
import threading
from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Final, Protocol

from bt_robot.telemetry.recorder.room import Room

logger = logging.getLogger(__name__)

MAX_BYTES: Final = 500_000_000
"""Pictures get rarer, and stop, before they take more of the disk."""


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
    """Where the pictures of one camera are in the file, and how many were passed over for the next one."""

    times_s: list[float] = field(default_factory=list[float])
    places: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    passed: int = 0


class LiveAlbum:
    """Keeps pictures while a run goes on; any thread may look at them."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        """Start empty.

        Args:
            max_bytes: How much of the disk they may take.
        """
        self._room = Room(max_bytes)
        self._used = 0
        self._rolls: dict[str, _Roll] = {}
        self._lock = threading.Lock()
        self._full = False
        self._file: IO[bytes]
        try:
            self._file = tempfile.TemporaryFile(prefix="bt-view-")  # noqa: SIM115 - open as long as the album
        except OSError as error:
            self._file = io.BytesIO()
            self._fill(error)

    def keep(self, camera: str, shot: Shot) -> None:
        """Keep a picture of a camera, unless there is little room, or it is older than the one before."""
        one_in = self._room.one_picture_in(self._used)
        if one_in is None or self._full:
            return
        with self._lock:
            roll = self._rolls.setdefault(camera, _Roll())
            if self._file.closed or (roll.times_s and shot.captured_s <= roll.times_s[-1]):
                return
            roll.passed += 1
            if roll.times_s and roll.passed < one_in:
                return
            try:
                self._file.seek(self._used)
                self._file.write(shot.jpeg)
            except OSError as error:
                self._fill(error)
                return
            roll.passed = 0
            roll.times_s.append(shot.captured_s)
            roll.places.append((self._used, len(shot.jpeg)))
            self._used += len(shot.jpeg)

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

    def _fill(self, error: OSError) -> None:
        self._full = True
        logger.warning("the view can't go back to the pictures from here on: %s", error.strerror or error)

    def close(self) -> None:
        """Give the disk back."""
        with self._lock, suppress(OSError):  # what was not written yet is not needed any more
            self._file.close()
