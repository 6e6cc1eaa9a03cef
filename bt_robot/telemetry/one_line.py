"""Text that takes exactly one line of a terminal, and can't do anything else to it."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size


def one_line(text: str) -> str:
    """Return a text with a space for whatever can't be printed: a server's words may hold any control character."""
    return "".join(character if character.isprintable() else " " for character in text)


def start(text: str, width: int) -> str:
    """Return the beginning of a text that is too wide; width in cells, of which some characters take two."""
    return text if cell_len(text) <= width else set_cell_size(text, max(width - 1, 0)).rstrip() + "…"


def tail(text: str, width: int) -> str:
    """Return the end of a text that is too wide: the end of a path says more than its beginning."""
    return text if cell_len(text) <= width else "…" + _end(text, width - 1)


def middle(text: str, width: int) -> str:
    """Return both ends of a text that is too wide."""
    if cell_len(text) <= width:
        return text
    left = max(width - 1, 0) // 2
    return set_cell_size(text, left).rstrip() + "…" + _end(text, width - 1 - left)


def _end(text: str, width: int) -> str:
    """Return as much of a text's end as fits into cells."""
    first = len(text)
    while first and cell_len(text[first - 1 :]) <= width:
        first -= 1
    return text[first:]
