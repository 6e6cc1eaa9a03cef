"""A camera whose pictures a process of its own takes, so that nothing in it can hold up the control loop."""

from __future__ import annotations

import dataclasses
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bt_robot.errors import RobotError, RobotRefused
from bt_robot.messages import Frame
from bt_robot.robot.cameras import discovery
from bt_robot.robot.cameras.base import CameraCondition, CameraCounts
from bt_robot.robot.cameras.freshness import Freshness, FreshnessRules
from bt_robot.robot.cameras.process import CaptureProcess
from bt_robot.robot.cameras.quality import CorruptShare, Exposure
from bt_robot.robot.cameras.settings import CapturedSettings, OpenCvCameraSettings, Step
from bt_robot.robot.cameras.shared_frames import State, Taken
from bt_robot.robot.cameras.watchdog import RESTART_S, trouble

_LOOK_S: Final = 0.1  # how often the watchdog looks
_WAIT_S: Final = 0.01  # how often `open` looks for the first picture


@dataclass(frozen=True, slots=True)
class _Run:
    """One capture process, and what those before it counted.

    Attributes:
        process: The process.
        begun_s: When it was started [s].
        before: What the processes before it counted.
        numbers: How many pictures they took, which its own numbers are added to.
    """

    process: CaptureProcess
    begun_s: float
    before: CameraCounts = field(default_factory=CameraCounts)
    numbers: int = 0

    @property
    def counts(self) -> CameraCounts:
        """What it and those before it counted."""
        now, before = self.process.reader.counts, self.before
        return CameraCounts(
            before.frames + now.frames,
            before.dropped_corrupt + now.dropped_corrupt,
            before.repeated + now.repeated,
            before.reopened + now.reopened,
        )


class CapturedCamera:
    """Hands over the newest picture of a capture process, and replaces the process when it hangs or dies.

    `newest` and `condition` belong to one thread, the control loop's; the watchdog is a thread of its own.
    """

    def __init__(self, name: str, settings: CapturedSettings, root: Path = Path("/")) -> None:
        """Prepare; `open` starts the process.

        Args:
            name: What the config calls it.
            settings: Which camera.
            root: Where the machine's devices are looked up; another folder in tests.
        """
        self.name = name
        self._settings = settings
        self._root = root
        self._run: _Run | None = None
        self._closing = threading.Event()
        self._watchdog: threading.Thread | None = None
        self._trouble = ""  # why the process was replaced, until there are pictures again
        self._forget()

    def _forget(self) -> None:
        self._freshness = Freshness(self.name, FreshnessRules())
        self._exposure, self._corrupt = Exposure(self.name), CorruptShare(self.name)
        self._taken: Taken | None = None
        self._frame: Frame | None = None
        self._seen = 0

    def open(self) -> None:
        """Start the process and wait for its first picture.

        Raises:
            RobotRefused: The device is not there, or gives no pictures or others than the settings say.
        """
        if self._run is not None:
            return
        settings = self._settings
        if isinstance(settings, OpenCvCameraSettings):
            discovery.refuse_missing(self.name, settings.device, self._root)
            # A path that stays with the camera: when it is plugged in again, its index may be another one's.
            settings = dataclasses.replace(settings, device=discovery.stable_path(settings.device, self._root))
        self._settings = settings
        self._forget()
        self._closing.clear()
        try:
            process = CaptureProcess(self.name, settings)
        except RobotError as error:
            raise RobotRefused(str(error)) from error
        try:
            self._await_first(process)
        except BaseException:
            process.stop()
            raise
        rules = FreshnessRules.at(process.reader.fps, settings.max_age_s)
        self._freshness = Freshness(self.name, rules)
        self._run = _Run(process, time.monotonic())
        self._watchdog = threading.Thread(target=self._watch, name=f"watch {self.name}", daemon=True)
        self._watchdog.start()

    @property
    def pid(self) -> int:
        """The process id of the present capture process; only while it is open."""
        assert self._run is not None, "the camera is not open"
        return self._run.process.pid

    def newest(self, now_s: float) -> Frame | None:
        """Return the newest frame at once, as a copy of its own; None while it is not open."""
        run = self._run
        if run is None:
            return None
        taken = run.process.reader.take(self._seen - run.numbers)
        if taken is not None:
            sighting = dataclasses.replace(taken.sighting, number=taken.sighting.number + run.numbers)
            self._seen = sighting.number
            self._taken = taken
            self._freshness.see(sighting)
            self._frame = Frame(self.name, sighting.shown_s, lambda image=taken.image: image)
        return self._frame

    def condition(self, now_s: float) -> CameraCondition:
        """Return how far its pictures can be relied on at a time [s]."""
        self.newest(now_s)
        run, taken = self._run, self._taken
        if run is None:
            return CameraCondition(fresh=False, doubt=f"camera '{self.name}': it is not open")
        doubt, lost = self._freshness.judge(now_s)
        counts = run.counts
        warnings = [self._corrupt.see(now_s, counts.frames, counts.dropped_corrupt)]
        latency_s = 0.0
        if taken is not None:
            latency_s = taken.sighting.arrived_s - taken.sighting.captured_s
            warnings.append(self._exposure.see(now_s, taken.mean, taken.deviation))
        return CameraCondition(
            fresh=not doubt,
            doubt=doubt,
            reason=self._reason(run) if doubt else "",
            lost=lost,
            warnings=tuple(words for words in warnings if words),
            counts=counts,
            latency_s=latency_s,
            interval_s=self._freshness.interval_s,
        )

    def close(self) -> None:
        """End the watchdog and the process."""
        self._closing.set()
        if self._watchdog is not None:
            self._watchdog.join()
            self._watchdog = None
        run, self._run = self._run, None
        if run is not None:
            run.process.stop()
        self._frame = None

    def tell(self, step: Step) -> None:
        """Tell a scripted camera what to do from now on; only while it is open."""
        assert self._run is not None, "the camera is not open"
        self._run.process.tell(step)

    def _await_first(self, process: CaptureProcess) -> None:
        until_s = time.monotonic() + self._settings.open_timeout_s
        reader, who = process.reader, f"camera '{self.name}'"
        while reader.newest == 0:
            if process.exit_code is not None:
                raise RobotRefused(f"{who}: its capture process ended: {process.last_words or 'it said nothing'}")
            if reader.state is State.LOST or reader.attempts > 1:
                raise RobotRefused(f"{who}: {reader.words}")
            if time.monotonic() > until_s:
                why = f" ({reader.words})" if reader.words else ""
                raise RobotRefused(f"{who}: no picture within {self._settings.open_timeout_s:g} s{why}")
            if self._closing.wait(_WAIT_S):
                raise RobotRefused(f"{who}: it was closed before its first picture")

    def _reason(self, run: _Run) -> str:
        """Say why there are no pictures, as far as it is known."""
        reader = run.process.reader
        if reader.state is State.LOST:
            return f"{reader.words}; it is opened again once a second"
        if reader.state is State.CAPTURING and run.process.exit_code is None:
            return reader.words
        return reader.words or self._trouble

    def _watch(self) -> None:
        """Look after the process until the camera is closed."""
        while not self._closing.wait(_LOOK_S):
            run = self._run
            assert run is not None
            process, now_s = run.process, time.monotonic()
            reader = process.reader
            words = trouble(now_s, run.begun_s, reader.state, reader.heartbeat_s, reader.fps, process.exit_code)
            if words:
                said = reader.words if process.exit_code else ""
                self._trouble = f"{words}: {said}" if said else words
                process.kill()
                if now_s >= run.begun_s + RESTART_S:
                    self._replace(run)

    def _replace(self, run: _Run) -> None:
        try:
            process = CaptureProcess(self.name, self._settings)
        except RobotError as error:
            self._trouble = str(error)
            self._run = dataclasses.replace(run, begun_s=time.monotonic())  # no sooner than in a second again
            return
        counts = dataclasses.replace(run.counts, reopened=run.counts.reopened + 1)
        self._run = _Run(process, time.monotonic(), counts, run.numbers + run.process.reader.newest)
        run.process.stop()
