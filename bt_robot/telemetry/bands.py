"""The bands along the top of every plot of a run: which skill was at work, and under which prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from bt_robot.telemetry.canvas import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from bt_robot.telemetry.one_line import start, tail
from bt_robot.telemetry.recording import Columns

BANDS_HEIGHT = 0.55
"""How high the axes of the bands are, as a row's ratio."""

_PADDING_PX = 6
_COLORS = (SKY, ORANGE, GREEN, PURPLE, BLUE, VERMILION)


@dataclass(frozen=True, slots=True)
class BandText:
    """A text that has to fit between two times.

    Attributes:
        text: Its artist.
        words: All of it.
        shorten: How it is cut to a number of characters.
        begin_s: Where its span begins [s].
        end_s: Where it ends [s].
    """

    text: Any
    words: str
    shorten: Callable[[str, int], str]
    begin_s: float
    end_s: float


def draw_bands(axis: Any, columns: Columns, title: str) -> list[BandText]:
    """Draw skill above prompt below a title; return the texts, which `save` cuts to what has room."""
    axis.set_title(title, fontsize=10)
    axis.set_yticks([0.5, 1.5], ["prompt", "skill"], fontsize=7)
    axis.set_ylim(0, 2)
    skills = [skill_name(path) for path in columns.skill]
    return [
        *_draw_band(axis, 1, skills, columns.time_s, tail),  # the end of a path says more than its beginning
        *_draw_band(axis, 0, columns.prompt, columns.time_s, start),
    ]


def save(figure: Figure, texts: Sequence[BandText], path: Path) -> None:
    """Write a figure with its bands' texts shortened to what their spans have room for."""
    figure.draw_without_rendering()  # what fits is known when everything has its place
    for text in texts:
        _fit(text)
    figure.savefig(path)


def skill_name(path: str) -> str:
    """Return a skill's path without the tree's name; the tree's name where the path is nothing else."""
    return path.partition("/")[2] or path


def spans(values: Sequence[Any], time_s: Sequence[float]) -> Iterator[tuple[Any, float, float]]:
    """Yield (value, begin, end) for each run of equal values; each lasts until the next tick's time [s]."""
    for value, group in groupby(range(len(values)), key=lambda i: values[i]):
        indices = list(group)
        yield value, time_s[indices[0]], time_s[min(indices[-1] + 1, len(time_s) - 1)]


def _draw_band(
    axis: Any, row: int, names: Sequence[str], time_s: Sequence[float], shorten: Callable[[str, int], str]
) -> Iterator[BandText]:
    colors = {name: _COLORS[i % len(_COLORS)] for i, name in enumerate(dict.fromkeys(name for name in names if name))}
    for name, begin_s, end_s in spans(names, time_s):
        if name:
            axis.axvspan(begin_s, end_s, row / 2 + 0.03, row / 2 + 0.47, color=colors[name], alpha=0.35, lw=0)
            text = axis.text((begin_s + end_s) / 2, row + 0.5, "", ha="center", va="center", fontsize=7)
            text.set_in_layout(False)
            text.set_parse_math(False)  # a prompt may hold a dollar sign
            yield BandText(text, name, shorten, begin_s, end_s)


def _fit(band: BandText) -> None:
    """Shorten a band's text to what its span has room for; a text of which nothing fits is left out."""
    axis, text, length = band.text.axes, band.text, len(band.words)
    (left, _), (right, _) = axis.transData.transform([(band.begin_s, 0.0), (band.end_s, 0.0)])
    room_px = right - left - _PADDING_PX
    while length > 1 or length == len(band.words):  # an ellipsis alone says nothing
        text.set_text(band.shorten(band.words, length))
        width_px = text.get_window_extent().width
        if width_px <= room_px:
            return
        length = min(length - 1, int(length * room_px / width_px)) if room_px > 0 else 0
    text.set_text("")
