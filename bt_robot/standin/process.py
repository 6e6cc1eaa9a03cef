"""The stand-in server as a process of its own, which ends when its parent does."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from typing import IO, Final, Self

from bt_robot.errors import PolicyRefused

START_TIMEOUT_S: Final = 20.0
_END_TIMEOUT_S: Final = 2.0
_SHOWN_CHARS: Final = 2000
# A few small matrices per answer: more threads only spin on the cores that the simulation needs.
_ONE_THREAD: Final = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"), "1"
)


class StandinProcess:
    """Starts the server on entering, ends it on leaving.

    Entering does not wait: the first look at `url` does, so that other parts can start meanwhile.
    """

    def __init__(
        self,
        *,
        horizon: int | None = None,
        latency_s: float = 0.0,
        port: int = 0,
        profile: str = "standin",
        spread_deg: float = 0.0,
        jitter_s: float = 0.0,
        seed: int = 0,
    ) -> None:
        """Prepare; `start` or a `with` block starts it.

        Args:
            horizon: Actions in a chunk; None for the profile's number.
            latency_s: Time added to every answer [s].
            port: The loopback port; 0 takes a free one.
            profile: The name or file of the profile whose server it plays.
            spread_deg: How far answers wander from the plan [deg].
            jitter_s: The longest random extra time [s].
            seed: Of the spread and the jitter.
        """
        self._arguments = [
            *(sys.executable, "-P", "-m", "bt_robot.standin", "--json", "--with-parent"),
            *("--port", str(port), "--latency-ms", repr(latency_s * 1000.0), f"--profile={profile}"),
            *("--spread-deg", repr(spread_deg), "--jitter-ms", repr(jitter_s * 1000.0), "--seed", str(seed)),
            *(() if horizon is None else ("--horizon", str(horizon))),
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._urls: dict[str, str] = {}

    def start(self) -> None:
        """Start the process and return at once.

        Raises:
            PolicyRefused: It could not be started.
        """
        self._urls = {}
        try:
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the process)
        except OSError:  # no folder can be written; then what the process says is not known
            self._errors = None
        try:
            self._process = subprocess.Popen(
                self._arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors or subprocess.DEVNULL,
                env={**os.environ, **_ONE_THREAD},
                # Ctrl-C is for the parent, which still needs answers while it parks the arm.
                start_new_session=True,
            )
        except OSError as error:
            raise PolicyRefused(f"the stand-in policy server could not be started: {error}") from error

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id; only while it runs."""
        assert self._process is not None, "the process is not started"
        return self._process.pid

    @property
    def url(self) -> str:
        """Where it speaks the profile's protocol; waits until it listens.

        Raises:
            PolicyRefused: It did not come up.
        """
        return self._listening()["url"]

    @property
    def json_url(self) -> str:
        """Where it speaks the JSON protocol; waits until it listens.

        Raises:
            PolicyRefused: It did not come up.
        """
        return self._listening()["json_url"]

    def _listening(self) -> dict[str, str]:
        if not self._urls:
            line = self._first_line()
            if not line.endswith(b"\n"):
                said = self.stderr() or "it said nothing"
                self.stop()
                raise PolicyRefused(f"the stand-in policy server did not start: {said}")
            self._urls = json.loads(line)
        return self._urls

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
