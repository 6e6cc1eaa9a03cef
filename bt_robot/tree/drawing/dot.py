"""A tree as a graph in Graphviz's language: `dot -Tsvg tree.dot`."""

from __future__ import annotations

from bt_robot.messages import Status
from bt_robot.tree.drawing.labels import COLOURS, FILLS, box_lines, direction
from bt_robot.tree.drawing.outline import Outline

_SHAPES = {
    "composite": "box",
    "decorator": "hexagon",
    "subtree": "folder",
    "action": "box",
    "condition": "ellipse",
}
_FONT = 'fontname="Helvetica,Arial,sans-serif" fontsize=11'


def draw_dot(outline: Outline, title: str) -> str:
    """Draw an outline as a graph.

    Frames around subtrees would change the order in which Graphviz puts the children, which means something in a
    behavior tree; a call of a subtree has the shape of a folder instead.

    Args:
        outline: What to draw.
        title: What stands above it.
    """
    grey = COLOURS[Status.IDLE]
    layout = f"rankdir={direction(outline)} ordering=out ranksep=0.35 nodesep=0.2"
    lines = [
        f"digraph {_quoted(title)} {{",
        f"  graph [label={_quoted(title)} labelloc=t {layout} {_FONT}]",
        f'  node [style="filled" color="{grey}" fillcolor="{FILLS[Status.IDLE]}" margin="0.12,0.06" {_FONT}]',
        f'  edge [color="{grey}" arrowhead=none]',
        *(f"  n{index} [{_look(outline, index)}]" for index in range(len(outline.nodes))),
        *(f"  n{node.parent} -> n{index}" for index, node in enumerate(outline.nodes) if node.parent >= 0),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _look(outline: Outline, index: int) -> str:
    node = outline.nodes[index]
    label = "\\n".join(_escaped(line) for line in box_lines(outline, index))
    look = [f'label="{label}"', f"shape={_SHAPES.get(node.kind, 'box')}", f"tooltip={_quoted(node.path)}"]
    if node.kind == "action":
        look.append('style="filled,rounded"')
    if outline.states:
        status = outline.states[index].status
        look += [f'color="{COLOURS[status]}"', f'fillcolor="{FILLS[status]}"']
        if status in (Status.RUNNING, Status.FAILURE):
            look.append(f"penwidth=2 peripheries={2 if status is Status.FAILURE else 1}")
    return " ".join(look)


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """Return text for a quoted string: no quote ends it, and no backslash or `&entity;` means anything in it."""
    text = "".join(char if char.isprintable() else "�" for char in text)
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
