"""`bt-arm check`: everything that must be true before the arm is armed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Final

from bt_robot.cli.arguments import EXIT_REFUSED, EXIT_SUCCESS, Parser
from bt_robot.cli.arm.command import Command, tell
from bt_robot.cli.arm.config import ArmConfig, add_arm_flags, add_common_flags, load_arm
from bt_robot.cli.arm.verdict import Line, Mark, lines_of

_EXAMPLES: Final = """\
Nothing moves and nothing is written. Each line is OK, WARN or FAIL, with what to do;
one FAIL, and the arm would not be armed. Warnings are for you to judge.

examples:
  bt-arm check
  bt-arm check --config my_arm.yaml
  bt-arm check --no-cameras --json
"""


def _add_flags(parser: Parser) -> None:
    add_arm_flags(parser)
    parser.add_argument("--no-cameras", action="store_true", help="leave the cameras out")
    add_common_flags(parser)


def _run(arguments: argparse.Namespace) -> int:
    arm = load_arm(arguments)
    lines = [Line(Mark.OK, "config", arguments.config), *_lines(arm, arguments)]
    failed = [line for line in lines if line.mark is Mark.FAIL]
    warned = [line for line in lines if line.mark is Mark.WARN]
    words = _verdict(len(failed), len(warned))
    result = {
        "status": "REFUSED" if failed else "OK",
        "reason": "\n".join(line.text for line in failed),
        "port": arm.port,
        "checks": [line.as_json() for line in lines],
    }
    tell(arguments, f"{lines_of(lines)}\n{words}\n", result)
    return EXIT_REFUSED if failed else EXIT_SUCCESS


def _lines(arm: ArmConfig, arguments: argparse.Namespace) -> Iterator[Line]:
    from bt_robot.cli.arm.driving import drive_of
    from bt_robot.cli.arm.ports import problem_with
    from bt_robot.cli.arm.servo_checks import check_guardian, check_holder, check_servos
    from bt_robot.errors import InputError, StartRefused

    problem = problem_with(arm.port)
    yield Line(Mark.FAIL if problem else Mark.OK, "port", f"{arm.port}: {problem}" if problem else arm.port)
    drive = None
    try:
        drive = drive_of(arm)
        yield Line(Mark.OK, "calibration", drive.source)
    except (InputError, StartRefused) as error:
        yield Line(Mark.FAIL, "calibration", str(error))
    held = None if problem else check_holder(arm.port)
    if held is not None:
        yield held
    if not problem and held is not None and held.mark is Mark.OK and drive is not None:
        found = list(check_servos(arm, drive))
        yield from found
        if not any(line.mark is Mark.FAIL for line in found):
            yield check_guardian(drive)
    if not arguments.no_cameras:
        yield from _cameras(arm)


def _cameras(arm: ArmConfig) -> Iterator[Line]:
    from bt_robot.cli.arm.camera_look import look_through
    from bt_robot.cli.arm.cameras import real_cameras
    from bt_robot.errors import RobotRefused
    from bt_robot.robot.cameras import discovery
    from bt_robot.robot.cameras.settings import OpenCvCameraSettings

    settings = dict(arm.robot.cameras)
    local = {name: each for name, each in settings.items() if isinstance(each, OpenCvCameraSettings)}
    try:
        for words in discovery.advice(local):
            yield Line(Mark.WARN, "cameras", words)
        cameras = real_cameras(settings)
    except RobotRefused as refusal:
        yield Line(Mark.FAIL, "cameras", str(refusal))
        return
    for name, look in look_through(cameras).items():
        mark = Mark.FAIL if not look.good else Mark.WARN if look.warnings else Mark.OK
        yield Line(mark, "camera", look.refusal or f"{name}: {look.words}")
    for name in settings:
        if name not in cameras:
            yield Line(Mark.OK, "camera", f"{name}: simulated, so it is there during a run only")
    if not settings:
        yield Line(Mark.WARN, "cameras", "the config has none, so a policy would see nothing")


def _verdict(failed: int, warned: int) -> str:
    warnings = f"{warned} warning{'s' if warned > 1 else ''}"
    if failed:
        also = f", and {warnings}" if warned else ""
        return f"the arm would not be armed: {failed} thing{'s' if failed > 1 else ''} to mend{also}"
    return f"the arm may be armed{f'; {warnings}' if warned else ''}"


COMMAND: Final = Command(
    name="check",
    summary="look whether the arm may be armed",
    description="Look at everything that must be true before the arm is armed.",
    examples=_EXAMPLES,
    add_flags=_add_flags,
    run=_run,
)
