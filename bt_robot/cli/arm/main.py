"""`bt-arm`: everything about a real SO-101 but running trees on it."""

from __future__ import annotations

import argparse
import json
import logging
from textwrap import fill
from typing import Any

from bt_robot import __version__
from bt_robot.cli.arguments import EXIT_FAILURE, Parser, run_command, say
from bt_robot.cli.arm import (
    calibrate,
    cameras,
    check,
    emulate,
    jog,
    park,
    ports,
    read,
    release,
    scan,
    setup_id,
    stop,
)
from bt_robot.cli.arm.command import Command
from bt_robot.cli.arm.words import WIDTH
from bt_robot.errors import RobotError

COMMANDS: tuple[Command, ...] = (
    ports.COMMAND,
    scan.COMMAND,
    setup_id.COMMAND,
    calibrate.COMMAND,
    check.COMMAND,
    read.COMMAND,
    jog.COMMAND,
    park.COMMAND,
    release.COMMAND,
    stop.COMMAND,
    cameras.COMMAND,
    emulate.COMMAND,
)
"""In the order in which a new arm needs them."""

EXIT_CODES = """\
exit codes: 0 done, 1 it went wrong or something is amiss, 2 bad flag, config or
file, 3 refused before anything moved, 130 interrupted"""

_EPILOG = f"""\
a new arm, step by step:
  bt-arm ports                          which port is it?
  bt-arm setup-id                       an id for each servo, one by one
  bt-arm scan                           are all six there?
  bt-arm calibrate --id my_arm          where are the ends of its joints?
  bt-arm check                          may it be armed?
  bt-arm jog elbow_flex 10              and does it move?

without an arm:
  bt-arm emulate --link /tmp/arm        in one terminal, and in another:
  bt-arm scan --port /tmp/arm

`bt-arm COMMAND --help` tells more about each.
{EXIT_CODES}"""


class _CommandParser(Parser):
    """A parser that refuses what it does not know itself, so that the words point to its own help."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[argparse.Namespace, list[str]]:  # pyright: ignore[reportIncompatibleMethodOverride] - argparse's overloads say the same
        """Parse, and refuse the rest.

        Raises:
            UsageError: There is something that it does not know.
        """
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unknown: {' '.join(unknown)}")
        return found, unknown


def _parser() -> Parser:
    parser = Parser(
        prog="bt-arm",
        description="Look at a real SO-101 arm, set it up, calibrate it, move it by hand, let it go.",
        epilog=_EPILOG,
    )
    parser.add_argument("-V", "--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, dest="command", parser_class=_CommandParser
    )
    for command in COMMANDS:
        own = commands.add_parser(
            command.name,
            help=command.summary,
            description=fill(command.description, WIDTH),
            epilog=f"{_filled(command.examples)}\n{EXIT_CODES}",
        )
        command.add_flags(own)
        own.set_defaults(work=command.run)
    return parser


def _filled(text: str) -> str:
    """Return a help text whose paragraphs before the examples fill the lines."""
    about, examples, lines = text.partition("examples:\n")
    paragraphs = [fill(" ".join(paragraph.split()), WIDTH) for paragraph in about.strip().split("\n\n")]
    return "\n\n".join(paragraphs) + f"\n\n{examples}{lines}"


def main(argv: list[str] | None = None) -> int:
    """Do what a subcommand says; return the exit code."""
    return run_command(_run, _parser(), argv)


def _run(arguments: argparse.Namespace) -> int:
    try:
        return arguments.work(arguments)
    except RobotError as error:
        logging.getLogger(__name__).debug("it failed", exc_info=True)
        arguments.stderr.write(f"bt-arm: {error}\n")
        if arguments.json:
            say(json.dumps({"status": "FAILURE", "reason": str(error)}) + "\n")
        return EXIT_FAILURE
