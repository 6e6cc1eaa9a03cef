"""The plot of what the arm did: joints commanded and measured, with what was asked of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from bt_robot.messages import JointLimits
from bt_robot.telemetry.canvas import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    figure_of_rows,
    legend_above,
)
from bt_robot.telemetry.recording import Columns, Recording

_MEASURED, _COMMANDED, _LIMIT, _HELD = BLUE, VERMILION, GREY, YELLOW
_PADDING_PX = 6
_LANES = (SKY, ORANGE, GREEN, PURPLE, BLUE, VERMILION)


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
    figure, axes = figure_of_rows([0.7, *[1.0] * len(limits.names)])
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
    legend_above(figure, axes[1])
    axes[-1].set_xlabel("time [s]   (dotted: limits; yellow: holding)", fontsize=8)
    figure.draw_without_rendering()  # what fits is known when everything has its place
    for text in texts:
        _fit(text)
    figure.savefig(path)


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
