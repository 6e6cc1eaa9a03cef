"""The plots of the policy link: where the latency goes, and whether the plan ever runs dry."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bt_robot.telemetry.bands import BANDS_HEIGHT, draw_bands, save
from bt_robot.telemetry.canvas import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    WIDTH_IN,
    figure_of_rows,
    legend_above,
)
from bt_robot.telemetry.marks import HOLDING_WORDS, mark_failures, shade_holding, span_the_run
from bt_robot.telemetry.recording import Arrival, Recording

_FEWEST_LANES, _MOST_LANES = 4, 16
_LANE_ROWS = 0.14  # of the height of a row
_SLACK_S = 1e-6  # bars that touch do not overlap
_INCHES_PER_S, _WIDEST_IN = 0.5, 48.0
_REST = "rest (pictures, encoding, waiting for the tick, simulated latency)"


def plot_latency(recording: Recording, title: str, path: Path) -> None:
    """Write the policy's latency over the time of the run, by part, and what went wrong."""
    figure, (bands, axis) = figure_of_rows([BANDS_HEIGHT, 1.6])
    texts = draw_bands(bands, recording.columns, title)
    arrivals = recording.arrivals
    if arrivals:
        _draw_latencies(axis, arrivals)
    else:
        axis.text(0.5, 0.5, "no request was answered", transform=axis.transAxes, ha="center", fontsize=9)
    mark_failures(axis, recording)
    axis.set_ylim(bottom=0)
    span_the_run(axis, recording)
    axis.set_ylabel("policy latency [ms]", fontsize=8)
    axis.set_xlabel("time of arrival [s]", fontsize=8)
    legend_above(figure, axis)
    save(figure, texts, path)


def _draw_latencies(axis: Any, arrivals: Sequence[Arrival]) -> None:
    """Stack the parts of each latency; on a simulated clock they may not fill it, or not fit in."""
    times = np.array([a.time_s for a in arrivals])
    whole = np.array([a.latency_s for a in arrivals])
    server = np.array([a.parts.server_s or 0.0 for a in arrivals])
    network = np.array([a.parts.network_s for a in arrivals])
    known = [a.parts.server_s is not None for a in arrivals]
    server, network = np.minimum(server, whole), np.minimum(network, np.maximum(whole - server, 0.0))
    below = np.zeros(len(whole))
    stack = [("server", server, BLUE), ("network", network, ORANGE), (_REST, whole - server - network, GREY)]
    for name, part, color in stack if any(known) else stack[1:]:
        axis.vlines(times, 1e3 * below, 1e3 * (below + part), color=color, lw=3, label=_quantiles(name, part))
        below = below + part
    axis.plot(times, 1e3 * whole, ".", color="black", ms=3, label=_quantiles("question to answer", whole))
    for outcome, marker, color in (("late", "v", VERMILION), ("rejected", "D", PURPLE)):
        found = [a for a in arrivals if a.splice.outcome == outcome]
        if found:
            heights = [1e3 * a.latency_s for a in found]
            axis.plot([a.time_s for a in found], heights, marker, color=color, ms=6, label=outcome)


def _quantiles(name: str, values_s: Any) -> str:
    p50_s, p95_s = np.percentile(values_s, [50, 95])
    return f"{name}: p50 {1e3 * p50_s:.0f}, p95 {1e3 * p95_s:.0f} ms"


@dataclass(frozen=True, slots=True)
class ChunkSpan:
    """Where the actions of a chunk lie in time [s].

    Attributes:
        arrival: The chunk.
        lane: The row it is drawn in.
        observed_s: When what it was planned from was observed.
        past_s: Where its first action would have been, had the arm not moved since; its past part ends at the arrival.
        executed: Where its actions were executed, (begin, end) each.
        unused_s: Where its other actions were meant to be, (begin, end).
    """

    arrival: Arrival
    lane: int
    observed_s: float
    past_s: float
    executed: tuple[tuple[float, float], ...]
    unused_s: tuple[float, float]


def chunk_spans(recording: Recording) -> list[ChunkSpan]:
    """Return where the chunks lie that arrived in the remembered ticks."""
    columns, period_s = recording.columns, _period_s(recording)
    arrivals = [a for a in recording.arrivals if columns.step and a.step >= columns.step[0]]
    accepted = [a.step for a in arrivals if a.splice.accepted]
    spans: list[ChunkSpan] = []
    for arrival in arrivals:
        begin_s, skipped = arrival.time_s, arrival.splice.skipped
        end = next(iter(accepted[bisect_left(accepted, arrival.step + 1) :]), columns.step[-1] + 1)
        ticks = range(bisect_left(columns.step, arrival.step), bisect_left(columns.step, end))
        ticks = ticks if arrival.splice.accepted else range(0)
        taken = [t for t in ticks if columns.executed[t]]
        left_s = max(arrival.length - skipped - len(taken), 0) * period_s
        unused_from_s = columns.time_s[taken[-1]] + period_s if taken else begin_s
        spans.append(
            ChunkSpan(
                arrival,
                0,
                begin_s - arrival.splice.delay_steps * period_s,
                begin_s - min(skipped, arrival.length) * period_s,
                tuple(_rows([columns.time_s[t] for t in taken], period_s)),
                (unused_from_s, unused_from_s + left_s),
            )
        )
    lanes = _lanes(spans)
    return [replace(span, lane=i % lanes) for i, span in enumerate(spans)]


def _lanes(spans: Sequence[ChunkSpan]) -> int:
    """Return in how many rows the chunks take turns: the fewest in which none is drawn over another, within bounds."""
    begins_s = [min(span.observed_s, span.past_s) for span in spans]
    ends_s = [max(span.arrival.time_s, span.unused_s[1]) for span in spans]
    for lanes in range(_FEWEST_LANES, _MOST_LANES):
        if all(end_s <= begin_s + _SLACK_S for end_s, begin_s in zip(ends_s, begins_s[lanes:], strict=False)):
            return lanes
    return _MOST_LANES


def _period_s(recording: Recording) -> float:
    steps, time_s = recording.columns.step, recording.columns.time_s
    return (time_s[-1] - time_s[0]) / max(steps[-1] - steps[0], 1) if steps else 0.0


def _rows(times_s: Sequence[float], period_s: float) -> Iterator[tuple[float, float]]:
    """Yield (begin, end) of each row of consecutive ticks."""
    begin = 0
    for i in range(1, len(times_s) + 1):
        if i == len(times_s) or times_s[i] - times_s[i - 1] > 1.5 * period_s:
            yield times_s[begin], times_s[i - 1] + period_s
            begin = i


def plot_chunks(recording: Recording, title: str, path: Path) -> None:
    """Write what is left of the plan, a bar per chunk with what became of its actions, and the seams."""
    spans, columns = chunk_spans(recording), recording.columns
    lanes = max((span.lane for span in spans), default=0) + 1
    duration_s = columns.time_s[-1] - columns.time_s[0] if columns.time_s else 0.0
    width_in = min(max(WIDTH_IN, _INCHES_PER_S * duration_s), _WIDEST_IN)
    heights = [BANDS_HEIGHT, 0.8, max(1.0, _LANE_ROWS * lanes), 0.9]
    figure, (bands, plan, chunks, seams) = figure_of_rows(heights, width_in)
    texts = draw_bands(bands, columns, title)
    held = [held or stalled for held, stalled in zip(columns.held, columns.stalled, strict=True)]
    for axis in (plan, chunks, seams):
        shade_holding(axis, columns, held, HOLDING_WORDS if axis is plan else None)
    _draw_plan(plan, recording)
    mark_failures(plan, recording)
    _draw_chunks(chunks, spans, lanes)
    _draw_seams(seams, spans)
    span_the_run(seams, recording)
    seams.set_xlabel("time [s]", fontsize=8)
    legend_above(figure, plan, chunks, seams)
    save(figure, texts, path)


def _draw_plan(axis: Any, recording: Recording) -> None:
    columns = recording.columns
    axis.fill_between(columns.time_s, columns.planned_steps, step="post", color=SKY, alpha=0.5, lw=0)
    axis.step(columns.time_s, columns.planned_steps, where="post", color=BLUE, lw=0.8)
    axis.set_ylim(bottom=0)
    axis.set_ylabel("actions left\n[steps]", fontsize=8)


def _draw_chunks(axis: Any, spans: Sequence[ChunkSpan], lanes: int) -> None:
    axis.set_ylim(lanes - 0.4, -0.6)
    axis.set_yticks([])
    axis.set_ylabel("chunks", fontsize=8)
    if not spans:
        axis.text(0.5, 0.5, "no chunk arrived", transform=axis.transAxes, ha="center", va="center", fontsize=9)
        return
    begins_s, ends_s = [span.observed_s for span in spans], [span.arrival.time_s for span in spans]
    axis.hlines([span.lane for span in spans], begins_s, ends_s, color="black", lw=0.8, label="on the way")
    accepted = [span for span in spans if span.arrival.splice.accepted]
    lost = [span for span in spans if not span.arrival.splice.accepted]
    past = [(span.lane, span.past_s, span.arrival.time_s) for span in spans]
    executed = [(span.lane, *row) for span in spans for row in span.executed]
    _draw_bars(axis, past, label="past", color=GREY)
    _draw_bars(axis, executed, label="executed", color=GREEN)
    unused = {"facecolor": "white", "edgecolor": GREY, "hatch": "/////", "lw": 0.5}
    _draw_bars(axis, [(span.lane, *span.unused_s) for span in accepted], label="not executed", **unused)
    _draw_bars(axis, [(span.lane, *span.unused_s) for span in lost], **unused | {"edgecolor": VERMILION})
    if lost:
        times_s, rows = [span.arrival.time_s for span in lost], [span.lane for span in lost]
        axis.plot(times_s, rows, "x", color=VERMILION, ms=5, mew=1.5, label="late or rejected")


def _draw_bars(axis: Any, bars: Sequence[tuple[int, float, float]], **looks: Any) -> None:
    """Draw what has a length of (lane, begin, end) [s]."""
    bars = [bar for bar in bars if bar[2] > bar[1]]
    if bars:
        rows, begins_s, ends_s = (np.array(column) for column in zip(*bars, strict=True))
        axis.barh(rows, ends_s - begins_s, 0.7, begins_s, **looks)


def _draw_seams(axis: Any, spans: Sequence[ChunkSpan]) -> None:
    splices = [(span.arrival.time_s, span.arrival.splice) for span in spans if span.arrival.splice.accepted]
    axis.set_ylabel("seam\n[degrees]", fontsize=8)
    if splices:
        times = [time_s for time_s, _ in splices]
        before, after = (
            np.degrees([getattr(splice, name) for _, splice in splices])
            for name in ("seam_before_rad", "seam_after_rad")
        )
        axis.vlines(times, before, after, color=GREY, lw=0.6)
        axis.plot(times, before, "o", color=VERMILION, ms=3.5, mfc="white", label="seam as planned")
        axis.plot(times, after, "o", color=BLUE, ms=3, label="as executed")
    axis.set_ylim(bottom=0)
