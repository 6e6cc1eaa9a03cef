"""JPEG pictures from a cable: decoded, or found to be damaged.

The decoder fills what is missing with grey and says so only on stderr, so damage is looked for in three
places: the picture must begin and end as JPEG does, the decoder must accept it, and it must not have
complained. A flipped bit that leaves the code readable can't be noticed by anybody: JPEG has no checksum.
"""

from __future__ import annotations

import os
import re
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from bt_robot.messages import Image
from bt_robot.robot.cameras.sources import Complaints, CorruptFrame

_BEGIN, _END = b"\xff\xd8", b"\xff\xd9"
# Many webcams pad their pictures with a few bytes, which the decoder reports although nothing is wrong.
_HARMLESS_BYTES: Final = 8
_EXTRANEOUS = re.compile(r"(\d+) extraneous bytes before marker")


def decode(data: NDArray[np.uint8], complaints: Complaints) -> Image:
    """Return the picture, (height, width, 3) uint8 RGB.

    Args:
        data: The JPEG bytes, any shape; zeros behind the end are ignored.
        complaints: Returns and forgets what native libraries wrote to stderr.

    Raises:
        CorruptFrame: It is damaged.
    """
    raw = data.tobytes().rstrip(b"\0")
    if not raw.startswith(_BEGIN):
        raise CorruptFrame("no JPEG begins here")
    if not raw.endswith(_END):
        raise CorruptFrame("the JPEG ends too early")
    complaints()
    try:
        image: Any = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error:
        image = None
    if image is None:
        raise CorruptFrame("the JPEG can't be decoded")
    if _serious(complaints()):
        raise CorruptFrame("the JPEG is damaged inside")
    return np.asarray(image, dtype=np.uint8)


def _serious(complaint: str) -> bool:
    extraneous = _EXTRANEOUS.search(complaint)
    if extraneous:
        return int(extraneous[1]) > _HARMLESS_BYTES
    return "orrupt" in complaint or "remature" in complaint


class StderrPipe:
    """Catches what native libraries write to this process's stderr; only for a process of its own."""

    def __init__(self) -> None:
        """Put a pipe in the place of stderr; whatever doesn't fit into it is dropped."""
        self._read, write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(write, False)
        os.dup2(write, 2)
        os.close(write)

    def __call__(self) -> str:
        """Return what was written since the last call."""
        parts: list[bytes] = []
        while True:
            try:
                part = os.read(self._read, 65536)
            except BlockingIOError:
                break
            if not part:
                break
            parts.append(part)
        return b"".join(parts).decode(errors="replace")
