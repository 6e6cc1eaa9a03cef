"""`bt-check`: load trees without running them."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from bt_robot import __version__
from bt_robot.cli.arguments import EXIT_INPUT, EXIT_SUCCESS, Parser, run_command
from bt_robot.errors import LoadError

_EPILOG = """\
Every problem of a file and of all it includes is told at once, with its place:

  trees/pick_place.yaml:9:7: unknown node 'vla_skil'; expected … (did you mean 'vla_skill'?)

examples:
  bt-check trees/*.yaml
  bt-check mytree.yaml --json

exit codes: 0 all good, 2 something is wrong"""


def _parser() -> Parser:
    parser = Parser(prog="bt-check", description="Load and validate trees without running them.", epilog=_EPILOG)
    parser.add_argument("trees", nargs="+", metavar="TREE", help="tree files, or names of built-in ones")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line on stdout")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Check trees; return the exit code."""
    return run_command(_run, _parser(), argv)


def _run(arguments: argparse.Namespace) -> int:
    results = [_checked(tree) for tree in arguments.trees]
    good = all(result["ok"] for result in results)
    if arguments.json:
        report = {"status": "OK" if good else "INVALID", "trees": [_without_drawing(result) for result in results]}
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        for result in results:
            stream = sys.stdout if result["ok"] else sys.stderr
            stream.write(result["drawing"] + "\n")
    return EXIT_SUCCESS if good else EXIT_INPUT


def _checked(tree: str) -> dict[str, Any]:
    from dataclasses import asdict

    from bt_robot.cli.task import load_task
    from bt_robot.tree import build_tree, draw_text

    try:
        nodes = build_tree(load_task(tree)).nodes
    except LoadError as error:
        problems = [asdict(problem) for problem in error.problems]
        return {"tree": tree, "ok": False, "problems": problems, "drawing": str(error)}
    return {"tree": tree, "ok": True, "nodes": len(nodes), "problems": [], "drawing": draw_text(nodes)}


def _without_drawing(result: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key != "drawing"}
