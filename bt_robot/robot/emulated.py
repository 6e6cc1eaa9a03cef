"""The SO-101's driver on an emulated servo bus, with the simulated work cell behind it.

The servos and the physics are a process of their own behind a real tty; the guardian, the packets and the cameras'
interface are those of the real arm. What the cameras show, and where the blocks are, comes from the emulator's state,
mirrored here.
"""

from __future__ import annotations

import os
import signal

from bt_robot.arm.kinematics import So101Kinematics
from bt_robot.errors import RobotError
from bt_robot.messages import Body, Command, JointLimits, Joints, Observation
from bt_robot.robot.cameras.rig import CameraRig, rig_of
from bt_robot.robot.emulator.process import EmulatorProcess
from bt_robot.robot.sim.mirror import MirrorWorld
from bt_robot.robot.so101.assembly import assemble
from bt_robot.robot.so101.calibration import Calibration
from bt_robot.robot.so101.robot import So101Robot
from bt_robot.robot.so101.settings import So101Settings


class EmulatedSo101:
    """The Protocol `Robot`: starts an emulator, and gives the arm on it to `So101Robot`."""

    def __init__(
        self,
        settings: So101Settings,
        seed: int,
        control_hz: float,
        calibration: Calibration,
        limits: JointLimits,
        safety: JointLimits,
    ) -> None:
        """Keep what is needed; nothing is started before `connect`.

        Args:
            settings: The config.
            seed: Places what the work cell leaves open.
            control_hz: How often it is commanded [Hz].
            calibration: Of the emulated arm.
            limits: The joints' range, calibrated and narrowed.
            safety: The envelope in force.
        """
        self._settings = settings
        self._seed = seed
        self._control_hz = control_hz
        self._calibration = calibration
        self._limits = limits
        self._safety = safety
        self._emulator: EmulatorProcess | None = None
        self._mirror: MirrorWorld | None = None
        self._arm: So101Robot | None = None

    @property
    def limits(self) -> JointLimits:
        """The joints' names, order and range."""
        return self._limits

    @property
    def emulator(self) -> EmulatorProcess:
        """The emulated bus, to inject faults and to read its log.

        Raises:
            RobotError: It is not connected.
        """
        if self._emulator is None:
            raise RobotError(_NOT_CONNECTED)
        return self._emulator

    @property
    def body(self) -> Body:
        """Where its hand is; its observations tell the motors' load and current."""
        return Body(So101Kinematics(), load=True, current=True)

    def connect(self) -> None:
        """Start the emulator, the guardian and the cameras.

        Raises:
            RobotRefused: One of them did not come up.
        """
        if self._arm is not None:
            return
        cell = self._settings.cell
        emulator = EmulatorProcess(settings=cell, seed=self._seed)
        emulator.start()
        self._emulator = emulator
        try:
            self._mirror = MirrorWorld(cell, self._seed, emulator.state_path)
            self._arm = assemble(
                self._settings,
                self._calibration,
                "the emulated bus",
                self._limits,
                self._safety,
                self._control_hz,
                port=emulator.port,
                rig=self._rig(self._mirror),
            )
            self._arm.connect()
        except BaseException:
            self.close()
            raise

    def _rig(self, mirror: MirrorWorld) -> CameraRig:
        return rig_of(self._settings.cameras, mirror.frame)

    def arm(self) -> None:
        """Switch the torque on, standing still at the measured pose.

        Raises:
            RobotRefused: A servo did not confirm that it is armed.
            RobotError: It is not connected.
        """
        self._connected().arm()

    def observe(self, step: int, now_s: float) -> Observation:
        """Return the newest measurement and frames.

        Args:
            step: The control step that asks.
            now_s: The run's clock [s].

        Raises:
            RobotError: It is not connected, or a person has to look before the arm may move again.
        """
        return self._connected().observe(step, now_s)

    def command(self, command: Command) -> Joints:
        """Send targets for one control period; return them within the joints' range, (6,).

        Raises:
            RobotError: It is not connected, a target is not finite, or the guardian is gone.
        """
        return self._connected().command(command)

    def stop(self) -> None:
        """Brake and hold, with reduced torque."""
        if self._arm is not None:
            self._arm.stop()

    def emergency_stop(self, reason: str) -> None:
        """Brake and hold at once, and follow nothing until a person resets it."""
        if self._arm is not None:
            self._arm.emergency_stop(reason)

    def close(self) -> None:
        """Bring the arm to rest, then end the emulator."""
        mirror, self._mirror = self._mirror, None
        emulator, self._emulator = self._emulator, None
        try:
            if self._arm is not None:
                self._arm.close()
                if self._arm.lingering:  # it would hold an arm that ends with its emulator
                    os.kill(self._arm.lingering, signal.SIGKILL)
        finally:
            self._arm = None
            if mirror is not None:
                mirror.close()
            if emulator is not None:
                emulator.stop()

    def in_container(self, colour: str) -> bool:
        """Whether a block lies at rest inside the container and the jaws let go of it.

        Raises:
            RobotError: It is not connected, or there is no such block.
        """
        if self._mirror is None:
            raise RobotError(_NOT_CONNECTED)
        return self._mirror.in_container(colour)

    def _connected(self) -> So101Robot:
        if self._arm is None:
            raise RobotError(_NOT_CONNECTED)
        return self._arm


_NOT_CONNECTED = "the emulated SO-101 is not connected; call connect() first"
