"""py_trees' composites, advanced by plain calls; every one explains its failure."""

from __future__ import annotations

from collections.abc import Iterable
from operator import length_hint

from py_trees import composites
from py_trees.common import Status

from bt_robot.tree.engine.node import FAILURE, INVALID, RUNNING, SUCCESS, Explanation, Node, Run, halt_all


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
            self.run.touched.append(self)
            self.current_child = None
            for node in self.nodes:  # `halt_all`, without another frame a level
                if node.status is not INVALID:
                    node.stop(INVALID)
        self.status = new_status

    def explain(self) -> Explanation | None:
        """Say why it fails, when it does."""
        child = self.current_child
        return child.explanation if isinstance(child, Node) else None

    def place_of(self, child: object, guess: int) -> int:
        """Return the place of a child; looked for only if it is not where it was, as after an edit of the tree."""
        nodes = self.nodes
        if guess < len(nodes) and nodes[guess] is child:
            return guess
        return next((place for place, node in enumerate(nodes) if node is child), 0)


class _InTurnNode(CompositeNode):
    """What ticks its children one after the other."""

    _place = 0

    def attach(self, run: Run) -> None:
        """Become a part of a tree."""
        super().attach(run)
        # Bound once: to look it up in each child in each tick would take a tenth of the tick.
        self._advances = [node.advance for node in self.nodes]
        self._to_reset = [node for node in self.nodes if not node.starts_afresh]


class SequenceNode(_InTurnNode, composites.Sequence):
    """`sequence` (with memory) and `reactive_sequence` (without)."""

    starts_afresh = True

    def advance(self) -> Status:
        """Tick the children until one does not succeed."""
        nodes, advances = self.nodes, self._advances
        first, rest_is_reset = 0, self.memory
        if self.status is not RUNNING:
            # The other children are reset by being started, or below, if their turn does not come.
            halt_all(self._to_reset)
            rest_is_reset = False
        elif self.memory:
            first = self.place_of(self.current_child, self._place)
        status, place = SUCCESS, -1
        turns = iter(advances[first:] if first else advances)
        for advance in turns:
            status = advance()
            if status is not SUCCESS:
                left = length_hint(turns)
                place = self._place = len(nodes) - 1 - left
                if left and not rest_is_reset:
                    halt_all(nodes[-left:])
                break
        self.current_child = nodes[place]
        if status is FAILURE:
            self.explanation = self.explain()
        self.status = status
        run = self.run
        run.touched.append(self)
        run.trace.append(self)
        return status


class FallbackNode(_InTurnNode, composites.Selector):
    """`fallback` (with memory) and `reactive_fallback` (without)."""

    def advance(self) -> Status:
        """Tick the children until one does not fail."""
        nodes, advances = self.nodes, self._advances
        previous = self.current_child if self.status is RUNNING else nodes[0]
        first = 0
        if self.memory:
            first = self.place_of(previous, self._place)
            halt_all(nodes[:first])
        status = FAILURE
        turns = iter(advances[first:] if first else advances)
        for advance in turns:
            status = advance()
            if status is not FAILURE:
                break
        left = length_hint(turns)
        self._place = len(nodes) - 1 - left
        self.current_child = nodes[self._place]
        if status is FAILURE:
            self.explanation = self.explain()
        elif left and self.current_child is not previous:
            halt_all(nodes[-left:])
        self.status = status
        run = self.run
        run.touched.append(self)
        run.trace.append(self)
        return status

    def explain(self) -> Explanation | None:
        """Let the last alternative that failed for real explain it."""
        return final_word(node.explanation for node in self.nodes)
