"""What a config can say about the simulation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from bt_robot.arm import workcell
from bt_robot.arm.kinematics import PAN_AXIS_M
from bt_robot.config.values import Rule
from bt_robot.errors import did_you_mean

_REACH_M = (0.12, 0.30)


@dataclass(frozen=True, slots=True)
class SimSettings:
    """The simulated work cell. Whatever is not fixed here is placed by the seed."""

    image_width: Annotated[int, Rule(doc="width of the pictures [px]", minimum=32, maximum=1920)] = 224
    image_height: Annotated[int, Rule(doc="height of the pictures [px]", minimum=32, maximum=1080)] = 224
    cameras: Annotated[tuple[str, ...], Rule(doc="which cameras there are: front, wrist, top")] = ("front", "wrist")
    blocks: Annotated[tuple[str, ...], Rule(doc="a block of each colour: red, green, yellow")] = (
        "red",
        "green",
        "yellow",
    )
    container: Annotated[
        tuple[float, ...] | None, Rule(doc="centre (x, y) of the container [m]; placed by the seed if absent", length=2)
    ] = None
    render: Annotated[
        Literal["rays", "gl"], Rule(doc="how pictures are made: ray casting, or OpenGL with the 'gl' extra")
    ] = "rays"

    def __post_init__(self) -> None:
        """Check the names.

        Raises:
            ValueError: A camera or block is unknown or named twice, or the container is out of reach.
        """
        _check("camera", self.cameras, list(workcell.CAMERAS))
        _check("block", self.blocks, list(workcell.BLOCK_COLOURS))
        if self.container is not None:
            distance = math.dist(self.container, (PAN_AXIS_M, 0.0))
            if not _REACH_M[0] <= distance <= _REACH_M[1]:
                low, high = _REACH_M
                raise ValueError(f"the container is {distance:.2f} m from the arm's axis; expected {low} to {high} m")


def _check(what: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            raise ValueError(f"unknown {what} '{name}'; expected {', '.join(known)}" + (f" ({hint})" if hint else ""))
    if len(set(names)) < len(names):
        raise ValueError(f"a {what} is named twice: {', '.join(names)}")
