"""One joint on its way, goal by goal, while the others stay where they are."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

from bt_robot.errors import RobotError
from bt_robot.robot.so101.guardian.client import GuardianClient
from bt_robot.robot.so101.guardian.messages import Report, State
from bt_robot.robot.so101.guardian.motion import JointEnvelope, JointMotion

PATIENCE_S: Final = 2.0
"""How long the arm may be stopped, by a lost reply for instance, before the way is given up [s]."""

_PERIOD_S: Final = 0.02
_SETTLE_S: Final = 0.4
_ACCELERATION: Final = 4.0  # the final speed is reached within a quarter of a second
_ARRIVED_TICKS: Final = 1.0


def report_of(guardian: GuardianClient) -> Report:
    """Return the newest report.

    Raises:
        RobotError: The guardian is gone.
    """
    guardian.drain()
    if guardian.dead or guardian.report is None:
        raise RobotError(f"{guardian.dead}; look at the arm, and bring it to rest with `bt-arm park`")
    return guardian.report


class Jogging:
    """A joint of an armed arm."""

    def __init__(self, guardian: GuardianClient, joint: int, envelope: JointEnvelope, speed: float) -> None:
        """Begin where the arm stands.

        Args:
            guardian: It has the arm.
            joint: Which joint.
            envelope: What that joint may do.
            speed: How fast it is to move [ticks/s].
        """
        self._guardian = guardian
        self._joint = joint
        self._speed = min(speed, 0.9 * envelope.velocity)
        acceleration = min(_ACCELERATION * self._speed, 0.5 * envelope.acceleration)
        self._motion = JointMotion(JointEnvelope(envelope.lower, envelope.upper, self._speed, acceleration))
        joints = report_of(guardian).joints
        self._goals = [joint.goal if math.isfinite(joint.goal) else joint.position for joint in joints]
        self._motion.start(self._goals[joint])

    def to(self, goal: float, interrupted: Callable[[], bool]) -> bool:
        """Move there, and give the joint time to follow; return whether nobody interrupted.

        Args:
            goal: Where to [ticks].
            interrupted: Whether a person wants it to end; then the joint brakes.

        Raises:
            RobotError: The arm stopped for good, or somebody else has it brought to rest.
        """
        asked, due_s = True, time.monotonic()
        settled_s = stopped_s = 0.0
        while settled_s < _SETTLE_S:
            asked = asked and not interrupted()
            arrived = self._step(goal if asked else None)
            due_s = _wait(due_s + _PERIOD_S)
            report = report_of(self._guardian)
            _require_ours(report, self._guardian)
            if report.state is State.ARMED:
                stopped_s = 0.0
                settled_s += _PERIOD_S if arrived else 0.0
                continue
            stopped_s += _PERIOD_S
            if stopped_s > PATIENCE_S:
                raise RobotError(report.reason or "the arm does not follow any more")
            self._start_again(report)
        return asked

    def _step(self, goal: float | None) -> bool:
        """Send the next goals, braking without one; return whether the joint's goal has arrived."""
        motion = self._motion
        if goal is None:
            motion.brake(_PERIOD_S)
        else:
            motion.approach(goal, self._speed, _PERIOD_S)
        self._goals[self._joint] = motion.position
        self._guardian.send_goal(self._goals, _PERIOD_S)
        return motion.at_rest and (goal is None or abs(motion.position - motion.envelope.clamp(goal)) < _ARRIVED_TICKS)

    def _start_again(self, report: Report) -> None:
        """Go on from where the arm came to rest: after a stop the guardian follows no other goals."""
        self._goals = [joint.position for joint in report.joints]
        self._motion.start(self._goals[self._joint])


def _require_ours(report: Report, guardian: GuardianClient) -> None:
    if report.latched:
        raise RobotError(report.reason)
    if report.state in (State.LEAVING, State.RELEASED):
        told = "; ".join(guardian.notes()) or report.reason
        raise RobotError(f"the guardian brings the arm to rest: {told}")


def _wait(due_s: float) -> float:
    """Sleep until a time, or not if it is over; return when the next period begins [s]."""
    left_s = due_s - time.monotonic()
    if left_s <= 0.0:
        return time.monotonic()
    time.sleep(left_s)
    return due_s
