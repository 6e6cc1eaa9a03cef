"""Where the seed puts the container and the blocks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bt_robot.arm import workcell
from bt_robot.arm.kinematics import PAN_AXIS_M
from bt_robot.errors import RobotRefused
from bt_robot.robot.sim.settings import SimSettings

_LAYOUTS, _TRIES = 100, 200


@dataclass(frozen=True, slots=True)
class Placement:
    """Where things stand at the start.

    Attributes:
        container_m: Centre (x, y) of the container.
        blocks: Centre (x, y) [m] and yaw [rad] of each block, by colour.
    """

    container_m: tuple[float, float]
    blocks: Mapping[str, tuple[float, float, float]]


def place(settings: SimSettings, seed: int) -> Placement:
    """Return the placement of a seed: everything in reach, in view and apart.

    Args:
        settings: Which blocks there are, and where the container stands if that is fixed.
        seed: Equal seeds give equal placements.

    Raises:
        RobotRefused: The container stands where the blocks find no room.
    """
    rng = np.random.default_rng(seed)
    for _ in range(_LAYOUTS):
        container = _fixed(settings) or _beside(rng)
        blocks: dict[str, tuple[float, float, float]] = {}
        for colour in settings.blocks:
            spot = _free_spot(rng, container, [(x, y) for x, y, _ in blocks.values()])
            if spot is None:
                break
            blocks[colour] = (*spot, float(rng.uniform(-math.pi, math.pi)))
        else:
            return Placement(container, blocks)
    raise RobotRefused(
        f"the simulation found no room for {len(settings.blocks)} blocks with the container at {settings.container}; "
        "move the container or ask for fewer blocks"
    )


def _fixed(settings: SimSettings) -> tuple[float, float] | None:
    return None if settings.container is None else (settings.container[0], settings.container[1])


def _beside(rng: np.random.Generator) -> tuple[float, float]:
    side = 1.0 if rng.random() < 0.5 else -1.0
    return _polar(rng.uniform(*workcell.CONTAINER_RADIUS_M), side * rng.uniform(*workcell.CONTAINER_AZIMUTH_RAD))


def _polar(radius_m: float, azimuth_rad: float) -> tuple[float, float]:
    return PAN_AXIS_M + radius_m * math.cos(azimuth_rad), radius_m * math.sin(azimuth_rad)


def _free_spot(
    rng: np.random.Generator, container: tuple[float, float], blocks: list[tuple[float, float]]
) -> tuple[float, float] | None:
    for _ in range(_TRIES):
        azimuth = rng.uniform(-workcell.SPAWN_AZIMUTH_RAD, workcell.SPAWN_AZIMUTH_RAD)
        x, y = _polar(rng.uniform(*workcell.SPAWN_RADIUS_M), azimuth)
        away = max(abs(x - container[0]), abs(y - container[1])) >= workcell.SPAWN_CONTAINER_GAP_M
        if away and all(math.dist((x, y), block) >= workcell.SPAWN_BLOCK_GAP_M for block in blocks):
            return x, y
    return None
