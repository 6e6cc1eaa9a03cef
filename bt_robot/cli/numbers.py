"""The numbers of a skill or a run as JSON, and single ones as words. The keys are described in docs/summary.md."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bt_robot.telemetry.skill_numbers import SkillNumbers

_DECIMALS = {"_s": 6, "_rad": 6, "_steps": 2, "share": 4, "_s3": 3}
"""How exactly a value is told, by how its key ends."""


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


def chunk_counts(chunks: Mapping[str, int]) -> str:
    """Return how many chunks were accepted, how many of them guided, and how many came to nothing."""
    return ", ".join([str(chunks["accepted"]), *guided_count(chunks), *lost_counts(chunks)])


def guided_count(chunks: Mapping[str, int]) -> list[str]:
    """Return how many chunks the server made continue the plan it was told, e.g. `5 guided`; nothing where none."""
    return [f"{chunks['guided']} guided"] if chunks["guided"] else []


def lost_counts(chunks: Mapping[str, int]) -> list[str]:
    """Return how many chunks came to nothing, a word per kind that there was."""
    return [f"{chunks[what]} {what}" for what in ("late", "rejected", "dropped") if chunks[what]]


def milliseconds(value_s: float | None) -> str:
    """Return a time in whole milliseconds with the unit, or a dash."""
    return "–" if value_s is None else f"{1e3 * value_s:.0f} ms"


def degrees(value_rad: float | None) -> str:
    """Return an angle in degrees with the sign, or a dash."""
    return "–" if value_rad is None else f"{math.degrees(value_rad):.1f}°"
