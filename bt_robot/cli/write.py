"""`bt-write`: a tree from a sentence, written by a language model and checked like any other."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bt_robot.cli.arguments import (
    EXIT_SUCCESS,
    Parser,
    add_config_flags,
    add_output_flags,
    count,
    run_command,
    say,
)
from bt_robot.errors import EndpointError, StartRefused, UsageError

if TYPE_CHECKING:
    from bt_robot.cli.model_settings import WriterSettings
    from bt_robot.cli.settings import RunSettings
    from bt_robot.cli.writing.talk import Round, Writer

MAX_TASK = 4000
"""The longest task [characters]."""

_EPILOG = """\
A language model behind an OpenAI-compatible endpoint (vLLM, llama.cpp, Ollama,
a hosted one) is told the tree language, the nodes, the skills and what the
config has. Its tree is loaded and held against the config as bt-check does; the
mistakes are given back to it, for a few rounds. Only a tree without mistakes is
written. What the model says is data: nothing of it is run, and it can include
only the skills that it was offered.

Look the tree over before the arm moves: that it can be run does not say that it
is what you meant.

examples:
  bt-write "put every block in the container, red first" -o trees/my.yaml
  bt-write "wave twice, then rest" --url http://localhost:11434/v1 --model qwen3
  bt-write "also try the green one three times" -o trees/my.yaml --change
  bt-write "sort the blocks" --briefing    what the model is told, for any chat

The endpoint is the config's section `writer`, or the flags:
  writer: {url: "http://localhost:11434/v1", model: qwen3}

exit codes: 0 the tree is right (and written with -o), 1 the model did not get
            it right, or the file was not to be replaced, 2 bad flag or config,
            3 the endpoint refused or is not there, 130 interrupted"""


def _parser() -> Parser:
    parser = Parser(
        prog="bt-write", description="Write a behavior tree from a sentence, with a language model.", epilog=_EPILOG
    )
    parser.add_argument("task", metavar="TASK", help="what the arm shall do, in a sentence or two")
    parser.add_argument("-o", "--out", metavar="FILE", help="write the tree here (default: print it)")
    parser.add_argument("--change", action="store_true", help="change the tree in FILE as TASK says")
    parser.add_argument("--force", action="store_true", help="replace FILE without asking")
    parser.add_argument("--dry-run", action="store_true", help="show the tree and what would change; write nothing")
    parser.add_argument("--rounds", type=count, default=4, metavar="N", help="most answers to ask for (%(default)s)")
    parser.add_argument("--url", metavar="URL", help="the endpoint (default: the config's `writer`)")
    parser.add_argument("--model", metavar="NAME", help="the model (default: the only one that is served)")
    parser.add_argument("--api-key-env", metavar="NAME", help="the environment variable that holds the API key")
    parser.add_argument("--schema", action="store_true", help="tell the JSON Schema of tree files, too (30,000 tokens)")
    parser.add_argument("--briefing", action="store_true", help="print what the model would be told, and ask nobody")
    add_config_flags(parser)
    add_output_flags(parser)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Write a tree; return the exit code."""
    return run_command(_run, _parser(), argv)


def _run(arguments: argparse.Namespace) -> int:
    from bt_robot.cli.settings import load_settings

    task = _task(arguments)
    settings = load_settings(arguments.config, arguments.assignments)
    before = _file(arguments)
    changed = (before or "") if arguments.change else ""
    if arguments.briefing:
        from bt_robot.cli.writing.talk import wanted

        say(f"{_prepare(arguments, settings)[0]}\n{wanted(task, changed)}\n")
        return EXIT_SUCCESS
    from bt_robot.cli.writing.keeping import gave_up, keep

    done = _talk(_writer(arguments, settings), arguments, task, changed)
    return gave_up(done, arguments) if done.checked.spec is None else keep(done, task, before, arguments)


def _task(arguments: argparse.Namespace) -> str:
    task = " ".join(arguments.task.split())
    if not task:
        raise UsageError("TASK is empty; try: bt-write 'put the red block into the container'")
    if not task.isprintable() or len(task) > MAX_TASK:
        raise UsageError(f"TASK is no text of at most {MAX_TASK} characters")
    return task


def _file(arguments: argparse.Namespace) -> str | None:
    """Return what is in the file that is to be written; None if it is not there."""
    if arguments.out is None:
        if arguments.change:
            raise UsageError("--change needs a file to change; name it with -o FILE")
        return None
    path = Path(arguments.out)
    if path.suffix not in (".yaml", ".yml"):
        raise UsageError(f"-o {path}: a tree file ends with .yaml")
    if not path.parent.is_dir():
        raise UsageError(f"-o {path}: there is no folder {path.parent}")
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if arguments.change:
            raise UsageError(f"--change: there is no {path}; leave --change out to write a new one") from None
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"-o {path} can't be read: {error}") from error


def _prepare(arguments: argparse.Namespace, settings: RunSettings) -> tuple[str, Any]:
    """Return what the model is told, and who checks its answers."""
    from bt_robot.cli.preflight import setup_of
    from bt_robot.cli.robots import make_robot
    from bt_robot.cli.vocabulary import installed_registry
    from bt_robot.cli.writing.briefing import briefing, skills_in
    from bt_robot.cli.writing.checking import Checker
    from bt_robot.config.builtin import builtin_folder

    registry, built_in = installed_registry(), builtin_folder("trees")
    folder = Path(arguments.out).parent if arguments.out else Path()
    skills = skills_in((folder, built_in), registry)
    robot = make_robot(settings, seed=0)
    schema = ""
    if arguments.schema:
        from bt_robot.tree.schema.files import tree_schema

        declared = {skill.definition.name: skill.definition for skill in skills}
        schema = json.dumps(tree_schema(registry, declared), separators=(",", ":"), ensure_ascii=False)
    example = (built_in / "pick_place.yaml").read_text(encoding="utf-8")
    told = briefing(registry, skills, setup_of(settings, robot), example, schema)
    return told, Checker(settings, robot, folder, [skill.file for skill in skills])


def _endpoint_settings(arguments: argparse.Namespace, settings: RunSettings) -> WriterSettings:
    from bt_robot.cli.model_settings import WriterSettings

    given = {"url": arguments.url, "model": arguments.model, "api_key_env": arguments.api_key_env}
    given = {key: value for key, value in given.items() if value is not None}
    try:
        if settings.writer is not None:
            # The key of one server is not for another.
            elsewhere = {"model": "", "api_key_env": "", "ca_file": ""} if arguments.url else {}
            return replace(settings.writer, **{**elsewhere, **given})
        if arguments.url is None:
            raise UsageError(
                "no language model is known; name one with --url http://localhost:11434/v1, or in the config:"
                ' writer: {url: "http://localhost:11434/v1"}; without one, --briefing prints what to paste into a chat'
            )
        return WriterSettings(**given)
    except ValueError as error:
        raise UsageError(f"--url: {error}") from error


def _writer(arguments: argparse.Namespace, settings: RunSettings) -> Writer:
    import time

    from bt_robot.cli.writing.talk import Writer
    from bt_robot.language_model.endpoint import Endpoint
    from bt_robot.language_model.transport import Limits
    from bt_robot.policy.connection.access import Access

    chosen = _endpoint_settings(arguments, settings)
    access = Access.read(chosen.api_key_env, chosen.ca_file, "writer")
    endpoint = Endpoint(chosen.url, chosen.model, Limits(chosen.connect_timeout_s, chosen.timeout_s), access)
    told, checker = _prepare(arguments, settings)
    return Writer(endpoint, checker, told, chosen.max_tokens, time.sleep)


def _talk(writer: Writer, arguments: argparse.Namespace, task: str, before: str) -> Round:
    from bt_robot.cli.checking.waiting import waiting

    terminal = arguments.stderr if sys.stderr.isatty() else None
    number = 1

    def told(done: Round) -> None:
        nonlocal number
        number = done.number + 1
        found = len(done.checked.problems)
        what = "the tree is right" if not found else "1 mistake" if found == 1 else f"{found} mistakes"
        arguments.stderr.write(f"round {done.number}: {what}{'; the answer was cut off' if done.cut_off else ''}\n")

    try:
        with waiting(terminal, lambda waited_s: f"round {number}: the model writes, {waited_s:.0f} s"):
            return writer.write(task, before, arguments.rounds, told)
    except EndpointError as error:
        raise StartRefused(str(error)) from error
