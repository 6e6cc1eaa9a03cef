"""Whether a camera shows a thing in a part of its picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from bt_robot.errors import did_you_mean
from bt_robot.messages import MARKER_FAMILIES, Blob, Find, Marker, MarkerFamily, Setup, Sighting, Spot, TickContext
from bt_robot.nodes.evidence import above, answer
from bt_robot.tree import Condition, Input, Outcome, failure

Colour = Literal["red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink"]

_COLOURS: dict[str, tuple[float, float]] = {
    "red": (342.0, 16.0),
    "orange": (16.0, 40.0),
    "yellow": (40.0, 70.0),
    "green": (80.0, 165.0),
    "cyan": (165.0, 200.0),
    "blue": (200.0, 260.0),
    "purple": (260.0, 300.0),
    "pink": (300.0, 342.0),
}
"""Hues from … to … [°]."""

_THINGS = ("colour", "hue_deg", "marker")

_SURE_OF_ABSENCE = 0.9


class ObjectInRegion(Condition):
    """Succeed while a camera shows a thing in a region of its picture.

    The thing is a patch of a colour, or a printed marker (ArUco or AprilTag): give one of `colour`, `hue_deg` and
    `marker`. It is in the region when its middle is. The pictures are searched in the background, up to ten a
    second; one that is too old says nothing, neither yes nor no.

    Give `present: false` to ask whether the region is empty; unlike an inverter, that is no yes when nothing
    is known. What the arm hides is not seen either: have it out of the way when you ask.
    """

    type_name = "object_in_region"
    camera = Input(str, doc="the camera's name, e.g. `front`")
    region = Input(
        tuple[float, ...],
        default=(0.0, 0.0, 1.0, 1.0),
        minimum=0.0,
        maximum=1.0,
        length=4,
        doc="left, top, right and bottom as shares of the picture; all of it by default",
    )
    colour = Input(Colour | None, default=None, doc="the colour of the thing, e.g. `red`")
    hue_deg = Input(
        tuple[float, ...] | None,
        default=None,
        minimum=0.0,
        maximum=360.0,
        length=2,
        doc="or its hue from … to … [°]: red is 0, green 120, blue 240; 340, 20 passes red",
    )
    marker = Input(int | None, default=None, minimum=0, doc="or the number of the marker on it")
    family = Input(
        MarkerFamily,
        default="4x4_50",
        doc="the marker's dictionary",
    )
    min_saturation = Input(
        float, default=0.4, minimum=0.0, maximum=1.0, doc="how colourful a patch is at least [0 grey … 1]"
    )
    min_value = Input(float, default=0.16, minimum=0.0, maximum=1.0, doc="how bright a patch is at least [0 black … 1]")
    min_area = Input(
        float, default=0.0005, minimum=0.0, maximum=1.0, doc="how large a patch is at least [share of the picture]"
    )
    present = Input(bool, default=True, doc="whether the thing has to be there, or not to be there")
    max_age_s = Input(float, default=0.5, minimum=0.2, doc="older pictures say nothing about now [s]")

    @classmethod
    def amiss(cls, values: Mapping[str, Any], kinds: Mapping[str, Any]) -> tuple[str, str] | None:
        """Look whether there is a region, and one thing to look for."""
        region, marker, family = values.get("region"), values.get("marker"), values.get("family")
        if region is not None and not (region[0] < region[2] and region[1] < region[3]):
            return "region", "left, top, right and bottom of a region that is not empty"
        given = [name for name in _THINGS if name not in values or values[name] is not None]  # or bound to a key
        if len(given) != 1:
            return given[-1] if given else "colour", "exactly one of 'colour', 'hue_deg' and 'marker'"
        if marker is not None and family is not None and marker >= MARKER_FAMILIES[family]:
            return "marker", f"0 … {MARKER_FAMILIES[family] - 1} in the family {family}"
        return None

    def why_not(self, setup: Setup) -> str:
        """Look whether there is such a camera."""
        camera, known = self.camera, ", ".join(setup.cameras) or "none"
        if camera in setup.cameras:
            return ""
        hint = did_you_mean(camera, setup.cameras)
        return f"no camera '{camera}' in the config; there is {known}" + (f" ({hint})" if hint else "")

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Ask for a look at the newest picture, and answer with the newest look that is finished."""
        wanted = self._wanted()
        if isinstance(wanted, str):
            return failure(wanted)
        frame = ctx.observation.frames.get(self.camera)
        if frame is None:
            known = ", ".join(ctx.observation.frames) or "none"
            return failure(f"not known: no picture of the camera '{self.camera}'; there is {known}")
        sighting = ctx.sight.find(wanted, frame)
        if sighting is None:
            return failure("not known: no picture was looked at yet")
        age_s = max(0.0, ctx.now_s - sighting.captured_s)
        if age_s > self.max_age_s:
            return failure(
                f"not known: the newest picture of '{self.camera}' that was looked at is {age_s:.2f} s old,"
                f" the limit is {self.max_age_s:g} s"
            )
        if sighting.trouble:
            return failure(f"not known: the picture of '{self.camera}' can't be looked at: {sighting.trouble}")
        return self._judged(wanted, sighting, age_s)

    def _judged(self, wanted: Find, sighting: Sighting, age_s: float) -> Outcome:
        what = f"marker {wanted.id}" if isinstance(wanted, Marker) else f"{self.colour or 'the colour'}"
        inside = [spot for spot in sighting.spots if self._covers(spot)]
        if inside:
            clear = max(self._confidence(wanted, spot) for spot in inside)
            spot = inside[0]
            words = f"{what} at {spot.x:.2f}, {spot.y:.2f} in the region"
        elif sighting.spots:
            spot, clear = sighting.spots[0], 1.0 - _SURE_OF_ABSENCE
            words = f"{what} at {spot.x:.2f}, {spot.y:.2f}, outside the region"
        else:
            clear, words = 0.5, f"{what} is not to be seen"
        clear = clear if self.present else 1.0 - clear
        return answer(bool(inside) == self.present, words, clear, age_s)

    def _covers(self, spot: Spot) -> bool:
        left, top, right, bottom = self.region
        return left <= spot.x <= right and top <= spot.y <= bottom

    def _confidence(self, wanted: Find, spot: Spot) -> float:
        """Return how much of a spot is in the region, and for a patch how far it is above the least area."""
        left, top, right, bottom = self.region
        l, t, r, b = spot.box  # noqa: E741 - the same four, of the spot
        common = max(0.0, min(r, right) - max(l, left)) * max(0.0, min(b, bottom) - max(t, top))
        share = common / ((r - l) * (b - t)) if r > l and b > t else 1.0
        large = above(spot.area, self.min_area) if isinstance(wanted, Blob) else 1.0
        return min(0.5 + 0.5 * min(share, 1.0), large)

    def _wanted(self) -> Find | str:
        """Return what to look for, or why that is nothing."""
        values = {name: getattr(self, name) for name in ("region", "family", *_THINGS)}
        if found := self.amiss(values, {}):
            return f"`{found[0]}` is {values[found[0]]}; expected {found[1]}"
        if self.marker is not None:
            return Marker(self.family, self.marker)
        hues = _COLOURS[self.colour] if self.colour is not None else self.hue_deg
        assert hues is not None, "one of the two is given"
        return Blob((hues[0], hues[1]), self.min_saturation, self.min_value, self.min_area)
