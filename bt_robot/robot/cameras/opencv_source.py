"""A camera that OpenCV opens: V4L2 devices by path, streams in the network by URL.

What OpenCV's V4L2 backend does, from its source (5.0), because nobody can try each camera: it takes a path as well
as an index; every setting before the first read restarts the device, the four characters first; with CONVERT_RGB
off an MJPG picture comes as the bytes that the camera sent, one row; POS_MSEC is the driver's time stamp of the
picture, which is monotonic time for USB cameras; a read gives up after OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT seconds.
FFmpeg, which opens URLs and files, gives the sent bytes when FORMAT is -1.
"""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import Any, Final

import cv2

from bt_robot.robot.cameras import jpeg
from bt_robot.robot.cameras.settings import OpenCvCameraSettings
from bt_robot.robot.cameras.sources import Captured, Complaints, CorruptFrame, SourceLost

# Two buffers are the least for a steady stream; more would only let old pictures queue up.
_BUFFERS: Final = 2
_CROWDED: Final = (
    ": another program may use it, or the USB port is too slow for all its cameras;"
    " write fourcc: MJPG and a smaller size, or use a port without a hub"
)
_V4L2, _FFMPEG = "V4L2", "FFMPEG"
# A driver's time stamp that is older is another clock's.
_OLDEST_STAMP_S: Final = 10.0


class OpenCvSource:
    """Gives the pictures of a camera with their capture times."""

    def __init__(self, settings: OpenCvCameraSettings, complaints: Complaints) -> None:
        """Prepare; `open` opens it.

        Args:
            settings: Which camera, and how its pictures must be.
            complaints: Returns and forgets what native libraries wrote to stderr.
        """
        self._settings = settings
        self._complaints = complaints
        self._capture: Any = None
        self._backend = ""
        self._raw = self._began = False
        self.fps = settings.fps

    def open(self) -> None:
        """Open the device, set it up, and check that it became what the settings say.

        Raises:
            SourceLost: It can't be opened, or gives other pictures.
        """
        self.close()
        try:
            self._open()
        except cv2.error as error:
            raise SourceLost(f"{self._settings.shown}: OpenCV failed: {error}") from error

    def _open(self) -> None:
        device = str(self._settings.device)
        by_index = device.isdigit()
        local = by_index or _is_device(device)
        capture: Any = cv2.VideoCapture(int(device) if by_index else device, cv2.CAP_V4L2 if local else cv2.CAP_ANY)
        if not capture.isOpened():
            capture.release()
            raise SourceLost(f"{self._settings.shown} can't be opened{_why(device)}")
        self._capture = capture
        self._backend = capture.getBackendName()
        if self._backend == _V4L2:
            self._set_up()
        self._check(device)
        self.fps = self._measured_fps()
        if _name(capture.get(cv2.CAP_PROP_FOURCC)) in ("MJPG", "JPEG"):
            key, value = (cv2.CAP_PROP_CONVERT_RGB, 0) if self._backend == _V4L2 else (cv2.CAP_PROP_FORMAT, -1)
            self._raw = self._backend in (_V4L2, _FFMPEG) and bool(capture.set(key, value))

    def read(self) -> Captured:
        """Wait for the next picture.

        Raises:
            CorruptFrame: It is damaged, or has another size.
            SourceLost: The device gives no more.
        """
        try:
            return self._read()
        except cv2.error as error:
            raise SourceLost(f"{self._settings.shown}: OpenCV failed: {error}") from error

    def _read(self) -> Captured:
        if self._capture is None or not self._capture.grab():
            hint = _CROWDED if self._backend == _V4L2 and not self._began else ""
            raise SourceLost(f"{self._settings.shown} gives no pictures{hint}")
        self._began = True
        captured_s = self._stamp(time.monotonic())
        done, data = self._capture.retrieve()
        if not done or data is None or data.size == 0:
            raise CorruptFrame("an empty picture")
        # Raw bytes come as one row; a backend that ignored the wish gives a picture, which is as good.
        raw = self._raw and (data.ndim < 3)
        image = jpeg.decode(data, self._complaints) if raw else _to_rgb(data)
        height, width = image.shape[:2]
        if (width, height) != (self._settings.width, self._settings.height):
            raise CorruptFrame(f"a picture of {width}x{height}")
        return Captured.of(image, captured_s, self._settings.rotate)

    def close(self) -> None:
        """Let go of the device."""
        capture, self._capture = self._capture, None
        self._raw = self._began = False
        if capture is not None:
            capture.release()

    def _set_up(self) -> None:
        settings, capture = self._settings, self._capture
        capture.set(cv2.CAP_PROP_BUFFERSIZE, _BUFFERS)
        if settings.fourcc != "any":
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*settings.fourcc))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
        capture.set(cv2.CAP_PROP_FPS, settings.fps)

    def _check(self, device: str) -> None:
        settings, capture = self._settings, self._capture
        width, height = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        if (width, height) != (settings.width, settings.height):
            self.close()
            raise SourceLost(
                f"{settings.shown} gives pictures of {width}x{height}, the config says"
                f" {settings.width}x{settings.height}: write width: {width}, height: {height}, or another size"
                f" that it offers{_ask(device)}"
            )
        found = _name(capture.get(cv2.CAP_PROP_FOURCC))
        if settings.fourcc not in ("any", found):
            self.close()
            raise SourceLost(
                f"{settings.shown} sends {found or 'an unknown format'}, the config says {settings.fourcc}:"
                f" write fourcc: {found or 'any'}, or another format that it offers{_ask(device)}"
            )

    def _measured_fps(self) -> float:
        fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        return fps if 0.1 <= fps <= self._settings.fps else self._settings.fps

    def _stamp(self, now_s: float) -> float:
        if self._backend != _V4L2:
            return now_s
        stamp_s = float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000.0
        return stamp_s if 0.0 <= now_s - stamp_s <= _OLDEST_STAMP_S else now_s


def _to_rgb(image: Any) -> Any:
    if image.ndim == 2:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    return image[:, :, ::-1]


def _name(fourcc: float) -> str:
    """Return the four characters of a number, or nothing."""
    data = int(fourcc).to_bytes(4, "little") if 0 < fourcc < 2**32 else b""
    text = data.decode("ascii", errors="replace").strip()
    return text if text.isprintable() else ""


def _is_device(device: str) -> bool:
    try:
        return stat.S_ISCHR(Path(device).stat().st_mode)
    except (OSError, ValueError):
        return False


def _why(device: str) -> str:
    path = f"/dev/video{device}" if device.isdigit() else device
    if "://" in path:
        return ": does the server run, and is the URL right?"
    if not Path(path).exists():
        return ": it is not there"
    if not os.access(path, os.R_OK | os.W_OK):
        return ": you may not use it; run 'sudo usermod -aG video $USER' and log in again"
    return f": it gives no video, or another program uses it; see 'fuser -v {path}'"


def _ask(device: str) -> str:
    path = f"/dev/video{device}" if device.isdigit() else device
    return f"; 'v4l2-ctl -d {path} --list-formats-ext' lists them" if _is_device(path) else ""
