"""How far a command is that goes through a recording."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Final

Progress = Callable[[float], None]
"""Takes how far something is, as a time on the run's clock [s]."""

_TOLD_EVERY_S: Final = 0.2


class Told:
    """Shows on a terminal how far something is: nothing elsewhere, and nothing with `--json`."""

    def __init__(self, arguments: argparse.Namespace, what: str, first_s: float, last_s: float) -> None:
        """Show nothing yet.

        Args:
            arguments: The flags of `add_output_flags`, and `stderr`.
            what: What is told of, in a word or two.
            first_s: Where it begins on the run's clock [s].
            last_s: Where it ends [s].
        """
        self._first_s, self._last_s = first_s, last_s
        self._shown = sys.stderr.isatty() and not arguments.json
        self._stderr = arguments.stderr
        self._what = what
        self._next_s = 0.0

    def __enter__(self) -> Progress:
        """Begin."""
        return self._tell

    def __exit__(self, *_: object) -> None:
        """Take the line away."""
        if self._shown and self._next_s:
            self._stderr.write("\r\x1b[K")

    def _tell(self, time_s: float) -> None:
        if not self._shown or time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + _TOLD_EVERY_S
        share = (time_s - self._first_s) / ((self._last_s - self._first_s) or 1.0)
        self._stderr.write(f"\r{self._what}: {100 * min(max(share, 0.0), 1.0):3.0f} %")
