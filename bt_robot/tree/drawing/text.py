"""A tree in lines of text, one a node, with what each node said last."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bt_robot.messages import NodeInfo, NodeState, Status
from bt_robot.tree.drawing.outline import Outline
from bt_robot.tree.drawing.svg import draw_svg

GLYPHS = {Status.SUCCESS: "✓", Status.FAILURE: "✗", Status.RUNNING: "▶", Status.IDLE: "·"}
"""The sign for each status; told apart without colour."""

__all__ = ["ASCII", "GLYPHS", "UNICODE", "Strokes", "draw_outline", "draw_svg", "draw_text"]

_NARROWEST = 24
"""What is left of a line for words, however deep the node is."""


@dataclass(frozen=True, slots=True)
class Strokes:
    """What a drawing is made of.

    Attributes:
        child: Before a child that has siblings after it.
        last: Before the last child.
        line: Beside what stands between two siblings.
        gap: Below a last child.
        glyphs: The sign for each status.
        words: Characters that are written otherwise.
        more: Before the number of nodes that are folded up.
    """

    child: str
    last: str
    line: str
    gap: str
    glyphs: dict[Status, str]
    words: dict[str, str]
    more: str


UNICODE = Strokes("├─ ", "└─ ", "│  ", "   ", GLYPHS, {}, "⊞")
ASCII = Strokes(
    *("|- ", "`- ", "|  ", "   "),
    {Status.SUCCESS: "[ok]", Status.FAILURE: "[x]", Status.RUNNING: "[>]", Status.IDLE: "[ ]"},
    {"“": '"', "”": '"', "—": "-", "→": "->", "…": "..."},
    "+",
)


def draw_text(nodes: Sequence[NodeInfo], states: Sequence[NodeState] | None = None) -> str:
    """Draw a tree in lines of text, one a node.

    Args:
        nodes: The tree's nodes, from the root down (`Tree.nodes`).
        states: A state per node (`Tree.states()`); without them the plain tree is drawn.
    """
    return draw_outline(Outline(tuple(nodes), tuple(states or ())))


def draw_outline(outline: Outline, strokes: Strokes = UNICODE, width: int | None = None) -> str:
    """Draw an outline in lines of text.

    Args:
        outline: What to draw.
        strokes: What lines and signs are made of.
        width: How many columns a line may have [characters]; what is longer is wrapped. None for any number.
    """
    ends = outline.ends
    lines: list[str] = []
    branches: list[str] = []  # of the ancestors of the node in turn
    for index, node in enumerate(outline.nodes):
        del branches[max(node.depth - 1, 0) :]
        last = node.parent < 0 or ends[index] == ends[node.parent]
        lead = "".join(branches) + ((strokes.last if last else strokes.child) if node.parent >= 0 else "")
        if node.parent >= 0:
            branches.append(strokes.gap if last else strokes.line)
        below = strokes.line if ends[index] > index + 1 else strokes.gap
        text = _in_characters(" ".join(_words(outline, index, strokes)), strokes)
        lines += _wrapped(lead, "".join(branches) + below, text, width)
    return "\n".join(lines)


def _words(outline: Outline, index: int, strokes: Strokes) -> Iterator[str]:
    node = outline.nodes[index]
    state = outline.states[index] if outline.states else None
    if state:
        yield strokes.glyphs[state.status]
    yield node.name
    if node.type != node.name:
        yield f"({node.type})"
    if outline.hidden[index]:
        yield f"{strokes.more}{outline.hidden[index]}"
    if node.detail:
        yield node.detail
    if node.prompt and (node.parent < 0 or outline.nodes[node.parent].prompt != node.prompt):
        yield f"“{_line(node.prompt)}”"
    if state and state.reason:
        yield f"— {_line(state.reason)}"


def _wrapped(lead: str, rest: str, text: str, width: int | None) -> list[str]:
    if width is None or len(lead) + len(text) <= width:
        return [lead + text]
    lines = textwrap.wrap(text, max(width - len(rest), _NARROWEST))
    return [lead + lines[0], *(f"{rest}{line}" for line in lines[1:])]


def _in_characters(text: str, strokes: Strokes) -> str:
    """Return text in the characters of a drawing; those without a counterpart in ASCII by their number."""
    if not strokes.words:
        return text
    for char, other in strokes.words.items():
        text = text.replace(char, other)
    return text.encode("ascii", "backslashreplace").decode("ascii")


def _line(text: str) -> str:
    return " ".join(text.split())
