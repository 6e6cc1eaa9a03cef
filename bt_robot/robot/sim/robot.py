"""A simulated SO-101 in its work cell."""

from __future__ import annotations

import math

import numpy as np

from bt_robot.arm import so101
from bt_robot.arm.kinematics import So101Kinematics
from bt_robot.errors import RobotError
from bt_robot.messages import Body, Command, Effort, Frame, JointLimits, Joints, Observation
from bt_robot.robot.sim.camera import Renderer
from bt_robot.robot.sim.model import PHYSICS_STEP_S
from bt_robot.robot.sim.placement import Placement, place
from bt_robot.robot.sim.settings import SimSettings
from bt_robot.robot.sim.world import JOINTS, World


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
        self._substeps = max(1, math.ceil(control_period_s / PHYSICS_STEP_S - 1e-9))
        self._world: World | None = None
        self._renderer: Renderer | None = None
        self._emergency = ""
        self.placement: Placement = place(settings, seed)

    @property
    def limits(self) -> JointLimits:
        """The joints' names, order and envelope."""
        return so101.LIMITS

    @property
    def body(self) -> Body:
        """Where its hand is; its observations tell the motors' load."""
        return Body(So101Kinematics(), load=True)

    def connect(self) -> None:
        """Build the cell, with the arm at rest.

        Raises:
            RobotRefused: The settings ask for OpenGL and there is none.
        """
        if self._world is not None:
            return
        world = World(self._settings, self.placement, self._period_s / self._substeps)
        self._renderer = world.renderer()
        self._world = world

    def arm(self) -> None:
        """Nothing has to be switched on: the simulated servos hold the pose that the cell is built with.

        Raises:
            RobotError: It is not connected.
        """
        self._connected()

    def observe(self, step: int, now_s: float) -> Observation:
        """Return the joint positions and a frame per camera, whose picture is made when it is looked at.

        Args:
            step: The control step that asks.
            now_s: The run's clock [s].

        Raises:
            RobotError: It is not connected, or it was stopped by `emergency_stop`.
        """
        world = self._connected()
        if self._emergency:
            raise RobotError(self._emergency)
        joints = so101.from_rad(world.data.qpos[:JOINTS])
        joints.setflags(write=False)
        moment = world.data.qpos.copy()
        assert self._renderer is not None
        render = self._renderer.render
        frames = {name: Frame(name, now_s, lambda name=name: render(name, moment)) for name in self._settings.cameras}
        return Observation(step, now_s, joints, frames, effort=Effort(load=world.loads()))

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
        world.mujoco.mj_step(world.model, world.data, self._substeps)
        return sent

    def stop(self) -> None:
        """Set no new target: the servos hold the last one, and the jaws what they hold."""

    def emergency_stop(self, reason: str) -> None:
        """Set no new target, and refuse to be observed."""
        self._emergency = self._emergency or f"emergency stop: {reason}"

    def close(self) -> None:
        """Free the simulation."""
        self._emergency = ""
        if self._renderer is not None:
            self._renderer.close()
        self._world = self._renderer = None

    @property
    def simulated_s(self) -> float:
        """Time simulated since `connect` [s]."""
        return float(self._connected().data.time)

    def in_container(self, colour: str) -> bool:
        """Whether a block lies at rest inside the container and the jaws let go of it.

        Raises:
            RobotError: It is not connected, or there is no such block.
        """
        return self._connected().in_container(colour)

    def touches_jaws(self, colour: str) -> bool:
        """Whether a block touches the gripper.

        Raises:
            RobotError: It is not connected, or there is no such block.
        """
        return self._connected().touches_jaws(colour)

    def block_position(self, colour: str) -> tuple[float, float, float]:
        """Return a block's centre (x, y, z) [m].

        Raises:
            RobotError: It is not connected, or there is no such block.
        """
        x, y, z = self._connected().block(colour)[0]
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
        self._connected().disturb(colour, x_m, y_m, yaw_rad)

    def _connected(self) -> World:
        if self._world is None:
            raise RobotError("the simulation is not connected; call connect() first")
        return self._world
