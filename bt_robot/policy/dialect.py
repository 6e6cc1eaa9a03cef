"""Observations and actions between the robot's joints and a profile's wire, pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bt_robot.errors import ChunkRefused, PolicyError
from bt_robot.messages import Actions, Image, JointLimits, Joints, Observation
from bt_robot.policy.images import resize_with_pad
from bt_robot.policy.profile import Profile

RANGE_TOLERANCE_RAD = 0.35  # a policy overshoots its data's limits a little; the governor clamps that much
RANGE_TOLERANCE_GRIPPER = 0.35


class Dialect:
    """Translates for one robot and one policy server.

    Attributes:
        profile: The server's dialect.
    """

    def __init__(self, profile: Profile, limits: JointLimits) -> None:
        """Match the joints of both sides by name.

        Args:
            profile: The server's dialect.
            limits: The robot's joints and their envelope; the last joint is the gripper.

        Raises:
            ValueError: The profile's joints are not the robot's.
        """
        if sorted(profile.joints) != sorted(limits.names):
            raise ValueError(
                f"the profile's joints are {', '.join(profile.joints)}, the robot's are {', '.join(limits.names)}"
            )
        self.profile = profile
        self._limits = limits
        self._wire_order = [limits.names.index(joint) for joint in profile.joints]
        self._robot_order = [profile.joints.index(joint) for joint in limits.names]

    def request(self, observation: Observation, prompt: str) -> dict[str, Any]:
        """Return what goes on the wire for an observation, by wire key.

        Pictures are made here if they have not been looked at yet.

        Raises:
            PolicyError: The observation lacks a camera that the profile wants.
        """
        fields: dict[str, Any] = {
            key: self._picture(observation, camera) for camera, key in self.profile.images.items()
        }
        state = self.profile.units.to_wire(observation.joints)[self._wire_order]
        keys = self.profile.state_keys()
        if len(keys) == 1:
            fields[keys[0]] = state.astype(np.float32)
        else:
            fields.update(zip(keys, state.tolist(), strict=True))
        fields[self.profile.prompt_key] = prompt
        return fields

    def _picture(self, observation: Observation, camera: str) -> Image:
        frame = observation.frames.get(camera)
        if frame is None:
            found = ", ".join(sorted(observation.frames)) or "none"
            raise PolicyError(f"the profile wants the camera '{camera}'; the robot has: {found}")
        image = resize_with_pad(frame.image, self.profile.image_height, self.profile.image_width)
        return np.ascontiguousarray(image.transpose(2, 0, 1)) if self.profile.image_layout == "chw" else image

    def actions(self, raw: NDArray[np.float64], measured: Joints) -> Actions:
        """Return actions from the wire in the robot's order and units, after every check they must pass.

        Args:
            raw: (H, n) in the wire's order and units, finite.
            measured: The joints of the observation they answer, (n,).

        Raises:
            ChunkRefused: Wrong shape, out of the joints' range, or too far from the measured joints.
        """
        expected = (self.profile.horizon, len(self.profile.joints))
        if raw.shape != expected:
            raise ChunkRefused(
                f"the actions have shape {raw.shape}, expected {expected} (horizon, joints): wrong model or profile"
            )
        actions = self.profile.units.from_wire(raw[:, self._robot_order])
        self._check_range(actions)
        self._check_first(actions[0], measured)
        return actions

    def _check_range(self, actions: Actions) -> None:
        tolerance = np.full(actions.shape[1], RANGE_TOLERANCE_RAD)
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
