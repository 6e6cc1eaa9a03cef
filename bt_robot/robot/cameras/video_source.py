"""A recorded video, played at its own rate as if it were a camera."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import cv2

from bt_robot.robot.cameras.settings import VideoCameraSettings
from bt_robot.robot.cameras.sources import Captured, SourceLost, Wait

_DEFAULT_FPS: Final = 30.0


class VideoSource:
    """Gives a video's pictures when they are due; a picture's capture time is when it was due."""

    def __init__(self, settings: VideoCameraSettings, wait: Wait) -> None:
        """Prepare; `open` opens it.

        Args:
            settings: Which video, and how it is played.
            wait: How it waits for the next picture.
        """
        self._settings = settings
        self._wait = wait
        self._capture: Any = None
        self._due_s = 0.0
        self.fps = settings.fps or _DEFAULT_FPS

    def open(self) -> None:
        """Open the video and begin at its beginning.

        Raises:
            SourceLost: There is no such video.
        """
        self.close()
        path = self._settings.path
        if not Path(path).is_file():
            raise SourceLost(f"the video '{path}' is not there")
        capture: Any = cv2.VideoCapture(path)
        if not capture.isOpened():
            capture.release()
            raise SourceLost(f"'{path}' is no video that can be played; expected e.g. .mp4 or .avi")
        self._capture = capture
        recorded = float(capture.get(cv2.CAP_PROP_FPS))
        self.fps = self._settings.fps or (recorded if 1.0 <= recorded <= 240.0 else _DEFAULT_FPS)
        self._due_s = time.monotonic()

    def read(self) -> Captured:
        """Wait until the next picture is due and return it.

        Raises:
            SourceLost: The video is over.
        """
        image = self._next()
        now_s = time.monotonic()
        if now_s < self._due_s:
            self._wait(self._due_s - now_s)
        captured_s = max(self._due_s, now_s)  # after a late one the video goes on from there, without a burst
        self._due_s = captured_s + 1.0 / self.fps
        return Captured.of(image[:, :, ::-1], captured_s, self._settings.rotate)

    def close(self) -> None:
        """Close the file."""
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()

    def _next(self) -> Any:
        done, image = self._capture.read() if self._capture is not None else (False, None)
        if not done and self._settings.loop and self._capture is not None:
            # Not every container can be rewound; opening it again always works.
            self._capture.release()
            self._capture = cv2.VideoCapture(self._settings.path)
            done, image = self._capture.read()
        if not done:
            raise SourceLost(f"the video '{self._settings.path}' is over")
        return image
