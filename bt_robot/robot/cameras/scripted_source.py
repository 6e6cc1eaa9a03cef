"""A made-up camera that misbehaves as a script or a command says: faults without a device.

Its pictures are JPEGs that take the way of a real camera's, so what is damaged is damaged as on a cable.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from bt_robot.messages import Image
from bt_robot.robot.cameras import jpeg
from bt_robot.robot.cameras.settings import ScriptedCameraSettings, Step
from bt_robot.robot.cameras.sources import Captured, Complaints, SourceLost, Wait

_SILENT_S: Final = 1.0  # as long as a V4L2 device waits for a picture
_SCAN: Final = b"\xff\xda"  # where the picture begins in a JPEG, behind its tables
_PLAY: Final = Step("play")
_BRIGHTNESS: Final = {"black": 0, "white": 250, "cover": 60}


class ScriptedSource:
    """Plays a moving picture, and whatever it is told."""

    def __init__(self, settings: ScriptedCameraSettings, wait: Wait, complaints: Complaints) -> None:
        """Prepare; the script begins with the first `open`.

        Args:
            settings: Size, rate and script.
            wait: How it waits for the next picture.
            complaints: Returns and forgets what native libraries wrote to stderr.
        """
        self._settings = settings
        self._wait = wait
        self._complaints = complaints
        self._lock = threading.Lock()
        self._steps = deque(settings.script)
        self._step = _PLAY
        self._until_s: float | None = -1.0
        self._due_s = 0.0
        self._number = self._exposed = self._damaged = 0
        self._data = b""
        self.fps = settings.fps

    def tell(self, step: Step) -> None:
        """Do this from now on; forget the rest of the script. May be called on another thread."""
        with self._lock:
            self._steps.clear()
            self._begin(step)

    def open(self) -> None:
        """Plug it in.

        Raises:
            SourceLost: It is unplugged.
        """
        self._due_s = time.monotonic()
        if self._now().do == "lose":
            raise SourceLost("the scripted camera is unplugged")

    def read(self) -> Captured:
        """Wait for the next picture.

        Raises:
            CorruptFrame: It is damaged.
            SourceLost: It is unplugged, or there was no picture for a second.
        """
        step = self._await_picture()
        captured_s = time.monotonic() - (_amount(step, 0.1) if step.do == "late" else 0.0)
        if step.do != "repeat" or not self._data:
            self._data = self._encode(step)
            self._number += 1
        data = self._damage(self._data) if step.do == "corrupt" and self._damages(_amount(step, 0.5)) else self._data
        if step.do == "slow":
            self._wait(_amount(step, 0.1))
        return Captured.of(jpeg.decode(np.frombuffer(data, np.uint8), self._complaints), captured_s)

    def close(self) -> None:
        """Do nothing: there is no device."""

    def _begin(self, step: Step) -> None:
        self._step = step
        self._until_s = None if step.for_s is None else time.monotonic() + step.for_s

    def _now(self) -> Step:
        with self._lock:
            while self._until_s is not None and time.monotonic() >= self._until_s:
                self._begin(self._steps.popleft() if self._steps else _PLAY)
            return self._step

    def _await_picture(self) -> Step:
        """Wait until a picture is due, or for what the script wants instead."""
        period_s, now_s = 1.0 / self.fps, time.monotonic()
        if now_s < self._due_s:
            self._wait(self._due_s - now_s)
        silent_since_s = time.monotonic()
        while (step := self._now()).do == "pause":
            if self._wait(period_s) or time.monotonic() - silent_since_s > _SILENT_S:
                raise SourceLost("the scripted camera gives no pictures")
        if step.do == "lose":
            raise SourceLost("the scripted camera was unplugged")
        while step.do == "block":
            threading.Event().wait()
        now_s = time.monotonic()
        on_time = now_s - self._due_s < period_s
        self._due_s = now_s if step.do == "burst" else (self._due_s if on_time else now_s) + period_s
        return step

    def _encode(self, step: Step) -> bytes:
        factor = _amount(step, 0.5) if step.do == "resize" else 1.0
        width, height = (max(16, round(side * factor)) for side in (self._settings.width, self._settings.height))
        done, data = cv2.imencode(".jpg", _picture(width, height, self._number, step.do)[:, :, ::-1])
        assert done
        return data.tobytes()

    def _damages(self, share: float) -> bool:
        """Whether this picture is one of the damaged ones, which are spread evenly."""
        self._exposed += 1
        return int(self._exposed * share) > int((self._exposed - 1) * share)

    def _damage(self, data: bytes) -> bytes:
        """Return a picture whose lower half is missing, in turn with and without the end."""
        self._damaged += 1
        half = data[: (data.rfind(_SCAN) + len(data)) // 2]
        return half if self._damaged % 2 else half + data[-2:]


def _amount(step: Step, default: float) -> float:
    return default if step.amount is None else step.amount


def _picture(width: int, height: int, number: int, do: str) -> Image:
    """Return a moving slope with a red mark, or a covered lens: a picture that differs from the one before."""
    image: NDArray[np.uint8]
    if do in _BRIGHTNESS:
        image = np.full((height, width, 3), _BRIGHTNESS[do], np.uint8)
    else:
        x = (np.arange(width) + number) % width
        image = np.repeat((x * 255 // width).astype(np.uint8)[None, :, None], height, axis=0).repeat(3, axis=2)
    place = 8 * (number % (width // 8))
    image[:8, place : place + 8] = (250, 30, 30) if do not in _BRIGHTNESS else _BRIGHTNESS[do] + 5
    return image
