"""Decorators that change, or write down, what their child says."""

from __future__ import annotations

from py_trees import decorators
from py_trees.common import Status

from bt_robot.tree.engine.decorators import DecoratorNode
from bt_robot.tree.engine.node import FAILURE, INVALID, RUNNING, SUCCESS, Explanation, Node
from bt_robot.tree.engine.own_nodes import OwnDecorator
from bt_robot.tree.vocabulary.ports import Slot

_WORDS = {INVALID: "IDLE", RUNNING: "RUNNING", SUCCESS: "SUCCESS", FAILURE: "FAILURE"}


class RunningIsSuccessNode(DecoratorNode, decorators.RunningIsSuccess):
    """`running_is_success`."""

    def update(self) -> Status:
        """Turn RUNNING into SUCCESS; `stop` then halts the child."""
        self.feedback_message = self.child.feedback_message
        return SUCCESS if self.child.status is RUNNING else self.child.status


class RunningIsFailureNode(DecoratorNode, decorators.RunningIsFailure):
    """`running_is_failure`."""

    _was_running = False

    def update(self) -> Status:
        """Turn RUNNING into FAILURE; `stop` then halts the child."""
        self._was_running = self.child.status is RUNNING
        words = self.child.feedback_message
        self.feedback_message = words
        if self._was_running:
            self.feedback_message = f"its child is still RUNNING: {words}" if words else "its child is still RUNNING"
            return FAILURE
        return self.child.status

    def explain(self) -> Explanation | None:
        """Blame that the child was not done, or its failure."""
        return self.explain_itself() if self._was_running else self.child.explanation


class ReportStatusNode(OwnDecorator):
    """`report_status`."""

    def __init__(self, name: str, child: Node, slot: Slot) -> None:
        super().__init__(name, child)
        self._slot = slot

    def advance(self) -> Status:
        """Tick the child, and write what it says."""
        status = self.child.advance()
        self._slot.write(_WORDS[status])
        return self.settle(status)

    def stop(self, new_status: Status = INVALID) -> None:
        """End it; the key tells that it was halted."""
        if new_status is INVALID and self.status is RUNNING:
            self._slot.write(_WORDS[INVALID])
        super().stop(new_status)
