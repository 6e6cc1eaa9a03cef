"""A line on a terminal that tells how long something takes already."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, TextIO

_EVERY_S: Final = 1.0
_CLEAR: Final = "\r\x1b[K"


@contextmanager
def waiting(stream: TextIO | None, words: Callable[[float], str], every_s: float = _EVERY_S) -> Generator[None]:
    """Inside, rewrite a line every second; remove it afterwards.

    Args:
        stream: A terminal; None to tell nothing.
        words: Returns the line for the time waited so far [s].
        every_s: How often [s].
    """
    if stream is None:
        yield
        return
    over, began_s, shown = threading.Event(), time.monotonic(), False

    def tell() -> None:
        nonlocal shown
        while not over.wait(every_s):
            shown = True
            stream.write(_CLEAR + words(time.monotonic() - began_s))
            stream.flush()

    thread = threading.Thread(target=tell, name="waiting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        if shown:
            stream.write(_CLEAR)
            stream.flush()
