"""The emergency stop of a run: the space bar, or SIGUSR1 from anywhere; it acts at once, and is latched."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import threading
import tty
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

from bt_robot.cli.job_control import in_foreground

KEY: Final = " "
HINT: Final = "space: emergency stop"

_LOOK_EVERY_S: Final = 0.2


class Button:
    """What stops a robot, also one that is not there yet when it is pressed; from any thread."""

    def __init__(self) -> None:
        """Not pressed, and not wired to anything."""
        self._reason = ""
        self._stop: Callable[[str], None] | None = None

    def press(self, reason: str) -> None:
        """Stop the robot.

        Args:
            reason: What was pressed.
        """
        self._reason = self._reason or reason
        if self._stop is not None:
            self._stop(reason)

    def wire_to(self, stop: Callable[[str], None]) -> None:
        """Say what stops the robot; done at once if the button was pressed before."""
        self._stop = stop
        if self._reason:
            stop(self._reason)


@contextmanager
def emergency_stop(stop: Callable[[str], None], heard: Callable[[bytes], None] = lambda _: None) -> Generator[bool]:
    """Inside, the space bar in the terminal and SIGUSR1 call `stop` with what was pressed.

    Args:
        stop: Told why; it may be called from any thread, any number of times.
        heard: Told all keys that are pressed, after that.

    Yields:
        Whether there is a terminal whose keys are listened to.
    """

    def on_signal(signum: int, frame: FrameType | None) -> None:
        stop("signal SIGUSR1")

    before = signal.signal(signal.SIGUSR1, on_signal)
    try:
        with _keys(stop, heard) as listening:
            yield listening
    finally:
        signal.signal(signal.SIGUSR1, before)


@contextmanager
def _keys(stop: Callable[[str], None], heard: Callable[[bytes], None]) -> Generator[bool]:
    """Listen to the terminal's keys without ENTER, if this process has the terminal's foreground."""
    fd = _terminal()
    if fd is None:
        yield False
        return
    before, over = termios.tcgetattr(fd), threading.Event()
    tty.setcbreak(fd, termios.TCSANOW)
    thread = threading.Thread(target=_listen, args=(fd, stop, heard, over), name="emergency-key", daemon=True)
    thread.start()
    try:
        yield True
    finally:
        over.set()
        thread.join(2 * _LOOK_EVERY_S)
        with suppress(termios.error):  # the terminal may be gone, as when ssh ends
            if in_foreground(fd):
                termios.tcsetattr(fd, termios.TCSANOW, before)


def _terminal() -> int | None:
    try:
        fd = sys.stdin.fileno()
    except (AttributeError, ValueError, OSError):
        return None
    return fd if os.isatty(fd) and in_foreground(fd) else None


def _without_enter(fd: int) -> None:
    """Have the terminal give keys at once, also when a shell had it in the meantime: after Ctrl-Z, `bg` and `fg`."""
    if in_foreground(fd) and termios.tcgetattr(fd)[3] & termios.ICANON:
        tty.setcbreak(fd, termios.TCSANOW)


def _listen(fd: int, stop: Callable[[str], None], heard: Callable[[bytes], None], over: threading.Event) -> None:
    while not over.is_set():
        try:
            _without_enter(fd)
            if not select.select([fd], [], [], _LOOK_EVERY_S)[0] or not in_foreground(fd):
                over.wait(_LOOK_EVERY_S if not in_foreground(fd) else 0.0)
                continue
            pressed = os.read(fd, 64)
        except (OSError, termios.error):
            return
        if not pressed:
            return
        if KEY.encode() in pressed:
            stop("space pressed")
        heard(pressed)
