"""Which node of a file a comment belongs to."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from bt_robot.config.comments import Comment
from bt_robot.config.source import ListNode, MapNode, SourceNode


class Anchors:
    """The comments of a file, each given out once, in the order of the nodes."""

    def __init__(self, comments: Iterable[Comment]) -> None:
        """Start with all of them."""
        self._left = deque(comments)

    def above(self, line: int) -> tuple[str, ...]:
        """Take every comment above a line."""
        return tuple(comment.text for comment in self._until(line - 1))

    def around(self, first: int, last: int) -> tuple[tuple[str, ...], str]:
        """Take what stands above a node and among its values, and the comment behind its first line."""
        taken = self._until(max(first, last))
        beside = next((comment for comment in taken if not comment.alone and comment.line >= first), None)
        before = tuple(comment.text for comment in taken if comment is not beside)
        return before, beside.text if beside else ""

    def rest(self) -> tuple[str, ...]:
        """Take what is left."""
        taken, self._left = self._left, deque[Comment]()
        return tuple(comment.text for comment in taken)

    def _until(self, line: int) -> list[Comment]:
        taken: list[Comment] = []
        while self._left and self._left[0].line <= line:
            taken.append(self._left.popleft())
        return taken


def last_line(nodes: Iterable[SourceNode]) -> int:
    """Return the last line on which something of some nodes begins; 0 for none."""
    last = 0
    for node in nodes:
        below: Iterable[SourceNode] = ()
        if isinstance(node, MapNode):
            below = (part for entry in node.entries for part in entry)
        elif isinstance(node, ListNode):
            below = node.items
        last = max(last, node.mark.line, last_line(below))
    return last
