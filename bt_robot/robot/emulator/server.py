"""The emulated bus on a pseudo-terminal, in real time: what another program opens as a serial port."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, Self

from bt_robot.robot.emulator.line import Line
from bt_robot.robot.emulator.pty import Pty, link, unlink

_PR_SET_TIMERSLACK: Final = 29
_IDLE_S: Final = 0.05
_ASLEEP_S: Final = 0.25
"""After a longer sleep of this process the mechanics go on where they were: nothing moved meanwhile [s]."""

_LAG_S: Final = 30e-6
"""The least that a wake-up and the tty take on the way from the host, and as much on the way to it [s].

The line's clock is ahead by that much, and what arrives is taken for twice as old, so that bytes reach the host when
they would on a wire, and never before."""

_PAUSE_S: Final = 0.0003
"""After the last byte, a host that speaks on at once does so within this time [s]."""

_AFTER_S: Final = 1e-6

Watched = Mapping[int, Callable[[], None]]
"""What to do when a file can be read, by its descriptor."""


class PtyServer:
    """Serves a line on a tty: paced by the line rate, waiting with `select`, never spinning.

    `start` serves on a thread, `run` on the caller's. Whoever changes the line or its faults meanwhile from another
    thread holds `lock`; single assignments need none.

    Attributes:
        line: What is served.
        lock: Held while the line is in use.
        lost_bytes: Bytes that the host never fetched.
    """

    def __init__(self, line: Line, link_path: str = "", *, frame_s: float = 0.0) -> None:
        """Open the tty.

        Args:
            line: What to serve.
            link_path: A path that leads to the tty; empty for none.
            frame_s: The adapter hands bytes to the host at multiples of this time, as USB does each 1 ms [s]; 0 for at
                once.

        Raises:
            OSError: There is no tty, or the link can't be made.
        """
        self.line = line
        self.lock = threading.RLock()
        self.lost_bytes = 0
        self._link = link_path
        self._frame_s = frame_s
        self._jammed = False
        self._held = bytearray()
        self._frame_due_s = 0.0
        self._busy_s = 0.0
        self._step_cost_s = 0.0
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread: threading.Thread | None = None
        self._ended = False
        self._pty: Pty | None = None
        self._path = ""
        self.reappear()

    @property
    def path(self) -> str:
        """The tty's path; the link, if there is one."""
        return self._link or self._path

    @property
    def quiet(self) -> bool:
        """Whether nothing is on the line, and nothing was for a moment: what can be put off may be done now."""
        return self.line.next_due_s is None and _now_s() > self._busy_s + _PAUSE_S

    def start(self) -> Self:
        """Serve on a thread of its own."""
        self._thread = threading.Thread(target=self.run, name="emulated-bus", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """End serving and close the tty; allowed at any time, any number of times."""
        self.end()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.vanish()
        if self._wake >= 0:
            os.close(self._wake)
            self._wake = -1

    def end(self) -> None:
        """Let `run` return soon; may be called by a signal handler."""
        self._ended = True  # an event has a lock, on which a signal within this call would wait for ever
        self._poke()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def vanish(self) -> None:
        """Pull the cable: the tty and its link are gone, and the host's end says so."""
        with self.lock:
            pty, self._pty = self._pty, None
            if pty is not None:
                unlink(self._link)
                pty.close()
        self._poke()

    def reappear(self) -> None:
        """Plug the cable in again: the path may be another one, the link is the same.

        Raises:
            OSError: There is no tty, or the link can't be made.
        """
        with self.lock:
            if self._pty is not None:
                return
            self._pty = Pty()
            self._path = self._pty.path
            if self._link:
                link(self._link, self._path)
        self._poke()

    def jam(self, on: bool = True) -> None:
        """Read nothing and say nothing, so that the host's writes come to block; or go on."""
        with self.lock:
            self._jammed = on
        self._poke()

    def run(self, watched: Callable[[], Watched] = dict) -> None:
        """Serve on this thread until `end` or `stop`.

        Args:
            watched: Other files to wait for, asked each time before waiting.
        """
        _wake_punctually()
        while not self._ended:
            with self.lock:
                fd = -1 if self._pty is None or self._jammed else self._pty.fd
                wait_s = self._wait_s(_now_s())
            others = watched()
            files = [self._wake, *others] if fd < 0 else [self._wake, fd, *others]
            readable = self._select(files, wait_s)
            with self.lock:
                self._turn(fd in readable)
            for other in others:
                if other in readable:
                    others[other]()

    def _select(self, files: list[int], wait_s: float) -> list[int]:
        try:
            readable = select.select(files, (), (), max(0.0, wait_s))[0]
        except OSError:  # the tty was closed meanwhile
            return []
        if self._wake in readable:
            os.eventfd_read(self._wake)
        return readable

    def _turn(self, readable: bool) -> None:
        """Do what is due: bytes to the host first, the mechanics when the line leaves time for them."""
        line, pty = self.line, self._pty
        now_s = _now_s()
        step_s = line.next_step_s
        if step_s is not None and now_s - step_s > _ASLEEP_S:
            line.skip(now_s)
        if self._jammed:
            pty = None
        if pty is not None and readable:
            self._receive(pty, now_s)
        self._deliver(pty, line.collect(now_s), now_s)
        if self._is_time_for_the_rest(now_s):
            line.advance(now_s)
            if line.next_step_s != step_s:
                self._step_cost_s = max(_now_s() - now_s, 0.9 * self._step_cost_s)
            self._deliver(pty, line.collect(now_s), now_s)

    def _receive(self, pty: Pty, now_s: float) -> None:
        baud = pty.baud()
        if baud > 0:
            self.line.baud = baud
        data = pty.read()
        if data:
            self._busy_s = now_s
            self.line.receive(data, now_s - 2.0 * _LAG_S)

    def _deliver(self, pty: Pty | None, data: bytes, now_s: float) -> None:
        if pty is None:  # there is nobody to hear it
            self._held.clear()
            return
        if self._frame_s > 0.0:
            if data and not self._held:
                self._frame_due_s = (now_s // self._frame_s + 1.0) * self._frame_s
            self._held += data
            if not self._held or now_s < self._frame_due_s:
                return
            data = bytes(self._held)
            self._held.clear()
        if data:
            self._busy_s = now_s
            self.lost_bytes += pty.write(data)

    def _is_time_for_the_rest(self, now_s: float) -> bool:
        due_s = self.line.next_due_s
        return (due_s is not None and due_s <= now_s) or self._step_due_s(now_s) <= now_s

    def _step_due_s(self, now_s: float) -> float:
        """Return when to let the mechanics go on: on time, or up to a step late, when no byte has to wait for it."""
        step_s, due_s = self.line.next_step_s, self.line.next_due_s
        if step_s is None:
            return now_s
        if due_s is None:
            free_s = max(step_s, self._busy_s + _PAUSE_S)
        elif due_s - max(now_s, step_s) > 2.0 * self._step_cost_s:
            free_s = step_s
        else:
            free_s = max(step_s, due_s + _AFTER_S)
        return min(free_s, step_s + self.line.step_s)

    def _wait_s(self, now_s: float) -> float:
        times = [self._step_due_s(now_s), now_s + _IDLE_S]
        if self.line.next_due_s is not None:
            times.append(self.line.next_due_s)
        if self._held:
            times.append(self._frame_due_s)
        return min(times) - now_s

    def _poke(self) -> None:
        if self._wake >= 0:
            os.eventfd_write(self._wake, 1)


def _now_s() -> float:
    """The line's clock [s]."""
    return time.monotonic() + _LAG_S


def _wake_punctually() -> None:
    """Ask the kernel not to put off this thread's wake-ups, as it may by 50 µs to save power."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
