"""A process of our own that says one line of JSON when it is ready, and ends when its parent does."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import IO, Any, Final

from bt_robot.errors import StartRefused

START_TIMEOUT_S: Final = 20.0
_END_TIMEOUT_S: Final = 2.0
_SHOWN_CHARS: Final = 2000
ONE_THREAD: Final = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"), "1"
)
"""The environment of such a process: more threads would only spin on the cores that others need."""


class Child:
    """A Python module that runs as a process, with a closed standard input as its sign to end.

    Starting does not wait: the first look at `greeting` does, so that other parts can start meanwhile. Ctrl-C does not
    reach it: whoever starts it still needs it while an arm is brought to rest.
    """

    def __init__(self, name: str, module: str, arguments: Sequence[str], refused: type[StartRefused]) -> None:
        """Prepare; `start` starts it.

        Args:
            name: What it is, for messages.
            module: What `python -m` runs.
            arguments: Its arguments.
            refused: What is raised when it does not come up.
        """
        self._name = name
        self._command = [sys.executable, "-P", "-m", module, *arguments]
        self._refused = refused
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._said: dict[str, Any] = {}

    def start(self) -> None:
        """Start the process and return at once.

        Raises:
            StartRefused: It could not be started.
        """
        self._said = {}
        try:
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the process)
        except OSError:  # no folder can be written; then what the process says is not known
            self._errors = None
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors or subprocess.DEVNULL,
                env={**os.environ, **ONE_THREAD},
                start_new_session=True,
            )
        except OSError as error:
            if self._errors is not None:
                self._errors.close()
            raise self._refused(f"{self._name} could not be started: {error}") from error

    @property
    def pid(self) -> int:
        """The process id; only while it runs."""
        assert self._process is not None, "the process is not started"
        return self._process.pid

    @property
    def greeting(self) -> dict[str, Any]:
        """What it said when it was ready; waits for that.

        Raises:
            StartRefused: It did not come up.
        """
        if not self._said:
            line = self._first_line()
            if not line.endswith(b"\n"):
                said = self.stderr() or "it said nothing"
                self.stop()
                raise self._refused(f"{self._name} did not start: {said}")
            self._said = json.loads(line)
        return self._said

    def _first_line(self) -> bytes:
        assert self._process is not None, "the process is not started"
        assert self._process.stdout is not None
        line, until_s = b"", time.monotonic() + START_TIMEOUT_S
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n") and selector.select(until_s - time.monotonic()):
                part = os.read(self._process.stdout.fileno(), 4096)
                if not part:
                    break
                line += part
        return line

    def stderr(self) -> str:
        """Return the end of what the process wrote to stderr."""
        if self._errors is None or self._errors.closed:
            return ""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - _SHOWN_CHARS))
        return self._errors.read().decode(errors="replace").strip()

    def kill(self) -> None:
        """End the process as a crash would, without a farewell."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End the process: asked, then told, then killed; allowed at any time, any number of times."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.terminate()
        try:
            process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        if self._errors is not None:
            self._errors.close()
