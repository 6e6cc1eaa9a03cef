"""Text to a stream that may be slow, paused or gone, without ever making the writer wait."""

from __future__ import annotations

import contextlib
import io
import os
import queue
import threading
from typing import TextIO

from bt_robot.telemetry.characters import encoded

MAX_WAITING = 1000
"""Pieces of text that wait for the stream; more are dropped and counted."""

_CLOSE_S = 1.0


class BackgroundWriter(io.TextIOBase):
    """A text stream in front of another one: a thread does the writing.

    A terminal that is paused or a pipe that nobody reads blocks that thread only. The thread writes
    to the file descriptor itself, so that the stream's own lock can't keep the program from ending.
    """

    def __init__(self, stream: TextIO) -> None:
        """Write to a stream from a thread of its own."""
        super().__init__()
        self._stream = stream
        self._waiting: queue.Queue[str | threading.Event | None] = queue.Queue(MAX_WAITING)
        self._dropped = 0
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Hand a piece of text over; it is dropped when too many wait already."""
        try:
            self._waiting.put_nowait(text)
        except queue.Full:
            self._dropped += 1
        return len(text)

    @property
    def idle(self) -> bool:
        """Whether everything has been written; who draws pictures need not add one to those that wait."""
        return not self._waiting.unfinished_tasks

    def settle(self) -> None:
        """Wait a moment for what is not written yet: what goes to another stream now is to come after it."""
        written = threading.Event()
        with contextlib.suppress(queue.Full):
            self._waiting.put(written, timeout=_CLOSE_S)
            written.wait(_CLOSE_S)

    def finish(self) -> None:
        """Wait a moment for what is not written yet, then leave it."""
        if self._dropped:
            self.write(f"({self._dropped} lines were dropped: nobody read them)\n")
        with contextlib.suppress(queue.Full):
            self._waiting.put(None, timeout=_CLOSE_S)
            self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        while (text := self._waiting.get()) is not None:
            if isinstance(text, threading.Event):
                text.set()
            else:
                with contextlib.suppress(OSError, ValueError):  # the reader is gone: there is nobody to tell
                    self._put(text)
            self._waiting.task_done()

    def _put(self, text: str) -> None:
        try:
            descriptor = self._stream.fileno()
        except (OSError, ValueError):  # a stream in memory
            self._stream.write(text)
            return
        data = encoded(text, self._stream.encoding or "utf-8")
        while data:
            data = data[os.write(descriptor, data) :]
