"""The work cell as the physics engine has it: how it is built, and what is true in it."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bt_robot.arm import so101, workcell
from bt_robot.errors import RobotError
from bt_robot.messages import Joints
from bt_robot.robot.sim import engine
from bt_robot.robot.sim.camera import RayRenderer, Renderer
from bt_robot.robot.sim.gl import GlRenderer
from bt_robot.robot.sim.model import GRIPPER_SHARE, mjcf
from bt_robot.robot.sim.placement import Placement
from bt_robot.robot.sim.settings import SimSettings

JOINTS: Final = len(so101.JOINT_NAMES)
_AT_REST_M_S = 0.02


class World:
    """The arm at rest, the container and the blocks; the first generalised positions are the arm's joints.

    Attributes:
        mujoco: The module.
        model: MuJoCo's model.
        data: MuJoCo's state.
        placement: Where things stood at the start.
    """

    def __init__(self, settings: SimSettings, placement: Placement, timestep_s: float) -> None:
        """Build the cell.

        Args:
            settings: What is in it.
            placement: Where things stand.
            timestep_s: The physics' step [s].

        Raises:
            RobotRefused: The settings ask for OpenGL and there is none.
        """
        self._settings = settings
        self.placement = placement
        self.mujoco = engine.load(settings.render)
        self.model: Any = self.mujoco.MjModel.from_xml_string(mjcf(settings.blocks))
        self.model.body("container").pos[:2] = placement.container_m
        self.model.opt.timestep = timestep_s
        self.data: Any = self.mujoco.MjData(self.model)
        self.data.qpos[:JOINTS] = self.data.ctrl[:] = so101.to_rad(so101.REST)
        for colour, (x, y, yaw) in placement.blocks.items():
            self._put(colour, x, y, yaw)
        self.mujoco.mj_forward(self.model, self.data)

    def renderer(self) -> Renderer:
        """Return what makes the cell's pictures, as the settings say; whoever asks closes it.

        Raises:
            RobotRefused: OpenGL does not work.
        """
        kind = GlRenderer if self._settings.render == "gl" else RayRenderer
        return kind(self.model, self._settings.image_width, self._settings.image_height)

    def take(self, qpos: NDArray[np.float64], qvel: NDArray[np.float64]) -> None:
        """Be in a state.

        Args:
            qpos: Generalised positions, (nq,).
            qvel: Generalised speeds, (nv,).
        """
        self.data.qpos[:] = qpos
        self.data.qvel[:] = qvel
        self.mujoco.mj_forward(self.model, self.data)

    def in_container(self, colour: str) -> bool:
        """Whether a block lies at rest inside the container and the jaws let go of it.

        Raises:
            RobotError: There is no such block.
        """
        position, speed = self.block(colour)
        inside = all(
            abs(position[i] - self.placement.container_m[i]) < workcell.CONTAINER_INNER_HALF_M for i in range(2)
        )
        low = position[2] < workcell.CONTAINER_HEIGHT_M
        return inside and low and speed < _AT_REST_M_S and not self.touches_jaws(colour)

    def loads(self) -> Joints:
        """Return each motor's force as a share of what it can do, (6,), 0 … 1."""
        most = self.model.actuator_forcerange[:, 1].copy()
        most[so101.GRIPPER] /= GRIPPER_SHARE
        return np.abs(self.data.actuator_force) / most

    def touches_jaws(self, colour: str) -> bool:
        """Whether a block touches the gripper.

        Raises:
            RobotError: There is no such block.
        """
        self.block(colour)
        geom = self.model.geom(colour).id
        hand = {self.model.body("gripper").id, self.model.body("moving_jaw").id}
        pairs = self.data.contact.geom[: self.data.ncon]
        others = [int(b if a == geom else a) for a, b in pairs if geom in (a, b)]
        return any(int(self.model.geom_bodyid[other]) in hand for other in others)

    def disturb(self, colour: str, x_m: float, y_m: float, yaw_rad: float = 0.0) -> None:
        """Teleport a block onto the table.

        Args:
            colour: Which block.
            x_m: Forward of the base.
            y_m: To the left of the base.
            yaw_rad: How it is turned.

        Raises:
            RobotError: There is no such block.
        """
        self.block(colour)
        self._put(colour, x_m, y_m, yaw_rad)
        self.mujoco.mj_forward(self.model, self.data)

    def block(self, colour: str) -> tuple[Any, float]:
        """Return a block's centre, (3,) m, and its speed [m/s].

        Raises:
            RobotError: There is no such block.
        """
        if colour not in self._settings.blocks:
            raise RobotError(f"there is no {colour} block; expected one of {', '.join(self._settings.blocks)}")
        joint = self.data.joint(colour)
        return joint.qpos[:3], float(np.linalg.norm(joint.qvel[:3]))

    def _put(self, colour: str, x_m: float, y_m: float, yaw_rad: float) -> None:
        joint = self.data.joint(colour)
        joint.qpos[:] = (x_m, y_m, workcell.BLOCK_HALF_M, math.cos(yaw_rad / 2), 0.0, 0.0, math.sin(yaw_rad / 2))
        joint.qvel[:] = 0.0
