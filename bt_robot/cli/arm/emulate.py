"""`bt-arm emulate`: an emulated arm on a tty, for this and any other program."""

from __future__ import annotations

import argparse
import json
import os
import select
import shutil
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from bt_robot.cli.arguments import EXIT_SUCCESS, Parser, say, seed
from bt_robot.cli.arm.command import Command
from bt_robot.cli.arm.config import add_common_flags
from bt_robot.errors import RobotError, RobotRefused, UsageError

if TYPE_CHECKING:
    from bt_robot.child import Child

_EXAMPLES: Final = """\
Six servos with their registers, line rate and protections, on a real tty. Any
program that speaks to Feetech servos can open it, LeRobot as well. It ends with
Ctrl-C (exit code 0).

examples:
  bt-arm emulate --link /tmp/arm
  bt-arm emulate --link /tmp/arm --physics lag     no simulation behind it
  bt-arm emulate --link /tmp/arm --log bus.jsonl   every packet, as JSON lines
and in another terminal:
  bt-arm scan --port /tmp/arm
  bt-arm jog elbow_flex 10 --port /tmp/arm --config so101_emulated
"""

_LOOK_S: Final = 0.1


def _add_flags(parser: Parser) -> None:
    parser.add_argument("--link", default="", metavar="PATH", help="make this path lead to the tty")
    parser.add_argument(
        "--physics",
        choices=("mujoco", "lag"),
        default="mujoco",
        help="what the servos move: the simulated work cell, or joints that follow with a lag (%(default)s)",
    )
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="places the blocks (default: %(default)s)")
    parser.add_argument("--log", default="", metavar="FILE", help="write every packet to this file, as JSON lines")
    add_common_flags(parser)


def _run(arguments: argparse.Namespace) -> int:
    from bt_robot.child import Child
    from bt_robot.robot.emulator.pty import unlink

    link = os.path.abspath(arguments.link) if arguments.link else ""
    if os.path.lexists(link) and not os.path.islink(link):
        raise UsageError(f"--link {arguments.link}: something else is there already; name a path that is free")
    flags = ["--json", "--physics", arguments.physics, "--seed", str(arguments.seed)]
    flags += [f"--link={link}", f"--log={arguments.log}"]
    emulator = Child("the emulated servo bus", "bt_robot.robot.emulator", flags, RobotRefused)
    folder = ""
    try:
        with arguments.interrupt.asked_politely():
            emulator.start()
            folder = str(emulator.greeting["folder"])
            _tell(emulator.greeting, as_json=arguments.json)
            _wait(emulator, arguments.interrupt)
    finally:
        emulator.stop()
        if folder:  # what it could not take away itself, as when it was killed
            shutil.rmtree(folder, ignore_errors=True)
            unlink(link)
    return EXIT_SUCCESS


def _tell(said: Mapping[str, Any], *, as_json: bool) -> None:
    port, calibration = said["port"], said["calibration"]
    if as_json:
        say(json.dumps({"status": "OK", "port": port, "calibration": calibration, "pid": said["pid"]}) + "\n")
        return
    say(
        f"an emulated SO-101 listens on {port}; end with Ctrl-C\n"
        f"calibration: {calibration}\n"
        "\n"
        "in another terminal:\n"
        f"  bt-arm scan --port {port}\n"
        f"  bt-arm read --port {port} --config so101_emulated\n"
        f"  bt-arm jog elbow_flex 10 --port {port} --config so101_emulated\n"
    )


def _wait(emulator: Child, interrupted: Callable[[], bool]) -> None:
    """Wait until the person has enough.

    Raises:
        RobotError: The emulator ended before.
    """
    process = os.pidfd_open(emulator.pid)
    try:
        while not interrupted():
            if select.select([process], [], [], _LOOK_S)[0]:
                raise RobotError(f"the emulator has ended by itself: {emulator.stderr() or 'it said nothing'}")
    finally:
        os.close(process)


COMMAND: Final = Command(
    name="emulate",
    summary="serve an emulated arm on a tty, to try all of this on",
    description="Serve an emulated SO-101 on a tty, with the simulation's physics behind it.",
    examples=_EXAMPLES,
    add_flags=_add_flags,
    run=_run,
)
