"""YAML text as nodes that know their place, read more strictly than YAML allows.

Scalars stay text: what `no`, `010` or `1e3` mean is decided where a type is expected
(`bt_robot.config.values`), not by YAML 1.1's guesses. Refused, each with its place: anchors, aliases,
tags, duplicate keys, keys that are no plain words, more than one document, and files that are too
large, too deep or have too many nodes (an alias bomb or a 500-fold nesting is a few hundred bytes).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from bt_robot.config.grammar import note_error
from bt_robot.config.problems import LINE_BREAK, Mark, Problems, cut
from bt_robot.errors import Code

MAX_BYTES = 1_000_000
MAX_DEPTH = 100
MAX_NODES = 50_000
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML does not allow in a text."""

_YAML_TAGS = "tag:yaml.org,2002:"
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
    text = read_text(path, name, problems)
    return None if text is None else parse(text, name, problems)


def read_text(path: Path, name: str, problems: Problems) -> str | None:
    """Return what is in a file; None when it could not be read (the problem is noted).

    Args:
        path: The file.
        name: How it is called in messages.
        problems: Where problems are noted.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"can't be read: {error.strerror or error}"
        problems.add(Mark(name), message, expected="a YAML file", code=Code.UNREADABLE)
        return None
    return decode(data, name, problems)


def decode(data: bytes, name: str, problems: Problems) -> str | None:
    """Return the text of a file; None when it has none (the problem is noted).

    Args:
        data: What is in the file, of a larger one at least a byte more than is allowed.
        name: How the file is called in messages.
        problems: Where problems are noted.
    """
    if len(data) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES} bytes"
        problems.add(Mark(name), message, expected="a smaller file", code=Code.TOO_LARGE)
        return None
    try:
        return data.decode("utf-8-sig")  # a byte order mark at the front is no part of the text
    except UnicodeDecodeError as error:
        head = data[: error.start].decode("utf-8-sig", errors="replace")
        hint = "save it as UTF-8; it looks like UTF-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        if b"\0" not in data:  # or it is no text at all, and its lines say nothing
            problems.show(name, data.decode("utf-8-sig", errors="replace"))
        message = f"byte {error.start} is not UTF-8"
        mark = _mark_after(head, name)
        problems.add(mark, message, expected="UTF-8 text", hint=hint, code=Code.UNREADABLE)
        return None


def _mark_after(head: str, name: str) -> Mark:
    """Return the place of the character that follows a text."""
    lines = LINE_BREAK.split(head)
    column = len(lines[-1]) + 1
    return Mark(name, len(lines), column, column + 1)


def parse(text: str, name: str, problems: Problems) -> SourceNode | None:
    """Parse YAML text; None when nothing can be made of it (the problem is noted).

    Args:
        text: YAML, one document.
        name: How the text is called in messages.
        problems: Where problems are noted.
    """
    problems.show(name, text)
    if wrong := _UNPRINTABLE.search(text):
        message = f"a control character (U+{ord(wrong[0]):04X})"
        mark = _mark_after(text[: wrong.start()], name)
        problems.add(mark, message, expected="printable text", code=Code.NOT_YAML)
        return None
    try:
        return _Parser(text, name, problems).document()
    except _Refused:
        return None
    except yaml.YAMLError as error:
        note_error(error, text, name, problems)
    return None


class _Parser:
    """Builds nodes from the parser's events, so that nothing is constructed before it is checked."""

    def __init__(self, text: str, name: str, problems: Problems) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=_Loader)
        self._name = name
        self._problems = problems
        self._count = 0
        self._aliases: set[str] = set()

    def document(self) -> SourceNode | None:
        next(self._events)  # stream start
        if isinstance(next(self._events), yaml.StreamEndEvent):
            self._problems.add(Mark(self._name), "the file is empty", code=Code.UNREADABLE)
            return None
        root = self._node(next(self._events), 0)
        next(self._events)  # document end
        extra = next(self._events)
        if not isinstance(extra, yaml.StreamEndEvent):
            self._refuse(extra, "a second document begins here", "one document a file", Code.FORBIDDEN_YAML)
        return root

    def _mark(self, event: Any) -> Mark:
        start, end = event.start_mark, event.end_mark
        until = end.column + 1 if end.line == start.line and end.column > start.column else 0
        return Mark(self._name, start.line + 1, start.column + 1, until)

    def _refuse(self, event: Any, message: str, expected: str, code: Code = Code.TOO_LARGE) -> NoReturn:
        self._problems.add(self._mark(event), message, expected=expected, code=code)
        raise _Refused

    def _forbid(self, mark: Mark, message: str, expected: str = "no anchors and aliases; use a subtree") -> None:
        self._problems.add(mark, message, expected=expected, code=Code.FORBIDDEN_YAML)

    def _node(self, event: Any, depth: int) -> SourceNode:
        self._count += 1
        if self._count > MAX_NODES:
            self._refuse(event, f"the file has more than {MAX_NODES} values", "a smaller file")
        if depth > MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels", "a flatter file")
        mark = self._mark(event)
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._aliases:  # once for each: a bomb has thousands
                self._aliases.add(event.anchor)
                self._forbid(mark, f"alias '*{cut(event.anchor)}'")
            return ScalarNode(f"*{event.anchor}", True, mark)
        if event.anchor is not None:
            self._forbid(mark, f"anchor '&{cut(event.anchor)}'")
        if event.tag not in (None, "!"):
            self._forbid(mark, f"tag '{cut(event.tag.replace(_YAML_TAGS, '!!'))}'", "plain data without tags")
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
                self._forbid(key.mark, "a key that is a list or a mapping", "a word")
            elif key.text in seen:
                message, hint = f"duplicate key '{cut(key.text)}'", f"first on line {seen[key.text].line}"
                self._problems.add(key.mark, message, hint=hint, code=Code.DUPLICATE_KEY)
            else:
                seen[key.text] = key.mark
                yield key, value
