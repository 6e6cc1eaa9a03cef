"""`bt-check`: load trees without running them, and look a policy server over without a robot."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from bt_robot.cli.arguments import (
    EXIT_INPUT,
    EXIT_REFUSED,
    EXIT_SUCCESS,
    Parser,
    add_output_flags,
    add_set_flag,
    count,
    run_command,
    say,
)
from bt_robot.cli.problems import problem_json, problems_for
from bt_robot.errors import LoadError, Problem, UsageError

if TYPE_CHECKING:
    from bt_robot.cli.checking.report import Report
    from bt_robot.cli.settings import RunSettings
    from bt_robot.tree import TreeSpec

DEFAULT_CONFIG = "configs/sim.yaml"
DEFAULT_PROMPT = "pick up the red block"
MAX_REQUESTS = 1000
STDIN = "-"

_EPILOG = """\
Every problem of a file and of all it includes is told at once, with its place:

  trees/pick_place.yaml:9:7: unknown node type 'vla_skil'
     9 |     - vla_skil:
       |       ^^^^^^^^
       expected a node type; 'bt-nodes' lists them
       did you mean 'vla_skill'?

A policy server is connected to, warmed up and asked, as a run would; what it
announces and answers is held against the profile, the units are judged joint by
joint, and the latency against the control rate.

examples:
  bt-check trees/*.yaml
  bt-check mytree.yaml --config configs/sim.yaml   also poses, cameras, profile
  bt-check mytree.yaml --json                      for editors and programs
  bt-check - --stdin-filename trees/mytree.yaml    a text that is not saved yet
  bt-check --policy standin                        a server to try it on
  bt-check --policy ws://gpu:8000 --profile so101_degrees --tree mytree.yaml
  bt-check --policy ws://gpu:8000 --observation camera:0 --prompt 'take the cup'
  bt-check --policy ws://gpu:8000 --save seen.npz  later: --observation seen.npz

exit codes: 0 all good (warnings too),
            2 something is wrong with a tree, the config or a flag,
            3 a server refused, failed, or is not what the profile says,
            130 interrupted"""


def _parser() -> Parser:
    parser = Parser(
        prog="bt-check",
        description="Validate trees without running them, and policy servers without a robot.",
        epilog=_EPILOG,
    )
    parser.add_argument("trees", nargs="*", metavar="TREE", help="tree files, names of built-in ones, or - for stdin")
    parser.add_argument(
        "--stdin-filename",
        metavar="FILE",
        help="what the text on stdin is called; its includes are looked for beside that file",
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        help=f"hold the trees against this config, too; with --policy {DEFAULT_CONFIG} by default",
    )
    add_set_flag(parser)
    add_output_flags(parser)
    server = parser.add_argument_group("a policy server")
    server.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="URL",
        help="ws://host:port, or 'standin' to start the stand-in; repeat the flag for more servers",
    )
    server.add_argument(
        "--profile", metavar="NAME", help="a built-in profile or the path of one (default: the config's)"
    )
    server.add_argument(
        "--tree",
        action="append",
        default=[],
        metavar="TREE",
        dest="more_trees",
        help="a tree whose prompts are asked, like TREE; repeatable",
    )
    server.add_argument(
        "--prompt",
        action="append",
        default=[],
        metavar="TEXT",
        help=f"what is asked; repeatable (default: the trees' prompts, or '{DEFAULT_PROMPT}')",
    )
    server.add_argument(
        "--observation",
        default="sim",
        metavar="WHAT",
        help="what the server is shown: sim, camera:N, a PNG or JPEG picture for every camera, or an .npz"
        " file with an array per camera and 'state' [rad, gripper 0 … 1] (default: sim)",
    )
    server.add_argument("--save", metavar="FILE.npz", help="write what the server was shown")
    server.add_argument(
        "--requests",
        type=_requests,
        default=10,
        metavar="N",
        help="measure this many answers, after two to warm up (default: %(default)s)",
    )
    return parser


def _requests(text: str) -> int:
    number = count(text)
    if number > MAX_REQUESTS:
        raise argparse.ArgumentTypeError(f"'{text}' is more than {MAX_REQUESTS}")
    return number


def main(argv: list[str] | None = None) -> int:
    """Check trees and a policy server; return the exit code."""
    return run_command(_run, _parser(), argv)


def _run(arguments: argparse.Namespace) -> int:
    trees = [*arguments.trees, *arguments.more_trees]
    if not trees and not arguments.policy:
        raise UsageError("nothing to check; give a TREE, or a server with --policy URL; try: bt-check --help")
    _only_with_policy(arguments)
    if STDIN in trees and trees.count(STDIN) > 1:
        raise UsageError("'-' is given twice; there is one stdin")
    if arguments.stdin_filename and STDIN not in trees:
        raise UsageError("--stdin-filename is about the text on stdin; give - as TREE, too")
    settings = _settings(arguments)
    results = [_checked(tree, settings, arguments.stdin_filename) for tree in trees]
    good = all(result["ok"] for result in results)
    # The prompts of a tree that does not load are not known.
    reports = _looked_over(arguments, settings, results) if settings and arguments.policy and good else []
    _tell(arguments, results, reports)
    if not good:
        return EXIT_INPUT
    return EXIT_SUCCESS if all(report.good for report in reports) else EXIT_REFUSED


def _only_with_policy(arguments: argparse.Namespace) -> None:
    given = {"--profile": arguments.profile, "--prompt": arguments.prompt, "--save": arguments.save}
    wrong = [flag for flag, value in given.items() if value]
    if wrong and not arguments.policy:
        raise UsageError(f"{wrong[0]} is about a server; give --policy URL, too")


def _settings(arguments: argparse.Namespace) -> RunSettings | None:
    """Return the config, with the server's flags in it; None if only trees are to be checked, by themselves."""
    if not (arguments.config or arguments.assignments or arguments.policy):
        return None
    from dataclasses import replace

    from bt_robot.cli.settings import load_settings
    from bt_robot.plugins.profiles import resolved_profile

    settings = load_settings(arguments.config or DEFAULT_CONFIG, arguments.assignments)
    if not arguments.policy:
        return settings
    profile = resolved_profile(arguments.profile) if arguments.profile else settings.policy.profile
    for url in arguments.policy:
        if url.startswith("[") or "," in url:
            raise UsageError(f"--policy '{url}' is no single address; repeat the flag: --policy ws://a --policy ws://b")
    urls = tuple(dict.fromkeys(arguments.policy))
    try:
        policy = replace(settings.policy, url=urls[0] if len(urls) == 1 else urls, profile=profile)
    except ValueError as error:
        raise UsageError(f"--policy: {error}") from error
    return replace(settings, policy=policy)


def _checked(tree: str, settings: RunSettings | None, stdin_filename: str | None) -> dict[str, Any]:
    import sys

    from bt_robot.cli.prompts import prompts_of
    from bt_robot.cli.task import load_stdin, load_task
    from bt_robot.tree import build_tree, draw_text

    try:
        spec = load_stdin(stdin_filename) if tree == STDIN else load_task(tree)
        if settings is not None:
            _hold_against(spec, settings)
        nodes = build_tree(spec).nodes
    except LoadError as error:
        problems = [problem_json(problem) for problem in error.problems]
        count = f"{tree}: {len(problems)} problems" if len(problems) > 1 else ""
        drawing = "\n".join([problems_for(sys.stderr, error.problems), *([count] if count else [])])
        return {"tree": tree, "ok": False, "problems": problems, "drawing": drawing}
    except UsageError as error:
        problems = [problem_json(Problem(tree, 0, 0, line)) for line in str(error).splitlines()]
        return {"tree": tree, "ok": False, "problems": problems, "drawing": f"{tree}: {error}"}
    prompts = [*prompts_of(spec)]
    drawing = draw_text(nodes)
    return {"tree": tree, "ok": True, "nodes": len(nodes), "problems": [], "drawing": drawing, "prompts": prompts}


def _hold_against(spec: TreeSpec, settings: RunSettings) -> None:
    from bt_robot.cli.preflight import preflight
    from bt_robot.cli.robots import make_robot

    preflight(settings, spec, make_robot(settings, seed=0))


def _looked_over(arguments: argparse.Namespace, settings: RunSettings, results: list[dict[str, Any]]) -> list[Report]:
    import sys

    from bt_robot.cli.checking.examine import check_policy
    from bt_robot.cli.checking.observations import look, save
    from bt_robot.cli.checking.report import Check
    from bt_robot.cli.task import load_task, policy_server
    from bt_robot.policy.connection.access import Access
    from bt_robot.policy.dialect.profile import load_profile

    profile = load_profile(settings.policy.profile).with_horizon(settings.policy.horizon)
    asked = arguments.prompt or [prompt for result in results for prompt in result["prompts"]]
    prompts = tuple(dict.fromkeys(" ".join(prompt.split()) for prompt in asked)) or (DEFAULT_PROMPT,)
    tasks = [load_task(None, prompt) for prompt in prompts]  # refuses what is no text
    access = Access.read(settings.policy.api_key_env, settings.policy.ca_file)
    with policy_server(settings, tasks[0]) as urls:
        seen = look(arguments.observation, settings, tasks[0], profile)
        if arguments.save:
            save(seen, arguments.save)
        terminal = arguments.stderr if sys.stderr.isatty() else None
        alone = len(urls) == 1  # a run does not wait for a server either while another is there
        checks = [Check(settings, profile, url, prompts, seen, arguments.requests, access, alone) for url in urls]
        return [check_policy(check, terminal) for check in checks]


def _tell(arguments: argparse.Namespace, results: list[dict[str, Any]], reports: list[Report]) -> None:
    if arguments.json:
        say(_json_line(results, reports))
        return
    for result in results:
        if reports:
            say(f"tree         {result['tree']}: {result['nodes']} nodes\n")
        else:
            (say if result["ok"] else arguments.stderr.write)(result["drawing"] + "\n")
    if reports:
        import os
        import sys

        from bt_robot.cli.checking.words import text

        say(reports[0].hide(text(reports, colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR"))))
    elif arguments.policy:
        arguments.stderr.write("the server was not asked: mend the tree first\n")


def _json_line(results: list[dict[str, Any]], reports: list[Report]) -> str:
    good = all(result["ok"] for result in results)
    status = "INVALID" if not good else "OK" if all(report.good for report in reports) else "REFUSED"
    said: dict[str, Any] = {"status": status, "trees": [_for_json(result) for result in results]}
    line = json.dumps(said)
    if reports:
        from bt_robot.cli.checking.words import as_json

        line = reports[0].hide(json.dumps({**said, "policy": as_json(reports)}, allow_nan=False))
    return line + "\n"


def _for_json(result: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key not in ("drawing", "prompts")}
