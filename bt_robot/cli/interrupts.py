"""Ctrl-C that behaves: once ends a run in order, twice ends it at once."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupt:
    """Whether a person asked the run to end; call it to know.

    Attributes:
        insisted: True once a KeyboardInterrupt was raised, whatever became of it: a C library that is
            being imported turns it into an ImportError.
    """

    def __init__(self) -> None:
        """Not yet."""
        self.insisted = False
        self._asked = False
        self._patient = False

    def __call__(self) -> bool:
        """Return whether the run shall end."""
        return self._asked

    @contextmanager
    def asked_politely(self) -> Generator[None]:
        """Inside, the first signal only asks; whoever is inside looks on every tick."""
        self._patient = True
        try:
            yield
        finally:
            self._patient = False

    def handle(self, signum: int, frame: FrameType | None) -> None:
        """Handle a signal.

        Raises:
            KeyboardInterrupt: Nobody looks, or it is not the first one.
        """
        if self._asked or not self._patient:
            self.insisted = True
            raise KeyboardInterrupt
        self._asked = True

    def deafen(self) -> None:
        """Ignore further signals: the work is over, and what is left takes a moment only."""
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def interrupts_in_order(*, restore: bool = True) -> Generator[Interrupt]:
    """Treat Ctrl-C, SIGTERM and SIGHUP alike; a signal that was ignored before, as under nohup, still is.

    Args:
        restore: Put the old handlers back at the end; a process that is about to exit leaves signals ignored.
    """
    interrupt = Interrupt()
    before: dict[int, Any] = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, interrupt.handle)
    try:
        yield interrupt
    finally:
        interrupt.deafen()
        for number, handler in before.items() if restore else ():
            signal.signal(number, handler)
