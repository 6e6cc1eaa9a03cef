"""Problems in files, as people read them and as editors do: the line, a caret under the word, and what would be right.

```
trees/mine.yaml:9:7: unknown node type 'vla_skil'
   9 |     - vla_skil:
     |       ^^^^^^^^
     expected a node type; 'bt-nodes' lists them
     did you mean 'vla_skill'?
```
"""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, TextIO

from bt_robot.config.problems import LONGEST_LINE
from bt_robot.errors import Problem

MAX_SHOWN = 25
"""How many problems are written out for people; JSON has all of them."""

_WIDTH = 80
_BOLD, _RED, _GREEN = "1", "1;31", "32"


def problems_text(problems: Sequence[Problem], *, width: int | None = None, colour: bool = False) -> str:
    """Return problems as text, each with its line and a caret under the word.

    Args:
        problems: What was found, in order.
        width: Characters in a line of the terminal; None keeps every message on one line, for files and pipes.
        colour: Whether places, carets and hints are coloured.
    """
    lines = [line for problem in problems[:MAX_SHOWN] for line in _lines(problem, width, colour)]
    if (more := len(problems) - MAX_SHOWN) > 0:
        lines.append(f"… and {more} more (--json tells all of them)")
    return "\n".join(lines)


def problems_for(stream: TextIO, problems: Sequence[Problem]) -> str:
    """Return problems as text that suits a stream: coloured and no wider than it is if it is a terminal."""
    if not stream.isatty():
        return problems_text(problems)
    width = min(shutil.get_terminal_size().columns, 100)
    return problems_text(problems, width=width, colour=not os.environ.get("NO_COLOR"))


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return a problem as editors and language models take it: its place, kind, words, and line."""
    keys = ("file", "line", "column", "end_column", "severity", "code", "message", "expected", "hint")
    known = {**asdict(problem), "severity": "error"}
    return {key: known[key] for key in (*keys, "source_line", "source_offset")}


def _lines(problem: Problem, width: int | None, colour: bool) -> Iterator[str]:
    head, *rest = _wrapped(f"{problem.place}: {problem.message}", width, "", "    ")
    place = len(problem.place) + 1
    yield _painted(head[:place], _BOLD, colour) + head[place:]
    yield from rest
    gutter = max(4, len(str(problem.line)) + 1)
    if problem.source_line.strip():
        yield from _excerpt(problem, gutter, (width or _WIDTH) - gutter - 3, colour)
    indent = " " * (gutter + 1)
    if problem.expected:
        yield from _wrapped(f"expected {problem.expected}", width, indent, indent)
    if problem.hint:
        yield from (_painted(line, _GREEN, colour) for line in _wrapped(problem.hint, width, indent, indent))


def _wrapped(text: str, width: int | None, first: str, indent: str) -> list[str]:
    if width is None:
        return [first + text]
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)


def _excerpt(problem: Problem, gutter: int, room: int, colour: bool) -> Iterator[str]:
    """Yield the line of a problem, cut to a number of cells around the word, and the caret below it."""
    line = "".join(_visible(char) for char in problem.source_line)
    start = min(max(problem.column - 1 - problem.source_offset, 0), len(line))
    end = min(max(problem.end_column - 1 - problem.source_offset, start + 1), max(len(line), start + 1))
    first, last = _window(line, start, end, room)
    left = "…" if first or problem.source_offset else ""
    right = "…" if last < len(line) or len(line) == LONGEST_LINE else ""
    caret = " " * _cells(left + line[first:start]) + "^" * max(1, _cells(line[start : min(end, last)]))
    yield f"{problem.line:>{gutter}} | {left}{line[first:last]}{right}"
    yield f"{'':>{gutter}} | {_painted(caret, _RED, colour)}"


def _window(line: str, start: int, end: int, room: int) -> tuple[int, int]:
    """Return which part of a line is shown: all of it, or what fits around the word, a third of it before the word."""
    first, last = 0, len(line)
    room -= 2  # for the two marks that something was cut off
    while last > first and _cells(line[first:last]) > room:
        if last > max(end, start + 1) and _cells(line[first:start]) <= room // 3:
            last -= 1
        elif first < start:
            first += 1
        else:
            last -= 1
    return first, last


def _cells(text: str) -> int:
    from rich.cells import cell_len  # knows the characters that are two wide

    return cell_len(text)


def _visible(char: str) -> str:
    return "→" if char == "\t" else char if char.isprintable() else "\N{REPLACEMENT CHARACTER}"


def _painted(text: str, style: str, colour: bool) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if colour else text
