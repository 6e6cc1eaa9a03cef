"""What drawings of boxes say in each box, and how boxes for each kind and status look."""

from __future__ import annotations

import textwrap

from bt_robot.messages import Status
from bt_robot.tree.drawing.outline import Outline

FILLS = {Status.SUCCESS: "#d7f0e5", Status.FAILURE: "#fbe3d0", Status.RUNNING: "#d6e9f8", Status.IDLE: "#f4f5f7"}
"""Light tints of the colours that Okabe and Ito chose for colour-blind people; black text is readable on them."""
COLOURS = {Status.SUCCESS: "#00805d", Status.FAILURE: "#c14f00", Status.RUNNING: "#0072b2", Status.IDLE: "#8b919b"}
SIGNS = {Status.SUCCESS: "✓ ", Status.FAILURE: "✗ ", Status.RUNNING: "▶ ", Status.IDLE: ""}
"""The same told without colour."""

MANY_LEAVES = 12
"""A tree with more of them is drawn from the left to the right: beside each other they would make it too wide."""

_WRAP = 34
_LINES = 3


def box_lines(outline: Outline, index: int) -> list[str]:
    """Return the lines in the box of a node: its name, its type, its parameters, its prompt, and why it failed."""
    node = outline.nodes[index]
    state = outline.states[index] if outline.states else None
    first = f"{SIGNS[state.status] if state else ''}{node.name}"
    lines = [first] if node.type == node.name else [first, node.type]
    if outline.hidden[index]:
        lines.append(f"+ {outline.hidden[index]} nodes")
    lines += _wrapped(node.detail)
    if node.prompt and (node.parent < 0 or outline.nodes[node.parent].prompt != node.prompt):
        lines += _wrapped(f"“{node.prompt}”")
    if state and state.reason and state.status is not Status.SUCCESS:
        lines += _wrapped(f"— {state.reason}")
    return lines


def leaves(outline: Outline) -> int:
    """Return how many nodes have nothing below them."""
    return len(outline.nodes) - len({node.parent for node in outline.nodes if node.parent >= 0})


def direction(outline: Outline) -> str:
    """Return `TB` for a tree that is drawn from the top to the bottom, `LR` for one from the left to the right."""
    return "LR" if leaves(outline) > MANY_LEAVES else "TB"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), _WRAP, max_lines=_LINES, placeholder=" …", break_on_hyphens=False)
