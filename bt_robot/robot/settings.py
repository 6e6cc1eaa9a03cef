"""What the `robot:` section of a config is to this project, whatever robot it asks for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from bt_robot.robot.base import Robot


class RobotSettings(Protocol):
    """A frozen dataclass that is read from YAML, and the robot that it asks for."""

    @property
    def cameras(self) -> Collection[str]:
        """The names of its cameras."""
        ...

    @property
    def real_time(self) -> bool:
        """Whether it moves by the wall clock; if not, each command is one control period of simulated time."""
        ...

    def make(self, seed: int, control_hz: float) -> Robot:
        """Return the robot, not connected yet.

        Args:
            seed: Places what a simulated work cell leaves open.
            control_hz: How often it is observed and commanded [Hz].

        Raises:
            RobotRefused: There is no such robot on this machine.
        """
        ...
