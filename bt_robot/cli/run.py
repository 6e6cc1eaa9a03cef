"""`bt-run`: run a tree."""

from __future__ import annotations

import argparse
import json
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bt_robot import __version__
from bt_robot.cli.arguments import (
    EXIT_CODES,
    EXIT_FAILURE,
    EXIT_INTERRUPTED,
    EXIT_SUCCESS,
    Parser,
    add_config_flags,
    positive,
    run_command,
    say,
    seed,
)

if TYPE_CHECKING:
    from bt_robot.cli.interrupts import Interrupt
    from bt_robot.cli.session import Session
    from bt_robot.messages import NodeInfo, Sink
    from bt_robot.runtime.loop import Ending

_EPILOG = f"""\
examples:
  bt-run trees/pick_place.yaml                  the simulated arm, a stand-in policy beside it
  bt-run trees/sort_blocks.yaml --seed 7        other places for the blocks
  bt-run trees/pick_place.yaml --fast --json    as fast as it goes, one JSON object at the end
  bt-run trees/pick_place.yaml --set policy.url=ws://gpu:8000 --set policy.profile=so101_degrees
  bt-run --prompt "pick up the red block and place it in the container" --max-time 60

{EXIT_CODES}"""


def _parser() -> Parser:
    parser = Parser(
        prog="bt-run",
        description="Run a behavior tree on a robot arm, or in simulation, driven by a policy server.",
        epilog=_EPILOG,
    )
    parser.add_argument("tree", nargs="?", metavar="TREE", help="a tree file, or the name of a built-in one")
    parser.add_argument("--prompt", metavar="TEXT", help="run one prompt instead of a tree file")
    add_config_flags(parser)
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="places the blocks (default: %(default)s)")
    parser.add_argument("--fast", action="store_true", help="simulated time as fast as it goes, and repeatable")
    parser.add_argument("--max-time", type=positive, metavar="SECONDS", help="end as FAILURE after this time")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line on stdout")
    parser.add_argument("--out", default="runs", metavar="DIR", help="where the run's folder goes (%(default)s)")
    parser.add_argument("--no-artifacts", action="store_true", help="leave no folder with pictures behind")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="say what happens; twice: everything")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run a tree; return the exit code."""
    return run_command(_run, _parser(), argv)


def _run(arguments: argparse.Namespace) -> int:
    from bt_robot.cli.interrupts import interrupts_in_order
    from bt_robot.cli.session import Job, open_session
    from bt_robot.cli.settings import load_settings
    from bt_robot.cli.task import load_task, policy_server

    began_s = time.monotonic()
    spec = load_task(arguments.tree, arguments.prompt)
    settings = load_settings(arguments.config, arguments.assignments)
    with ExitStack() as stack:
        interrupt = stack.enter_context(interrupts_in_order())
        url = stack.enter_context(policy_server(settings, spec))
        job = Job(settings, spec, url, arguments.seed, arguments.fast, arguments.max_time)
        session = stack.enter_context(open_session(job))
        ending, result = _drive(session, arguments, interrupt, began_s)
    say((json.dumps(result) if arguments.json else _describe(result)) + "\n")
    if ending.interrupted:
        return EXIT_INTERRUPTED
    return EXIT_SUCCESS if result["status"] == "SUCCESS" else EXIT_FAILURE


def _drive(
    session: Session, arguments: argparse.Namespace, interrupt: Interrupt, began_s: float
) -> tuple[Ending, dict[str, Any]]:
    from bt_robot.cli.expectations import unmet
    from bt_robot.cli.report import summary, write_artifacts
    from bt_robot.telemetry.recording import Recording
    from bt_robot.telemetry.tally import Tally

    tally = Tally()
    recording = Recording(_lanes(session.plans.tree.nodes))
    terminal = _terminal(session, arguments)
    try:
        with interrupt.asked_politely():
            ending = session.run([tally, recording, terminal], interrupt)
    finally:
        terminal.close()
    wall_s = time.monotonic() - began_s
    result = summary(session, ending, tally.numbers, wall_s, unmet(session.job.spec.expects, session.robot))
    if not arguments.no_artifacts:
        write_artifacts(result, session, recording, recording.last_states, Path(arguments.out))
    return ending, result


def _lanes(nodes: tuple[NodeInfo, ...]) -> dict[int, str]:
    """Choose the nodes shown along a plot's time axis: the root's children."""
    return {i: node.name for i, node in enumerate(nodes) if node.depth == 1} or {0: nodes[0].name}


def _terminal(session: Session, arguments: argparse.Namespace) -> Sink:
    from rich.console import Console

    from bt_robot.telemetry.terminal import LiveTerminal, PlainTerminal

    console = Console(stderr=True)
    if console.is_terminal and not arguments.json and not arguments.verbose:
        return LiveTerminal(session.plans.tree.nodes, session.job.spec.name, console)
    return PlainTerminal(session.plans.tree.nodes, arguments.stderr)


def _describe(result: dict[str, Any]) -> str:
    from bt_robot.cli.report import describe

    return describe(result)
