"""Answers questions about the simulated cell's picture, as a vision-language model would; it knows blocks only."""

from __future__ import annotations

import math
import re
from typing import Final

from bt_robot.arm.workcell import (
    BLOCK_COLOURS,
    CONTAINER_FLOOR_M,
    CONTAINER_INNER_HALF_M,
    FRONT,
)
from bt_robot.messages import Image
from bt_robot.standin.perception import View

_INSIDE: Final = frozenset({"in", "inside", "into"})
_CONTAINERS: Final = frozenset({"container", "bowl", "box", "bin"})
_SEEING: Final = frozenset({"see", "seen", "visible", "there"})
_SOFTNESS_M: Final = 0.006
"""How far from the container's wall a block makes it sure [m]."""


def probability(question: str, image: Image) -> float:
    """Return how likely the answer is yes, 0 … 1; 0.5 for a question that it does not understand.

    Args:
        question: Names a colour, and whether that block is in the container, on the table or to be seen.
        image: The fixed camera's picture, (height, width, 3) RGB.
    """
    words = set(re.findall(r"[a-z]+", question.lower()))
    colours = [colour for colour in BLOCK_COLOURS if colour in words]
    if len(colours) != 1:
        return 0.5
    inside = bool(words & _INSIDE and words & _CONTAINERS)
    if not inside and not ("table" in words or words & _SEEING):
        return 0.5
    view = View(image)
    blob = view.blob(colours[0])
    if blob is None:
        return 0.5 if inside else 0.02  # in the container, or behind the arm?
    if not inside and "table" not in words:
        return 0.98
    container = view.container()
    if container is None or not container.trusted:
        return 0.5
    x, y = FRONT.back_project(blob.u, blob.v, view.width, view.height, CONTAINER_FLOOR_M + 0.01)
    margin_m = CONTAINER_INNER_HALF_M - max(abs(x - container.x_m), abs(y - container.y_m))
    within = 1.0 / (1.0 + math.exp(-max(min(margin_m / _SOFTNESS_M, 6.0), -6.0)))
    return within if inside else 1.0 - within
