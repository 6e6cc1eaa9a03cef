"""Observations and actions between the robot's joints and a profile's wire, pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bt_robot.errors import ChunkRefused, PolicyError
from bt_robot.messages import Actions, JointLimits, Joints, Observation
from bt_robot.policy.dialect.fields import actions_from_wire, check_shape, request_fields
from bt_robot.policy.dialect.images import Picture, picture
from bt_robot.policy.dialect.pace import Pace
from bt_robot.policy.dialect.profile import Profile
from bt_robot.policy.dialect.rtc import Leftover
from bt_robot.policy.dialect.units import JointScale

RANGE_TOLERANCE_RAD = 0.35  # a policy overshoots its data's limits a little; the governor clamps that much
RANGE_TOLERANCE_GRIPPER = 0.35
SPEED_TOLERANCE = 3.0  # times the joint's greatest speed; wrong units are farther off


class Dialect:
    """Translates for one robot and one policy server.

    Attributes:
        profile: The server's dialect.
    """

    def __init__(
        self,
        profile: Profile,
        limits: JointLimits,
        *,
        ranges: JointLimits | None = None,
        pace: Pace | None = None,
        jpeg_quality: int | None = None,
    ) -> None:
        """Match the joints of both sides by name.

        Args:
            profile: The server's dialect.
            limits: The robot's joints and their envelope; the last joint is the gripper.
            ranges: The robot's whole range, for units that are shares of it; the envelope by default.
            pace: How the policy's actions lie on the control steps; one a step by default.
            jpeg_quality: Send pictures as JPEG files of this quality, 1 … 100; as pixels by default.

        Raises:
            ValueError: The profile's joints are not the robot's, or the server takes no JPEG.
        """
        if sorted(profile.joints) != sorted(limits.names):
            raise ValueError(
                f"the profile's joints are {', '.join(profile.joints)}, the robot's are {', '.join(limits.names)}"
            )
        stated = {name for _, names, _ in profile.state_joints() for name in names}
        if not stated <= set(limits.names):
            odd = ", ".join(sorted(stated - set(limits.names)))
            raise ValueError(f"the profile's state_key names {odd}, which the robot does not have")
        if profile.gripper_joints not in (None, limits.names[-1:]):
            raise ValueError(f"the robot's gripper is {limits.names[-1]}; the profile's gripper_joints say otherwise")
        if jpeg_quality is not None and not profile.decodes_jpeg:
            raise ValueError(
                "policy.jpeg is set, but the profile does not say that the server takes JPEG; set decodes_jpeg: true"
                " in the profile if it does, or policy.jpeg: off"
            )
        self.profile = profile
        self._limits = limits
        self._pace = pace or Pace()
        self._jpeg_quality = jpeg_quality
        self._order = {joint: limits.names.index(joint) for joint in profile.joints}
        self._wire_order = [self._order[joint] for joint in profile.joints]
        self._robot_order = [profile.joints.index(joint) for joint in limits.names]
        whole = ranges or limits
        self._scale = JointScale(
            profile.joint_unit,
            profile.gripper,
            [joint == limits.names[-1] for joint in limits.names],
            whole.lower,
            whole.upper,
        )

    def request(self, observation: Observation, prompt: str, leftover: Leftover | None = None) -> dict[str, Any]:
        """Return what goes on the wire for an observation, by wire key.

        Pictures are made here if they have not been looked at yet.

        Args:
            observation: What was measured.
            prompt: What to do.
            leftover: The plan to continue, for servers that can (real-time chunking).

        Raises:
            PolicyError: The observation lacks a camera that the profile wants.
        """
        profile = self.profile
        pictures = {camera: self._picture(observation, camera) for camera in profile.images}
        values = self._scale.to_wire(observation.joints)
        fields = request_fields(profile, pictures, {name: values[i] for name, i in self._order.items()}, prompt)
        if leftover is not None and profile.rtc is not None and len(leftover.actions):
            planned = self._to_wire(leftover.actions)
            fields.update(profile.rtc.fields(planned, leftover.delay, leftover.execution_horizon, profile.horizon))
        return fields

    def _to_wire(self, actions: Actions) -> Actions:
        """Return joint targets in the wire's units, order and columns, (k, columns)."""
        wire = np.zeros((len(actions), self.profile.columns))
        wire[:, : len(self._wire_order)] = self._scale.to_wire(actions)[:, self._wire_order]
        return wire

    def _picture(self, observation: Observation, camera: str) -> Picture:
        frame = observation.frames.get(camera)
        if frame is None:
            found = ", ".join(sorted(observation.frames)) or "none"
            raise PolicyError(f"the profile wants the camera '{camera}'; the robot has: {found}")
        profile = self.profile
        return picture(frame.image, profile.image_height, profile.image_width, profile.image_layout, self._jpeg_quality)

    def actions(self, raw: NDArray[np.float64], measured: Joints) -> Actions:
        """Return actions from the wire as a row per control step, after every check they must pass.

        Args:
            raw: (H, m) in the wire's order and units, finite.
            measured: The joints of the observation they answer, (n,).

        Raises:
            ChunkRefused: Wrong shape, out of the joints' range, or too far from the measured joints.
        """
        check_shape(self.profile, raw)
        actions = actions_from_wire(self.profile, self._scale, raw[:, self._robot_order], measured)
        if self.profile.incremental:
            self._check_speed(actions)
            self._check_range(actions, only_gripper=True)
            return self._pace.spread_increments(actions)
        self._check_range(actions)
        self._check_first(actions[0], measured)
        return self._pace.spread_targets(actions)

    def _check_speed(self, increments: Actions) -> None:
        most = SPEED_TOLERANCE * self._limits.velocity[:-1] / self.profile.rate_hz
        fast = np.argwhere(np.abs(increments[:, :-1]) > most)
        if not len(fast):
            return
        step, joint = (int(i) for i in fast[0])
        speed = increments[step, joint] * self.profile.rate_hz
        raise ChunkRefused(
            f"action {step} moves {self._limits.names[joint]} at {speed:.3g} rad/s, its limit is"
            f" {self._limits.velocity[joint]:.3g}: wrong units, velocity_scale or action kind?"
        )

    def _check_range(self, actions: Actions, *, only_gripper: bool = False) -> None:
        tolerance = np.full(actions.shape[1], np.inf if only_gripper else RANGE_TOLERANCE_RAD)
        tolerance[-1] = RANGE_TOLERANCE_GRIPPER
        low, high = self._limits.lower - tolerance, self._limits.upper + tolerance
        outside = np.argwhere((actions < low) | (actions > high))
        if not len(outside):
            return
        step, joint = (int(i) for i in outside[0])
        raise ChunkRefused(
            f"action {step} puts {self._limits.names[joint]} at {actions[step, joint]:.3g}, "
            f"outside {self._limits.lower[joint]:.3g} … {self._limits.upper[joint]:.3g}: wrong units?"
        )

    def _check_first(self, first: Joints, measured: Joints) -> None:
        # A gripper may be commanded from end to end in one action; the governor limits its speed.
        jumps = np.abs(first - measured)[:-1]
        joint = int(np.argmax(jumps))
        if jumps[joint] > self.profile.max_first_jump_rad:
            raise ChunkRefused(
                f"the first action moves {self._limits.names[joint]} by {jumps[joint]:.2f} rad from where it is, "
                f"at most {self.profile.max_first_jump_rad:g} are allowed: wrong units, joint order or action kind?"
            )
