"""The comments in YAML text, which a YAML parser does not tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment; line and column count from 1.

    Attributes:
        line: Its line.
        text: Its words, without the `#`.
        alone: Whether nothing else stands on its line.
    """

    line: int
    text: str
    alone: bool


def comments_in(text: str) -> list[Comment]:
    """Return the comments in YAML text that can be parsed, in order.

    They are what stands between two tokens and is no white space, so no `#` inside a value is taken for one.
    """
    found: list[Comment] = []
    end = 0
    for start, stop in _tokens(text):
        found += _between(text, end, start)
        end = max(end, stop)
    return found + _between(text, end, len(text))


def _tokens(text: str) -> Iterator[tuple[int, int]]:
    for token in yaml.scan(text, Loader=_Loader) if "#" in text else ():
        yield token.start_mark.index, token.end_mark.index


def _between(text: str, start: int, stop: int) -> list[Comment]:
    found: list[Comment] = []
    at = start
    while (at := text.find("#", at, stop)) >= 0:
        line_start = text.rfind("\n", 0, at) + 1
        line_end = text.find("\n", at)
        line_end = len(text) if line_end < 0 else line_end
        words = text[at + 1 : line_end].strip()
        found.append(Comment(text.count("\n", 0, at) + 1, words, not text[line_start:at].strip()))
        at = line_end
    return found
