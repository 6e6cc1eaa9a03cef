"""`bt-replay`: tick a tree against a recorded run, and say where it goes another way."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bt_robot.cli.arguments import (
    EXIT_FAILURE,
    EXIT_SUCCESS,
    Parser,
    add_output_flags,
    run_command,
    say,
)
from bt_robot.cli.progress import Told
from bt_robot.errors import UsageError

_EPILOG = """\
The tree gets the observations, the policy's chunks and all other answers of the
recording, at the ticks in which they came; no robot and no server is needed,
and nothing moves. Without --tree it is the recorded tree that runs again.

examples:
  bt-replay runs/20260801-101500-pick_place
      the same again: every status, every command
  bt-replay runs/… --tree trees/pick_place.yaml
      where would the edited tree go another way?
  bt-replay tests/runs/slip.mcap --tree pick_place --expect SUCCESS
      a failed run, as a regression test

exit codes: 0 nothing differs (with --expect: it ended so),
            1 something does (or not so), 2 bad recording, tree or flag,
            130 interrupted"""


def _parser() -> Parser:
    parser = Parser(
        prog="bt-replay",
        description="Tick a tree against a recorded run, and say where it goes another way.",
        epilog=_EPILOG,
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="a recording (.mcap), or the folder of a run")
    parser.add_argument("--tree", metavar="TREE", help="a tree file, or the name of a built-in one (default: what ran)")
    parser.add_argument(
        "--expect",
        choices=("SUCCESS", "FAILURE"),
        help="how the replay has to end; what differs on the way is told, and does not count",
    )
    add_output_flags(parser)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Replay a run; return the exit code."""
    return run_command(_run, _parser(), argv)


def _run(arguments: argparse.Namespace) -> int:
    from bt_robot.cli.casting import cast_of, other_causes
    from bt_robot.cli.replay_report import as_json, describe
    from bt_robot.replay.replaying import replay
    from bt_robot.replay.survey import survey_of
    from bt_robot.telemetry.recorder import read_run

    with read_run(arguments.run) as run:
        with Told(arguments, "looking through", *run.range_s) as progress:
            survey = survey_of(run, progress)
        if not survey.ticks:
            raise UsageError(f"{run.path} begins after the run's first tick; it can be looked at, but not replayed")
        cast, notes = cast_of(run, survey, arguments.tree)
        with Told(arguments, "replaying", *run.range_s) as progress:
            replayed = replay(run, survey, cast, progress)
        notes = (*run.damage, *notes, *replayed.notes, *([] if replayed.went_alike else other_causes(run, cast)))
    met = replayed.same if arguments.expect is None else replayed.replayed.status == arguments.expect
    result = as_json(replayed, str(run.path), arguments.tree, arguments.expect, met, notes)
    say((json.dumps(result) if arguments.json else describe(result)) + "\n")
    return EXIT_SUCCESS if met else EXIT_FAILURE
