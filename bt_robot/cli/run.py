"""`bt-run`: run a tree."""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING

from bt_robot import __version__
from bt_robot.cli.arguments import (
    EXIT_CODES,
    EXIT_FAILURE,
    EXIT_INTERRUPTED,
    EXIT_SUCCESS,
    Parser,
    add_config_flags,
    add_confirm_flag,
    add_groot2_flag,
    positive,
    run_command,
    say,
    seed,
)
from bt_robot.cli.live_view import add_view_flags
from bt_robot.cli.record import add_record_flags
from bt_robot.cli.rerun_sink import add_rerun_flag
from bt_robot.errors import UsageError

if TYPE_CHECKING:
    from bt_robot.cli.person import Keys
    from bt_robot.cli.session import Session
    from bt_robot.cli.watching import TreeOf, Watcher
    from bt_robot.cli.witness import RunWitness
    from bt_robot.messages import NodeInfo, Sink
    from bt_robot.runtime.steering import Helm
    from bt_robot.telemetry.log_lines import LogLines
    from bt_robot.telemetry.writer import BackgroundWriter
    from bt_robot.tree import Tree, TreeSpec

PROMPT_LIMIT_S = 300.0
"""Time limit of a single prompt, whose policy may never come to rest."""

_EPILOG = f"""\
examples:
  bt-run pick_place                  the simulated arm, and a stand-in policy
  bt-run sort_blocks --seed 7        other places for the blocks
  bt-run pick_place --fast --json    as fast as it goes, JSON at the end
  bt-run pick_place --config configs/so101.yaml --set policy.url=ws://gpu:8000
  bt-run mytree.yaml --watch         edit the tree while the arm is at work
  bt-run pick_place --view           look at it in a web page, also afterwards
  bt-run --prompt "pick up the red block and place it in the container"

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
    parser.add_argument(
        "--watch", action="store_true", help="when the tree's files are edited, let the edited tree take over"
    )
    parser.add_argument(
        "--max-time",
        type=positive,
        metavar="SECONDS",
        help="end as FAILURE after this time (default: none; 300 with --prompt)",
    )
    add_confirm_flag(parser)
    add_view_flags(parser)
    add_groot2_flag(parser)
    add_rerun_flag(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line on stdout")
    parser.add_argument("--out", default="runs", metavar="DIR", help="where the run's folder goes (%(default)s)")
    parser.add_argument("--no-artifacts", action="store_true", help="leave no folder with pictures behind")
    add_record_flags(parser)
    parser.add_argument("-v", "--verbose", action="count", default=0, help="say what happens; twice: everything")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run a tree; return the exit code."""
    return run_command(_run, _parser(), argv)


def _run(arguments: argparse.Namespace) -> int:
    from bt_robot.cli.emergency import HINT, Button, emergency_stop
    from bt_robot.cli.live_view import linger, require_view
    from bt_robot.cli.person import Keyboard, Keys
    from bt_robot.cli.rerun_sink import require_rerun
    from bt_robot.cli.session import Job, open_session
    from bt_robot.cli.settings import load_settings
    from bt_robot.cli.task import load_task, policy_server
    from bt_robot.cli.watching import require_watchable
    from bt_robot.cli.witness import witness
    from bt_robot.runtime.people import Board
    from bt_robot.runtime.steering import Helm

    began_s = time.monotonic()
    require_view(arguments)
    require_rerun(arguments)
    spec = load_task(arguments.tree, arguments.prompt)
    settings = load_settings(arguments.config, arguments.assignments)
    max_time_s = arguments.max_time or (PROMPT_LIMIT_S if arguments.prompt else None)
    if arguments.watch:
        require_watchable(arguments.tree, fast=arguments.fast)
    with ExitStack() as page:
        with ExitStack() as stack:
            urls = stack.enter_context(policy_server(settings, spec))
            if arguments.fast and settings.real_time:
                raise UsageError(
                    f"--fast is for simulated time, and the robot of {arguments.config} moves in real time"
                )
            job = Job(settings, spec, urls, arguments.seed, arguments.fast, max_time_s, arguments.confirm)
            button = Button()  # works until the arm is at rest
            board = Board()
            keyboard = Keyboard(board)
            helm = Helm(button.press, board)
            listening = stack.enter_context(emergency_stop(helm.press, keyboard.press))
            asked = listening or arguments.control  # somebody can answer
            session = stack.enter_context(open_session(job, board if asked else None))
            button.wire_to(session.robot.emergency_stop)
            watcher = stack.enter_context(_watcher(session, arguments)) if arguments.watch else None
            tree_of = _tree_of(session, watcher)
            told = page.enter_context(witness(session, arguments, tree_of, helm))
            keys = Keys(HINT if listening else "", keyboard.asking)
            code = _drive(session, arguments, began_s, keys, watcher, helm, told)
        if told is not None and code != EXIT_INTERRUPTED:
            linger(told.link, arguments, lambda: told.shows)
    return code


def _watcher(session: Session, arguments: argparse.Namespace) -> Watcher:
    """Return what loads the tree again when its files are edited, and holds it against this run."""
    from bt_robot.cli.task import load_task
    from bt_robot.cli.watching import Watcher

    def load() -> tuple[TreeSpec, Tree]:
        spec = load_task(arguments.tree)
        plans = session.plans_of(spec)
        if plans.prompts and session.plans.profile is None:
            raise UsageError("the edited tree asks a policy, and this run began without one; start it again")
        return spec, plans.tree

    return Watcher(session.job.spec, load)


def _drive(
    session: Session,
    arguments: argparse.Namespace,
    began_s: float,
    keys: Keys,
    watcher: Watcher | None,
    helm: Helm,
    told: RunWitness | None,
) -> int:
    from bt_robot.cli.expectations import unmet
    from bt_robot.cli.record import Teller, ending_of
    from bt_robot.cli.report import describe, new_folder, summary, write_pictures, write_summary
    from bt_robot.telemetry.recording import Recording
    from bt_robot.telemetry.tally import Tally

    outlook = session.outlook
    if outlook is not None and outlook.stall_share and not outlook.waits:
        logging.getLogger(__name__).warning("%s", outlook.words)
    folder = None if arguments.no_artifacts else new_folder(Path(arguments.out), session.job.spec.name)
    tally = Tally()
    recording = Recording()
    with ExitStack() as stack:
        if told is not None and folder is not None:
            told.record_into(folder)
        others = [stack.enter_context(sink) for sink in _others(session, arguments, _tree_of(session, watcher), helm)]
        terminal = stack.enter_context(_terminal(session, arguments, keys, told.link if told else ""))
        stack.enter_context(arguments.interrupt.asked_politely())
        edits = watcher.take if watcher else lambda: None
        sinks = [tally, recording, terminal, *([told] if told else []), *others]
        ending = session.run(sinks, arguments.interrupt, edits, helm)
        if watcher:
            watcher.remind()
        missing: tuple[str, ...] | None = None
        try:
            missing = unmet((watcher or session.job).spec.expects, session.robot)
        finally:
            for sink in sinks:
                if isinstance(sink, Teller):
                    sink.end(ending_of(ending, missing or ()))
    wall_s = time.monotonic() - began_s
    result = summary(session, ending, tally.numbers, wall_s, missing)
    result["edits"] = len(watcher.taken) if watcher else 0
    if folder is not None:
        result["artifacts"] = str(folder)
        write_summary(result, folder)
    say((json.dumps(result) if arguments.json else describe(result)) + "\n")
    if folder is not None:
        try:
            write_pictures(result, session, recording, folder)
        except KeyboardInterrupt:  # the result is said already, and stays what it is
            logging.getLogger(__name__).warning("interrupted: the pictures in %s are not complete", folder)
    if ending.interrupted:
        return EXIT_INTERRUPTED
    return EXIT_SUCCESS if result["status"] == "SUCCESS" else EXIT_FAILURE


def _tree_of(session: Session, watcher: Watcher | None) -> TreeOf:
    """Return what finds the tree whose nodes a tick tells of."""

    def tree_of(layout: Sequence[NodeInfo]) -> tuple[TreeSpec, Tree]:
        edits = watcher.taken if watcher else []
        first = (session.job.spec, session.plans.tree)
        return next((each for each in reversed(edits) if any(layout is known for known in each[1].layouts)), first)

    return tree_of


def _others(
    session: Session, arguments: argparse.Namespace, tree_of: TreeOf, helm: Helm
) -> Iterator[AbstractContextManager[Sink]]:
    """Yield what else is told of the run."""
    from bt_robot.cli.groot import live_server
    from bt_robot.cli.rerun_sink import rerun_sink

    if arguments.groot2:
        yield live_server(arguments.groot2, tree_of, helm)
    if arguments.rerun:
        yield rerun_sink(session, arguments)


@contextmanager
def _terminal(session: Session, arguments: argparse.Namespace, keys: Keys, link: str) -> Generator[Sink]:
    """Show the run: live where there is a screen for it, in plain lines elsewhere."""
    from rich.console import Console

    from bt_robot.cli.job_control import STDERR, in_background, stopped_by_ctrl_z
    from bt_robot.telemetry.terminal import LiveTerminal, PlainTerminal

    stderr: BackgroundWriter = arguments.stderr
    nodes, console = session.plans.tree.nodes, Console(stderr=True)
    no_screen = not console.is_terminal or console.is_dumb_terminal or in_background(STDERR)
    if no_screen or arguments.json or arguments.verbose:
        try:
            yield PlainTerminal(nodes, stderr)
        finally:
            stderr.settle()  # the summary comes last
        return
    # A terminal that is paused must not make anybody wait: only the writer's thread writes to it.
    screen = Console(file=arguments.stderr, force_terminal=True)

    def free() -> bool:
        return stderr.idle and not in_background(STDERR)

    terminal = LiveTerminal(nodes, session.job.spec.name, screen, keys.hint, keys.asking, link, free)
    with _logging_into(terminal.log_handler, stderr), stopped_by_ctrl_z(terminal.step_aside, stderr.settle):
        try:
            yield terminal
        finally:
            terminal.close()


@contextmanager
def _logging_into(handler: LogLines, stderr: BackgroundWriter) -> Generator[None]:
    """Keep the log, and what is written past it, out of the live view's way; write it out afterwards."""
    from bt_robot.telemetry.log_lines import LineStream

    root = logging.getLogger()
    before = root.handlers[:]
    handler.setFormatter(before[0].formatter)
    root.handlers[:] = [handler]
    past = LineStream(handler.take)
    try:
        with redirect_stderr(past):
            try:
                yield
            finally:
                stderr.settle()  # the screen is given back before anybody may write past the log again
    finally:
        past.finish()
        root.handlers[:] = before
        for line in handler.kept_lines:
            stderr.write(line + "\n")
        stderr.settle()  # the summary comes last
