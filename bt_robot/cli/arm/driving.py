"""An arm driven through a guardian of its own, and brought to rest by it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bt_robot.arm.so101 import JOINT_NAMES, LIMITS
from bt_robot.errors import UsageError
from bt_robot.robot.so101.guardian.client import GuardianClient
from bt_robot.robot.so101.guardian.motion import JointEnvelope
from bt_robot.robot.so101.guardian.plan import Exit, GuardedJoint, GuardianPlan
from bt_robot.robot.so101.guardian.setup import GuardianSetup
from bt_robot.robot.so101.identity import Expected, ExpectedServo
from bt_robot.robot.so101.planning import expected_servos, guardian_plan
from bt_robot.robot.so101.wire.registers import TICKS_PER_TURN

if TYPE_CHECKING:
    from bt_robot.cli.arm.config import ArmConfig
    from bt_robot.messages import JointLimits
    from bt_robot.robot.so101.calibration import Calibration

_ANYWHERE = JointEnvelope(lower=0.0, upper=float(TICKS_PER_TURN - 1), velocity=1000.0, acceleration=10000.0)


@dataclass(frozen=True, slots=True)
class Drive:
    """What is needed to drive an arm.

    Attributes:
        calibration: Of the arm.
        source: Where that came from.
        limits: The joints' range, calibrated and narrowed.
        safety: The envelope in force, inside of it.
        setup: What its guardian is started with.
    """

    calibration: Calibration
    source: str
    limits: JointLimits
    safety: JointLimits
    setup: GuardianSetup


def drive_of(arm: ArmConfig, leave: Exit | None = None, *, rescue: bool = False) -> Drive:
    """Return what is needed to drive an arm.

    Args:
        arm: Which one.
        leave: What becomes of it at the end, instead of what the config says.
        rescue: Take over an arm that a dead program left energised, bring it to rest, and end.

    Raises:
        LoadError: There is no such calibration, or it is wrong.
        UsageError: The config leaves a joint no room.
        RobotRefused: The calibration does.
    """
    from bt_robot.robot.so101.assembly import calibration_of

    calibration, source = calibration_of(arm.robot)
    try:
        limits = arm.robot.narrowed(calibration.limits(LIMITS))
        safety = arm.settings.limits.envelope(limits)
    except ValueError as error:
        raise UsageError(str(error)) from error
    plan = guardian_plan(arm.robot, calibration, safety, arm.settings.control_hz)
    setup = GuardianSetup(
        port=arm.port,
        plan=plan if leave is None else replace(plan, exit=leave),
        expected=expected_servos(calibration, source),
        box_folder=_box_folder(arm),
        rescue=rescue,
    )
    return Drive(calibration, source, limits, safety, setup)


def _box_folder(arm: ArmConfig) -> str:
    return str(Path(arm.robot.guard.record).absolute()) if arm.robot.guard.record else ""


def letting_go(port: str, ids: tuple[int, ...]) -> GuardianSetup:
    """Return the setup of a guardian that lets an arm go where it stands; that needs no calibration.

    Args:
        port: The port's path.
        ids: The servos, in the robot's order.
    """
    named = tuple(zip(ids, JOINT_NAMES, strict=True))
    joints = tuple(GuardedJoint(servo_id, name, _ANYWHERE, park=0.0) for servo_id, name in named)
    # What differs from this is no reason not to let go.
    servos = tuple(ExpectedServo(servo_id, name, 0, 0, TICKS_PER_TURN - 1) for servo_id, name in named)
    return GuardianSetup(port, GuardianPlan(joints, exit="release"), Expected(servos), rescue=True)


@contextmanager
def guarded(setup: GuardianSetup) -> Generator[GuardianClient]:
    """Inside, a guardian has the arm; it is not brought to rest here, see `GuardianClient.leave`.

    Raises:
        RobotRefused: It refused the arm.
    """
    client = GuardianClient(setup)
    try:
        yield client
    finally:
        client.close()


def went_well(words: str) -> bool:
    """Whether the words with which a guardian ended say that the arm is at rest."""
    return "did not confirm" not in words and "did not come back" not in words
