"""`bt-draw`: a tree, or how it stood at the end of a run, as a picture, a graph or text."""

from __future__ import annotations

import argparse
import json
import logging
import math
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bt_robot.cli.arguments import (
    EXIT_SUCCESS,
    Parser,
    add_output_flags,
    run_command,
    say,
)
from bt_robot.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from bt_robot.tree.drawing.outline import Outline

logger = logging.getLogger(__name__)

FORMATS = ("svg", "dot", "mermaid", "unicode", "ascii")
_SUFFIXES = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".mermaid": "mermaid", ".txt": "unicode"}
_WIDTH = 80
_STDOUT = "-"
_RECORDING = "run.mcap"
_SUFFIX = ".mcap"

_EPILOG = """\
Without -o the tree is shown as text, as wide as the terminal. With the folder
of a run, or its run.mcap, instead of a tree, the tree is drawn as it stood at
the run's end: each status has a sign, a shape and a colour that colour-blind
people tell apart.

examples:
  bt-draw pick_place
  bt-draw trees/sort_blocks.yaml -o sort_blocks.svg
  bt-draw sort_blocks --collapse vla_skill            fold every call of it up
  bt-draw big.yaml --collapse depth:3 -o big.svg      the first levels only
  bt-draw big.yaml --only big/pick                    one branch
  bt-draw runs/20261126-101500-pick_place -o end.svg
  bt-draw mytree.yaml --status runs/20261126-101500-mytree
  bt-draw pick_place --format dot | dot -Tpng > pick_place.png

exit codes: 0 drawn, 2 the tree can't be loaded or a flag is wrong,
            130 interrupted"""


def _parser() -> Parser:
    parser = Parser(
        prog="bt-draw",
        description="Draw a tree, or how it stood at the end of a run.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "tree", metavar="TREE", help="a YAML or XML file, a built-in tree's name, a run's folder or recording"
    )
    parser.add_argument("-o", "--output", metavar="FILE", default=_STDOUT, help="the file to write; '-' is stdout")
    parser.add_argument("--format", choices=FORMATS, help="by default what FILE's suffix says, or else unicode")
    parser.add_argument("--status", metavar="RUN", help="a run of this tree: show how each node ended")
    parser.add_argument(
        "--collapse",
        metavar="WHAT",
        action="append",
        default=[],
        help="fold up what is below a PATH, below every node of a TYPE, or below depth:N; repeatable",
    )
    parser.add_argument("--only", metavar="PATH", help="draw this node and what is below it")
    parser.add_argument(
        "--width", metavar="N", type=_width, help="wrap text at N columns (default: the terminal's, 80)"
    )
    add_output_flags(parser)
    return parser


def _width(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 30 <= int(text) <= 10_000):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of columns from 30 to 10000")
    return int(text)


def main(argv: list[str] | None = None) -> int:
    """Draw a tree; return the exit code."""
    return run_command(_run, _parser(), argv)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.json and arguments.output == _STDOUT:
        raise UsageError("--json prints what was written; give -o FILE, too")
    form = _format(arguments)
    outline, title = _outline(arguments.tree)
    if arguments.status:
        outline, title = _with_states(outline, title, Path(arguments.status))
    whole = len(outline.nodes)
    try:
        if arguments.only:
            outline = outline.only(arguments.only)
        outline = outline.collapsed(arguments.collapse)
    except ValueError as error:
        raise UsageError(str(error)) from error
    text = _drawn(outline, title, form, arguments)
    if arguments.output == _STDOUT:
        say(text)
    else:
        _write(Path(arguments.output), text)
    if arguments.json:
        said = {"status": "OK", "file": arguments.output, "format": form, "nodes": whole, "drawn": len(outline.nodes)}
        say(json.dumps(said) + "\n")
    return EXIT_SUCCESS


def _format(arguments: argparse.Namespace) -> str:
    if arguments.format:
        return arguments.format
    if arguments.output == _STDOUT:
        return "unicode"
    suffix = Path(arguments.output).suffix.lower()
    if suffix not in _SUFFIXES:
        hint = did_you_mean(suffix, _SUFFIXES) or "or say --format"
        raise UsageError(f"what '{arguments.output}' is to be is not known; expected {', '.join(_SUFFIXES)} ({hint})")
    return _SUFFIXES[suffix]


def _outline(tree: str) -> tuple[Outline, str]:
    from bt_robot.tree import build_tree
    from bt_robot.tree.drawing.outline import Outline
    from bt_robot.tree.drawing.record import FILE

    path = Path(tree)
    if path.name == FILE or path.suffix == _SUFFIX or (path / FILE).is_file() or (path / _RECORDING).is_file():
        return _run_at_its_end(path)
    if path.suffix == ".xml":
        from bt_robot.cli.vocabulary import installed_registry
        from bt_robot.tree.formats.from_xml import tree_from_xml

        spec = tree_from_xml(path, installed_registry()).spec
    else:
        from bt_robot.cli.task import load_task

        spec = load_task(tree)
    return Outline(build_tree(spec).nodes), spec.name


def _with_states(outline: Outline, title: str, run: Path) -> tuple[Outline, str]:
    """Put what the nodes of a run said last beside the nodes of the same paths."""
    from bt_robot.messages import NodeState, Status
    from bt_robot.tree.drawing.outline import Outline

    record, how = _run_at_its_end(run)
    if not record.nodes[0].path == outline.nodes[0].path:
        raise UsageError(f"{run} is a run of '{record.nodes[0].path}', not of '{title}'")
    states = {node.path: state for node, state in zip(record.nodes, record.states, strict=True)}
    idle = NodeState(Status.IDLE)
    return Outline(outline.nodes, tuple(states.get(node.path, idle) for node in outline.nodes), outline.hidden), how


def _run_at_its_end(run: Path) -> tuple[Outline, str]:
    """Return a run's tree as it ended, and a title; a run that was killed left nothing but its recording."""
    from bt_robot.messages import NodeState
    from bt_robot.telemetry.recorder import read_run
    from bt_robot.tree.drawing.outline import Outline
    from bt_robot.tree.drawing.record import FILE, read_record

    if run.suffix != _SUFFIX and ((run / FILE).exists() or not (run / _RECORDING).exists()):
        return read_record(run)
    with read_run(run) as recorded:
        last = recorded.record_at(math.inf)
        how = recorded.ending.status if recorded.ending else "cut off"
        title = f"{recorded.info.tree}: {how} after {last.time_s:.1f} s"
        for words in recorded.damage:
            logger.warning("%s: %s", run, words)
    return Outline(last.layout, tuple(NodeState(state.status, state.reason) for state in last.nodes)), title


def _drawn(outline: Outline, title: str, form: str, arguments: argparse.Namespace) -> str:
    from bt_robot.tree.drawing.dot import draw_dot
    from bt_robot.tree.drawing.mermaid import draw_mermaid
    from bt_robot.tree.drawing.text import ASCII, UNICODE, draw_outline, draw_svg

    if form == "svg":
        return draw_svg(outline.nodes, outline.states, title, outline.hidden)
    if form == "dot":
        return draw_dot(outline, title)
    if form == "mermaid":
        return draw_mermaid(outline, title)
    width = arguments.width
    if width is None:
        width = shutil.get_terminal_size((_WIDTH, 0)).columns if sys.stdout.isatty() else _WIDTH
    return draw_outline(outline, ASCII if form == "ascii" else UNICODE, width) + "\n"


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror or error}") from error
