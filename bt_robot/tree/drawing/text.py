"""A tree as text and as a picture, with what each node said last."""

from __future__ import annotations

from collections.abc import Sequence

from bt_robot.messages import NodeInfo, NodeState, Status
from bt_robot.tree.drawing.svg import draw_svg

GLYPHS = {Status.SUCCESS: "✓", Status.FAILURE: "✗", Status.RUNNING: "▶", Status.IDLE: "·"}
"""The sign for each status; told apart without colour."""

__all__ = ["GLYPHS", "draw_svg", "draw_text"]


def draw_text(nodes: Sequence[NodeInfo], states: Sequence[NodeState] | None = None) -> str:
    """Draw a tree in lines of text, one a node.

    Args:
        nodes: The tree's nodes, from the root down (`Tree.nodes`).
        states: A state per node (`Tree.states()`); without them the plain tree is drawn.
    """
    lines: list[str] = []
    for index, node in enumerate(nodes):
        words = [f"{_branches(nodes, index)}{GLYPHS[states[index].status] + ' ' if states else ''}{node.name}"]
        if node.type != node.name:
            words.append(f"({node.type})")
        if node.detail:
            words.append(node.detail)
        if node.prompt and (node.parent < 0 or nodes[node.parent].prompt != node.prompt):
            words.append(f"“{_line(node.prompt)}”")
        if states and states[index].reason:
            words.append(f"— {_line(states[index].reason)}")
        lines.append(" ".join(words))
    return "\n".join(lines)


def _branches(nodes: Sequence[NodeInfo], index: int) -> str:
    parts: list[str] = []
    node, own = index, True
    while nodes[node].parent >= 0:
        last = not _has_later_sibling(nodes, node)
        parts.append(("└─ " if last else "├─ ") if own else ("   " if last else "│  "))
        node, own = nodes[node].parent, False
    return "".join(reversed(parts))


def _has_later_sibling(nodes: Sequence[NodeInfo], index: int) -> bool:
    for other in nodes[index + 1 :]:
        if other.depth <= nodes[index].depth:
            return other.depth == nodes[index].depth
    return False


def _line(text: str) -> str:
    return " ".join(text.split())
