"""The parent's end of a capture process."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
from typing import Final

from bt_robot.child import ONE_THREAD
from bt_robot.errors import RobotError
from bt_robot.robot.cameras.settings import CapturedSettings, Step, largest, to_json
from bt_robot.robot.cameras.shared_frames import FrameReader, new_memory

_END_S: Final = 1.0
_SHOWN_BYTES: Final = 600
_ENVIRONMENT: Final = {
    **ONE_THREAD,
    # A silent V4L2 device is given up after a second instead of ten.
    "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": "1",
    "OPENCV_LOG_LEVEL": "SILENT",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
}


class CaptureProcess:
    """One capture process; it begins at once, and never waits for it to come up."""

    def __init__(self, name: str, settings: CapturedSettings) -> None:
        """Start it.

        Args:
            name: The camera's name.
            settings: Which camera.

        Raises:
            RobotError: It could not be started.
        """
        memory = errors = -1
        try:
            memory = new_memory(f"bt-camera-{name}", *largest(settings))
            errors = os.memfd_create("bt-camera-stderr")
            self.reader = FrameReader(memory)
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "bt_robot.robot.cameras.capture", "--memory", str(memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=(memory,),
                env={**os.environ, **_ENVIRONMENT},
                start_new_session=True,  # Ctrl-C is for the parent, which still needs pictures while it stops
            )
        except OSError as error:
            if errors >= 0:
                os.close(errors)
            raise RobotError(f"camera '{name}': its capture process could not be started: {error}") from error
        finally:
            if memory >= 0:
                os.close(memory)  # it is mapped
        self._errors = errors
        self._send(to_json(settings))

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.poll()

    @property
    def last_words(self) -> str:
        """What it wrote about its own failure, or nothing."""
        said = self.reader.words
        if said:
            return said
        size = os.lseek(self._errors, 0, os.SEEK_END)
        lines = os.pread(self._errors, _SHOWN_BYTES, max(0, size - _SHOWN_BYTES)).decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def tell(self, step: Step) -> None:
        """Tell a scripted camera what to do."""
        self._send(json.dumps(dataclasses.asdict(step)))

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has just ended, which the watchdog sees
            os.write(self._process.stdin.fileno(), f"{line}\n".encode())

    def kill(self) -> None:
        """End it at once, without waiting."""
        self._process.kill()

    def stop(self) -> None:
        """End it: asked, then killed; waits for at most two seconds."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):  # a driver can keep even a killed process
                self._process.wait(_END_S)
        os.close(self._errors)
