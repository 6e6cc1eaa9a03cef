"""What the plots of a run mark in the same way: when the arm held, when a request failed, how long the run was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bt_robot.telemetry.bands import spans
from bt_robot.telemetry.canvas import HOLDING
from bt_robot.telemetry.recording import Columns, Recording

HOLDING_WORDS = "holding: no action was there"
"""What the shade of `shade_holding` means, in a legend."""


def shade_holding(axis: Any, columns: Columns, held: Sequence[bool], label: str | None = None) -> None:
    """Shade the ticks in which no action was there.

    Args:
        axis: Where to draw.
        columns: The run.
        held: For each of its ticks, whether it is shaded.
        label: What a legend says of it; None where another axis has told it.
    """
    for shaded, begin_s, end_s in spans(held, columns.time_s):
        if shaded:
            axis.axvspan(begin_s, end_s, color=HOLDING, alpha=0.45, lw=0, zorder=0.5, label=label)
            label = None


def mark_failures(axis: Any, recording: Recording) -> None:
    """Mark on the time axis when a request was found to have failed."""
    if recording.failures_s:
        times_s, bottom = list(recording.failures_s), axis.get_xaxis_transform()
        looks = {"color": "black", "ms": 5, "transform": bottom, "clip_on": False, "zorder": 5}
        axis.plot(times_s, [0.0] * len(times_s), "x", label="request failed", **looks)


def span_the_run(axis: Any, recording: Recording) -> None:
    """Show the whole run on an axis, also where nothing is drawn."""
    time_s = recording.columns.time_s
    if time_s:
        margin_s = 0.01 * (time_s[-1] - time_s[0]) or 1.0
        axis.set_xlim(time_s[0] - margin_s, time_s[-1] + margin_s)
