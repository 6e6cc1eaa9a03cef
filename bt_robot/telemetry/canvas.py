"""What all plots of a run share: colours that everybody can tell apart, rows of axes, a legend that covers nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# The palette of Okabe & Ito (2008), https://jfly.uni-koeln.de/color/
ORANGE, SKY, GREEN, YELLOW = "#e69f00", "#56b4e9", "#009e73", "#f0e442"
BLUE, VERMILION, PURPLE, GREY = "#0072b2", "#d55e00", "#cc79a7", "#999999"

HOLDING = YELLOW
"""The arm holds, because no action is there: the same in all plots."""

WIDTH_IN = 11.0
_LEGEND_SHARE = 0.97  # of a figure's width


def figure_of_rows(height_ratios: Sequence[float], width_in: float = WIDTH_IN) -> tuple[Figure, list[Any]]:
    """Return a figure and its axes, one below the other with a common time axis.

    Args:
        height_ratios: How high each is, in units of 1.25 inches.
        width_in: How wide the figure is [inches].
    """
    mpl.rcParams["svg.hashsalt"] = "bt_robot"
    figure = Figure(figsize=(width_in, 1.2 + 1.25 * sum(height_ratios)), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    rows = figure.subplots(len(height_ratios), 1, sharex=True, squeeze=False, height_ratios=list(height_ratios))[:, 0]
    axes = list(rows)
    for axis in axes:
        axis.tick_params(labelsize=7)
        axis.margins(x=0.01)
    return figure, axes


def legend_above(figure: Figure, *axes: Any) -> None:
    """Explain the lines and marks of axes above all axes, where they cover nothing, in as many rows as needed."""
    pairs = [axis.get_legend_handles_labels() for axis in axes]
    handles = [handle for found, _ in pairs for handle in found]
    labels = [label for _, found in pairs for label in found]
    for columns in range(len(labels), 0, -1):
        legend = figure.legend(handles, labels, loc="outside upper right", fontsize=7, ncols=columns)
        if columns == 1 or legend.get_window_extent().width <= _LEGEND_SHARE * figure.bbox.width:
            return
        legend.remove()
