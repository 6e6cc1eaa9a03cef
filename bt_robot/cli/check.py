"""`bt-check`: load trees without running them."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from bt_robot import __version__
from bt_robot.cli.arguments import EXIT_INPUT, EXIT_SUCCESS, Parser, run_command, say
from bt_robot.errors import LoadError, Problem, UsageError

if TYPE_CHECKING:
    from bt_robot.tree import TreeSpec

_EPILOG = """\
Every problem of a file and of all it includes is told at once, with its place:

  trees/pick_place.yaml:9:7: unknown node 'vla_skil'; expected … (did you mean 'vla_skill'?)

examples:
  bt-check trees/*.yaml
  bt-check mytree.yaml --config configs/sim.yaml     also poses, cameras and profile
  bt-check mytree.yaml --json

exit codes: 0 all good, 2 something is wrong"""


def _parser() -> Parser:
    parser = Parser(prog="bt-check", description="Load and validate trees without running them.", epilog=_EPILOG)
    parser.add_argument("trees", nargs="+", metavar="TREE", help="tree files, or names of built-in ones")
    parser.add_argument("--config", metavar="FILE", help="hold the trees against this config, too")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line on stdout")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Check trees; return the exit code."""
    return run_command(_run, _parser(), argv)


def _run(arguments: argparse.Namespace) -> int:
    results = [_checked(tree, arguments.config) for tree in arguments.trees]
    good = all(result["ok"] for result in results)
    if arguments.json:
        report = {"status": "OK" if good else "INVALID", "trees": [_without_drawing(result) for result in results]}
        say(json.dumps(report) + "\n")
    else:
        for result in results:
            write = say if result["ok"] else arguments.stderr.write
            write(result["drawing"] + "\n")
    return EXIT_SUCCESS if good else EXIT_INPUT


def _checked(tree: str, config: str | None) -> dict[str, Any]:
    from dataclasses import asdict

    from bt_robot.cli.task import load_task
    from bt_robot.tree import build_tree, draw_text

    try:
        spec = load_task(tree)
        if config is not None:
            _hold_against(spec, config)
        nodes = build_tree(spec).nodes
    except LoadError as error:
        problems = [asdict(problem) for problem in error.problems]
        return {"tree": tree, "ok": False, "problems": problems, "drawing": str(error)}
    except UsageError as error:
        problems = [asdict(Problem(tree, 0, 0, line)) for line in str(error).splitlines()]
        return {"tree": tree, "ok": False, "problems": problems, "drawing": f"{tree}: {error}"}
    return {"tree": tree, "ok": True, "nodes": len(nodes), "problems": [], "drawing": draw_text(nodes)}


def _hold_against(spec: TreeSpec, config: str) -> None:
    from bt_robot.cli.preflight import preflight
    from bt_robot.cli.session import Job, make_robot
    from bt_robot.cli.settings import load_settings

    settings = load_settings(config)
    preflight(settings, spec, make_robot(Job(settings, spec, ())).limits)


def _without_drawing(result: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key != "drawing"}
