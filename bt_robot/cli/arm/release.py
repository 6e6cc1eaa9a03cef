"""`bt-arm release`: let the arm go, whoever has it."""

from __future__ import annotations

import argparse
import os
import select
import signal
import time
from typing import TYPE_CHECKING, Final

from bt_robot.cli.arguments import EXIT_FAILURE, EXIT_SUCCESS, Parser
from bt_robot.cli.arm.command import Command, tell
from bt_robot.cli.arm.config import add_common_flags, add_port_flags, port_of
from bt_robot.cli.arm.words import paragraph
from bt_robot.errors import RobotError, RobotRefused

if TYPE_CHECKING:
    from bt_robot.cli.arm.holder import Holder

_EXAMPLES: Final = """\
A guardian that has the arm is asked to end: it brakes, parks the arm if that is
its way to leave, and lets it go softly. An arm that a dead program left energised
is let go where it stands, over a second, so that it sinks instead of falling.

examples:
  bt-arm release
  bt-arm release --port /dev/ttyACM0
"""

_ASK_EVERY_S: Final = 1.0
_LONGEST_S: Final = 60.0


def _add_flags(parser: Parser) -> None:
    add_port_flags(parser)
    add_common_flags(parser)


def _run(arguments: argparse.Namespace) -> int:
    from bt_robot.cli.arm.holder import holder

    port = port_of(arguments)
    found = holder(port)
    if found is None:
        words, released = _let_go(port)
    elif found.guards:
        arguments.stderr.write(paragraph(f"asking {found.words} to let the arm go"))
        words, released = _have_it_let_go(found)
    else:
        raise RobotRefused(f"{found.words} has the arm on {port}; end that first")
    result = {"status": "OK" if released else "FAILURE", "reason": words, "port": port}
    tell(arguments, paragraph(words), result)
    return EXIT_SUCCESS if released else EXIT_FAILURE


def _let_go(port: str) -> tuple[str, bool]:
    """Let an arm go that nobody has; return how it went in words, and whether it did."""
    from bt_robot.cli.arm.driving import guarded, letting_go, went_well
    from bt_robot.cli.arm.holder import own_port
    from bt_robot.cli.arm.reading import read_patiently
    from bt_robot.robot.so101.bus import Bus

    ids = tuple(range(1, 7))
    with own_port(port) as own:
        joints = read_patiently(Bus(own), ids)
    answering = [joint for joint in joints if joint.state is not None]
    if not answering:
        raise RobotRefused("no servo answers: is the supply on, and the cable in the first servo?")
    if not any(joint.energised for joint in joints):
        return f"there is nothing to let go: the torque of the {len(answering)} servos that answer is off", True
    with guarded(letting_go(port, ids)) as guardian:
        words = guardian.leave() or guardian.dead or "the guardian did not say how it ended; look at the arm"
    return words, went_well(words)


def _have_it_let_go(found: Holder) -> tuple[str, bool]:
    """Ask a guardian to end, and wait until it has; return how it went in words, and whether it did.

    Raises:
        RobotError: It belongs to somebody else.
    """
    try:
        process = os.pidfd_open(found.pid)
    except ProcessLookupError:
        return "the guardian has ended meanwhile", True
    try:
        until_s = time.monotonic() + _LONGEST_S
        while time.monotonic() < until_s:
            # Asked again, it holds no longer than it has to.
            signal.pidfd_send_signal(process, signal.SIGTERM)
            if select.select([process], [], [], _ASK_EVERY_S)[0]:
                return "the guardian has brought the arm to rest, and ended", True
    except ProcessLookupError:
        return "the guardian has brought the arm to rest, and ended", True
    except PermissionError as error:
        raise RobotError(f"{found.words} belongs to another user; ask them, or use sudo") from error
    finally:
        os.close(process)
    return f"the guardian (process {found.pid}) has not ended within {_LONGEST_S:g} s; look at the arm", False


COMMAND: Final = Command(
    name="release",
    summary="let the arm go, whoever has it",
    description="Switch the arm's torque off, softly; a guardian that has the arm is asked to do it.",
    examples=_EXAMPLES,
    add_flags=_add_flags,
    run=_run,
)
