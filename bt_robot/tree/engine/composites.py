"""py_trees' composites, advanced by plain calls; every one explains its failure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from py_trees import composites
from py_trees.common import ParallelPolicy, Status

from bt_robot.tree.engine.node import FAILURE, INVALID, RUNNING, SUCCESS, Explanation, Node


def final_word(explanations: Iterable[Explanation | None]) -> Explanation | None:
    """Choose the explanation of a node whose children all failed.

    The last child that failed for real explains it. If all of them only declined, it is the one that
    got deepest into the tree: a guard in the middle of a branch says more than the branch's name.
    """
    known = [explanation for explanation in explanations if explanation]
    real = [explanation for explanation in known if not explanation.declined]
    if real:
        return real[-1]
    return max(reversed(known), key=lambda explanation: explanation.depth, default=None)


class CompositeNode(Node, composites.Composite):
    """What the composites have in common."""

    def stop(self, new_status: Status = INVALID) -> None:
        """End the node, or halt it with everything below it."""
        if new_status is FAILURE:
            self.explanation = self.explain()
        elif new_status is INVALID:
            self.current_child = None
            halt_all(self.nodes)
        self.status = new_status

    def explain(self) -> Explanation | None:
        """Say why it fails, when it does."""
        return self.nodes[self.children.index(self.current_child)].explanation if self.current_child else None


def halt_all(nodes: Iterable[Node]) -> None:
    """Halt nodes and reset the ones that have ended."""
    for node in nodes:
        if node.status is not INVALID:
            node.stop(INVALID)


class SequenceNode(CompositeNode, composites.Sequence):
    """`sequence` (with memory) and `reactive_sequence` (without)."""

    def advance(self) -> Status:
        """Tick the children until one does not succeed."""
        self.visited = self.run.tick
        nodes = self.nodes
        index = 0
        if self.status is not RUNNING:
            halt_all(nodes)
        elif self.memory and self.current_child is not None:
            index = nodes.index(self.current_child)  # pyright: ignore[reportArgumentType]
        while True:
            self.current_child = node = nodes[index]
            status = node.advance()
            index += 1
            if status is SUCCESS and index < len(nodes):
                continue
            if status is not SUCCESS and not self.memory:
                halt_all(nodes[index:])
            if status is RUNNING:
                self.status = RUNNING
            else:
                self.stop(status)
            return status


class FallbackNode(CompositeNode, composites.Selector):
    """`fallback` (with memory) and `reactive_fallback` (without)."""

    def advance(self) -> Status:
        """Tick the children until one does not fail."""
        self.visited = self.run.tick
        nodes = self.nodes
        if self.status is not RUNNING:
            self.current_child = nodes[0]
        index = 0
        if self.memory:
            index = nodes.index(self.current_child)  # pyright: ignore[reportArgumentType]
            halt_all(nodes[:index])
        previous = self.current_child
        for node in nodes[index:]:
            index += 1
            status = node.advance()
            if status is FAILURE:
                continue
            self.current_child = node
            if previous is not node:
                halt_all(nodes[index:])
            if status is SUCCESS:
                self.stop(SUCCESS)
            else:
                self.status = RUNNING
            return status
        self.stop(FAILURE)
        self.current_child = nodes[-1]
        return FAILURE

    def explain(self) -> Explanation | None:
        """Let the last alternative that failed for real explain it."""
        return final_word(node.explanation for node in self.nodes)


class ParallelNode(CompositeNode, composites.Parallel):
    """`parallel`: children that have succeeded wait for the others, or the first one decides."""

    def __init__(self, name: str, succeed_on: str, children: Sequence[Node]) -> None:
        policy = ParallelPolicy.SuccessOnOne() if succeed_on == "one" else ParallelPolicy.SuccessOnAll()
        super().__init__(name, policy=policy, children=children)
        self._one = succeed_on == "one"

    def advance(self) -> Status:
        """Tick all children that are not done."""
        self.visited = self.run.tick
        nodes = self.nodes
        if self.status is not RUNNING:
            halt_all(nodes)
        for node in nodes:
            if self._one or node.status is not SUCCESS:
                node.advance()
        statuses = [node.status for node in nodes]
        if FAILURE in statuses:
            status = FAILURE
        elif statuses.count(SUCCESS) >= (1 if self._one else len(nodes)):
            status = SUCCESS
        else:
            status = RUNNING
        if status is FAILURE:
            self.current_child = nodes[statuses.index(FAILURE)]
        elif status is SUCCESS and self._one:
            self.current_child = nodes[len(nodes) - 1 - statuses[::-1].index(SUCCESS)]
        else:
            self.current_child = nodes[-1]
        if status is not RUNNING:
            self.stop(status)
        self.status = status
        return status

    def stop(self, new_status: Status = INVALID) -> None:
        """End the node and halt the children that still run."""
        super().stop(new_status)
        for node in self.nodes:
            if node.status is RUNNING:
                node.stop(INVALID)

    def explain(self) -> Explanation | None:
        """Let a child that failed for real explain it."""
        return final_word(node.explanation for node in self.nodes if node.status is FAILURE)
