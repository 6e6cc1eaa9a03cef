"""The children of a composite or decorator as written, in each of the forms that a tree file has for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bt_robot.config.problems import Mark, Problems
from bt_robot.config.source import ListNode, MapNode, ScalarNode, SourceNode
from bt_robot.config.values import INVALID, describe, is_null, read_value
from bt_robot.errors import Code
from bt_robot.tree.language.place import Found
from bt_robot.tree.spec import Case
from bt_robot.tree.vocabulary.built_in import BUILT_IN
from bt_robot.tree.vocabulary.node_type import BuiltIn, Children
from bt_robot.tree.vocabulary.words import NAME, looks_like_number

_CHILD_WORDS = frozenset(word for built_in in BUILT_IN.values() for word in built_in.children.words)
_NO_NAME = re.compile(r"[^a-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Child:
    """One child as written.

    Attributes:
        source: The node.
        slot: The word that it stands under, as in `NodeSpec.slots`; empty in a list and below a plain decorator.
        name: What it is called in paths if it has no name of its own; empty for its type.
        case: The value that chooses it in a `switch`; None for any other child.
        mark: Where that value is written.
    """

    source: SourceNode
    slot: str = ""
    name: str = ""
    case: Case | None = None
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Brood:
    """The children of one node.

    Attributes:
        children: All that could be found, so that mistakes in them are told, too.
        complete: Whether they are what the type takes.
    """

    children: tuple[Child, ...]
    complete: bool


def find_children(found: Found, built_in: BuiltIn, body: SourceNode | None, problems: Problems) -> Brood:
    """Find the children in the body of a node; whatever is wrong with their form is noted.

    Args:
        found: The node.
        built_in: Its type.
        body: What is written under its type.
        problems: Where problems are noted.
    """
    finder = _Finder(found, built_in, problems)
    if built_in.children.form == "list":
        return finder.listed(body)
    if body is None or isinstance(body, MapNode):
        return finder.keyed(body or MapNode((), found.mark))
    expected = "its parameters and one 'child'" if built_in.children.form == "one" else _words(built_in.children)
    problems.add(
        body.mark, f"'{found.type}' takes a mapping, not {describe(body)}", expected=expected, code=Code.CHILDREN
    )
    return Brood(tuple(map(Child, body.items)) if isinstance(body, ListNode) else (), complete=False)


def likely_children(body: SourceNode) -> Iterator[SourceNode]:
    """Return what looks like the children of a node whose type is misspelt."""
    if isinstance(body, ListNode):
        yield from body.items
    for key, value in body.entries if isinstance(body, MapNode) else ():
        if key.text == "cases" and isinstance(value, MapNode):
            yield from (node for _, node in value.entries)
        elif key.text == "children" and isinstance(value, ListNode):
            yield from value.items
        elif key.text in _CHILD_WORDS:
            yield value


class _Finder:
    def __init__(self, found: Found, built_in: BuiltIn, problems: Problems) -> None:
        self._found = found
        self._type = found.type
        self._form = built_in.children
        self._built_in = built_in
        self._problems = problems

    def listed(self, body: SourceNode | None) -> Brood:
        source = body.get("children") if isinstance(body, MapNode) else body
        if source is None and "children" in self._found.meant:
            return Brood((), complete=False)
        if source is None or is_null(source) or (isinstance(source, ListNode) and not source.items):
            message = f"'{self._type}' has no children"
            own = {"name", "prompt", "children", *self._built_in.ports}
            nodes = isinstance(body, MapNode) and any(key.text not in own for key, _ in body.entries)
            hint = "write '- ' before each" if nodes else ""
            self._problems.add(self._found.mark, message, expected="a list of nodes", hint=hint, code=Code.CHILDREN)
            return Brood((), complete=False)
        if isinstance(source, ListNode):
            return Brood(tuple(map(Child, source.items)), complete=True)
        message = f"the children of '{self._type}': {describe(source)}"
        self._problems.add(
            source.mark, message, expected="a list of nodes", hint="write '- ' before each", code=Code.CHILDREN
        )
        return Brood(tuple(map(Child, _one_by_one(source))), complete=False)

    def keyed(self, body: MapNode) -> Brood:
        if self._form.form == "cases":
            broods = [self._cases(body.get("cases")), self._one(body, "default", "default")]
        elif self._form.form == "one":
            broods = [self._one(body, "child", "")]
        else:
            broods = [self._one(body, word, word) for word in self._form.names]
        children = tuple(child for brood in broods for child in brood.children)
        return Brood(children, all(brood.complete for brood in broods))

    def _one(self, body: MapNode, word: str, slot: str) -> Brood:
        """Find the one node under a word."""
        source = body.get(word)
        if source is None or (is_null(source) and word not in self._form.optional):
            if source is None and word in self._form.optional:
                return Brood((), complete=True)
            if source is None and word in self._found.meant:
                return Brood((), complete=False)
            mark = source.mark if source else self._found.mark
            self._problems.add(mark, f"'{self._type}' has no {_quoted(word)}", expected="one node", code=Code.CHILDREN)
            return Brood((), complete=False)
        name = "" if word == "child" else word
        if not isinstance(source, ListNode):
            return Brood((Child(source, slot, name),), complete=True)
        what = "has one child" if word == "child" else f"has one node as '{word}'"
        hint = "put them into a sequence" if len(source.items) > 1 else "write it without the dash"
        message = f"'{self._type}' {what}, not {describe(source)}"
        self._problems.add(source.mark, message, expected="one node", hint=hint, code=Code.CHILDREN)
        return Brood(tuple(Child(item, slot, name) for item in source.items), complete=False)

    def _cases(self, source: SourceNode | None) -> Brood:
        expected = "a mapping from values to nodes, such as {red: observe}"
        if source is None and "cases" in self._found.meant:
            return Brood((), complete=False)
        if source is None or is_null(source) or (isinstance(source, MapNode) and not source.entries):
            mark = source.mark if source else self._found.mark
            self._problems.add(mark, f"'{self._type}' has no cases", expected=expected, code=Code.CHILDREN)
            return Brood((), complete=False)
        if not isinstance(source, MapNode):
            self._problems.add(
                source.mark, f"the cases of '{self._type}': {describe(source)}", expected=expected, code=Code.CHILDREN
            )
            return Brood((), complete=False)
        seen = dict[tuple[type, Case], ScalarNode]()
        cases = [self._case(key, node, seen) for key, node in source.entries]
        return Brood(tuple(cases), complete=len(seen) == len(cases))

    def _case(self, key: ScalarNode, node: SourceNode, seen: dict[tuple[type, Case], ScalarNode]) -> Child:
        kind = self._built_in.ports["value"].kind
        if key.text[:1] in ("$", "{"):
            message = f"{self._type}.cases: {describe(key)}"
            self._problems.add(
                key.mark, message, expected="a plain value: text, a whole number, true or false", code=Code.WRONG_TYPE
            )
            return Child(node)
        if key.plain and looks_like_number(key.text) and not key.text.lstrip("+-").isdecimal():
            kind = int  # text that begins like a number must be quoted
        value = read_value(key, kind, self._problems, f"{self._type}.cases")
        if value is INVALID:
            return Child(node)
        if first := seen.get((type(value), value)):
            hint = f"the first is on line {first.mark.line}, column {first.mark.column}"
            self._problems.add(
                key.mark,
                f"{self._type}.cases: a second case {value!r}",
                expected="one",
                hint=hint,
                code=Code.DUPLICATE_KEY,
            )
        seen.setdefault((type(value), value), key)
        return Child(node, f"case {key.text}", _case_name(key.text), value, key.mark)


def _one_by_one(source: SourceNode) -> Iterable[SourceNode]:
    """Take the entries of a mapping that should have been a list for nodes."""
    return (MapNode((entry,), entry[0].mark) for entry in source.entries) if isinstance(source, MapNode) else ()


def _case_name(text: str) -> str:
    """Return what the node of a case is called in paths."""
    name = ("case_" + _NO_NAME.sub("_", text.lower()))[:64]
    return name if NAME.match(name) else "case"


def _quoted(word: str) -> str:
    return word if word == "child" else f"'{word}'"


def _words(form: Children) -> str:
    words = [f"'{word}'" for word in form.words if word not in form.optional]
    perhaps = [f"'{word}'" for word in form.words if word in form.optional]
    return f"a mapping with {' and '.join(words)}" + (f" and perhaps {' and '.join(perhaps)}" if perhaps else "")
