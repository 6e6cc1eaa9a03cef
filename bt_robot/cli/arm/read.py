"""`bt-arm read`: what the servos measure, as it changes."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from bt_robot.cli.arguments import EXIT_FAILURE, EXIT_SUCCESS, Parser, positive, say
from bt_robot.cli.arm.command import Command, tell
from bt_robot.cli.arm.config import add_arm_flags, add_common_flags, known_calibration, load_arm
from bt_robot.cli.arm.words import paragraph

if TYPE_CHECKING:
    from bt_robot.cli.arm.reading import JointReading

_EXAMPLES: Final = """\
Nothing is ever written, so the arm can be moved by hand meanwhile. It ends with
Ctrl-C. In a pipe, a table is printed once a second.

examples:
  bt-arm read
  bt-arm read --once --json
  bt-arm read --for 10 > arm.txt
"""

_LIVE_S: Final = 0.1
_PLAIN_S: Final = 1.0

Show = Callable[[Sequence["JointReading"]], None]


def _add_flags(parser: Parser) -> None:
    add_arm_flags(parser)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--once", action="store_true", help="read once and end")
    length.add_argument("--for", type=positive, metavar="SECONDS", dest="for_s", help="end after this time")
    add_common_flags(parser)


def _run(arguments: argparse.Namespace) -> int:
    from bt_robot.cli.arm.holder import own_port
    from bt_robot.cli.arm.reading import lines_of, read_joints
    from bt_robot.robot.so101.bus import Bus

    arm = load_arm(arguments)
    calibration, source = known_calibration(arm.robot)
    ids = calibration.ids if calibration is not None else range(1, 7)
    if calibration is None:
        arguments.stderr.write(paragraph(f"positions in ticks only, as there is no calibration: {source}"))
    joints: tuple[JointReading, ...] = ()
    with own_port(arm.port) as port, arguments.interrupt.asked_politely(), _screen(arguments) as (show, every_s):
        bus, began_s = Bus(port, latency_s=arm.robot.bus_latency_s), time.monotonic()
        due_s = began_s
        while not arguments.interrupt():
            joints = read_joints(bus, calibration, ids)
            if show is not None:
                show(joints)
            due_s += every_s
            if arguments.once or (arguments.for_s and due_s > began_s + arguments.for_s):
                break
            _wait(due_s, arguments.interrupt)
    answering = any(joint.state is not None for joint in joints)
    if not answering:
        arguments.stderr.write("no servo answers: is the supply on? `bt-arm scan` looks at the other rates, too\n")
    status = "OK" if answering else "FAILURE"
    result = {
        "status": status,
        "port": arm.port,
        "calibration": source if calibration is not None else None,
        "joints": [joint.as_json() for joint in joints],
    }
    tell(arguments, lines_of(joints) if arguments.once else "", result)
    return EXIT_SUCCESS if answering else EXIT_FAILURE


@contextmanager
def _screen(arguments: argparse.Namespace) -> Generator[tuple[Show | None, float]]:
    """Yield how to show a reading, and how often [s]: in place on a terminal, one after the other in a pipe."""
    from bt_robot.cli.arm.reading import lines_of

    if arguments.json or arguments.once:
        yield None, _LIVE_S
        return
    if not sys.stdout.isatty():
        yield lambda joints: say(lines_of(joints)), _PLAIN_S
        return
    from rich.live import Live
    from rich.text import Text

    with Live(auto_refresh=False) as live:
        yield lambda joints: live.update(Text(lines_of(joints), no_wrap=True), refresh=True), _LIVE_S


def _wait(until_s: float, interrupted: Callable[[], bool]) -> None:
    while (left_s := until_s - time.monotonic()) > 0.0 and not interrupted():
        time.sleep(min(left_s, _LIVE_S))


COMMAND: Final = Command(
    name="read",
    summary="watch what the servos measure",
    description="Show position, load, current, temperature, voltage and troubles of every servo, ten times a second.",
    examples=_EXAMPLES,
    add_flags=_add_flags,
    run=_run,
)
