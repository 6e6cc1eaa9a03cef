"""Text that takes exactly one line of a terminal, and can't do anything else to it."""

from __future__ import annotations


def one_line(text: str) -> str:
    """Return a text with a space for whatever can't be printed: a server's words may hold any control character."""
    return "".join(character if character.isprintable() else " " for character in text)


def start(text: str, width: int) -> str:
    """Return the beginning of a text that is too wide."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def tail(text: str, width: int) -> str:
    """Return the end of a text that is too wide: the end of a path says more than its beginning."""
    return text if len(text) <= width else "…" + text[len(text) - width + 1 :]


def middle(text: str, width: int) -> str:
    """Return both ends of a text that is too wide."""
    if len(text) <= width:
        return text
    left = max(width - 1, 0) // 2
    return text[:left] + "…" + text[len(text) - max(width - 1 - left, 0) :]
