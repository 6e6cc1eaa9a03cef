"""How names, `$parameters` and `"{keys}"` are written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bt_robot.config.source import ListNode, MapNode, ScalarNode, SourceNode
from bt_robot.config.values import is_null

NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}\Z")
"""The names of trees, subtrees and nodes."""

NAME_EXPECTED = "a name such as 'pick_red' (small letters, digits, _ and -)"

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*\Z")
"""The names of parameters, ports and leaf types."""

PORT_WORDS = frozenset({"name", "child", "children"})
"""Words that every node may take or refuse, and that no port or parameter can be called by."""

REFERENCE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)\Z")
"""A subtree's parameter."""

KEY = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}\Z")
"""A key of the blackboard, in quotes."""

_ALMOST_KEY = re.compile(r"\{[\w@=./ -]{0,64}\}?\Z|\$\{[\w ]{0,64}\}\Z|\$\(.*\)\Z")
_ALMOST_NUMBER = re.compile(r"[+-]?\.?(\d[\w.:+-]*|nan|inf)\Z", re.IGNORECASE)
_INSIDE = re.compile(r"\$(?P<parameter>[A-Za-z_][A-Za-z0-9_]*)|\{(?P<key>[A-Za-z_][A-Za-z0-9_]*)\}")


def reference(node: SourceNode) -> str | None:
    """Return the name in `$name`, or None if a node is anything else."""
    match = REFERENCE.match(node.text) if isinstance(node, ScalarNode) else None
    return match[1] if match else None


def key_name(node: SourceNode) -> str | None:
    """Return the key in a quoted `"{key}"`, or None if a node is anything else."""
    match = KEY.match(node.text) if isinstance(node, ScalarNode) and not node.plain else None
    return match[1] if match else None


def is_almost_key(text: str) -> bool:
    """Whether a text was probably meant as a key, e.g. `{ width }`, `{@width}`, `{width`, `${width}` or `$(width)`."""
    return bool(_ALMOST_KEY.match(text))


def looks_like_number(text: str) -> bool:
    """Whether somebody may have meant a number that is none here, e.g. `.nan`, `0x10`, `010` or `1:30`."""
    return bool(_ALMOST_NUMBER.match(text))


def names_inside(text: str) -> Iterator[tuple[str, str]]:
    """Return (`parameter` or `key`, name) of what looks like a reference in the middle of a text."""
    for match in _INSIDE.finditer(text) if "$" in text or "{" in text else ():
        if kind := match.lastgroup:
            yield kind, match[kind]


def unquoted_key(node: SourceNode) -> str | None:
    """Return the key in `{key}` without quotes, which YAML reads as a mapping."""
    if isinstance(node, MapNode) and len(node.entries) == 1 and is_null(node.entries[0][1]):
        return node.entries[0][0].text
    return None


def references(node: SourceNode | None) -> set[str]:
    """Return every `$name` in a node."""
    if isinstance(node, MapNode):
        return set[str]().union(*(references(value) for _, value in node.entries))
    if isinstance(node, ListNode):
        return set[str]().union(*(references(item) for item in node.items))
    name = reference(node) if node else None
    return {name} if name else set()
