"""How names, `$parameters` and `"{keys}"` are written."""

from __future__ import annotations

import re

from bt_robot.config.source import ListNode, MapNode, ScalarNode, SourceNode
from bt_robot.config.values import is_null

NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}\Z")
"""The names of trees, subtrees and nodes."""

NAME_EXPECTED = "a name such as 'pick_red' (small letters, digits, _ and -)"

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*\Z")
"""The names of parameters, ports and leaf types."""

PORT_WORDS = frozenset({"name", "child", "children"})
"""Words that every node may take or refuse, and that no port or parameter can be called by."""

_REFERENCE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)\Z")
_KEY = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}\Z")


def reference(node: SourceNode) -> str | None:
    """Return the name in `$name`, or None if a node is anything else."""
    match = _REFERENCE.match(node.text) if isinstance(node, ScalarNode) else None
    return match[1] if match else None


def key_name(node: SourceNode) -> str | None:
    """Return the key in a quoted `"{key}"`, or None if a node is anything else."""
    match = _KEY.match(node.text) if isinstance(node, ScalarNode) and not node.plain else None
    return match[1] if match else None


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
