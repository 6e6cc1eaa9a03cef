"""A few pictures in memory that two processes share: one writes, the other takes the newest.

A header and a ring of slots. A slot's sequence number is odd while it is written, and names the picture when it is
complete; a reader that finds another number after copying than before has been overtaken, and takes the next one.
Nobody ever waits for the other, and nothing grows. (x86 keeps the order of writes; on ARM the interpreter's own locks
between two statements do, and the reader comes three pictures before the writer can overtake it.)
"""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bt_robot.messages import Image
from bt_robot.robot.cameras.base import CameraCounts
from bt_robot.robot.cameras.freshness import Sighting

_SLOTS: Final = 4
_HEADER_BYTES: Final = 4096  # a page, so that the slots begin on one
_SLOT_HEADER_BYTES: Final = 128
_FLOATS_AT, _WORDS_AT = 256, 512
_WORDS_BYTES: Final = 1024
_TRIES: Final = 3


class State(IntEnum):
    """What a capture process is doing."""

    STARTING = 0
    OPENING = 1
    CAPTURING = 2
    LOST = 3


class _Int(IntEnum):
    STATE = 0
    NEWEST = 1
    FRAMES = 2
    CORRUPT = 3
    REPEATED = 4
    REOPENED = 5
    ATTEMPTS = 6
    WIDTH = 7
    HEIGHT = 8
    WORDS_SEQUENCE = 9
    WORDS_BYTES = 10


class _Float(IntEnum):
    HEARTBEAT_S = 0
    FPS = 1


@dataclass(frozen=True, slots=True)
class Taken:
    """A picture out of the ring.

    Attributes:
        sighting: Its number and times.
        image: A copy of it, (height, width, 3) uint8 RGB, read-only.
        mean: Its mean brightness, 0 … 255.
        deviation: The standard deviation of its brightness.
    """

    sighting: Sighting
    image: Image
    mean: float
    deviation: float


class _Slot:
    """One place in the ring: views of the shared memory."""

    def __init__(self, memory: mmap.mmap, index: int, shape: tuple[int, int, int]) -> None:
        at = _HEADER_BYTES + index * _slot_bytes(shape)
        self.ints: NDArray[np.int64] = np.ndarray((3,), np.int64, memory, at)  # sequence, number, run
        self.floats: NDArray[np.float64] = np.ndarray((6,), np.float64, memory, at + 64)
        self.pixels: Image = np.ndarray(shape, np.uint8, memory, at + _SLOT_HEADER_BYTES)


class _Shared:
    """The header, and the slots once their size is known."""

    def __init__(self, descriptor: int) -> None:
        """Map the memory behind a file descriptor, which may be closed then."""
        self._memory = mmap.mmap(descriptor, 0)
        self._ints: NDArray[np.int64] = np.ndarray((len(_Int),), np.int64, self._memory)
        self._floats: NDArray[np.float64] = np.ndarray((len(_Float),), np.float64, self._memory, _FLOATS_AT)
        self._slots: tuple[_Slot, ...] = ()

    def _map_slots(self) -> None:
        shape = (int(self._ints[_Int.HEIGHT]), int(self._ints[_Int.WIDTH]), 3)
        self._slots = tuple(_Slot(self._memory, index, shape) for index in range(_SLOTS))


class FrameWriter(_Shared):
    """The capture process's end."""

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height of the pictures [px]; None before the first."""
        return (int(self._ints[_Int.WIDTH]), int(self._ints[_Int.HEIGHT])) if self._slots else None

    def allocate(self, width: int, height: int, fps: float) -> None:
        """Divide the memory for pictures of a size [px] and say how many per second there will be.

        Raises:
            ValueError: There is not enough memory for them.
        """
        if _HEADER_BYTES + _SLOTS * _slot_bytes((height, width, 3)) > len(self._memory):
            raise ValueError(f"pictures of {width}x{height} are larger than was expected")
        self._ints[_Int.WIDTH], self._ints[_Int.HEIGHT] = width, height
        self._floats[_Float.FPS] = fps
        self._map_slots()

    def beat(self, now_s: float) -> None:
        """Say that the process is alive [s]."""
        self._floats[_Float.HEARTBEAT_S] = now_s

    def state(self, state: State) -> None:
        """Say what the process is doing."""
        self._ints[_Int.STATE] = state

    def say(self, words: str) -> None:
        """Say why there are no pictures, or nothing."""
        data = words.encode()[:_WORDS_BYTES]
        self._ints[_Int.WORDS_SEQUENCE] += 1
        self._memory[_WORDS_AT : _WORDS_AT + len(data)] = data
        self._ints[_Int.WORDS_BYTES] = len(data)
        self._ints[_Int.WORDS_SEQUENCE] += 1

    def attempted(self) -> None:
        """Count an attempt to open the device."""
        self._ints[_Int.ATTEMPTS] += 1

    def reopened(self) -> None:
        """Count an attempt that brought pictures again."""
        self._ints[_Int.REOPENED] += 1

    def dropped(self) -> None:
        """Count a damaged picture."""
        self._ints[_Int.CORRUPT] += 1

    def put(self, sighting: Sighting, image: Image, mean: float, deviation: float) -> None:
        """Write a picture into the next slot; it must have the size that was allocated."""
        slot = self._slots[sighting.number % _SLOTS]
        slot.ints[0] = 2 * sighting.number - 1
        slot.ints[1:] = sighting.number, sighting.run
        slot.floats[:] = (
            sighting.captured_s,
            sighting.arrived_s,
            sighting.first_captured_s,
            sighting.first_arrived_s,
            mean,
            deviation,
        )
        slot.pixels[:] = image
        slot.ints[0] = 2 * sighting.number
        self._ints[_Int.FRAMES] += 1
        self._ints[_Int.REPEATED] += sighting.run > 1
        self._ints[_Int.NEWEST] = sighting.number


class FrameReader(_Shared):
    """The other end. It never waits and never writes."""

    @property
    def state(self) -> State:
        """What the capture process is doing."""
        return State(int(self._ints[_Int.STATE]))

    @property
    def heartbeat_s(self) -> float:
        """When the capture process last showed that it is alive [s]; 0 before the first time."""
        return float(self._floats[_Float.HEARTBEAT_S])

    @property
    def fps(self) -> float:
        """How many pictures per second the device gives [Hz]; 0 before the first."""
        return float(self._floats[_Float.FPS])

    @property
    def newest(self) -> int:
        """The newest picture's number; 0 before the first."""
        return int(self._ints[_Int.NEWEST])

    @property
    def attempts(self) -> int:
        """How often it was tried to open the device."""
        return int(self._ints[_Int.ATTEMPTS])

    @property
    def counts(self) -> CameraCounts:
        """What became of the pictures."""
        frames, corrupt, repeated, reopened = self._ints[_Int.FRAMES : _Int.REOPENED + 1].tolist()
        return CameraCounts(frames, corrupt, repeated, reopened)

    @property
    def words(self) -> str:
        """Why there are no pictures, or nothing."""
        for _ in range(_TRIES):
            before = int(self._ints[_Int.WORDS_SEQUENCE])
            data = self._memory[_WORDS_AT : _WORDS_AT + int(self._ints[_Int.WORDS_BYTES])]
            if before % 2 == 0 and before == int(self._ints[_Int.WORDS_SEQUENCE]):
                return data.decode(errors="ignore")
        return ""

    def take(self, after: int) -> Taken | None:
        """Copy the newest picture if its number is greater than `after`; None if there is none."""
        for _ in range(_TRIES):
            number = self.newest
            if number <= after:
                return None
            if not self._slots:
                self._map_slots()
            slot = self._slots[number % _SLOTS]
            if int(slot.ints[0]) != 2 * number:
                continue
            image, run, values = slot.pixels.copy(), int(slot.ints[2]), slot.floats.tolist()
            if int(slot.ints[0]) == 2 * number:
                image.setflags(write=False)
                return Taken(Sighting(number, values[0], values[1], run, values[2], values[3]), image, *values[4:])
        return None


def new_memory(name: str, width: int, height: int) -> int:
    """Return a file descriptor of fresh memory for pictures up to a size [px].

    Only what is written to is really taken from the machine, and all of it is gone with its last user.
    """
    descriptor = os.memfd_create(name)
    os.ftruncate(descriptor, _HEADER_BYTES + _SLOTS * _slot_bytes((height, width, 3)))
    return descriptor


def _slot_bytes(shape: tuple[int, int, int]) -> int:
    pixels = shape[0] * shape[1] * shape[2]
    return _SLOT_HEADER_BYTES + -(-pixels // 64) * 64
