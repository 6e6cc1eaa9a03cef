"""`bt-arm jog`: move one joint by hand, so to speak."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bt_robot.arm.so101 import GRIPPER, JOINT_NAMES
from bt_robot.cli.arguments import EXIT_INTERRUPTED, EXIT_SUCCESS, Parser, positive
from bt_robot.cli.arm.command import Command, tell
from bt_robot.cli.arm.config import add_arm_flags, add_common_flags, load_arm
from bt_robot.cli.arm.words import paragraph
from bt_robot.errors import RobotError, RobotRefused, UsageError, did_you_mean

if TYPE_CHECKING:
    from bt_robot.cli.arm.driving import Drive
    from bt_robot.robot.so101.guardian.client import GuardianClient

_EXAMPLES: Final = """\
The arm is armed where it stands, the joint is moved within its limits, and the arm
is left as the config says (`guard.exit`), or as --exit does: `park` moves it to the
park pose and lets it go, `release` lets it go where it is, and `hold` holds it for
`guard.linger_s` and then lets it go. Ctrl-C stops the joint, and leaves the arm.

examples:
  bt-arm jog elbow_flex 10             ten degrees up from where it is
  bt-arm jog shoulder_pan -5 --exit hold
  bt-arm jog wrist_flex --to 0         to the middle of its range
  bt-arm jog gripper --to 100          wide open; the gripper counts in percent
"""

_SPEED: Final = 15.0
_OFF_UNITS: Final = 2.0


def _add_flags(parser: Parser) -> None:
    parser.add_argument("joint", metavar="JOINT", help=", ".join(JOINT_NAMES))
    parser.add_argument("delta", nargs="?", type=_finite, metavar="DELTA", help="by how much [deg; gripper: %%]")
    parser.add_argument("--to", type=_finite, metavar="POSITION", help="where to, instead of DELTA [deg; gripper: %%]")
    parser.add_argument(
        "--speed",
        type=positive,
        default=_SPEED,
        metavar="N",
        help="how fast [deg/s; gripper: %%/s] (default: %(default)g)",
    )
    parser.add_argument("--exit", choices=("park", "release", "hold"), help="what becomes of the arm (the config's)")
    add_arm_flags(parser)
    add_common_flags(parser)


def _finite(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number")
    return value


@dataclass(frozen=True, slots=True)
class _Scale:
    """One joint in a person's units: degrees, or percent for the gripper.

    Attributes:
        joint: Its index.
        drive: The arm.
    """

    joint: int
    drive: Drive

    @property
    def unit(self) -> str:
        return " %" if self.joint == GRIPPER else "°"

    @property
    def factor(self) -> float:
        """Units per radian, or per opening."""
        return 100.0 if self.joint == GRIPPER else math.degrees(1.0)

    @property
    def range(self) -> tuple[float, float]:
        safety = self.drive.safety
        return float(safety.lower[self.joint]) * self.factor, float(safety.upper[self.joint]) * self.factor

    def of_ticks(self, ticks: float) -> float:
        own = self.drive.calibration.joints[self.joint]
        return (own.share(ticks) if self.joint == GRIPPER else own.angle_rad(ticks)) * self.factor

    def to_ticks(self, value: float) -> float:
        own, value = self.drive.calibration.joints[self.joint], value / self.factor
        return own.ticks_at_share(value) if self.joint == GRIPPER else own.ticks_at_angle(value)

    def words(self, value: float) -> str:
        return f"{value:.1f}{self.unit}"


def _run(arguments: argparse.Namespace) -> int:
    from bt_robot.cli.arm.driving import drive_of, guarded
    from bt_robot.cli.arm.holder import require_free

    if arguments.joint not in JOINT_NAMES:
        hint = did_you_mean(arguments.joint, JOINT_NAMES)
        known = ", ".join(JOINT_NAMES)
        raise UsageError(f"unknown joint '{arguments.joint}'; expected {known}" + (f" ({hint})" if hint else ""))
    if (arguments.delta is None) == (arguments.to is None):
        raise UsageError("give either DELTA, by how much, or --to, where to; try: bt-arm jog --help")
    arm = load_arm(arguments)
    require_free(arm.port)
    drive = drive_of(arm, arguments.exit)
    scale = _Scale(JOINT_NAMES.index(arguments.joint), drive)
    with guarded(drive.setup) as guardian, arguments.interrupt.asked_politely():
        for warning in guardian.warnings:
            arguments.stderr.write(paragraph(warning))
        try:
            result = _moved(guardian, scale, arguments)
        except (RobotError, RobotRefused):
            _leave(guardian, drive)
            raise
        words = f"{arguments.joint}: {_way(scale, result)}"
        result["left"] = _leave(guardian, drive)
    tell(arguments, paragraph(words) + paragraph(result["left"]), result)
    return EXIT_INTERRUPTED if result["status"] == "INTERRUPTED" else EXIT_SUCCESS


def _moved(guardian: GuardianClient, scale: _Scale, arguments: argparse.Namespace) -> dict[str, Any]:
    """Arm the arm and move the joint; return how that went.

    Raises:
        RobotRefused: The target is out of range, or the arm can't be armed.
        RobotError: The arm stopped.
    """
    from bt_robot.cli.arm.jogging import Jogging, report_of

    start = scale.of_ticks(report_of(guardian).joints[scale.joint].position)
    target = arguments.to if arguments.to is not None else start + arguments.delta
    low, high = scale.range
    if not low <= target <= high:
        raise RobotRefused(
            f"{arguments.joint} is at {scale.words(start)}, and {scale.words(target)} is outside its range,"
            f" {scale.words(low)} … {scale.words(high)}; nothing was moved"
        )
    guardian.arm()
    speed = abs(scale.to_ticks(arguments.speed) - scale.to_ticks(0.0))
    way = Jogging(guardian, scale.joint, scale.drive.setup.plan.joints[scale.joint].envelope, speed)
    asked = way.to(scale.to_ticks(target), arguments.interrupt)
    report = report_of(guardian)
    end = scale.of_ticks(report.joints[scale.joint].position)
    if asked and abs(end - target) > _OFF_UNITS:
        strain = report.strain
        raise RobotError(
            f"{arguments.joint} came to rest at {scale.words(end)} instead of {scale.words(target)}"
            + (f": {strain}" if strain else "; does something hold it?")
        )
    status = "OK" if asked else "INTERRUPTED"
    ends = {"from": round(start, 2), "to": round(end, 2)}
    return {"status": status, "joint": arguments.joint, "unit": scale.unit.strip(), **ends}


def _way(scale: _Scale, result: dict[str, Any]) -> str:
    way = f"{scale.words(result['from'])} → {scale.words(result['to'])}"
    return f"{way}, interrupted" if result["status"] == "INTERRUPTED" else way


def _leave(guardian: GuardianClient, drive: Drive) -> str:
    """Leave the arm as the plan says; return how, in words."""
    from bt_robot.robot.so101.guardian.messages import State

    plan, report = drive.setup.plan, guardian.report
    energised = report is not None and report.state in (State.ARMED, State.STOPPED)
    emergency = report is not None and report.emergency
    if (plan.exit == "hold" or emergency) and energised and not guardian.dead:
        guardian.order("leave")
        return f"the arm holds for {plan.linger_s:g} s and is then let go softly; `bt-arm release` lets it go now"
    return guardian.leave() or guardian.dead


COMMAND: Final = Command(
    name="jog",
    summary="move one joint a little",
    description="Arm the arm, move one joint slowly within its limits, and leave the arm.",
    examples=_EXAMPLES,
    add_flags=_add_flags,
    run=_run,
)
