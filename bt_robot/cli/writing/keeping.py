"""What becomes of a tree that a model has written: shown to a person, and written where that is wanted."""

from __future__ import annotations

import argparse
import difflib
import json
import os
import sys
import textwrap
from pathlib import Path

from bt_robot.cli.arguments import EXIT_FAILURE, EXIT_SUCCESS, say
from bt_robot.cli.problems import problem_json, problems_for
from bt_robot.cli.writing.talk import Round
from bt_robot.errors import UsageError
from bt_robot.policy.wire.checks import escape
from bt_robot.tree import TreeSpec, build_tree, draw_text


def gave_up(done: Round, arguments: argparse.Namespace) -> int:
    """Tell what is still wrong with a model's last tree; return the exit code."""
    checked = done.checked
    reason = f"the model did not get the tree right in {done.number} {'round' if done.number == 1 else 'rounds'}"
    if arguments.json:
        problems = [problem_json(problem) for problem in checked.problems]
        result = {"status": "FAILURE", "reason": reason, "rounds": done.number, "problems": problems}
        say(json.dumps({**result, "tree": checked.text}) + "\n")
        return EXIT_FAILURE
    arguments.stderr.write(problems_for(sys.stderr, checked.problems) + "\n")
    arguments.stderr.write(f"bt-write: {reason}; nothing is written. More --rounds, or another --model, may help\n")
    return EXIT_FAILURE


def keep(done: Round, task: str, before: str | None, arguments: argparse.Namespace) -> int:
    """Show a tree that is right, and write it where that is wanted; return the exit code.

    Args:
        done: The round it comes from.
        task: What it was written for.
        before: What is in the file now; None if there is none.
        arguments: The command's.

    Raises:
        UsageError: The file can't be written.
    """
    assert done.checked.spec is not None, "the tree is right"
    text, drawing = _with_head(done.checked.text, task), drawn(done.checked.spec)
    path = Path(arguments.out) if arguments.out else None
    if not arguments.json:
        shown = drawing if path is None or before is None else f"{drawing}\n\n{changes(before, text, str(path))}"
        (say if path else arguments.stderr.write)(shown + "\n")
    written, reason = False, ""
    if path is not None and not arguments.dry_run:
        if before is None or before == text or arguments.force or _may_replace(path, arguments):
            _write(path, text)
            written = True
        else:
            reason = f"{path} is there already and was not replaced; --force replaces it"
    if arguments.json:
        result = {"status": "FAILURE" if reason else "SUCCESS", "reason": reason, "rounds": done.number}
        said = {**result, "file": str(path) if written else None, "tree": text, "drawing": drawing}
        say(json.dumps(said) + "\n")
    elif path is None:
        say(text)
    elif written:
        say(f"\nwrote {path}; try it: bt-run {path}\n")
    elif reason:
        arguments.stderr.write(f"bt-write: {reason}\n")
    return EXIT_FAILURE if reason else EXIT_SUCCESS


def _with_head(text: str, task: str) -> str:
    """Put where a tree comes from on top of it."""
    head = textwrap.wrap(f"Written by bt-write for: {task}", 117, break_on_hyphens=False)
    return "".join(f"# {line}\n" for line in head) + text


def drawn(spec: TreeSpec) -> str:
    """Return a tree as a drawing; nothing in it can drive a terminal."""
    return "\n".join(escape(line) for line in draw_text(build_tree(spec).nodes).split("\n"))


def changes(before: str, after: str, name: str) -> str:
    """Return what changes in a file, as a unified diff; nothing in it can drive a terminal."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name, f"{name} (new)", lineterm="")
    return "\n".join(escape(line) for line in lines) or f"{name} stays as it is"


def _may_replace(path: Path, arguments: argparse.Namespace) -> bool:
    """Ask a person whether a file may be replaced; without a terminal the answer is no."""
    if arguments.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    arguments.stderr.write(f"replace {path}? [y/N] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _write(path: Path, text: str) -> None:
    """Write a file as a whole or not at all.

    Raises:
        UsageError: It can't be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UsageError(f"-o {path} can't be written: {error.strerror}") from error
