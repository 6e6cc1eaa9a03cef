"""A policy that sees: a picture, joint positions and a prompt in, a chunk of actions out.

It stands in for a π₀.₅ server in simulation and gets nothing such a server would not get. It
remembers nothing between two plans.
"""

from __future__ import annotations

from bt_robot.arm import so101
from bt_robot.messages import Actions, Image, Joints
from bt_robot.standin.motion import actions
from bt_robot.standin.prompt import UnknownPrompt, understand
from bt_robot.standin.situation import Situation

__all__ = ["Brain", "UnknownPrompt"]


class Brain:
    """Plans picking, placing and resting from one picture of the fixed camera."""

    def plan(self, front: Image, joints: Joints, prompt: str, horizon: int) -> Actions:
        """Return absolute joint targets for the coming control steps, (horizon, 6), gripper 0 … 1.

        Args:
            front: The fixed camera's picture, (height, width, 3) RGB.
            joints: The measured positions, (6,) rad, gripper 0 … 1.
            prompt: What to do.
            horizon: Number of control steps, at 30 Hz.

        Raises:
            UnknownPrompt: The prompt asks for nothing that can be done.
        """
        task = understand(prompt)
        angles = so101.to_rad(joints)
        situation = Situation(front, angles, task)
        return actions(angles, situation.path(), horizon, situation.travelled_rad)
