"""How each node of a tree stands, kept up with what a tick has changed instead of looking at all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bt_robot.messages import NodeState, Status
from bt_robot.tree.engine.node import FAILURE, INVALID, RUNNING, SUCCESS, Node, Run

RUNS: Final = Status.RUNNING

STATUS: Final = {INVALID: Status.IDLE, RUNNING: Status.RUNNING, SUCCESS: Status.SUCCESS, FAILURE: Status.FAILURE}
"""py_trees' statuses in the words of the rest of the package."""


class States:
    """The states of a tree's nodes, in their order from the root down."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        """Take all nodes to be idle."""
        self._nodes = nodes
        self._places = {node.path: node.index for node in nodes}
        self._states = [NodeState(Status.IDLE)] * len(nodes)
        self._seen = [INVALID] * len(nodes)
        self._before: list[Node] = []

    def look(self, run: Run) -> None:
        """Note what has changed in the latest tick, or in a halt after it."""
        if run.trace != self._before:
            self._look_at_trace(run)
        states = self._states
        for node in run.touched:
            if self._differs(node):
                self._note(node, run.now_s + run.behind_s, ticked=states[node.index].ticked)
        run.touched.clear()

    def look_at_all(self, run: Run) -> None:
        """Note everything; for a tree whose ticks were not followed."""
        self._before = list(self._nodes)
        self._look_at_trace(run)
        run.touched.extend(self._nodes)
        self.look(run)

    def _look_at_trace(self, run: Run) -> None:
        """Note who is ticked now, and who is not any more."""
        for node in run.trace:
            node.noted = run.tick
            if not self._states[node.index].ticked:
                self._note(node, run.now_s + run.behind_s, ticked=True)
        for node in self._before:
            if node.noted != run.tick and self._states[node.index].ticked:
                self._note(node, run.now_s + run.behind_s, ticked=False)
        self._before = run.trace.copy()

    def told(self) -> tuple[NodeState, ...]:
        """Return what was noted."""
        return tuple(self._states)

    def _differs(self, node: Node) -> bool:
        index = node.index
        before = self._states[index]
        return (
            (RUNNING if node.leaving else node.status) is not self._seen[index]
            or before.reason != node.feedback_message
            or before.age_s != node.age_s
            or before.confidence != node.confidence
            or before.cause != self._cause(node)
        )

    def _cause(self, node: Node) -> int | None:
        """Return the node below that explains a failure."""
        why = node.explanation if node.status is FAILURE else None
        return None if why is None or why.path == node.path else self._places.get(why.path)

    def _note(self, node: Node, now_s: float, *, ticked: bool) -> None:
        index = node.index
        status = RUNNING if node.leaving else node.status
        since_s = self._states[index].since_s if status is self._seen[index] else now_s
        self._seen[index] = status
        self._states[index] = NodeState(
            STATUS[status], node.feedback_message, since_s, ticked, node.age_s, node.confidence, self._cause(node)
        )
