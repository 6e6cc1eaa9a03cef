"""YAML text as nodes that know their place, read more strictly than YAML allows.

Scalars stay text: what `no`, `010` or `1e3` mean is decided where a type is expected
(`bt_robot.config.values`), not by YAML 1.1's guesses. Refused, each with its place: anchors, aliases,
tags, duplicate keys, keys that are no plain words, more than one document, and files that are too
large, too deep or have too many nodes (an alias bomb or a 500-fold nesting is a few hundred bytes).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from bt_robot.errors import LoadError, Problem, did_you_mean

MAX_BYTES = 1_000_000
MAX_DEPTH = 100
MAX_NODES = 50_000
MAX_PROBLEMS = 300

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; line and column count from 1."""

    file: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A single value as written; `plain` is False when it was quoted."""

    text: str
    plain: bool
    mark: Mark


@dataclass(frozen=True, slots=True)
class ListNode:
    """A YAML sequence."""

    items: tuple[SourceNode, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class MapNode:
    """A YAML mapping, in the order written; keys are unique."""

    entries: tuple[tuple[ScalarNode, SourceNode], ...]
    mark: Mark

    def get(self, key: str) -> SourceNode | None:
        """Return the value of a key, or None."""
        return next((value for name, value in self.entries if name.text == key), None)


SourceNode = ScalarNode | ListNode | MapNode


class Problems:
    """Collects problems, so that all of them are reported at once.

    Attributes:
        found: The problems, each once; the last of too many says that there are more.
        noted: How often a problem was noted, repeated and left out ones too.
    """

    def __init__(self) -> None:
        """Start with none."""
        self.found: list[Problem] = []
        self.noted = 0
        self._seen: set[Problem] = set()

    @property
    def full(self) -> bool:
        """Whether there are so many problems that no more are told."""
        return len(self.found) > MAX_PROBLEMS

    def add(self, mark: Mark, message: str, *, expected: str = "", hint: str = "") -> None:
        """Note a problem at a place."""
        self.noted += 1
        problem = Problem(mark.file, mark.line, mark.column, message, expected, hint)
        if self.full or problem in self._seen:
            return
        if len(self.found) == MAX_PROBLEMS:
            problem = Problem(mark.file, 0, 0, f"more than {MAX_PROBLEMS} problems; the rest is not checked")
        self._seen.add(problem)
        self.found.append(problem)

    def unknown(self, mark: Mark, what: str, word: str, choices: Iterable[str], *, hint: str = "") -> None:
        """Note a word that is none of the choices, with the nearest one unless there is a better hint."""
        known = [] if self.full else sorted(choices)
        expected = f"one of {', '.join(known)}" if known else "nothing here"
        self.add(mark, f"unknown {what} '{word}'", expected=expected, hint=hint or did_you_mean(word, known))

    def raise_if_any(self) -> None:
        """Raise what was found.

        Raises:
            LoadError: At least one problem was noted.
        """
        if self.found:
            raise LoadError(self.found)


class _Refused(Exception):
    """Parsing can't go on after this problem, which is already noted."""


def read_file(path: Path, problems: Problems, *, shown: str | None = None) -> SourceNode | None:
    """Read a YAML file; None when it could not be read at all (the problem is noted).

    Args:
        path: The file.
        problems: Where problems are noted.
        shown: How the file is called in messages; its path by default.
    """
    name = shown or str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        problems.add(Mark(name), f"can't be read: {error.strerror or error}", expected="a YAML file")
        return None
    if len(data) > MAX_BYTES:
        problems.add(Mark(name), f"the file has more than {MAX_BYTES} bytes", expected="a smaller file")
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        problems.add(Mark(name), f"byte {error.start} is not UTF-8", expected="UTF-8 text")
        return None
    return parse(text, name, problems)


def parse(text: str, name: str, problems: Problems) -> SourceNode | None:
    """Parse YAML text; None when nothing can be made of it (the problem is noted).

    Args:
        text: YAML, one document.
        name: How the text is called in messages.
        problems: Where problems are noted.
    """
    try:
        return _Parser(text, name, problems).document()
    except _Refused:
        return None
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        mark = Mark(name, place.line + 1, place.column + 1) if place else Mark(name)
        if place and text[place.index : place.index + 1] == "\t":
            problems.add(mark, "a tab character", expected="spaces for indentation")
        else:
            problems.add(mark, f"not YAML: {error.problem or error.context}")
    except yaml.YAMLError as error:
        problems.add(Mark(name), f"not YAML: {' '.join(str(error).split())}")
    return None


class _Parser:
    """Builds nodes from the parser's events, so that nothing is constructed before it is checked."""

    def __init__(self, text: str, name: str, problems: Problems) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=_Loader)
        self._name = name
        self._problems = problems
        self._count = 0

    def document(self) -> SourceNode | None:
        next(self._events)  # stream start
        if isinstance(next(self._events), yaml.StreamEndEvent):
            self._problems.add(Mark(self._name), "the file is empty")
            return None
        root = self._node(next(self._events), 0)
        next(self._events)  # document end
        extra = next(self._events)
        if not isinstance(extra, yaml.StreamEndEvent):
            self._refuse(extra, "a second document begins here", "one document a file")
        return root

    def _mark(self, event: Any) -> Mark:
        return Mark(self._name, event.start_mark.line + 1, event.start_mark.column + 1)

    def _refuse(self, event: Any, message: str, expected: str) -> NoReturn:
        self._problems.add(self._mark(event), message, expected=expected)
        raise _Refused

    def _node(self, event: Any, depth: int) -> SourceNode:
        self._count += 1
        if self._count > MAX_NODES:
            self._refuse(event, f"the file has more than {MAX_NODES} values", "a smaller file")
        if depth > MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels", "a flatter file")
        mark = self._mark(event)
        if isinstance(event, yaml.AliasEvent):
            self._problems.add(mark, f"alias '*{event.anchor}'", expected="no anchors and aliases; use a subtree")
            return ScalarNode(f"*{event.anchor}", True, mark)
        if event.anchor is not None:
            self._problems.add(mark, f"anchor '&{event.anchor}'", expected="no anchors and aliases; use a subtree")
        if event.tag not in (None, "!"):
            self._problems.add(mark, "a tag", expected="plain data without tags")
        if isinstance(event, yaml.ScalarEvent):
            return ScalarNode(str(event.value), not event.style, mark)
        if isinstance(event, yaml.SequenceStartEvent):
            return ListNode(tuple(self._items(depth)), mark)
        return MapNode(tuple(self._entries(depth)), mark)

    def _items(self, depth: int) -> Iterator[SourceNode]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _entries(self, depth: int) -> Iterator[tuple[ScalarNode, SourceNode]]:
        seen: dict[str, Mark] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(key, ScalarNode):
                self._problems.add(key.mark, "a key that is a list or a mapping", expected="a word")
            elif key.text in seen:
                first = seen[key.text]
                self._problems.add(key.mark, f"duplicate key '{key.text}'", hint=f"first on line {first.line}")
            else:
                seen[key.text] = key.mark
                yield key, value
