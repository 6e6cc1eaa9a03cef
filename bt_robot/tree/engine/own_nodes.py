"""What the nodes have in common that py_trees does not know."""

from __future__ import annotations

from py_trees.common import Status

from bt_robot.tree.engine.composites import CompositeNode
from bt_robot.tree.engine.decorators import DecoratorNode
from bt_robot.tree.engine.node import INVALID, RUNNING, Explanation
from bt_robot.tree.vocabulary.ports import Slot


class OwnComposite(CompositeNode):
    """A composite that py_trees has no class for; its `advance` ends in `settle`."""

    def settle(self, status: Status) -> Status:
        """Keep what a tick has come to; end the node, and halt what still runs below it, if that is its end."""
        if status is RUNNING:
            self.status = RUNNING
        else:
            self.stop(status)
            for node in self.nodes:
                if node.status is RUNNING:
                    node.stop(INVALID)
        self.run.touched.append(self)
        self.run.trace.append(self)
        return status

    def explain_itself(self, *, declined: bool = False) -> Explanation:
        """Say that the node itself is the reason."""
        return Explanation(self.path, self.feedback_message, declined, self.depth)


class OwnDecorator(DecoratorNode):
    """A decorator with a tick of its own, in which the child is not always ticked; `advance` ends in `settle`."""

    def settle(self, status: Status) -> Status:
        """Keep what a tick has come to; end the node, and halt a child that still runs, if that is its end."""
        if status is RUNNING:
            self.status = RUNNING
        else:
            self.stop(status)
        self.run.touched.append(self)
        self.run.trace.append(self)
        return status

    def reset_child(self) -> None:
        """Forget how the child ended last."""
        self.child.stop(INVALID)


def value_of(bound: object) -> object:
    """Return what a port is bound to: a literal, or what a key holds.

    Raises:
        PortError: Nothing was written to the key yet.
    """
    return bound.read() if isinstance(bound, Slot) else bound
