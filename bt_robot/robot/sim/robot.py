"""A simulated SO-101 in its work cell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from bt_robot.arm import so101, workcell
from bt_robot.errors import RobotError
from bt_robot.messages import Command, Frame, JointLimits, Joints, Observation
from bt_robot.robot.sim import engine
from bt_robot.robot.sim.camera import RayRenderer, Renderer
from bt_robot.robot.sim.gl import GlRenderer
from bt_robot.robot.sim.model import PHYSICS_STEP_S, mjcf
from bt_robot.robot.sim.placement import Placement, place
from bt_robot.robot.sim.settings import SimSettings

_AT_REST_M_S = 0.02
_JOINTS = len(so101.JOINT_NAMES)


@dataclass(slots=True)
class _World:
    """What exists while connected."""

    mujoco: Any
    model: Any
    data: Any
    renderer: Renderer
    substeps: int


class SimRobot:
    """The Protocol `Robot` over MuJoCo, and the ground truth to judge runs by.

    Physics advance by one control period with each `command`, never otherwise.
    """

    def __init__(self, settings: SimSettings, seed: int, control_period_s: float) -> None:
        """Place everything; nothing is loaded before `connect`.

        Args:
            settings: The work cell.
            seed: Where things stand that the settings leave open.
            control_period_s: Time that passes with each command [s].

        Raises:
            RobotRefused: The blocks find no room.
            ValueError: The control period is not positive and finite.
        """
        if not (math.isfinite(control_period_s) and control_period_s > 0.0):
            raise ValueError(f"control_period_s is {control_period_s}; expected a positive number")
        self._settings = settings
        self._period_s = control_period_s
        self._world: _World | None = None
        self.placement: Placement = place(settings, seed)

    @property
    def limits(self) -> JointLimits:
        """The joints' names, order and envelope."""
        return so101.LIMITS

    def connect(self) -> None:
        """Build the cell, with the arm at rest.

        Raises:
            RobotRefused: The settings ask for OpenGL and there is none.
        """
        if self._world is not None:
            return
        settings, placement = self._settings, self.placement
        mujoco = engine.load(settings.render)
        model: Any = mujoco.MjModel.from_xml_string(mjcf(settings.blocks))
        model.body("container").pos[:2] = placement.container_m
        substeps = max(1, math.ceil(self._period_s / PHYSICS_STEP_S - 1e-9))
        model.opt.timestep = self._period_s / substeps
        data: Any = mujoco.MjData(model)
        data.qpos[:_JOINTS] = data.ctrl[:] = so101.to_rad(so101.REST)
        for colour, (x, y, yaw) in placement.blocks.items():
            _put(data, colour, x, y, workcell.BLOCK_HALF_M, yaw)
        mujoco.mj_forward(model, data)
        self._world = _World(mujoco, model, data, self._renderer(model), substeps)

    def observe(self, step: int, now_s: float) -> Observation:
        """Return the joint positions and a frame per camera, whose picture is made when it is looked at.

        Args:
            step: The control step that asks.
            now_s: The run's clock [s].

        Raises:
            RobotError: It is not connected.
        """
        world = self._connected()
        joints = so101.from_rad(world.data.qpos[:_JOINTS])
        joints.setflags(write=False)
        moment = world.data.qpos.copy()
        render = world.renderer.render
        frames = {name: Frame(name, now_s, lambda name=name: render(name, moment)) for name in self._settings.cameras}
        return Observation(step, now_s, joints, frames)

    def command(self, command: Command) -> Joints:
        """Drive towards the targets for one control period; return the targets within the mechanical range, (6,).

        Raises:
            RobotError: It is not connected, or a target is not finite.
        """
        world = self._connected()
        if not np.all(np.isfinite(command.positions)):
            raise RobotError(f"the simulation was given a target that is not finite: {command.positions.tolist()}")
        sent = np.clip(command.positions, so101.LOWER, so101.UPPER)
        world.data.ctrl[:] = so101.to_rad(sent)
        world.mujoco.mj_step(world.model, world.data, world.substeps)
        return sent

    def stop(self) -> None:
        """Set no new target: the servos hold the last one, and the jaws what they hold."""

    def close(self) -> None:
        """Free the simulation."""
        if self._world is not None:
            self._world.renderer.close()
            self._world = None

    @property
    def simulated_s(self) -> float:
        """Time simulated since `connect` [s]."""
        return float(self._connected().data.time)

    def in_container(self, colour: str) -> bool:
        """Whether a block lies at rest inside the container and the jaws let go of it.

        Raises:
            RobotError: It is not connected, or there is no such block.
        """
        position, speed = self._block(colour)
        inside = all(
            abs(position[i] - self.placement.container_m[i]) < workcell.CONTAINER_INNER_HALF_M for i in range(2)
        )
        low = position[2] < workcell.CONTAINER_HEIGHT_M
        return inside and low and speed < _AT_REST_M_S and not self.touches_jaws(colour)

    def touches_jaws(self, colour: str) -> bool:
        """Whether a block touches the gripper.

        Raises:
            RobotError: It is not connected, or there is no such block.
        """
        self._block(colour)
        world = self._connected()
        geom = world.model.geom(colour).id
        hand = {world.model.body("gripper").id, world.model.body("moving_jaw").id}
        pairs = world.data.contact.geom[: world.data.ncon]
        others = [int(b if a == geom else a) for a, b in pairs if geom in (a, b)]
        return any(int(world.model.geom_bodyid[other]) in hand for other in others)

    def block_position(self, colour: str) -> tuple[float, float, float]:
        """Return a block's centre (x, y, z) [m].

        Raises:
            RobotError: It is not connected, or there is no such block.
        """
        x, y, z = self._block(colour)[0]
        return float(x), float(y), float(z)

    def disturb(self, colour: str, x_m: float, y_m: float, yaw_rad: float = 0.0) -> None:
        """Teleport a block onto the table.

        Args:
            colour: Which block.
            x_m: Forward of the base.
            y_m: To the left of the base.
            yaw_rad: How it is turned.

        Raises:
            RobotError: It is not connected, or there is no such block.
        """
        self._block(colour)
        world = self._connected()
        _put(world.data, colour, x_m, y_m, workcell.BLOCK_HALF_M, yaw_rad)
        world.mujoco.mj_forward(world.model, world.data)

    def _renderer(self, model: Any) -> Renderer:
        kind = GlRenderer if self._settings.render == "gl" else RayRenderer
        return kind(model, self._settings.image_width, self._settings.image_height)

    def _connected(self) -> _World:
        if self._world is None:
            raise RobotError("the simulation is not connected; call connect() first")
        return self._world

    def _block(self, colour: str) -> tuple[Any, float]:
        """Return a block's centre, (3,) m, and its speed [m/s]."""
        world = self._connected()
        if colour not in self._settings.blocks:
            raise RobotError(f"there is no {colour} block; expected one of {', '.join(self._settings.blocks)}")
        joint = world.data.joint(colour)
        return joint.qpos[:3], float(np.linalg.norm(joint.qvel[:3]))


def _put(data: Any, colour: str, x_m: float, y_m: float, z_m: float, yaw_rad: float) -> None:
    joint = data.joint(colour)
    joint.qpos[:] = (x_m, y_m, z_m, math.cos(yaw_rad / 2), 0.0, 0.0, math.sin(yaw_rad / 2))
    joint.qvel[:] = 0.0
