"""What is to be done, and by which server: a tree file or a single prompt, a given URL or the stand-in."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bt_robot.cli.expectations import EXPECTATIONS
from bt_robot.cli.policy_settings import STANDIN
from bt_robot.cli.settings import RunSettings
from bt_robot.cli.vocabulary import installed_registry
from bt_robot.config.builtin import builtin_folder, find_file
from bt_robot.config.problems import Problems
from bt_robot.config.source import MAX_BYTES, decode
from bt_robot.errors import LoadError, Problem, UsageError, did_you_mean
from bt_robot.policy.dialect.profile import load_profile
from bt_robot.tree import NodeSpec, TreeSpec, load_tree, parse_tree

_ONE_PROMPT = """\
tree: prompt
description: One prompt, until the policy plans to stay where it is.
include: [skills/vla_skill.yaml]
root:
  vla_skill:
    prompt: {prompt}
    done: {{chunk_idle: {{for_s: 1.0}}}}
    time_limit_s: 86400
"""


def load_task(tree: str | None, prompt: str | None = None) -> TreeSpec:
    """Load a tree file, or the built-in one-skill tree for a prompt.

    Raises:
        UsageError: Both or neither are given, or the prompt is empty.
        LoadError: Everything wrong with the file.
    """
    registry = installed_registry()
    search = (builtin_folder("trees"),)
    if (tree is None) == (prompt is None):
        raise UsageError("give either a tree file or --prompt; try: bt-run trees/pick_place.yaml")
    if tree is not None:
        return _judgeable(load_tree(find_file(tree, "trees"), registry, search=search), tree)
    assert prompt is not None, "one of the two is given"
    words = " ".join(prompt.split())
    if not words:
        raise UsageError("--prompt is empty; try: --prompt 'pick up the red block'")
    if not words.isprintable():
        raise UsageError(f"--prompt {prompt!r} holds what is no text")
    return parse_tree(prompt_tree(words), "--prompt", registry, search=search)


def prompt_tree(prompt: str) -> str:
    """Return the tree file that `--prompt` stands for."""
    return _ONE_PROMPT.format(prompt=_quoted(" ".join(prompt.split())))


def load_stdin(name: str | None) -> TreeSpec:
    """Load the tree that is written to stdin, as an editor does with what is not saved yet.

    Args:
        name: The file that the text is, or will be, in: its includes are found beside it; None if there is none.

    Raises:
        LoadError: Everything wrong with the text.
    """
    problems = Problems()
    shown = name or "stdin"
    text = decode(sys.stdin.buffer.read(MAX_BYTES + 1), shown, problems)
    problems.raise_if_any()
    assert text is not None, "what could not be read has a problem"
    return load_text(text, shown, Path(name).parent if name else None)


def load_text(text: str, name: str, folder: Path | None) -> TreeSpec:
    """Load a tree from text.

    Args:
        text: The tree, in YAML.
        name: How the text is called in messages.
        folder: Where the text would be as a file: its includes are found beside it; None for nowhere.

    Raises:
        LoadError: Everything wrong with the text.
    """
    search = (builtin_folder("trees"),)
    return _judgeable(parse_tree(text, name, installed_registry(), search, folder=folder), name)


def _judgeable(spec: TreeSpec, given: str) -> TreeSpec:
    """Return a tree if what it expects is something that a simulation can judge."""
    wrong = [key for key in spec.expects if key not in EXPECTATIONS]
    if wrong:
        known = ", ".join(EXPECTATIONS)
        raise LoadError(
            [Problem(given, 0, 0, f"expects: unknown '{key}'", known, did_you_mean(key, EXPECTATIONS)) for key in wrong]
        )
    return spec


def _quoted(text: str) -> str:
    """Return text as a YAML scalar on one line."""
    return "'" + text.replace("'", "''") + "'"


def asks_policy(node: NodeSpec) -> bool:
    """Whether a node or one below it asks the policy."""
    return node.type == "query_policy" or any(asks_policy(child) for child in node.children)


@contextmanager
def policy_server(settings: RunSettings, spec: TreeSpec) -> Generator[tuple[str, ...]]:
    """Give the URLs of the policy servers; start the stand-in beside the run if the config says so.

    Raises:
        PolicyRefused: The stand-in could not be started.
        LoadError: The profile could not be loaded.
    """
    if settings.policy.url != STANDIN or not asks_policy(spec.root):
        yield settings.policy.urls
        return
    from bt_robot.standin.process import StandinProcess

    profile = settings.policy.profile
    load_profile(profile)  # a wrong one is told in the config's words, not in the server's
    with StandinProcess(profile=profile, horizon=settings.policy.horizon) as standin:
        yield (standin.url,)
