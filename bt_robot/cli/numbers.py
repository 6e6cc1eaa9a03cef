"""The numbers of a skill or a run as JSON, and as a table for a person. The keys are described in docs/summary.md."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bt_robot.telemetry.skill_numbers import SkillNumbers

_DECIMALS = {"_s": 6, "_rad": 6, "_steps": 2, "share": 4, "_s3": 3}
"""How exactly a value is told, by how its key ends."""

_LONGEST_NAME = 28


def as_json(numbers: SkillNumbers) -> dict[str, Any]:
    """Return the numbers as a JSON object; units are in the keys' names."""
    return rounded(
        {
            "visits": numbers.visits,
            "ticks": numbers.ticks,
            "duration_s": numbers.duration_s,
            "wait_ticks": numbers.wait_ticks,
            "stall_ticks": numbers.stall_ticks,
            "stall_share": numbers.stall_share,
            "longest_stall_s": numbers.longest_stall_s,
            "hold_ticks": numbers.hold_ticks,
            "hold_share": numbers.hold_share,
            "governor": governor_json(numbers),
            **link_json(numbers),
            "jerk": asdict(numbers.jerk),
        }
    )


def governor_json(numbers: SkillNumbers) -> dict[str, Any]:
    """Return what the governor did."""
    return rounded(
        {"clamped": numbers.clamped_ticks, "refused": numbers.refused_ticks, "share": numbers.governor_share}
    )


def link_json(numbers: SkillNumbers) -> dict[str, Any]:
    """Return what of the numbers is about the policy link."""
    return rounded(
        {
            "latency": asdict(numbers.latency),
            "latency_parts": asdict(numbers.parts),
            "delay": asdict(numbers.delay),
            "chunks": asdict(numbers.chunks),
            "actions": asdict(numbers.actions),
            "seam": asdict(numbers.seam),
            "disagreement": asdict(numbers.disagreement),
        }
    )


def rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON object with every measure rounded to what is worth telling, also in the objects in it."""
    return {
        key: rounded(value) if isinstance(value, Mapping) else _rounded(key, value) for key, value in values.items()
    }


def _rounded(key: str, value: Any) -> Any:
    decimals = next((count for end, count in _DECIMALS.items() if key.endswith(end)), None)
    return round(value, decimals) if isinstance(value, float) and decimals is not None else value


def skill_table(skills: Mapping[str, Mapping[str, Any]], root: str) -> list[str]:
    """Return a line per skill that had to do with the policy, below one of heads; nothing where there is none.

    Args:
        skills: The skills of a summary: path → numbers.
        root: The tree's name, which every path begins with.
    """
    rows = [_cells(_name(path, root, skill["visits"]), skill) for path, skill in skills.items() if _asked(skill)]
    if not rows:
        return []
    heads = ("skill", "time", "stalls", "latency p50/p95", "d", "chunks", "seam p95", "jerk rad/s³", "governor")
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    return ["  ".join(_aligned(row, widths)).rstrip() for row in (heads, *rows)]


def _aligned(row: tuple[str, ...], widths: list[int]) -> list[str]:
    first, *others = zip(row, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]


def _asked(skill: Mapping[str, Any]) -> bool:
    arrived = sum(skill["chunks"][what] for what in ("accepted", "late", "rejected"))
    return bool(arrived + skill["wait_ticks"] + skill["stall_ticks"] + skill["actions"]["executed"])


def _name(path: str, root: str, visits: int) -> str:
    name = path.removeprefix(f"{root}/")
    if len(name) > _LONGEST_NAME:
        name = "…" + name[1 - _LONGEST_NAME :]
    return f"{name} ×{visits}" if visits > 1 else name


def _cells(name: str, skill: Mapping[str, Any]) -> tuple[str, ...]:
    latency, delay, seam = skill["latency"], skill["delay"], skill["seam"]
    jerk = skill["jerk"]["commanded_rad_s3"]
    return (
        name,
        f"{skill['duration_s']:.1f} s",
        str(skill["stall_ticks"]),
        f"{milliseconds(latency['p50_s'])} / {milliseconds(latency['p95_s'])}",
        "–" if delay["measured_mean_steps"] is None else f"{delay['measured_mean_steps']:.1f}",
        chunk_counts(skill["chunks"]),
        f"{degrees(seam['before_p95_rad'])} → {degrees(seam['after_p95_rad'])}",
        "–" if jerk is None else f"{jerk:.1f}",
        f"{100 * skill['governor']['share']:.0f} %",
    )


def chunk_counts(chunks: Mapping[str, int]) -> str:
    """Return how many chunks were accepted, and how many came to nothing."""
    lost = [f"{chunks[what]} {what}" for what in ("late", "rejected", "dropped") if chunks[what]]
    return ", ".join([str(chunks["accepted"]), *lost])


def milliseconds(value_s: float | None) -> str:
    """Return a time in whole milliseconds with the unit, or a dash."""
    return "–" if value_s is None else f"{1e3 * value_s:.0f} ms"


def degrees(value_rad: float | None) -> str:
    """Return an angle in degrees with the sign, or a dash."""
    return "–" if value_rad is None else f"{math.degrees(value_rad):.1f}°"
