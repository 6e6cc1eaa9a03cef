"""All cameras of a robot together."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from bt_robot.errors import RobotRefused
from bt_robot.messages import Frame
from bt_robot.robot.cameras import discovery
from bt_robot.robot.cameras.base import Camera, CameraCondition
from bt_robot.robot.cameras.captured import CapturedCamera
from bt_robot.robot.cameras.freshness import skew
from bt_robot.robot.cameras.settings import CameraSettings, OpenCvCameraSettings, SimulatedCameraSettings
from bt_robot.robot.cameras.simulated import Provider, SimulatedCamera

MAX_SKEW_S: Final = 0.05
"""Pictures of two cameras that are further apart don't belong together [s]."""
_RECENT: Final = 4  # frames kept of each camera, to go with a slower one's
_SKEW_AGAIN_S: Final = 10.0  # how soon a person is told again that cameras don't go together


class CameraRig:
    """Opens, asks and closes all cameras, and keeps what a person should be told.

    `open` may wait; everything else returns at once. It belongs to one thread.
    """

    def __init__(
        self, cameras: Mapping[str, Camera], max_skew_s: float = MAX_SKEW_S, notes: Sequence[str] = ()
    ) -> None:
        """Keep the cameras.

        Args:
            cameras: The cameras by name.
            max_skew_s: How far the newest pictures of two cameras may be apart [s]; cameras that run freely are
                apart by up to a period, so that slow ones are allowed one and a half of theirs.
            notes: What a person should be told already.
        """
        self._cameras = dict(cameras)
        self._max_skew_s = max_skew_s
        self._looked_s: float | None = None
        self._conditions: dict[str, CameraCondition] = {}
        self._frames: dict[str, Frame] = {}
        self._recent = {name: deque[Frame](maxlen=_RECENT) for name in self._cameras}
        self._skew = ""
        self._skew_told_s = -math.inf
        self._doubted_s: dict[str, float] = {}
        self._told: dict[str, set[str]] = {}  # the reasons that were told since a camera's doubt began
        self._notes = list(notes)

    @property
    def names(self) -> tuple[str, ...]:
        """The cameras' names."""
        return tuple(self._cameras)

    def open(self) -> None:
        """Open all cameras at the same time, each for as long as it may take; none stays open if one can't be.

        Raises:
            RobotRefused: Why, for each that could not be opened, a line each.
        """
        refusals: list[str] = []
        executor = ThreadPoolExecutor(max(1, len(self._cameras)), thread_name_prefix="open camera")
        openings = [executor.submit(camera.open) for camera in self._cameras.values()]
        try:
            for opening in openings:
                try:
                    opening.result()
                except RobotRefused as refusal:
                    refusals.append(str(refusal))
            if refusals:
                raise RobotRefused("\n".join(refusals))
        except BaseException:
            self.close()  # which ends those that are still waiting
            raise
        finally:
            executor.shutdown(wait=True)

    def frames(self, now_s: float) -> dict[str, Frame]:
        """Return the newest frame of each camera that has one, however old; see `doubts`.

        Beside a camera that is slower by more than the allowed skew, an earlier frame is returned that goes with it.

        Args:
            now_s: Monotonic time [s].
        """
        self._look(now_s)
        return dict(self._frames)

    def conditions(self, now_s: float) -> dict[str, CameraCondition]:
        """Return how far each camera's pictures can be relied on at a time [s]."""
        self._look(now_s)
        return dict(self._conditions)

    def doubts(self, now_s: float) -> tuple[str, ...]:
        """Return why the pictures can't be relied on at a time [s]: the arm should hold while there is a reason."""
        self._look(now_s)
        words = [_in_full(condition) for condition in self._conditions.values() if condition.doubt]
        return (*words, self._skew) if self._skew else tuple(words)

    def lost(self, now_s: float) -> tuple[str, ...]:
        """Return the doubts that are so long that the arm should stop."""
        self._look(now_s)
        return tuple(_in_full(condition) for condition in self._conditions.values() if condition.lost)

    def notes(self) -> tuple[str, ...]:
        """Return what is new for a person since the last call: doubts, recoveries and warnings, each once."""
        notes, self._notes = tuple(self._notes), []
        return notes

    def close(self) -> None:
        """Close all cameras; allowed at any time, any number of times."""
        for camera in self._cameras.values():
            camera.close()
        self._looked_s = None

    def _look(self, now_s: float) -> None:
        """Ask each camera, once for a time."""
        if now_s == self._looked_s:
            return
        self._looked_s = now_s
        for name, camera in self._cameras.items():
            condition = camera.condition(now_s)
            self._tell(name, condition, now_s)
            self._conditions[name] = condition
            frame, recent = camera.newest(now_s), self._recent[name]
            if frame is None:
                recent.clear()
            elif not recent or recent[-1] is not frame:
                recent.append(frame)
        self._match(now_s)

    def _match(self, now_s: float) -> None:
        """Choose the newest frame of each camera, or an earlier one that goes with the slowest camera's newest."""
        self._frames = {name: recent[-1] for name, recent in self._recent.items() if recent}
        fresh = [name for name in self._frames if self._conditions[name].fresh]
        slowest_s = max((condition.interval_s for condition in self._conditions.values()), default=0.0)
        allowed_s = max(self._max_skew_s, 1.5 * slowest_s)
        oldest_s = min((self._frames[name].captured_s for name in fresh), default=0.0)
        for name in fresh:
            if self._frames[name].captured_s - oldest_s > allowed_s:
                self._frames[name] = min(self._recent[name], key=lambda frame: abs(frame.captured_s - oldest_s))
        self._skew = skew({name: self._frames[name].captured_s for name in fresh}, allowed_s)
        if self._skew and now_s - self._skew_told_s > _SKEW_AGAIN_S:
            self._skew_told_s = now_s
            self._notes.append(self._skew)

    def _tell(self, name: str, condition: CameraCondition, now_s: float) -> None:
        """Note what is new about a camera."""
        before = self._conditions.get(name)
        told = self._told.setdefault(name, set())
        if condition.doubt and (before is None or before.fresh):
            self._doubted_s[name] = now_s
            self._notes.append(condition.doubt)
        if condition.lost and not (before and before.lost):
            self._notes.append(f"{condition.doubt}; it counts as lost")
        if condition.doubt and condition.reason and condition.reason not in told:
            told.add(condition.reason)
            self._notes.append(f"camera '{name}': {condition.reason}")
        if condition.fresh and before and not before.fresh:
            told.clear()
            took_s = now_s - self._doubted_s[name]
            self._notes.append(f"camera '{name}': its pictures are fresh again after {took_s:.1f} s")
        known = before.warnings if before else ()
        self._notes.extend(words for words in condition.warnings if words not in known)


def _in_full(condition: CameraCondition) -> str:
    return f"{condition.doubt}; {condition.reason}" if condition.reason else condition.doubt


def rig_of(
    settings: Mapping[str, CameraSettings], simulated: Provider | None = None, root: Path = Path("/")
) -> CameraRig:
    """Return the rig that a config describes, not yet open.

    Args:
        settings: The settings by camera name.
        simulated: Where simulated cameras get their frames from; needed if there is one.
        root: Where the machine's devices are looked up; another folder in tests.

    Raises:
        RobotRefused: Two names mean the same device, or there is no simulation for a simulated camera.
    """
    plugged = {name: each for name, each in settings.items() if isinstance(each, OpenCvCameraSettings)}
    notes = discovery.advice(plugged, root)
    return CameraRig({name: _camera(name, each, simulated, root) for name, each in settings.items()}, notes=notes)


def _camera(name: str, settings: CameraSettings, simulated: Provider | None, root: Path) -> Camera:
    if not isinstance(settings, SimulatedCameraSettings):
        return CapturedCamera(name, settings, root)
    if simulated is None:
        raise RobotRefused(f"camera '{name}' is simulated, but the robot is not: write type: opencv and its device")
    return SimulatedCamera(name, settings.view, simulated)
