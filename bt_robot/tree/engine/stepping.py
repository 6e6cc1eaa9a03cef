"""Sequences and fallbacks that remember where they were, or do one child a tick."""

from __future__ import annotations

from py_trees.common import Status

from bt_robot.tree.engine.composites import final_word, halt_all
from bt_robot.tree.engine.node import FAILURE, RUNNING, SUCCESS, Explanation
from bt_robot.tree.engine.own_nodes import OwnComposite


class SequenceWithMemoryNode(OwnComposite):
    """`sequence_with_memory`."""

    _index = 0

    def advance(self) -> Status:
        """Go on with the child that did not succeed last time; only the end of all begins with the first again."""
        nodes = self.nodes
        if self.status is not RUNNING:
            halt_all(nodes[self._index :])
        while True:
            self.current_child = node = nodes[self._index]
            status = node.advance()
            if status is SUCCESS:
                self._index += 1
                if self._index < len(nodes):
                    continue
                self._index = 0
            return self.settle(status)


class _OneATickNode(OwnComposite):
    """One child at most is ticked in a tick."""

    _index = 0

    def step(self, goes_on: Status) -> Status:
        """Tick the child in turn; RUNNING when another one follows."""
        nodes = self.nodes
        if self.status is not RUNNING:
            halt_all(nodes)
            self._index = 0
        self.current_child = node = nodes[self._index]
        status = node.advance()
        if status is goes_on and self._index < len(nodes) - 1:
            self._index += 1
            status = RUNNING
        return self.settle(status)


class AsyncSequenceNode(_OneATickNode):
    """`async_sequence`."""

    def advance(self) -> Status:
        """Go on in the next tick when a child has succeeded."""
        return self.step(SUCCESS)


class AsyncFallbackNode(_OneATickNode):
    """`async_fallback`."""

    def advance(self) -> Status:
        """Go on in the next tick when a child has failed."""
        return self.step(FAILURE)

    def explain(self) -> Explanation | None:
        """Let the last alternative that failed for real explain it."""
        return final_word(node.explanation for node in self.nodes)
