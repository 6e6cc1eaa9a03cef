"""A camera of the simulated work cell."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

from bt_robot.errors import RobotError, RobotRefused
from bt_robot.messages import Frame
from bt_robot.robot.cameras.base import CameraCondition, CameraCounts
from bt_robot.robot.cameras.freshness import Freshness, FreshnessRules, Sighting

# Frames are made when they are looked for: after a longer while without a look, a gap says nothing.
_LOOKED_AWAY_S: Final = 0.15
# A state whose time was carried from one clock to another wavers a little although it is the same.
_NEWER_S: Final = 0.002

Provider = Callable[[str, float], Frame]
"""Returns the newest frame of a view, e.g. `wrist`, at a time [s]; may raise RobotError when there is none."""


class SimulatedCamera:
    """Shows a view of the simulated cell; the pictures are made when they are looked at."""

    def __init__(self, name: str, view: str, provider: Provider) -> None:
        """Prepare.

        Args:
            name: What the config calls it.
            view: Which camera of the cell.
            provider: Where its frames come from.
        """
        self.name = name
        self._view = view
        self._provider = provider
        self._open = False
        self._forget()

    def _forget(self) -> None:
        self._freshness = Freshness(self.name, FreshnessRules())
        self._frame: Frame | None = None
        self._count = 0
        self._latency_s = 0.0
        self._looked_s = -math.inf
        self._failure = ""

    def open(self) -> None:
        """Look once.

        Raises:
            RobotRefused: The simulation shows nothing.
        """
        if self._open:
            return
        self._forget()
        self._open = True
        self.newest(time.monotonic())
        if self._frame is None:
            self._open = False
            raise RobotRefused(f"camera '{self.name}': the simulation shows no '{self._view}': {self._failure}")

    def newest(self, now_s: float) -> Frame | None:
        """Return the view at a time [s]; None while it is not open."""
        if not self._open:
            return None
        looked_away = now_s - self._looked_s > _LOOKED_AWAY_S
        self._looked_s = now_s
        try:
            frame = self._provider(self._view, now_s)
            self._failure = ""
        except RobotError as error:
            self._failure = str(error)
            return self._frame
        if self._frame is None or frame.captured_s > self._frame.captured_s + _NEWER_S:
            if looked_away:  # that nobody looked is no fault of the simulation
                self._freshness = Freshness(self.name, FreshnessRules())
            self._count += 1
            captured_s = frame.captured_s
            # It arrives when it is asked for, unless time is made up.
            arrived_s = max(captured_s, now_s)
            self._latency_s = arrived_s - captured_s
            self._freshness.see(Sighting(self._count, captured_s, arrived_s, 1, captured_s, arrived_s))
            self._frame = Frame(self.name, captured_s, lambda: frame.image)
        return self._frame

    def condition(self, now_s: float) -> CameraCondition:
        """Return how far its pictures can be relied on at a time [s]."""
        self.newest(now_s)
        if not self._open:
            return CameraCondition(fresh=False, doubt=f"camera '{self.name}': it is not open")
        doubt, lost = self._freshness.judge(now_s)
        return CameraCondition(
            fresh=not doubt,
            doubt=doubt,
            reason=self._failure if doubt else "",
            lost=lost,
            counts=CameraCounts(self._count),
            latency_s=self._latency_s,
            interval_s=self._freshness.interval_s,
        )

    def close(self) -> None:
        """Show nothing any more."""
        self._open = False
        self._frame = None
