"""The simulated arm's masses and shapes: primitives only, which is what makes ray casting cheap.

Masses and inertias are those of mujoco_menagerie's `robotstudio_so101` (Apache-2.0); the shapes are
our own. Everything is in the frame of the link it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Triple = tuple[float, float, float]

WHITE = (0.92, 0.92, 0.90)
BLACK = (0.12, 0.12, 0.13)
PAD = (0.30, 0.30, 0.31)
TABLE = (0.58, 0.57, 0.55)


@dataclass(frozen=True, slots=True)
class Inertia:
    """A link's mass [kg], centre of mass [m] and principal moments [kg m²]."""

    mass_kg: float
    centre_m: Triple
    moments_kg_m2: Triple


@dataclass(frozen=True, slots=True)
class Shape:
    """A box or cylinder.

    Attributes:
        kind: `box` or `cylinder`.
        position_m: Its centre.
        size_m: Half extents of a box; radius and half length of a cylinder.
        colour: RGB, each 0 … 1.
        euler_rad: Turn about x, y, z.
        pad: True for the rubber that touches what is gripped.
    """

    kind: Literal["box", "cylinder"]
    position_m: Triple
    size_m: tuple[float, ...]
    colour: Triple
    euler_rad: Triple = (0.0, 0.0, 0.0)
    pad: bool = False


def _box(position_m: Triple, half_m: Triple, colour: Triple, euler_rad: Triple = (0.0, 0.0, 0.0)) -> Shape:
    return Shape("box", position_m, half_m, colour, euler_rad)


INERTIAS = {
    "base": Inertia(0.147, (0.0137, 0.0, 0.0335), (1.15e-4, 1.36e-4, 1.30e-4)),
    "shoulder": Inertia(0.100, (-0.0308, 0.0, -0.0253), (8.38e-5, 8.10e-5, 2.40e-5)),
    "upper_arm": Inertia(0.103, (-0.0898, -0.0084, 0.0184), (4.08e-5, 1.47e-4, 1.42e-4)),
    "lower_arm": Inertia(0.104, (-0.0981, 0.0032, 0.0183), (2.87e-5, 1.60e-4, 1.45e-4)),
    "wrist": Inertia(0.079, (-0.0001, -0.0386, 0.0281), (3.68e-5, 2.54e-5, 2.10e-5)),
    "gripper": Inertia(0.099, (0.0002, 0.0002, -0.0252), (2.75e-5, 4.34e-5, 3.45e-5)),
    "moving_jaw": Inertia(0.012, (-0.0016, -0.0300, 0.0193), (6.6e-6, 1.9e-6, 5.3e-6)),
}

SHAPES = {
    "base": (
        _box((0.010, 0.0, 0.012), (0.050, 0.055, 0.012), WHITE),
        _box((0.013, 0.0, 0.046), (0.040, 0.0225, 0.022), BLACK),
    ),
    "shoulder": (
        Shape("cylinder", (0.0, 0.0, -0.018), (0.024, 0.018), WHITE),
        _box((-0.0304, 0.0, -0.041), (0.0135, 0.020, 0.0235), BLACK),
        _box((-0.02, 0.0, -0.018), (0.028, 0.024, 0.006), WHITE),
    ),
    "upper_arm": (
        Shape("cylinder", (0.0, 0.0, 0.020), (0.013, 0.033), WHITE),
        _box((-0.053, 0.0, 0.020), (0.053, 0.011, 0.033), WHITE),
        _box((-0.1126, -0.0155, 0.0183), (0.0125, 0.0225, 0.020), BLACK),
    ),
    "lower_arm": (
        _box((-0.050, 0.0, 0.0202), (0.062, 0.011, 0.032), WHITE),
        _box((-0.1224, 0.0052, 0.0183), (0.0225, 0.0125, 0.020), BLACK),
    ),
    "wrist": (
        _box((0.0, -0.020, 0.0221), (0.0135, 0.022, 0.031), WHITE),
        _box((0.0, -0.046, 0.0306), (0.0125, 0.0165, 0.0225), BLACK),
    ),
    "gripper": (
        _box((0.0077, 0.0, -0.0234), (0.0225, 0.020, 0.0124), BLACK),
        _box((-0.020, 0.0, -0.026), (0.0145, 0.024, 0.025), WHITE),
        _box((-0.0155, 0.0, -0.073), (0.0045, 0.010, 0.026), WHITE),
        Shape("box", (-0.0100, 0.0, -0.0890), (0.0015, 0.008, 0.0145), PAD, pad=True),
        _box((0.0, 0.050, -0.036), (0.016, 0.022, 0.003), WHITE, (-0.55, 0.0, 0.0)),
    ),
    "moving_jaw": (
        _box((-0.001, -0.012, 0.0189), (0.0095, 0.020, 0.022), WHITE),
        _box((-0.0038, -0.053, 0.0189), (0.0045, 0.027, 0.010), WHITE),
        Shape("box", (-0.0104, -0.0655, 0.0189), (0.0015, 0.0145, 0.008), PAD, (0.0, 0.0, -0.150), pad=True),
    ),
}
