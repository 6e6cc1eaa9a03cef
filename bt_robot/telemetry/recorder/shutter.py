"""Which pictures of the cameras go into a recording, and when."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping

from bt_robot.messages import Frame
from bt_robot.telemetry.kept import KeptFrame

logger = logging.getLogger(__name__)

_ROUNDING_S = 1e-6
_NEWER_S = 0.002
"""A tick that begins late tells of a picture as if it had been captured earlier; other pictures lie further apart."""


class Shutter:
    """Takes the newest picture of each camera at most so often, and none twice."""

    def __init__(self, rate_hz: float) -> None:
        """Start with nothing taken.

        Args:
            rate_hz: How often at most.
        """
        self._rate_hz = rate_hz
        self._due_s = -math.inf
        self._taken: dict[str, float] = {}
        self._broken: set[str] = set()

    def pictures(self, frames: Mapping[str, Frame], time_s: float, one_in: int = 1) -> Iterator[tuple[Frame, bytes]]:
        """Yield the frames to be kept of a tick, and their JPEGs.

        Args:
            frames: The newest frame of each camera.
            time_s: The tick's time on the run's clock [s].
            one_in: How many pictures are skipped for one that is taken, counting itself.
        """
        if time_s < self._due_s - _ROUNDING_S:
            return
        rate_hz = self._rate_hz / one_in
        self._due_s = (math.floor((time_s + _ROUNDING_S) * rate_hz) + 1) / rate_hz
        yield from self.all_of(frames)

    def all_of(self, frames: Mapping[str, Frame]) -> Iterator[tuple[Frame, bytes]]:
        """Yield all frames whose pictures were not taken yet, whenever the last ones were."""
        for name, frame in frames.items():
            newer = frame.captured_s > self._taken.get(name, -math.inf) + _NEWER_S
            if not newer or (isinstance(frame, KeptFrame) and frame.jpeg is None):
                continue
            self._taken[name] = frame.captured_s
            try:
                jpeg = _jpeg_of(frame)
            except Exception as error:  # noqa: BLE001 - a camera that broke must not cost the rest of the recording
                if name not in self._broken:
                    self._broken.add(name)
                    logger.warning("a picture of the camera '%s' can't be recorded: %s", name, error)
                continue
            yield frame, jpeg


def _jpeg_of(frame: Frame) -> bytes:
    if isinstance(frame, KeptFrame) and frame.jpeg is not None:
        return frame.jpeg
    from bt_robot.telemetry.jpeg import encode_jpeg  # whoever only passes pictures on needs no OpenCV

    return encode_jpeg(frame.image)
