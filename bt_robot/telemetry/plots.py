"""Plots of a run: joints commanded and measured, and the policy's latency."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
_LANES = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#0072b2", "#d55e00")


def plot_joints(recording: Recording, limits: JointLimits, title: str, path: Path) -> None:
    """Write commanded against measured joints, with the active subtree and prompt along the time axis."""
    columns = recording.columns
    figure, axes = _figure(len(limits.names) + 1, height_ratios=[0.7, *[1.0] * len(limits.names)])
    _draw_lanes(axes[0], columns, title)
    measured, commanded = np.array(columns.measured), np.array(columns.commanded)
    for i, (axis, name) in enumerate(zip(axes[1:], limits.names, strict=True)):
        _shade_held(axis, columns)
        axis.axhline(limits.lower[i], color=_LIMIT, lw=0.8, ls=":")
        axis.axhline(limits.upper[i], color=_LIMIT, lw=0.8, ls=":")
        axis.plot(columns.time_s, commanded[:, i], color=_COMMANDED, lw=1.6, label="commanded")
        axis.plot(columns.time_s, measured[:, i], color=_MEASURED, lw=1.1, label="measured")
        unit = "0 … 1" if i == len(limits.names) - 1 else "rad"
        axis.set_ylabel(f"{name}\n[{unit}]", fontsize=8)
    axes[1].legend(loc="upper right", fontsize=7, ncols=2)
    axes[-1].set_xlabel("time [s]   (dotted: limits; yellow: holding)", fontsize=8)
    figure.savefig(path)


def plot_latency(recording: Recording, path: Path) -> None:
    """Write the policy's latency over time."""
    figure, axes = _figure(1, height_ratios=[1.0])
    axis = axes[0]
    arrivals = recording.arrivals
    times = [arrival.time_s for arrival in arrivals]
    axis.vlines(times, 0, [1e3 * a.latency_s for a in arrivals], color=_MEASURED, lw=1.2)
    axis.plot(times, [1e3 * a.latency_s for a in arrivals], "o", color=_MEASURED, label="question to answer")
    served = [(a.time_s, 1e3 * a.server_s) for a in arrivals if a.server_s is not None]
    if served:
        axis.plot(*zip(*served, strict=True), "s", color=_COMMANDED, ms=4, label="of it in the server")
    axis.set_ylim(bottom=0)
    axis.set_ylabel("policy latency [ms]", fontsize=8)
    axis.set_xlabel("time of arrival [s]", fontsize=8)
    if arrivals:
        axis.legend(loc="upper right", fontsize=7)
    figure.savefig(path)


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


def _draw_lanes(axis: Any, columns: Columns, title: str) -> None:
    axis.set_title(title, fontsize=10)
    axis.set_yticks([0.5, 1.5], ["prompt", "subtree"], fontsize=7)
    axis.set_ylim(0, 2)
    for row, values in ((0, columns.prompt), (1, columns.active)):
        names = {name: _LANES[i % len(_LANES)] for i, name in enumerate(dict.fromkeys(v for v in values if v))}
        for name, begin, end in _spans(values, columns.time_s):
            if name:
                axis.axvspan(begin, end, row / 2 + 0.03, row / 2 + 0.47, color=names[name], alpha=0.35, lw=0)
                shown = name if len(name) <= 44 else name[:43] + "…"
                text = axis.text((begin + end) / 2, row + 0.5, shown, ha="center", va="center", fontsize=7)
                text.set_clip_on(True)
                text.set_parse_math(False)  # a prompt may hold a dollar sign


def _shade_held(axis: Any, columns: Columns) -> None:
    for held, begin, end in _spans(columns.held, columns.time_s):
        if held:
            axis.axvspan(begin, end, color=_HELD, alpha=0.25, lw=0)
