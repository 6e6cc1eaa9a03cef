"""Ctrl-C that behaves: once ends the run in order, twice ends it at once."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupt:
    """Whether a person asked the run to end; call it to know."""

    def __init__(self) -> None:
        """Not yet."""
        self._asked = False

    def __call__(self) -> bool:
        """Return whether the run shall end."""
        return self._asked

    def ask(self, signum: int, frame: FrameType | None) -> None:
        """Handle a signal: the first one asks, the second one insists.

        Raises:
            KeyboardInterrupt: It was asked before.
        """
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True


@contextmanager
def interrupts_in_order() -> Generator[Interrupt]:
    """Turn Ctrl-C, SIGTERM and SIGHUP into a question that the loop asks on every tick."""
    interrupt = Interrupt()
    before: dict[int, Any] = {number: signal.signal(number, interrupt.ask) for number in _SIGNALS}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
