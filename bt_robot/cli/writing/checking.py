"""What is wrong with a tree that somebody else wrote: the same as with one's own, and a little more."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bt_robot.cli.preflight import preflight
from bt_robot.cli.problems import problems_text
from bt_robot.cli.settings import RunSettings
from bt_robot.cli.task import load_text
from bt_robot.config.problems import Mark, Problems
from bt_robot.config.source import ListNode, MapNode, ScalarNode, parse
from bt_robot.errors import Code, LoadError, Problem, UsageError
from bt_robot.policy.wire.checks import escape
from bt_robot.robot.base import Robot
from bt_robot.tree import TreeSpec

MAX_CHARS: Final = 50_000
"""The longest tree that is taken from a model [characters]."""

NAME: Final = "answer.yaml"
"""How the answer is called in messages."""

_OPENINGS: Final = ("```", "```yaml", "```yml")
_ONE_BLOCK: Final = "one block that begins with ```yaml and ends with ```"


@dataclass(frozen=True, slots=True)
class Checked:
    """A model's answer, looked over.

    Attributes:
        text: The tree file in it; empty where there is none.
        spec: The tree; None unless it can be run.
        problems: What is wrong, in order.
    """

    text: str
    spec: TreeSpec | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def words(self) -> str:
        """The problems as a model reads them: each with its line and a caret."""
        return problems_text(self.problems)


class Checker:
    """Checks answers as `bt-check --config` would; nothing that an answer names is read unless it was offered."""

    def __init__(self, settings: RunSettings, robot: Robot, folder: Path, offered: Collection[str]) -> None:
        """Prepare.

        Args:
            settings: The config that trees are held against.
            robot: Its robot, not connected.
            folder: Where the tree will be.
            offered: The files that it may include.
        """
        self._settings = settings
        self._robot = robot
        self._folder = folder
        self._offered = tuple(offered)

    def check(self, answer: str) -> Checked:
        """Find the tree in an answer, and what is wrong with it."""
        text = tree_in(answer)
        if not text:
            said = escape(" ".join(answer.split()))[:200] or "nothing"
            return Checked("", None, (_whole(f"there is no tree in the answer: {said}", _ONE_BLOCK),))
        if len(text) > MAX_CHARS:
            return Checked(text, None, (_whole(f"{len(text)} characters", f"at most {MAX_CHARS}"),))
        strange = _strange(text) or self._not_offered(text)
        if strange:
            return Checked(text, None, strange)
        try:
            spec = load_text(text, NAME, self._folder)
            preflight(self._settings, spec, self._robot)
        except LoadError as error:
            return Checked(text, None, tuple(_shown(problem, text) for problem in error.problems))
        except UsageError as error:
            return Checked(text, None, tuple(_whole(line) for line in str(error).splitlines()))
        return Checked(text, spec)

    def _not_offered(self, text: str) -> tuple[Problem, ...]:
        """Return what an answer wants included and must not: it could name any file of this machine."""
        root = parse(text, NAME, Problems())  # what else is wrong is found when it is loaded
        include = root.get("include") if isinstance(root, MapNode) else None
        items = include.items if isinstance(include, ListNode) else () if include is None else (include,)
        problems = Problems()
        problems.show(NAME, text)
        for item in items:
            file = item.text if isinstance(item, ScalarNode) else ""
            if file not in self._offered:
                problems.unknown(item.mark, "skill to include", file, self._offered, code=Code.INCLUDE)
        return tuple(problems.found)


def tree_in(answer: str) -> str:
    """Return the tree file in a model's answer: its last block, or all of it if it is nothing else."""
    spoken = answer.replace("\r\n", "\n").rpartition("</think>")[2]
    block = _last_block(spoken)
    if block is not None:
        return block.strip("\n") + "\n"
    bare = re.search(r"^(?:tree|description|include|#)", spoken.lstrip())
    return spoken.strip() + "\n" if bare and re.search(r"^root:", spoken, re.MULTILINE) else ""


def _last_block(text: str) -> str | None:
    """Return what is in the last block of YAML, or of nothing that is named; None if no such block ends."""
    last: str | None = None
    lines: list[str] | None = None
    for line in text.split("\n"):
        mark = line.replace(" ", "").replace("\t", "") if line.startswith("```") else ""
        if lines is None:
            lines = [] if mark in _OPENINGS else None
        elif mark == "```":
            last, lines = "\n".join(lines), None
        else:
            lines.append(line)
    return last


def _strange(text: str) -> tuple[Problem, ...]:
    """Return the characters that show something else than what is written, as in a comment that looks like code."""
    problems = Problems()
    problems.show(NAME, text)
    for number, line in enumerate(text.split("\n"), 1):
        for column, char in enumerate(line, 1):
            if not char.isprintable() and char != "\t":
                message = f"a character that can't be seen (U+{ord(char):04X})"
                problems.add(Mark(NAME, number, column), message, expected="printable text", code=Code.NOT_YAML)
    return tuple(problems.found)


def _shown(problem: Problem, text: str) -> Problem:
    """Return a problem with its line, where it has none: what does not fit the config is found without the text."""
    if problem.file != NAME or not problem.line or problem.source_line:
        return problem
    return replace(problem, source_line=text.split("\n")[problem.line - 1])


def _whole(message: str, expected: str = "") -> Problem:
    return Problem(NAME, 0, 0, message, expected)
