"""A look through cameras: what each gives, how often, how fresh; none stays open."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bt_robot.errors import RobotRefused

if TYPE_CHECKING:
    from bt_robot.messages import Image
    from bt_robot.robot.cameras.base import Camera

_WATCH_S: Final = 1.0
_LOOK_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class CameraLook:
    """What a camera gave.

    Attributes:
        refusal: Why it could not be opened; empty if it could.
        doubt: Why its pictures can't be relied on; empty if they can.
        warnings: What else a person should know.
        image: The newest picture, (height, width, 3) RGB; None if there was none.
        rate_hz: Pictures per second, as they came [Hz].
        age_s: How old the newest one was [s].
    """

    refusal: str = ""
    doubt: str = ""
    warnings: tuple[str, ...] = ()
    image: Image | None = None
    rate_hz: float = 0.0
    age_s: float = 0.0

    @property
    def good(self) -> bool:
        """Whether its pictures can be relied on."""
        return not self.refusal and not self.doubt and self.image is not None

    @property
    def words(self) -> str:
        """What it gave, for a person."""
        if self.image is None:
            return self.refusal or self.doubt or "no picture came"
        height, width = self.image.shape[:2]
        given = f"{width} × {height}, {self.rate_hz:.1f} pictures/s, the newest {1e3 * self.age_s:.0f} ms old"
        return "; ".join([given, *([self.doubt] if self.doubt else []), *self.warnings])

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object; units are in the keys' names."""
        said: dict[str, Any] = {"good": self.good, "problem": self.refusal or self.doubt, "warnings": self.warnings}
        if self.image is None:
            return said
        height, width = self.image.shape[:2]
        rounded = {"rate_hz": round(self.rate_hz, 2), "age_s": round(self.age_s, 4)}
        return {**said, "width": width, "height": height, **rounded}


def look_through(cameras: Mapping[str, Camera]) -> dict[str, CameraLook]:
    """Open all cameras at the same time, watch each for a second, and close them.

    Args:
        cameras: The cameras by name, not open.
    """
    looks: dict[str, CameraLook] = {}

    def look(name: str, camera: Camera) -> None:
        try:
            camera.open()
        except RobotRefused as refusal:
            looks[name] = CameraLook(refusal=str(refusal))
            return
        try:
            looks[name] = _watched(camera)
        finally:
            camera.close()

    threads = [threading.Thread(target=look, args=each, daemon=True) for each in cameras.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {name: looks[name] for name in cameras}


def _watched(camera: Camera) -> CameraLook:
    began_s = now_s = time.monotonic()
    before = camera.condition(now_s).counts.frames
    while now_s < began_s + _WATCH_S:
        time.sleep(_LOOK_S)
        now_s = time.monotonic()
        condition = camera.condition(now_s)
    condition = camera.condition(now_s)
    frame = camera.newest(now_s)
    return CameraLook(
        doubt="; ".join(filter(None, (condition.doubt, condition.reason))),
        warnings=condition.warnings,
        image=None if frame is None else frame.image,
        rate_hz=(condition.counts.frames - before) / (now_s - began_s),
        age_s=0.0 if frame is None else now_s - frame.captured_s,
    )
