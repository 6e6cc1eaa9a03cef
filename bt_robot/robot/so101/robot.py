"""The SO-101 as a robot: a guardian that owns its servos, and its cameras."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import Final

import numpy as np

from bt_robot.arm.kinematics import So101Kinematics
from bt_robot.errors import BtRobotError, RobotError, RobotRefused
from bt_robot.messages import Body, Command, Effort, Frame, Health, JointLimits, Joints, Observation
from bt_robot.robot.cameras.rig import CameraRig
from bt_robot.robot.so101.calibration import Calibration
from bt_robot.robot.so101.guardian.client import GuardianClient
from bt_robot.robot.so101.guardian.messages import Report, State
from bt_robot.robot.so101.guardian.setup import GuardianSetup
from bt_robot.robot.so101.ports import find_port
from bt_robot.robot.so101.settings import AUTO

logger = logging.getLogger(__name__)

SILENT_S: Final = 0.25
"""A guardian that has not reported for so long is not to be relied on [s]."""

_LAST_NOTES: Final = 3

STRAIN_S: Final = 0.5
"""A joint that pushes against something for so long fails the node that moves it [s]."""


class So101Robot:
    """The Protocol `Robot` over a guardian process; every method but `connect`, `arm` and `close` returns at once.

    Attributes:
        lingering: After `close`: the process id of a guardian that goes on holding the arm; 0 if none does.
    """

    def __init__(
        self,
        setup: GuardianSetup,
        calibration: Calibration,
        limits: JointLimits,
        rig: CameraRig,
        control_period_s: float,
    ) -> None:
        """Keep what is needed; nothing is opened before `connect`.

        Args:
            setup: What the guardian is started with.
            calibration: Of the arm.
            limits: The joints' range, calibrated and narrowed.
            rig: The cameras.
            control_period_s: How often `command` is called [s].
        """
        self._setup = setup
        self._calibration = calibration
        self._limits = limits
        self._rig = rig
        self._period_s = control_period_s
        self._guardian: GuardianClient | None = None
        self._emergency = ""
        self.lingering = 0
        self._strained_s: float | None = None

    @property
    def limits(self) -> JointLimits:
        """The joints' names, order and range."""
        return self._limits

    @property
    def guardian_pid(self) -> int:
        """The guardian's process id.

        Raises:
            RobotError: It is not connected.
        """
        return self._connected().pid

    @property
    def body(self) -> Body:
        """Where its hand is; its observations tell the motors' load and current."""
        return Body(So101Kinematics(), load=True, current=True)

    def connect(self) -> None:
        """Open the cameras and start the guardian, which looks at the servos and writes nothing.

        Raises:
            RobotRefused: The port, a servo or a camera is not what the config says.
        """
        if self._guardian is not None:
            return
        self._emergency = ""
        if self._setup.port == AUTO:
            self._setup = replace(self._setup, port=find_port())
        self._rig.open()
        try:
            self._guardian = GuardianClient(self._setup)
        except BaseException:
            self._rig.close()
            raise
        for warning in self._guardian.warnings:
            logger.warning("%s", warning)

    def arm(self) -> None:
        """Switch the torque on, standing still at the measured pose.

        Raises:
            RobotRefused: A servo did not confirm that it is armed.
            RobotError: It is not connected.
        """
        guardian = self._connected()
        if self._emergency:
            raise RobotRefused(f"{self._emergency}; reset it first")
        guardian.drain()
        if guardian.report is None or guardian.report.state is not State.ARMED:
            guardian.arm()

    def observe(self, step: int, now_s: float) -> Observation:
        """Return the newest measurement and frames.

        Args:
            step: The control step that asks.
            now_s: The run's clock [s].

        Raises:
            RobotError: The guardian is gone, or a person has to look before the arm may move again.
        """
        guardian = self._connected()
        guardian.order("alive")
        guardian.drain()
        self._require_well(guardian)
        report, wall_s = guardian.report, time.monotonic()
        assert report is not None, "a guardian that is ready has reported"
        joints = self._calibration.to_joints([joint.position for joint in report.joints])
        joints.setflags(write=False)
        oldest_s = report.time_s - max(joint.age_s for joint in report.joints)
        frames = {
            name: Frame(name, now_s - max(0.0, wall_s - frame.captured_s), lambda frame=frame: frame.image)
            for name, frame in self._rig.frames(wall_s).items()
        }
        measured_s = now_s - max(0.0, wall_s - oldest_s)
        return Observation(step, measured_s, joints, frames, self._health(report, wall_s), _effort(report))

    def _require_well(self, guardian: GuardianClient) -> None:
        if self._emergency:
            raise RobotError(self._emergency)
        if guardian.finished:
            words = "; ".join(guardian.notes()[-_LAST_NOTES:])
            raise RobotError(f"the guardian has ended: {words or 'the arm is at rest'}")
        if guardian.dead:
            raise RobotError(f"{guardian.dead}; the servos hold their last goal, and are brought to rest")
        report = guardian.report
        if report is not None and report.emergency:  # from another terminal
            self._emergency = report.reason
            raise RobotError(self._emergency)
        if report is not None and (report.latched or report.state in (State.LEAVING, State.RELEASED)):
            notes = guardian.notes()
            raise RobotError(report.reason or (notes[-1] if notes else "the guardian has let the arm go"))

    def _health(self, report: Report, wall_s: float) -> Health:
        silent_s = wall_s - report.time_s
        stopped = report.reason if silent_s <= SILENT_S else f"the guardian has not reported for {silent_s:.2f} s"
        stopped = stopped or "; ".join(self._rig.lost(wall_s))
        if not report.strain:
            self._strained_s = None
        elif self._strained_s is None:
            self._strained_s = wall_s
        strained = self._strained_s is not None and wall_s - self._strained_s >= STRAIN_S
        guardian = self._connected()
        return Health(
            stopped=stopped,
            doubts=self._rig.doubts(wall_s),
            strain=report.strain if strained else "",
            notes=(*guardian.notes(), *self._rig.notes()),
        )

    def command(self, command: Command) -> Joints:
        """Send targets for one control period; return them within the joints' range, (6,).

        Raises:
            RobotError: It is not connected, a target is not finite, or the guardian is gone.
        """
        guardian = self._connected()
        if not np.all(np.isfinite(command.positions)):
            raise RobotError(f"the arm was given a target that is not finite: {command.positions.tolist()}")
        sent = np.clip(command.positions, self._limits.lower, self._limits.upper)
        guardian.send_goal(self._calibration.to_ticks(sent), self._period_s)
        return sent

    def stop(self) -> None:
        """Brake and hold, with reduced torque."""
        if self._guardian is not None:
            self._guardian.order("stop", "the run is over")

    def emergency_stop(self, reason: str) -> None:
        """Brake and hold at once, and follow nothing until a person resets it; allowed from any thread."""
        if not self._emergency:
            self._emergency = f"emergency stop: {reason}"
        if self._guardian is not None:
            self._guardian.order("emergency", reason)

    def reset(self) -> None:
        """Forget an emergency stop or what else latched, because a person has looked."""
        self._emergency = ""
        if self._guardian is not None:
            self._guardian.order("reset")

    def close(self) -> None:
        """Have the arm brought to rest, wait until it is, and let go of everything."""
        try:
            if self._guardian is not None:
                self._leave(self._guardian)
        finally:
            self._guardian = None  # not before: an emergency stop is heard while the arm is parked, too
            self._rig.close()

    def _leave(self, guardian: GuardianClient) -> None:
        try:
            guardian.drain()
            if guardian.dead and not guardian.finished:
                guardian.close()
                guardian = self._guardian = self._rescuer()
            words = guardian.leave(unless=lambda: self._held(guardian))
            if self._held(guardian):
                self._tell_that_it_holds()
            else:
                logger.log(logging.WARNING if guardian.stuck else logging.INFO, "%s", words or "the arm is at rest")
        except BtRobotError:
            logger.exception("the arm could not be brought to rest; switch the supply off if it is stiff")
        except KeyboardInterrupt:
            if guardian.energised:
                self._tell_that_it_holds()
            raise
        finally:
            self.lingering = 0 if guardian.finished or guardian.dead else guardian.pid
            guardian.close()

    def _held(self, guardian: GuardianClient) -> bool:
        """Whether the arm stays where it is because of an emergency."""
        return bool(self._emergency) and guardian.energised

    def _tell_that_it_holds(self) -> None:
        linger_s = self._setup.plan.linger_s
        logger.warning("the arm holds for %g s and is then let go softly; `bt-arm release` lets it go now", linger_s)

    def _rescuer(self) -> GuardianClient:
        """Start another guardian for an arm whose guardian died: it takes over the goals as they are, and ends.

        Raises:
            RobotRefused: The port can't be opened any more.
        """
        logger.warning("another guardian brings the arm to rest")
        setup = self._setup
        return GuardianClient(GuardianSetup(setup.port, setup.plan, setup.expected, setup.box_folder, rescue=True))

    def _connected(self) -> GuardianClient:
        if self._guardian is None:
            raise RobotError("the SO-101 is not connected; call connect() first")
        return self._guardian


def _effort(report: Report) -> Effort:
    """Return how hard the motors work, whichever way they push."""
    load = np.abs([joint.load for joint in report.joints])
    current_a = np.array([joint.current_ma for joint in report.joints]) / 1000.0
    return Effort(load, current_a)
