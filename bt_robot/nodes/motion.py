"""Motion the tree plans itself, without the policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bt_robot.errors import did_you_mean
from bt_robot.messages import Joints, Setup, TickContext
from bt_robot.nodes.evidence import answer, below, joints_age, unknown_joints
from bt_robot.tree import Action, Condition, Input, Outcome, failure, running, success

_PEAK_VELOCITY = 1.875
_PEAK_ACCELERATION = 10.0 / np.sqrt(3.0)
"""Peaks of the minimum-jerk profile 10 s³ - 15 s⁴ + 6 s⁵ over unit distance and time (Flash & Hogan, 1985)."""


def _one_target(kinds: Mapping[str, Any]) -> tuple[str, str] | None:
    """Find a target that is given in no way, or in both."""
    given = [name for name in ("pose", "joints") if name in kinds and kinds[name] is not type(None)]
    return None if len(given) == 1 else (given[-1] if given else "pose", "either 'pose' or 'joints'")


def resolve_pose(setup: Setup | TickContext, pose: str | None, joints: tuple[float, ...] | None) -> Joints | str:
    """Return the joint targets of a named pose or of joint values, (n,), or why there are none."""
    limits = setup.limits
    if (pose is None) == (joints is None):
        return "give either `pose` or `joints`"
    if pose is not None and pose not in setup.poses:
        known = ", ".join(sorted(setup.poses)) or "none"
        hint = did_you_mean(pose, setup.poses)
        return f"no pose '{pose}' in the config; there is {known}" + (f" ({hint})" if hint else "")
    target = setup.poses[pose] if pose is not None else np.array(joints)
    if target.shape != limits.lower.shape:
        return f"{len(target)} joint values, expected {len(limits.names)}: {', '.join(limits.names)}"
    outside = np.flatnonzero((target < limits.lower) | (target > limits.upper))
    if outside.size:
        i = int(outside[0])
        return f"{limits.names[i]} at {target[i]:.3f} is outside {limits.lower[i]:.3f} … {limits.upper[i]:.3f}"
    return target


class MoveTo(Action):
    """Move to a pose along a smooth straight line in joint space.

    The target is a named pose of the config, or joint values. It succeeds when the measured joints
    have arrived; the gripper is not waited for, as an object may stop it. It fails when the target is
    outside the joint limits or when a joint does not arrive, with the joint.
    """

    type_name = "move_to"
    pose = Input(str | None, default=None, doc="a pose of the config, e.g. `rest`")
    joints = Input(tuple[float, ...] | None, default=None, doc="or joint values [rad, gripper 0 … 1]")
    speed = Input(float, default=0.3, minimum=0.01, maximum=1.0, doc="share of the velocity limit")
    tolerance_rad = Input(float, default=0.05, minimum=0.001, maximum=0.5, doc="how near is there [rad]")
    settle_s = Input(float, default=1.0, minimum=0.0, doc="how long a joint may take to catch up at the end [s]")

    @classmethod
    def amiss(cls, values: Mapping[str, object], kinds: Mapping[str, Any]) -> tuple[str, str] | None:
        """Look whether there is one target."""
        return _one_target(kinds)

    def why_not(self, setup: Setup) -> str:
        """Look whether the target is a place to move to."""
        target = resolve_pose(setup, self.pose, self.joints)
        return target if isinstance(target, str) else ""

    def on_start(self, ctx: TickContext) -> None:
        """Plan the motion from the last command to the target."""
        self._target = resolve_pose(ctx, self.pose, self.joints)
        self._begin_s = ctx.now_s
        self._begin = ctx.last_command.positions
        self._duration_s = 0.0
        if not isinstance(self._target, str):
            way = np.abs(self._target - self._begin)
            by_velocity = np.max(_PEAK_VELOCITY * way / (self.speed * ctx.limits.velocity))
            by_acceleration = np.max(np.sqrt(_PEAK_ACCELERATION * way / (self.speed * ctx.limits.acceleration)))
            self._duration_s = float(max(by_velocity, by_acceleration))

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Propose the point of the line that belongs to this tick."""
        if isinstance(self._target, str):
            return failure(self._target)
        spent_s = ctx.now_s - self._begin_s
        s = 1.0 if self._duration_s == 0.0 else min(spent_s / self._duration_s, 1.0)
        ctx.propose(self._begin + (self._target - self._begin) * (10 * s**3 - 15 * s**4 + 6 * s**5))
        short = np.abs(ctx.observation.joints - self._target)[:-1]
        if s >= 1.0 and np.all(short <= self.tolerance_rad):
            return success()
        if spent_s > self._duration_s + self.settle_s:
            i = int(np.argmax(short))
            return failure(f"{ctx.limits.names[i]} stopped {short[i]:.3f} rad short of the target")
        return running(f"{100 * s:.0f} % of the way")


class AtPose(Condition):
    """Succeed while the measured arm is at a pose; the gripper is not looked at."""

    type_name = "at_pose"
    pose = Input(str | None, default=None, doc="a pose of the config, e.g. `rest`")
    joints = Input(tuple[float, ...] | None, default=None, doc="or joint values [rad, gripper 0 … 1]")
    tolerance_rad = Input(float, default=0.05, minimum=0.001, maximum=0.5, doc="how near is there [rad]")

    @classmethod
    def amiss(cls, values: Mapping[str, object], kinds: Mapping[str, Any]) -> tuple[str, str] | None:
        """Look whether there is one target."""
        return _one_target(kinds)

    def why_not(self, setup: Setup) -> str:
        """Look whether the pose is one."""
        target = resolve_pose(setup, self.pose, self.joints)
        return target if isinstance(target, str) else ""

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Compare the measured joints with the pose."""
        target, age_s = resolve_pose(ctx, self.pose, self.joints), joints_age(ctx)
        if isinstance(target, str):
            return failure(target)
        if unknown := unknown_joints(age_s):
            return unknown
        away = np.abs(ctx.observation.joints - target)[:-1]
        i = int(np.argmax(away))
        words = f"{ctx.limits.names[i]} is {away[i]:.3f} rad away"
        return answer(away[i] <= self.tolerance_rad, words, below(float(away[i]), self.tolerance_rad), age_s)
