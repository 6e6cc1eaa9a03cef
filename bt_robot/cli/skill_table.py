"""The table of a run's skills in the terminal, which never is wider than it may be.

`summary.json` has all of it, exactly; what has no room in a row is told below the table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len

from bt_robot.cli.numbers import guided_count, lost_counts
from bt_robot.telemetry.one_line import middle, one_line

_HEADS = ("skill", "time", "stalls", "p50/p95 ms", "d", "chunks", "seam°", "jerk", "gov.")
_SHORTEST_NAME = 10
_LARGEST = 99_999  # larger numbers are told as a power of ten
_NONE = "–"
_GAP = "  "


def skill_table(skills: Mapping[str, Mapping[str, Any]], root: str, width: int) -> list[str]:
    """Return a line per skill that had to do with the policy, below one of heads; nothing where there is none.

    Args:
        skills: The skills of a summary: path → numbers.
        root: The tree's name, which every path begins with.
        width: The greatest length of a line, 78 or more.
    """
    asked = [(_name(path, root, skill["visits"]), skill) for path, skill in skills.items() if _asked(skill)]
    if not asked:
        return []
    longest = max(len(_HEADS[0]), *(cell_len(name) for name, _ in asked))
    said, room = _layout([skill for _, skill in asked], min(longest, _SHORTEST_NAME), width)
    first = min(longest, room)
    rows = [_HEADS, *((middle(name, first), *_cells(skill, said)) for name, skill in asked)]
    widths = [first, *(max(map(len, column)) for column in zip(*(row[1:] for row in rows), strict=True))]
    return [_line(row, widths) for row in rows] + _notes(asked, said, width)


def _layout(skills: Sequence[Mapping[str, Any]], wanted: int, width: int) -> tuple[int, int]:
    """Return how many kinds of words a row says of its chunks, and the room for a name.

    The most that leaves a name the room it wants; without any words the numbers leave it 7 of 78 columns at least.
    """
    said, room = 0, 0
    for said in (2, 1, 0):
        columns = zip(_HEADS[1:], *(_cells(skill, said) for skill in skills), strict=True)
        room = width - sum(max(map(len, column)) + len(_GAP) for column in columns)
        if room >= wanted:
            break
    return said, room


def _name(path: str, root: str, visits: int) -> str:
    name = one_line(path.removeprefix(f"{root}/"))
    return f"{name} ×{_number(visits)}" if visits > 1 else name


def _asked(skill: Mapping[str, Any]) -> bool:
    arrived = sum(skill["chunks"][what] for what in ("accepted", "late", "rejected"))
    return bool(arrived + skill["wait_ticks"] + skill["stall_ticks"] + skill["actions"]["executed"])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    name = row[0] + " " * (widths[0] - cell_len(row[0]))
    cells = [name, *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
    return _GAP.join(cells).rstrip()


def _cells(skill: Mapping[str, Any], said: int) -> tuple[str, ...]:
    latency, seam = skill["latency"], skill["seam"]
    return (
        f"{_number(skill['duration_s'], 1)} s",
        _number(skill["stall_ticks"]),
        _pair(_scaled(latency["p50_s"], 1e3), "/", _scaled(latency["p95_s"], 1e3)),
        _scaled(skill["delay"]["measured_mean_steps"], 1.0, 1),
        ", ".join([_number(skill["chunks"]["accepted"]), *_words(skill["chunks"], 0, said)]),
        _pair(_degrees(seam["before_p95_rad"]), "→", _degrees(seam["after_p95_rad"])),
        _scaled(skill["jerk"]["commanded_rad_s3"], 1.0),
        f"{100 * skill['governor']['share']:.0f}%",
    )


def _words(chunks: Mapping[str, int], begin: int, end: int) -> list[str]:
    """Return the kinds of words about chunks from one to before another: first the guided ones, then the lost ones."""
    return [word for words in (guided_count(chunks), lost_counts(chunks))[begin:end] for word in words]


def _notes(asked: Sequence[tuple[str, Mapping[str, Any]]], said: int, width: int) -> list[str]:
    """Return a line per skill about its chunks that says what its row has no room for."""
    notes: list[str] = []
    for name, skill in asked:
        words = ", ".join(_words(skill["chunks"], said, 2))
        if words:
            notes.append(f"{middle(name, max(width - len(words) - 2, len(_HEADS[0])))}: {words}")
    return notes


def _pair(first: str, sign: str, second: str) -> str:
    return _NONE if first == second == _NONE else f"{first}{sign}{second}"


def _degrees(value_rad: float | None) -> str:
    return _scaled(value_rad, math.degrees(1.0), 1)


def _scaled(value: float | None, scale: float, decimals: int = 0) -> str:
    return _NONE if value is None else _number(scale * value, decimals)


def _number(value: float, decimals: int = 0) -> str:
    """Return a number in five characters at most."""
    if value > _LARGEST:
        return f"{value:.0e}"
    return f"{value:.{decimals if value < 100 else 0}f}"
