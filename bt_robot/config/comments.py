"""The comments in YAML text, which a YAML parser does not tell."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from bt_robot.config.problems import LINE_BREAK

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment.

    Attributes:
        line: Its line, from 1.
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
    lines = [0, *(found.end() for found in LINE_BREAK.finditer(text)), len(text)]
    found: list[Comment] = []
    end = 0
    for start, stop in _tokens(text):
        found += _between(text, end, start, lines)
        end = max(end, stop)
    return found + _between(text, end, len(text), lines)


def _tokens(text: str) -> Iterator[tuple[int, int]]:
    for token in yaml.scan(text, Loader=_Loader) if "#" in text else ():
        yield token.start_mark.index, token.end_mark.index


def _between(text: str, start: int, stop: int, lines: Sequence[int]) -> list[Comment]:
    """Return the comments between two places; `lines` has where each line begins, and the end of the text."""
    found: list[Comment] = []
    at = start
    while (at := text.find("#", at, stop)) >= 0:
        line = bisect_right(lines, at)
        words = text[at + 1 : lines[line]].strip()
        found.append(Comment(line, words, not text[lines[line - 1] : at].strip()))
        at = lines[line]
    return found
