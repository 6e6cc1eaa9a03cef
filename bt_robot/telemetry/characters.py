"""Text for a terminal that knows few characters: those that it lacks are written with others, as wide as they are."""

from __future__ import annotations

from typing import Final

STAND_INS: Final = {"▶": ">", "✓": "+", "✗": "x", "·": ".", "–": "-", "…": "~", "→": ">", "“": '"', "”": '"'}
"""What the views say with the characters that everybody knows."""


def encoded(text: str, encoding: str) -> bytes:
    """Return a text as the bytes that a terminal takes.

    Args:
        text: Any text; what is no text in any encoding is escaped.
        encoding: The terminal's.
    """
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        known = "".join(_known(character, encoding) for character in text)
        return known.encode(encoding, errors="backslashreplace")


def _known(character: str, encoding: str) -> str:
    from rich.cells import cell_len  # most terminals know everything, and programs are to start fast

    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        lone = "\ud800" <= character <= "\udfff"  # a byte that was no text
        return character if lone else STAND_INS.get(character, "?" * cell_len(character))
    return character
