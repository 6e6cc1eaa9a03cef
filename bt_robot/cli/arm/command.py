"""What a subcommand of `bt-arm` is."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bt_robot.cli.arguments import Parser, say


@dataclass(frozen=True, slots=True)
class Command:
    """One subcommand.

    Attributes:
        name: Its word.
        summary: What it does, in the list of commands.
        description: What it does, in its own help.
        examples: Lines of examples, and what else is worth knowing.
        add_flags: Adds its flags to its parser.
        run: Does it; returns the exit code.
    """

    name: str
    summary: str
    description: str
    examples: str
    add_flags: Callable[[Parser], None]
    run: Callable[[argparse.Namespace], int]


def tell(arguments: argparse.Namespace, text: str, result: Mapping[str, Any]) -> None:
    """Say how a subcommand went: in words, or with `--json` as one JSON object."""
    say(json.dumps(result, allow_nan=False) + "\n" if arguments.json else text)
