"""A perfect arm in memory: it is where it was told to be one step earlier, and sees flat colours."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from bt_robot.arm import so101
from bt_robot.arm.kinematics import So101Kinematics
from bt_robot.config.values import Rule
from bt_robot.errors import RobotError
from bt_robot.messages import Body, Command, Frame, Image, JointLimits, Joints, Observation

MAX_COMMANDS = 20_000
"""Commands that are remembered."""


@dataclass(frozen=True, slots=True)
class FakeSettings:
    """What the perfect arm's cameras show."""

    image_width: Annotated[int, Rule(doc="width of the pictures [px]", minimum=1, maximum=4096)] = 224
    image_height: Annotated[int, Rule(doc="height of the pictures [px]", minimum=1, maximum=4096)] = 224
    cameras: Annotated[tuple[str, ...], Rule(doc="the cameras' names")] = ("front", "wrist")
    grey: Annotated[int, Rule(doc="the grey level of every pixel", minimum=0, maximum=255)] = 128


class FakeRobot:
    """An arm that follows every command exactly.

    Attributes:
        commands: The commands received last, in order, for tests.
        stops: How often `stop` was called.
    """

    def __init__(
        self, settings: FakeSettings | None = None, limits: JointLimits = so101.LIMITS, start: Joints | None = None
    ) -> None:
        """Build the arm at a pose.

        Args:
            settings: What its cameras show.
            limits: Its joints.
            start: Where it stands first, (n,) rad, gripper 0 … 1; the SO-101's rest pose by default.
        """
        self._settings = settings or FakeSettings()
        self._limits = limits
        self._joints = np.array(so101.REST if start is None else start, dtype=np.float64)
        self._connected = False
        self._emergency = ""
        self.commands: deque[Command] = deque(maxlen=MAX_COMMANDS)
        self.stops = 0
        if self._joints.shape != (len(limits.names),):
            raise ValueError(f"start has shape {self._joints.shape}; expected ({len(limits.names)},)")

    @property
    def limits(self) -> JointLimits:
        """The joints' names, order and envelope."""
        return self._limits

    @property
    def body(self) -> Body:
        """Where its hand is, if it has the SO-101's joints; it feels nothing."""
        return Body(So101Kinematics()) if self._limits.names == so101.JOINT_NAMES else Body()

    def connect(self) -> None:
        """Make `observe` and `command` available."""
        self._connected, self._emergency = True, ""

    def arm(self) -> None:
        """Nothing has to be switched on.

        Raises:
            RobotError: It is not connected.
        """
        self._require_connection()

    def observe(self, step: int, now_s: float) -> Observation:
        """Return the pose and a flat picture per camera.

        Args:
            step: The control step that asks.
            now_s: The run's clock [s].

        Raises:
            RobotError: It is not connected, or it was stopped by `emergency_stop`.
        """
        self._require_connection()
        if self._emergency:
            raise RobotError(self._emergency)
        joints = self._joints.copy()
        joints.setflags(write=False)
        frames = {name: Frame(name, now_s, self._picture) for name in self._settings.cameras}
        return Observation(step, now_s, joints, frames)

    def command(self, command: Command) -> Joints:
        """Be at the commanded positions at once; return them, (n,).

        Raises:
            RobotError: It is not connected, or a target is not finite.
        """
        self._require_connection()
        if not np.all(np.isfinite(command.positions)):
            raise RobotError(f"the fake robot was given a target that is not finite: {command.positions.tolist()}")
        self.commands.append(command)
        self._joints = np.array(command.positions, dtype=np.float64)
        return self._joints.copy()

    def stop(self) -> None:
        """Count the call; the arm stands still anyway."""
        self.stops += 1

    def emergency_stop(self, reason: str) -> None:
        """Stand still, and refuse to be observed."""
        self._emergency = self._emergency or f"emergency stop: {reason}"

    def close(self) -> None:
        """Make `observe` and `command` unavailable."""
        self._connected = False

    def _picture(self) -> Image:
        settings = self._settings
        image = np.full((settings.image_height, settings.image_width, 3), settings.grey, dtype=np.uint8)
        image.setflags(write=False)
        return image

    def _require_connection(self) -> None:
        if not self._connected:
            raise RobotError("the fake robot is not connected; call connect() first")
