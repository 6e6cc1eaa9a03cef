"""How `bt-arm` lays out what it says, in at most 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Final

WIDTH: Final = 80
_MARK: Final = 6
_NAME: Final = 14


def paragraph(text: str, indent: str = "") -> str:
    """Return text in lines that fit, each with a newline; its own line breaks stay."""
    lines = (line for part in text.splitlines() for line in _wrapped(part, WIDTH - len(indent)))
    return "".join(f"{indent}{line}\n" for line in lines)


def marked(mark: str, name: str, text: str) -> str:
    """Return text behind a mark such as OK and a name, in as many lines as it needs."""
    lines = [line for part in text.splitlines() for line in _wrapped(part, WIDTH - _MARK - _NAME)]
    heads = [f"{mark:<{_MARK}}{name:<{_NAME}}", *[" " * (_MARK + _NAME)] * len(lines)]
    return "".join(f"{head}{line}".rstrip() + "\n" for head, line in zip(heads, lines or [""], strict=False))


def named(name: str, text: str) -> str:
    """Return text behind a name, in as many lines as it needs."""
    lines = _wrapped(text, WIDTH - _NAME)
    return "".join(f"{'' if i else name:<{_NAME}}{line}".rstrip() + "\n" for i, line in enumerate(lines))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        first, *others = (
            f"{cell:>{width}}" if i else f"{cell:<{width}}"
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join([first, *others]).rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    # A path that is longer than a line stays whole, so that it can be copied.
    return wrap(text, width, break_on_hyphens=False, break_long_words=False) or [""]
