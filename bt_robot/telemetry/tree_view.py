"""The tree as lines of text: the nodes that matter most, and how long each has been at work."""

from __future__ import annotations

from collections.abc import Sequence

from rich.padding import Padding
from rich.text import Text

from bt_robot.messages import NodeInfo, NodeState, Status, TickRecord
from bt_robot.telemetry.explained import words_of
from bt_robot.telemetry.one_line import one_line

LOOKS = {
    Status.RUNNING: ("▶", "bold cyan"),
    Status.SUCCESS: ("✓", "green"),
    Status.FAILURE: ("✗", "red"),
    Status.IDLE: ("·", "dim"),
}
"""A glyph and a style per status."""

_SHOWN_FROM_S = 0.05  # less would be shown as 0.0 s


class Stopwatches:
    """How long each node has been ticked without a break, or was when it was ticked last."""

    def __init__(self, count: int) -> None:
        """Start with nodes that were never ticked."""
        self._spans_s = [(0.0, 0.0)] * count
        self._ticked = [False] * count
        self._ended = False

    def publish(self, record: TickRecord) -> None:
        """Take note of one tick."""
        if self._ended:  # the arm still brakes, while the tree is told as it ended
            return
        for i, state in enumerate(record.nodes):
            if state.ticked:
                began_s = self._spans_s[i][0] if self._ticked[i] else record.time_s
                self._spans_s[i] = (began_s, record.time_s)
            self._ticked[i] = state.ticked
        self._ended = record.status is not Status.RUNNING

    @property
    def durations_s(self) -> tuple[float, ...]:
        """From the first to the last tick [s], a number per node; 0 for a node that was ticked once or never."""
        return tuple(last_s - began_s for began_s, last_s in self._spans_s)


def active_path(nodes: Sequence[NodeInfo], states: Sequence[NodeState]) -> str:
    """Return the path of the deepest node that is RUNNING, or a dash."""
    running = [node for node, state in zip(nodes, states, strict=True) if _runs(state)]
    return max(running, key=lambda node: node.depth).path if running else "–"


def inside_out(nodes: Sequence[NodeInfo]) -> list[int]:
    """Return the nodes' indices with every node after those below it, siblings in order."""
    last = list(range(len(nodes)))  # the last node at or below each
    for i in reversed(range(1, len(nodes))):
        parent = nodes[i].parent
        last[parent] = max(last[parent], last[i])
    return sorted(range(len(nodes)), key=lambda i: (last[i], -nodes[i].depth))


def chosen(nodes: Sequence[NodeInfo], states: Sequence[NodeState], room: int) -> list[int]:
    """Return which nodes to show where there is room for so many, in the tree's order.

    What runs comes first, its leaves before all; then the root and its children, the nearest to what runs first;
    then what was ticked, what failed, and the rest, each from the root down.
    """
    running = {i for i, state in enumerate(states) if _runs(state)}
    tips = running - {nodes[i].parent for i in running}
    ticked = [i for i, state in enumerate(states) if state.ticked]
    focus = max(tips or ticked, default=0)

    def order(i: int) -> tuple[int, int, int]:
        ranks = (
            i in tips,
            i in running,
            nodes[i].depth <= 1,
            states[i].ticked,
            states[i].status is Status.FAILURE,
            True,
        )
        return ranks.index(True), nodes[i].depth, abs(i - focus)

    return sorted(sorted(range(len(nodes)), key=order)[:room])


def tree_lines(
    nodes: Sequence[NodeInfo],
    states: Sequence[NodeState],
    durations_s: Sequence[float],
    room: int,
    width: int,
    *,
    whole: bool = False,
) -> list[Text | Padding]:
    """Return a line per node; where they don't fit, only the nodes that matter most.

    Args:
        nodes: The tree.
        states: How each node stands.
        durations_s: How long each has been at work [s].
        room: The greatest number of lines.
        width: Cells in a line; the deeper the tree, the less of them is spent on showing how deep a node is.
        whole: Whether a reason of a failure that is too long goes on in further lines, beyond the room.
    """
    step = 2 if 4 * max(node.depth for node in nodes) <= width else 1
    lines: list[Text | Padding] = []
    shown = chosen(nodes, states, room)
    for i in shown:
        told_below = states[i].cause in shown
        words = states[i].reason if told_below else words_of(nodes, states, i)
        indent = min(step * nodes[i].depth, width // 2)
        line = _line(nodes[i], states[i], durations_s[i], words)
        if whole and states[i].status is Status.FAILURE:
            line.no_wrap, line.overflow = False, "fold"
            lines.append(Padding(line, (0, 0, 0, indent), expand=False))
        else:
            line.pad_left(indent)
            lines.append(line)
    return lines


def _runs(state: NodeState) -> bool:
    return state.ticked and state.status is Status.RUNNING


def _line(node: NodeInfo, state: NodeState, duration_s: float, words: str) -> Text:
    glyph, style = LOOKS[state.status]
    name = node.name if node.name == node.type else f"{node.name} ({node.type})"
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(glyph, style)
    line.append(f" {one_line(name)}", style if state.ticked else "dim")
    if duration_s >= _SHOWN_FROM_S:
        line.append(f"  {duration_s:.1f} s", "dim")
    if words:
        line.append(f"  {one_line(words)}", "red" if state.status is Status.FAILURE and state.ticked else "dim")
    return line
