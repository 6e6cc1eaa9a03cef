"""Where the time of a policy server's answers goes, and what would help an arm that waits for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bt_robot.cli.checking.report import PARTS, Check, Spread
from bt_robot.policy.chunks.forecast import Forecast, forecast
from bt_robot.policy.inspection.judgement import Finding
from bt_robot.policy.inspection.probe import Sample

_LARGE_SHARE: Final = 0.5
_NOTABLE_S: Final = 0.05


def spreads(samples: Sequence[Sample]) -> dict[str, Spread | None]:
    """Return how long each part of some answers took; None for a part that a server does not tell."""
    return {part: _spread(samples, part) for part in PARTS}


def _spread(samples: Sequence[Sample], part: str) -> Spread | None:
    values = [getattr(sample.parts, f"{part}_s") for sample in samples]
    known = [float(value) for value in values if value is not None]
    return Spread.of(known) if known else None


def explain(total: Spread, parts: Mapping[str, Spread | None], outlook: Forecast, check: Check) -> Iterator[Finding]:
    """Yield what takes the time for which an arm will stand still, if that can be told.

    Args:
        total: How long the answers took.
        parts: Where that time went.
        outlook: What it means for a run: that the arm stands still.
        check: What was looked over.
    """
    server, network = parts.get("server"), parts.get("network")
    if server is None:
        words = "the server does not tell how long it computes, so network and model can't be told apart"
    elif _matters(server, total, outlook, check):
        words = "most of the time is the model's: a faster GPU, fewer denoising steps, or a longer horizon"
    elif network is not None and _matters(network, total, outlook, check):
        words = "most of the time passes outside the model: a nearer server, a cable, no other clients before it"
        if check.profile.decodes_jpeg and check.settings.policy.jpeg == "off":
            words += ", or policy.jpeg: 90"
    else:
        return
    yield Finding("help", "note", words)


def _matters(part: Spread, total: Spread, outlook: Forecast, check: Check) -> bool:
    """Return whether most of the time is a part's, and the arm would wait much less without it."""
    if part.p50_s <= _LARGE_SHARE * total.p50_s:
        return False
    left_s = max(0.0, total.p95_s - part.p50_s)
    without = forecast(check.profile, check.settings.policy.execution, check.settings.control_hz, left_s)
    return part.p50_s > _NOTABLE_S or without.stall_share <= _LARGE_SHARE * outlook.stall_share
