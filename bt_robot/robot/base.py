"""What every robot is to this project."""

from __future__ import annotations

from typing import Protocol

from bt_robot.messages import Body, Command, JointLimits, Joints, Observation


class Robot(Protocol):
    """A robot arm that measures itself and follows joint targets.

    The order of calls is `connect`, then `arm`, then any number of `observe` and `command`, then `stop`,
    then `close`. It can be observed before it is armed. `stop`, `emergency_stop` and `close` may be called at any
    time, any number of times, and never raise.
    """

    @property
    def limits(self) -> JointLimits:
        """The joints' names, order and mechanical envelope."""
        ...

    @property
    def body(self) -> Body:
        """What else is known of it, before it is connected, too."""
        ...

    def connect(self) -> None:
        """Make the robot ready without moving it.

        Raises:
            RobotRefused: It is absent, or must not be armed as it is.
        """
        ...

    def arm(self) -> None:
        """Switch the motors on, standing still at the measured pose; allowed again while it is armed.

        Raises:
            RobotRefused: It must not be armed as it is, or did not confirm that it is.
            RobotError: It is not connected.
        """
        ...

    def observe(self, step: int, now_s: float) -> Observation:
        """Return the newest measurement at once.

        Args:
            step: The control step that asks.
            now_s: The run's clock [s].

        Raises:
            RobotError: Nothing could be measured, or a person has to look before the arm may move again.
        """
        ...

    def command(self, command: Command) -> Joints:
        """Follow a command for one control period; return the targets really sent, (n,).

        Raises:
            RobotError: The command could not be sent.
        """
        ...

    def stop(self) -> None:
        """Set no new target and hold; the loop has braked the arm before, unless it could not."""
        ...

    def emergency_stop(self, reason: str) -> None:
        """Brake and hold at once, from whatever thread; `observe` raises from now on, with the reason."""
        ...

    def close(self) -> None:
        """Let go of everything that `connect` took."""
        ...
