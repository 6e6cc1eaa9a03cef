"""A terminal that several programs share: who has its foreground, and what Ctrl-Z does to a program that fills it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

STDERR: Final = 2
"""The file descriptor on which runs are shown."""


def in_foreground(fd: int) -> bool:
    """Return whether this process may read a terminal; one in the background would be stopped for trying."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False


def in_background(fd: int) -> bool:
    """Return whether a terminal is another program's now, as a shell's after `&`; False where nobody governs it."""
    try:
        return os.tcgetpgrp(fd) != os.getpgrp()
    except OSError:
        return False


@contextmanager
def stopped_by_ctrl_z(step_aside: Callable[[Callable[[], None]], None], settle: Callable[[], None]) -> Generator[None]:
    """Inside, Ctrl-Z stops this process only once its screen is given back.

    Args:
        step_aside: Told what to do while the screen is given back; called by a signal handler.
        settle: Waits a moment until what was written is on the terminal.
    """

    def stop() -> None:
        settle()
        os.kill(os.getpid(), signal.SIGSTOP)  # returns when the process is continued

    def on_signal(signum: int, frame: FrameType | None) -> None:
        step_aside(stop)

    before = signal.getsignal(signal.SIGTSTP)
    if before is not signal.SIG_DFL:  # ignored, as under some shells' scripts
        yield
        return
    signal.signal(signal.SIGTSTP, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, before)
