"""What every source of a capture process is: one picture after the other."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bt_robot.messages import Image

Wait = Callable[[float], bool]
"""Waits for a time [s]; returns True when the process has to end."""

Complaints = Callable[[], str]
"""Returns and forgets what native libraries wrote to stderr."""


class CorruptFrame(Exception):
    """A picture is damaged and was dropped; the next one may be good."""


class SourceLost(Exception):
    """There are no more pictures until the source is opened again."""


@dataclass(frozen=True, slots=True)
class Captured:
    """A picture as a source gives it.

    Attributes:
        image: The picture, (height, width, 3) uint8 RGB.
        captured_s: When it was captured, monotonic [s].
        content_hash: CRC-32 of its pixels: equal for equal pictures.
    """

    image: Image
    captured_s: float
    content_hash: int

    @classmethod
    def of(cls, image: Image, captured_s: float, rotate_deg: int = 0) -> Captured:
        """Turn a picture clockwise and hash it."""
        turned = np.ascontiguousarray(np.rot90(image, -rotate_deg // 90))
        return cls(turned, captured_s, zlib.crc32(turned.data))


class Source(Protocol):
    """Something that gives one picture after the other, on one thread."""

    @property
    def fps(self) -> float:
        """How many pictures per second it gives [Hz], once it is open."""
        ...

    def open(self) -> None:
        """Open it, or open it again.

        Raises:
            SourceLost: It can't be opened, or is not what the settings say; its words tell what to do.
        """
        ...

    def read(self) -> Captured:
        """Wait for the next picture.

        Raises:
            CorruptFrame: The picture is damaged.
            SourceLost: There are no more pictures.
        """
        ...

    def close(self) -> None:
        """Let go of it; allowed at any time."""
        ...
