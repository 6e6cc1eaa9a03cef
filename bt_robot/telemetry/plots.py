"""Plots of a run: joints commanded and measured, and the policy's latency."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bt_robot.messages import JointLimits
from bt_robot.telemetry.recording import Columns, Recording

_MEASURED, _COMMANDED, _LIMIT, _HELD = "#0072b2", "#d55e00", "#999999", "#f0e442"  # Okabe & Ito's palette
_PADDING_PX = 6
_LANES = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#0072b2", "#d55e00")


@dataclass(frozen=True, slots=True)
class _LaneText:
    """A text that has to fit between two times [s]."""

    text: Any
    name: str
    begin_s: float
    end_s: float


def plot_joints(recording: Recording, limits: JointLimits, title: str, path: Path) -> None:
    """Write commanded against measured joints, with the active subtree and prompt along the time axis."""
    columns = recording.columns
    figure, axes = _figure(len(limits.names) + 1, height_ratios=[0.7, *[1.0] * len(limits.names)])
    texts = _draw_lanes(axes[0], columns, title)
    measured, commanded = np.array(columns.measured), np.array(columns.commanded)
    for i, (axis, name) in enumerate(zip(axes[1:], limits.names, strict=True)):
        _shade_held(axis, columns)
        axis.axhline(limits.lower[i], color=_LIMIT, lw=0.8, ls=":")
        axis.axhline(limits.upper[i], color=_LIMIT, lw=0.8, ls=":")
        axis.plot(columns.time_s, commanded[:, i], color=_COMMANDED, lw=1.6, label="commanded")
        axis.plot(columns.time_s, measured[:, i], color=_MEASURED, lw=1.1, label="measured")
        unit = "0 … 1" if i == len(limits.names) - 1 else "rad"
        axis.set_ylabel(f"{name}\n[{unit}]", fontsize=8)
    _legend(figure, axes[1])
    axes[-1].set_xlabel("time [s]   (dotted: limits; yellow: holding)", fontsize=8)
    figure.draw_without_rendering()  # what fits is known when everything has its place
    for text in texts:
        _fit(text)
    figure.savefig(path)


def plot_latency(recording: Recording, path: Path) -> None:
    """Write the policy's latency over the time of the run, and the requests that failed."""
    figure, axes = _figure(1, height_ratios=[1.6])
    axis, time_s, arrivals = axes[0], recording.columns.time_s, recording.arrivals
    if arrivals:
        times, latencies = [a.time_s for a in arrivals], [1e3 * a.latency_s for a in arrivals]
        axis.vlines(times, 0, latencies, color=_MEASURED, lw=1.2)
        axis.plot(times, latencies, "o", color=_MEASURED, label="question to answer")
    else:
        axis.text(0.5, 0.5, "no request was answered", transform=axis.transAxes, ha="center", fontsize=9)
    served = [(a.time_s, 1e3 * a.server_s) for a in arrivals if a.server_s is not None]
    if served:
        axis.plot(*zip(*served, strict=True), "s", color=_COMMANDED, ms=4, label="of it in the server")
    if recording.failures_s:
        bottom = axis.get_xaxis_transform()
        failed = [0.0] * len(recording.failures_s)
        axis.plot(
            recording.failures_s, failed, "x", color="black", transform=bottom, clip_on=False, label="request failed"
        )
    axis.set_ylim(bottom=0)
    if time_s:
        margin_s = 0.01 * (time_s[-1] - time_s[0]) or 1.0
        axis.set_xlim(time_s[0] - margin_s, time_s[-1] + margin_s)
    axis.set_ylabel("policy latency [ms]", fontsize=8)
    axis.set_xlabel("time of arrival [s]", fontsize=8)
    _legend(figure, axis)
    figure.savefig(path)


def _legend(figure: Figure, axis: Any) -> None:
    """Explain an axis' lines and marks above all axes, where they cover nothing."""
    handles, labels = axis.get_legend_handles_labels()
    if labels:
        figure.legend(handles, labels, loc="outside upper right", fontsize=7, ncols=len(labels))


def _figure(rows: int, height_ratios: Sequence[float]) -> tuple[Figure, list[Any]]:
    mpl.rcParams["svg.hashsalt"] = "bt_robot"
    figure = Figure(figsize=(11, 1.2 + 1.25 * sum(height_ratios)), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, 1, sharex=True, squeeze=False, height_ratios=list(height_ratios))[:, 0]
    for axis in axes:
        axis.tick_params(labelsize=7)
        axis.margins(x=0.01)
    return figure, list(axes)


def _spans(values: Sequence[Any], time_s: Sequence[float]) -> Iterator[tuple[Any, float, float]]:
    """Yield (value, begin, end) for each run of equal values."""
    for value, group in groupby(range(len(values)), key=lambda i: values[i]):
        indices = list(group)
        yield value, time_s[indices[0]], time_s[min(indices[-1] + 1, len(time_s) - 1)]


def _draw_lanes(axis: Any, columns: Columns, title: str) -> list[_LaneText]:
    axis.set_title(title, fontsize=10)
    axis.set_yticks([0.5, 1.5], ["prompt", "subtree"], fontsize=7)
    axis.set_ylim(0, 2)
    texts: list[_LaneText] = []
    for row, values in ((0, columns.prompt), (1, columns.active)):
        names = {name: _LANES[i % len(_LANES)] for i, name in enumerate(dict.fromkeys(v for v in values if v))}
        for name, begin, end in _spans(values, columns.time_s):
            if name:
                axis.axvspan(begin, end, row / 2 + 0.03, row / 2 + 0.47, color=names[name], alpha=0.35, lw=0)
                text = axis.text((begin + end) / 2, row + 0.5, "", ha="center", va="center", fontsize=7)
                text.set_in_layout(False)
                text.set_parse_math(False)  # a prompt may hold a dollar sign
                texts.append(_LaneText(text, name, begin, end))
    return texts


def _fit(lane: _LaneText) -> None:
    """Shorten a lane's text to what its span has room for; a text of which nothing fits is left out."""
    axis, text, shown = lane.text.axes, lane.text, lane.name
    (left, _), (right, _) = axis.transData.transform([(lane.begin_s, 0.0), (lane.end_s, 0.0)])
    room_px = right - left - _PADDING_PX
    while shown:
        text.set_text(shown if shown == lane.name else shown.rstrip() + "…")
        width_px = text.get_window_extent().width
        if width_px <= room_px:
            return
        shown = shown[: min(len(shown) - 1, int(len(shown) * room_px / width_px))] if room_px > 0 else ""
    text.set_text("")


def _shade_held(axis: Any, columns: Columns) -> None:
    for held, begin, end in _spans(columns.held, columns.time_s):
        if held:
            axis.axvspan(begin, end, color=_HELD, alpha=0.25, lw=0)
