"""One page that looks on: what waits to be sent to it, which is never more than it can be behind."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import Final

from bt_robot.telemetry.view.asked import Window

MAX_WAITING_BYTES: Final = 1_000_000
"""A page that is further behind is told the newest state instead of what it missed."""

MAX_WINDOWS: Final = 8
MESSAGES_HZ: Final = 200.0
MESSAGES_BURST: Final = 400.0


class Page:
    """What waits for one page, and what it wants to see.

    Attributes:
        name: Who it is, for the record.
        follows: Whether it shows the newest tick, not the past.
        shown_s: The time that it was told the state of last [s]; infinite if it follows.
        seek_s: The time it wants to be told of next [s]; None if it waits for none.
        windows: Plots it waits for, by name.
        cameras: The cameras whose pictures it shows.
        behind: Whether it missed something and has to be told everything anew.
        revision: The number of the tree that it was told of last; None before it was told of any.
    """

    def __init__(self, name: str, now_s: float) -> None:
        """Start with everything to be told."""
        self.name = name
        self.follows = True
        self.shown_s = math.inf
        self.behind = True
        self.revision: int | None = None
        self.seek_s: float | None = None
        self.windows: dict[str, Window] = {}
        self.cameras: frozenset[str] = frozenset()
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._pictures: dict[str, bytes] = {}
        self._there = asyncio.Event()
        self._credit = MESSAGES_BURST
        self._credited_s = now_s

    def tell(self, message: bytes) -> None:
        """Send a message, in order; too many that wait are dropped, and everything is told anew."""
        if self.behind:
            return
        self._waiting.append(message)
        self._bytes += len(message)
        if self._bytes > MAX_WAITING_BYTES:
            self.forget()
        self._there.set()

    def forget(self) -> None:
        """Drop what waits; everything is told anew."""
        self._waiting.clear()
        self._bytes, self.behind = 0, True
        self._there.set()

    def show(self, camera: str, picture: bytes) -> None:
        """Send a picture; a newer one of the same camera takes its place."""
        self._pictures[camera] = picture
        self._there.set()

    def ask(self, window: Window) -> None:
        """Note a plot that it wants; of too many the oldest is never answered."""
        self.windows.pop(window.name, None)
        self.windows[window.name] = window
        if len(self.windows) > MAX_WINDOWS:
            del self.windows[next(iter(self.windows))]
        self._there.set()

    def seek(self, time_s: float) -> None:
        """Note which time it wants to see [s], the newest if that is infinite; of many at once the last is answered.

        It follows again when it was told the newest state: then the ticks after that one come.
        """
        self.follows, self.seek_s = False, time_s
        self._pictures.clear()
        self._there.set()

    @property
    def waits(self) -> bool:
        """Whether something waits to be sent."""
        return bool(self.behind or self._waiting or self.seek_s is not None)

    async def wait(self) -> None:
        """Wait until there is something to send."""
        await self._there.wait()
        self._there.clear()

    def take(self) -> bytes | None:
        """Return the next message to send; None if there is none."""
        if not self._waiting:
            return None
        message = self._waiting.popleft()
        self._bytes -= len(message)
        return message

    def take_picture(self) -> bytes | None:
        """Return a picture to send; None if there is none."""
        return self._pictures.pop(next(iter(self._pictures))) if self._pictures else None

    def heard(self, now_s: float) -> bool:
        """Count a message of the page; return whether it keeps to the rate it may send at."""
        self._credit = min(self._credit + (now_s - self._credited_s) * MESSAGES_HZ, MESSAGES_BURST)
        self._credited_s = now_s
        if self._credit < 1.0:
            return False
        self._credit -= 1.0
        return True
