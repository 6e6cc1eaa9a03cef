"""The simulation's work cell behind the emulated servos: an arm with weight, blocks to grip, a table to hit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bt_robot.arm.so101 import GRIPPER, JOINT_NAMES
from bt_robot.robot.emulator.plant import STALL_CURRENT_MA, Drive, Motion
from bt_robot.robot.sim.model import GRIPPER_SHARE, PHYSICS_STEP_S
from bt_robot.robot.sim.placement import place
from bt_robot.robot.sim.settings import SimSettings
from bt_robot.robot.sim.world import World

Publish = Callable[[NDArray[np.float64], NDArray[np.float64]], None]
"""Takes generalised positions, (nq,), and speeds, (nv,), which change afterwards."""

_IDLE_MA: Final = 6.5
_GEAR_FRICTION_N_M: Final = 0.3
"""What the gears of a servo without torque hold by themselves: the folded arm stays, a stretched one sinks [N m].

A driven servo shows less of it, because its controller works against it.
"""
_SETTLE_S: Final = 5.0


class MujocoPlant:
    """The Protocol `Plant` over MuJoCo.

    A servo is a stiff position actuator whose force is what the motor's drive gives at standstill; the joint's damping
    is the voltage that the turning motor takes away. So the load is the actuator's force, and the current what the two
    leave over.
    """

    def __init__(self, settings: SimSettings, seed: int) -> None:
        """Build the cell, with the arm at rest.

        Args:
            settings: The work cell; no picture is made here.
            seed: Where things stand that the settings leave open.

        Raises:
            RobotRefused: The blocks find no room.
        """
        settings = replace(settings, render="rays")
        self.world = World(settings, place(settings, seed), PHYSICS_STEP_S)
        self._publish: Publish | None = None
        joints = range(len(JOINT_NAMES))
        self._full_n_m = [float(self.world.model.actuator_forcerange[i, 1]) for i in joints]
        self._full_n_m[GRIPPER] /= GRIPPER_SHARE
        self._damping = [float(self.world.model.dof_damping[i]) for i in joints]
        self._friction_n_m = [float(self.world.model.dof_frictionloss[i]) for i in joints]
        self._held: dict[int, float] = {}
        self._settle()

    def _settle(self) -> None:
        """Let the arm come to rest without torque, as one does that was switched off a while ago."""
        angles = [float(angle) for angle in self.world.data.qpos[: len(JOINT_NAMES)]]
        self.step(_SETTLE_S, [Drive(angle, 0.0) for angle in angles])

    def publish_to(self, publish: Publish) -> None:
        """Tell the state, now and after each step.

        Args:
            publish: Whom to tell.
        """
        self._publish = publish
        self._tell()

    def step(self, dt_s: float, drives: Sequence[Drive]) -> Sequence[Motion]:
        """Let time pass, and say what each shaft does then.

        Args:
            dt_s: How much [s]; with 0 nothing moves.
            drives: One per joint.
        """
        if dt_s > 0.0:
            world = self.world
            substeps = max(1, math.ceil(dt_s / PHYSICS_STEP_S - 1e-6))
            world.model.opt.timestep = dt_s / substeps
            for joint, drive in enumerate(drives):
                self._apply(joint, drive, dt_s)
            for _ in range(substeps):
                world.mujoco.mj_step(world.model, world.data)
                for joint, position in self._held.items():
                    world.data.qpos[joint], world.data.qvel[joint] = position, 0.0
            self._tell()
        return [self._motion(joint) for joint in range(len(drives))]

    def place(self, joint: int, position_rad: float) -> None:
        """Put a joint somewhere at once, as a hand does."""
        data = self.world.data
        data.qpos[joint] = data.ctrl[joint] = position_rad
        data.qvel[joint] = 0.0
        if joint in self._held:
            self._held[joint] = position_rad
        self.world.mujoco.mj_forward(self.world.model, data)

    def _apply(self, joint: int, drive: Drive, dt_s: float) -> None:
        model, data = self.world.model, self.world.data
        force = drive.torque * self._full_n_m[joint]
        model.actuator_forcerange[joint] = (-force, force)
        model.dof_frictionloss[joint] = self._friction_n_m[joint] if force > 0.0 else _GEAR_FRICTION_N_M
        position = float(data.qpos[joint])
        if force <= 0.0:
            data.ctrl[joint] = position
        elif drive.speed_limit_rad_s is None:
            data.ctrl[joint] = drive.goal_rad
        else:
            reach = drive.speed_limit_rad_s * dt_s
            before = float(data.ctrl[joint])
            data.ctrl[joint] = before + min(reach, max(-reach, drive.goal_rad - before))
        if drive.blocked:
            self._held.setdefault(joint, position)
        else:
            self._held.pop(joint, None)

    def _motion(self, joint: int) -> Motion:
        data, full = self.world.data, self._full_n_m[joint]
        force, speed = float(data.actuator_force[joint]), float(data.qvel[joint])
        current = abs(force - self._damping[joint] * speed) / full * STALL_CURRENT_MA if force else 0.0
        return Motion(float(data.qpos[joint]), speed, force / full, _IDLE_MA + current)

    def _tell(self) -> None:
        if self._publish is not None:
            self._publish(self.world.data.qpos, self.world.data.qvel)
