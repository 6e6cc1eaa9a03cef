"""What is logged while the screen is taken: shown there as it comes, and kept for afterwards."""

from __future__ import annotations

import io
import logging
from collections import deque
from collections.abc import Callable

MAX_KEPT = 1000
"""Lines kept; from then on the oldest are dropped and counted."""


class LogLines(logging.Handler):
    """A log handler without a stream: it only appends in memory, so it never makes a logger wait."""

    def __init__(self, show: Callable[[str], None]) -> None:
        """Start without lines.

        Args:
            show: Called with level and message of each record, on the thread that logs; must not wait.
        """
        super().__init__()
        self._show = show
        self._kept: deque[str] = deque(maxlen=MAX_KEPT)
        self._seen = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Show and keep one record; a log call with wrong arguments is told as it was written."""
        try:
            message, line = record.getMessage(), self.format(record)
        except Exception:  # noqa: BLE001 - handleError would write to stderr, and a logger must not raise
            message = line = f"{record.msg!r} can't be written with {record.args!r}"
        self._seen += 1
        self._kept.append(line)
        self._show(f"{record.levelname} {message}")

    def take(self, line: str) -> None:
        """Show and keep a line that nobody logged."""
        self._seen += 1
        self._kept.append(line)
        self._show(line)

    @property
    def kept_lines(self) -> tuple[str, ...]:
        """What was logged, formatted by the handler's formatter, oldest first; says how much was dropped."""
        kept = tuple(self._kept)
        dropped = self._seen - len(kept)
        return (f"({dropped} earlier lines were dropped)", *kept) if dropped else kept


class LineStream(io.TextIOBase):
    """A text stream that hands each line on: what a library or a dying thread writes past the log."""

    def __init__(self, take: Callable[[str], None]) -> None:
        """Start without text.

        Args:
            take: Called with each line, on the thread that writes; must not wait.
        """
        super().__init__()
        self._take = take
        self._begun = ""

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Hand on the lines that are complete now."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            if line.strip():
                self._take(line)
        return len(text)

    def finish(self) -> None:
        """Hand on what has no line end yet."""
        if self._begun:
            self.write("\n")
