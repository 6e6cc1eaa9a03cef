"""A tree as a Mermaid flow chart, which many places that show Markdown draw."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bt_robot.messages import Status
from bt_robot.tree.drawing.labels import COLOURS, FILLS, box_lines, direction
from bt_robot.tree.drawing.outline import Outline

_BRACKETS = {
    "composite": ("[", "]"),
    "decorator": ("{{", "}}"),
    "subtree": ("[[", "]]"),
    "action": ("(", ")"),
    "condition": ("([", "])"),
}
_PLAIN = re.compile(r"[^\w ,.:…“”—→✓✗▶+-]")
"""What could mean something in Mermaid, in Markdown or in HTML."""


def draw_mermaid(outline: Outline, title: str) -> str:
    """Draw an outline as a flow chart.

    Frames around subtrees would change the order in which Mermaid puts the children, which means something in a
    behavior tree; a call of a subtree has double sides instead.

    Args:
        outline: What to draw.
        title: What stands above it.
    """
    words = "".join(char if char.isprintable() else "�" for char in title).replace("\\", "\\\\").replace('"', '\\"')
    lines = [
        f'---\ntitle: "{words}"\n---',
        f"flowchart {direction(outline)}",
        *_nodes(outline),
        *(f"  n{node.parent} --- n{index}" for index, node in enumerate(outline.nodes) if node.parent >= 0),
        *_classes(outline),
    ]
    return "\n".join(lines) + "\n"


def _nodes(outline: Outline) -> Iterator[str]:
    for index, node in enumerate(outline.nodes):
        start, end = _BRACKETS.get(node.kind, ("[", "]"))
        text = "<br>".join(_escaped(line) for line in box_lines(outline, index))
        status = f":::{outline.states[index].status.lower()}" if outline.states else ""
        yield f'  n{index}{start}"{text}"{end}{status}'


def _classes(outline: Outline) -> Iterator[str]:
    if not outline.states:
        return
    for status in Status:
        thick = ",stroke-width:3px" if status in (Status.RUNNING, Status.FAILURE) else ""
        yield f"  classDef {status.lower()} fill:{FILLS[status]},stroke:{COLOURS[status]},color:#1d2430{thick}"


def _escaped(text: str) -> str:
    """Return text in which every special character is given by its number."""
    text = "".join(char if char.isprintable() else "�" for char in text)
    return _PLAIN.sub(lambda found: f"#{ord(found[0])};", text)
