"""Values between YAML and XML attributes: a word, a list with semicolons, a `{name}`.

An attribute has no types: `1` may be a number or text. What an attribute says is what the port's type makes of it;
where that is not what the YAML said, the YAML goes along in a second attribute, `_yaml_<port>`.
"""

from __future__ import annotations

import re
from typing import Any

from bt_robot.config.problems import Mark, Problems
from bt_robot.config.source import ListNode, MapNode, ScalarNode, SourceNode, parse
from bt_robot.config.values import INVALID, is_null, read_value
from bt_robot.tree.formats.counterparts import Scale
from bt_robot.tree.formats.element import can_be_written
from bt_robot.tree.formats.yaml_text import flow

EXACT = "_yaml_"
"""Before the name of a port: the attribute that holds its value as YAML."""

_POINTER = re.compile(r"\{([^{}]*)\}\Z")
_TEXT = str


def pointer(text: str) -> str | None:
    """Return the name in `{name}`, which BehaviorTree.CPP looks up on the blackboard; None for anything else."""
    found = _POINTER.match(text)
    return found[1] if found else None


def written(node: SourceNode, scale: Scale | None) -> str | None:
    """Return a literal as an attribute says it; None where no attribute can.

    Args:
        node: A value without references to parameters or keys.
        scale: How the port's values are written; None for as they are.
    """
    if isinstance(node, ListNode):
        words = [written(item, scale) for item in node.items]
        if not words or any(not word or ";" in word for word in words):
            return None
        return ";".join(word for word in words if word)
    if not isinstance(node, ScalarNode) or is_null(node):
        return None
    text = scale.there(node.text) if scale else node.text
    fine = text is not None and can_be_written(text) and not (text.startswith("{") and text.endswith("}"))
    return text if fine else None


def read_back(text: str, kind: Any, scale: Scale | None, mark: Mark) -> SourceNode:
    """Return what an attribute means for a type.

    Args:
        text: The attribute's value.
        kind: The type of the port or the parameter.
        scale: How the port's values are written; None for as they are.
        mark: Where it is written.
    """
    if ";" in text:
        items = tuple(read_back(word, _TEXT, scale, mark) for word in text.split(";"))
        numbers = tuple(_loosened(item) for item in items)
        for choice in (numbers, items):
            node = ListNode(choice, mark)
            if read_value(node, kind, Problems()) is not INVALID:
                return node
    here = (scale.here(text) if scale else text) or text
    choices: list[SourceNode] = [ScalarNode(here, plain, mark) for plain in (True, False)]
    choices += [ListNode((choice,), mark) for choice in choices]
    for node in choices:
        if read_value(node, kind, Problems()) is not INVALID:
            return node
    return choices[0]


def _loosened(node: SourceNode) -> SourceNode:
    return ScalarNode(node.text, True, node.mark) if isinstance(node, ScalarNode) else node


def same(one: SourceNode, other: SourceNode, kind: Any) -> bool:
    """Whether two nodes are the same value of a type."""
    values = [read_value(node, kind, Problems()) for node in (one, other)]
    if INVALID in values:
        return flow(one) == flow(other)
    return _typed(values[0]) == _typed(values[1])


def _typed(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(_typed(item) for item in value)  # pyright: ignore[reportUnknownVariableType]
    return type(value), value


def from_exact(text: str, mark: Mark, problems: Problems) -> SourceNode | None:
    """Return the YAML in an attribute, placed there; None (with a problem) when it is none."""
    trial = Problems()
    node = parse(text, mark.file, trial)
    if node is None or trial.found:
        what = trial.found[0].message if trial.found else "nothing"
        problems.add(mark, f"not YAML: {what}", expected="a value in YAML's flow style")
        return None
    return placed(node, mark)


def placed(node: SourceNode, mark: Mark) -> SourceNode:
    """Return a node as if all of it stood at one place."""
    if isinstance(node, ListNode):
        return ListNode(tuple(placed(item, mark) for item in node.items), mark)
    if isinstance(node, MapNode):
        entries = tuple((ScalarNode(key.text, key.plain, mark), placed(value, mark)) for key, value in node.entries)
        return MapNode(entries, mark)
    return ScalarNode(node.text, node.plain, mark)


def same_source(one: SourceNode, other: SourceNode) -> bool:
    """Whether two sources differ in layout, in comments and in the order of keys at most."""
    return _canonical(one) == _canonical(other)


def _canonical(node: SourceNode) -> object:
    if isinstance(node, MapNode):
        return {key.text: _canonical(value) for key, value in node.entries}
    return [_canonical(item) for item in node.items] if isinstance(node, ListNode) else flow(node)
