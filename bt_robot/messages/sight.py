"""What a tree can ask about the cameras' pictures, and what it gets told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Protocol, get_args

from bt_robot.messages.arm import Frame

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of a picture, 0 … 1; (0, 0) is its upper left corner."""


MarkerFamily = Literal[
    "4x4_50",
    "4x4_100",
    "4x4_250",
    "4x4_1000",
    "5x5_50",
    "5x5_100",
    "5x5_250",
    "5x5_1000",
    "6x6_50",
    "6x6_100",
    "6x6_250",
    "6x6_1000",
    "7x7_50",
    "7x7_100",
    "7x7_250",
    "7x7_1000",
    "aruco_original",
    "april_16h5",
    "april_25h9",
    "april_36h10",
    "april_36h11",
]
"""The dictionaries of printed markers: ArUco's by their bits and their size, AprilTag's by their names."""

_OTHER_SIZES = {"original": 1024, "16h5": 30, "25h9": 35, "36h10": 2320, "36h11": 587}

MARKER_FAMILIES: Mapping[str, int] = MappingProxyType(
    {name: _OTHER_SIZES.get(end) or int(end) for name in get_args(MarkerFamily) for end in [name.split("_")[1]]}
)
"""How many markers each has; they are numbered from 0."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Patches of a colour.

    Attributes:
        hue_deg: The hues from … to … on the colour circle [°]: red is 0, green 120, blue 240; `from` may be greater.
        min_saturation: How colourful it is at least, 0 (grey) … 1.
        min_value: How bright it is at least, 0 (black) … 1.
        min_area: How large a patch is at least, as a share of the picture.
    """

    hue_deg: tuple[float, float]
    min_saturation: float
    min_value: float
    min_area: float


@dataclass(frozen=True, slots=True)
class Marker:
    """A printed marker.

    Attributes:
        family: Its dictionary, one of MARKER_FAMILIES, e.g. `4x4_50` (ArUco) or `april_36h11` (AprilTag).
        id: Its number in the dictionary.
    """

    family: str
    id: int


Find = Blob | Marker


@dataclass(frozen=True, slots=True)
class Spot:
    """One place where a thing was found.

    Attributes:
        x: Its middle, from left to right as a share of the picture, 0 … 1.
        y: Its middle, from top to bottom, 0 … 1.
        box: What it spans.
        area: How much of the picture it covers, 0 … 1.
    """

    x: float
    y: float
    box: Box
    area: float


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a look at one picture found.

    Attributes:
        captured_s: When the picture was taken, on the run's clock [s].
        spots: Where the thing is, the largest first; empty where it is not to be seen.
        trouble: Why the picture could not be looked at; empty when it could.
    """

    captured_s: float
    spots: tuple[Spot, ...] = ()
    trouble: str = ""


class Sight(Protocol):
    """Looks at pictures without making anybody wait."""

    def find(self, wanted: Find, frame: Frame) -> Sighting | None:
        """Ask to look for a thing in a picture; return the newest look of that camera's for it, None before the first.

        Asking again for a picture that was looked at costs nothing. While one picture is looked at, newer ones are
        passed over: whoever asks in every tick is told of the newest picture there was time for.
        """
        ...
