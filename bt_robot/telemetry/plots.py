"""The plot of what the arm did: joints commanded and measured, with what was asked of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bt_robot.messages import JointLimits
from bt_robot.telemetry.bands import BANDS_HEIGHT, draw_bands, save
from bt_robot.telemetry.canvas import BLUE, GREY, VERMILION, figure_of_rows, legend_above
from bt_robot.telemetry.marks import HOLDING_WORDS, shade_holding
from bt_robot.telemetry.recording import Recording

_MEASURED, _COMMANDED, _LIMIT = BLUE, VERMILION, GREY


def plot_joints(recording: Recording, limits: JointLimits, title: str, path: Path) -> None:
    """Write commanded against measured joints, with skill and prompt along the time axis."""
    columns = recording.columns
    figure, axes = figure_of_rows([BANDS_HEIGHT, *[1.0] * len(limits.names)])
    texts = draw_bands(axes[0], columns, title)
    measured, commanded = np.array(columns.measured), np.array(columns.commanded)
    for i, (axis, name) in enumerate(zip(axes[1:], limits.names, strict=True)):
        shade_holding(axis, columns, columns.held, HOLDING_WORDS)
        axis.axhline(limits.lower[i], color=_LIMIT, lw=0.8, ls=":", label="limits")
        axis.axhline(limits.upper[i], color=_LIMIT, lw=0.8, ls=":")
        axis.plot(columns.time_s, commanded[:, i], color=_COMMANDED, lw=1.6, label="commanded")
        axis.plot(columns.time_s, measured[:, i], color=_MEASURED, lw=1.1, label="measured")
        unit = "0 … 1" if i == len(limits.names) - 1 else "rad"
        axis.set_ylabel(f"{name}\n[{unit}]", fontsize=8)
    legend_above(figure, axes[1])
    axes[-1].set_xlabel("time [s]", fontsize=8)
    save(figure, texts, path)
