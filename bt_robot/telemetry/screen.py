"""The whole of a terminal, drawn again and again in place; what stood there before comes back in the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from rich.console import Console, RenderableType

_RENEW_S: Final = 1.0
"""From time to time everything is written again: others may have written into the picture [s]."""

# xterm's sequences, which all its kin know; a terminal that lacks one, as Linux's console the other screen, skips it.
_TAKE: Final = "\x1b[?1049h\x1b[?25l"
_CLEAR: Final = "\x1b[H\x1b[2J"
_GIVE_BACK: Final = f"{_CLEAR}\x1b[?1049l\x1b[?25h"
_NO_WRAP, _WRAP = "\x1b[?7l", "\x1b[?7h"


class Screen:
    """Draws lines from the top of a terminal, and only what changed, so that it neither flickers nor fills a slow line.

    It takes the terminal's other screen, where there is no scrolling and no line that breaks when the window changes.
    """

    def __init__(self, console: Console, now: Callable[[], float] = time.monotonic) -> None:
        """Nothing is taken before the first `draw`.

        Args:
            console: Where to draw.
            now: A clock [s].
        """
        self._console = console
        self._now = now
        self._lock = threading.RLock()
        self._taken = False
        self._size = (0, 0)
        self._shown: list[str] = []
        self._whole_s = 0.0

    def draw(self, lines: Sequence[RenderableType]) -> None:
        """Show lines, as many as the terminal has; takes the screen if it isn't taken."""
        size = self._console.size
        painted = self._painted(lines[: size.height], size.width)
        with self._lock:
            begin, shown = "", self._shown
            if not self._taken or self._size != size:
                begin, shown = ("" if self._taken else _TAKE) + _CLEAR, []
            elif self._now() - self._whole_s >= _RENEW_S:
                shown = []
            if not shown:
                self._whole_s = self._now()
            changed = [
                f"\x1b[{row};1H\x1b[2K{line}"
                for row, line in enumerate(painted, 1)
                if row > len(shown) or shown[row - 1] != line
            ]
            below = f"\x1b[{len(painted) + 1};1H\x1b[J" if len(painted) < size.height else ""
            self._taken, self._size, self._shown = True, size, painted
            self._console.file.write(f"{begin}{_NO_WRAP}{''.join(changed)}{below}{_WRAP}")
            self._console.file.flush()

    def leave(self) -> None:
        """Give the terminal back as it was, if it was taken."""
        with self._lock:
            if self._taken:
                self._taken = False
                self._console.file.write(_GIVE_BACK)
                self._console.file.flush()

    def _painted(self, lines: Sequence[RenderableType], width: int) -> list[str]:
        """Return lines with their colours as the terminal takes them."""
        with self._console.capture() as caught:
            for line in lines:
                self._console.print(line, width=width, no_wrap=True, overflow="ellipsis", crop=True)
        return caught.get().split("\n")[:-1]
