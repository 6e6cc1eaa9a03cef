"""`bt-arm stop`: emergency stop of whatever moves the arm, from another terminal."""

from __future__ import annotations

import argparse
import os
import signal
from typing import Final

from bt_robot.cli.arguments import EXIT_SUCCESS, Parser
from bt_robot.cli.arm.command import Command, tell
from bt_robot.cli.arm.config import add_common_flags, add_port_flags, port_of
from bt_robot.cli.arm.words import paragraph
from bt_robot.errors import RobotRefused

_EXAMPLES: Final = """\
The arm brakes at once and holds with reduced torque; the program that moved it
fails, and nothing moves the arm before a person starts it again. `bt-arm release`
then lets it go. In the terminal of a run, the space bar does the same.

examples:
  bt-arm stop
  bt-arm stop --port /dev/ttyACM0
"""


def _add_flags(parser: Parser) -> None:
    add_port_flags(parser)
    add_common_flags(parser)


def _run(arguments: argparse.Namespace) -> int:
    from bt_robot.cli.arm.holder import holder

    port = port_of(arguments)
    found = holder(port)
    if found is None:
        raise RobotRefused(f"nobody has the arm on {port}, so nothing moves it; if it is stiff, `bt-arm release` helps")
    if not found.guards:
        raise RobotRefused(f"{found.words} has the arm on {port}, which does not move it; Ctrl-C there ends it")
    try:
        os.kill(found.pid, signal.SIGUSR1)
    except ProcessLookupError as error:
        raise RobotRefused(f"the guardian (process {found.pid}) has just ended") from error
    except PermissionError as error:
        raise RobotRefused(f"{found.words} belongs to another user; switch the supply off") from error
    words = f"emergency stop: {found.words} was told. `bt-arm release` lets the arm go"
    tell(arguments, paragraph(words), {"status": "OK", "port": port, "pid": found.pid})
    return EXIT_SUCCESS


COMMAND: Final = Command(
    name="stop",
    summary="emergency stop of whatever moves the arm",
    description="Stop the arm at once, whatever program moves it.",
    examples=_EXAMPLES,
    add_flags=_add_flags,
    run=_run,
)
