"""`bt-arm park`: bring the arm to its park pose and let it go."""

from __future__ import annotations

import argparse
from typing import Final

from bt_robot.cli.arguments import EXIT_FAILURE, EXIT_SUCCESS, Parser
from bt_robot.cli.arm.command import Command, tell
from bt_robot.cli.arm.config import add_arm_flags, add_common_flags, load_arm
from bt_robot.cli.arm.words import paragraph
from bt_robot.errors import RobotRefused

_EXAMPLES: Final = """\
The park pose and its speed are `guard` of the config. An arm that a dead program
left energised is taken over where its goals stand, without dropping it.

Ctrl-C while it moves: it stops where it is, holds, and is let go softly later.

examples:
  bt-arm park
  bt-arm park --set robot.guard.park_speed_rad_s=0.3
"""


def _add_flags(parser: Parser) -> None:
    add_arm_flags(parser)
    add_common_flags(parser)


def _run(arguments: argparse.Namespace) -> int:
    from bt_robot.cli.arm.driving import drive_of, guarded, went_well
    from bt_robot.cli.arm.holder import holder, own_port
    from bt_robot.cli.arm.reading import read_patiently
    from bt_robot.robot.so101.bus import Bus

    arm = load_arm(arguments)
    ids = drive_of(arm).calibration.ids
    found = holder(arm.port)
    if found is not None:
        way = " (Ctrl-C there parks it); `bt-arm release` has it let go" if found.guards else ""
        raise RobotRefused(f"{found.words} has the arm on {arm.port}; end that first{way}")
    with own_port(arm.port) as port:
        left = [joint for joint in read_patiently(Bus(port), ids) if joint.energised]
    if left:
        names = ", ".join(joint.name for joint in left)
        arguments.stderr.write(paragraph(f"taking over an arm that was left energised ({names})"))
    with guarded(drive_of(arm, "park", rescue=bool(left)).setup) as guardian:
        if not left:
            guardian.arm()
        words = guardian.leave()
    words = words or guardian.dead or "the guardian did not say how it ended; look at the arm"
    parked = went_well(words) and "parked" in words
    result = {"status": "OK" if parked else "FAILURE", "reason": words, "taken_over": bool(left)}
    tell(arguments, paragraph(words), result)
    return EXIT_SUCCESS if parked else EXIT_FAILURE


COMMAND: Final = Command(
    name="park",
    summary="bring the arm to its park pose, and let it go",
    description="Move the arm slowly to the config's park pose, then let it go softly.",
    examples=_EXAMPLES,
    add_flags=_add_flags,
    run=_run,
)
