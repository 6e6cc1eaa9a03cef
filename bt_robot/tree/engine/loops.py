"""Decorators that start their child again and again."""

from __future__ import annotations

from typing import cast

from py_trees import decorators
from py_trees.common import Status

from bt_robot.errors import PortError
from bt_robot.tree.engine.decorators import DecoratorNode
from bt_robot.tree.engine.node import FAILURE, RUNNING, SUCCESS, Explanation, Node
from bt_robot.tree.engine.own_nodes import OwnDecorator, value_of
from bt_robot.tree.vocabulary.ports import Slot


class ForEachNode(OwnDecorator):
    """`for_each`."""

    def __init__(self, name: str, child: Node, items: object, item: Slot) -> None:
        super().__init__(name, child)
        self._bound = items
        self._item = item
        self._items: tuple[object, ...] = ()
        self._index = 0
        self._unread = False

    def advance(self) -> Status:
        """Run the child for the item in turn."""
        if self.status is not RUNNING:
            self._begin()
            if self._unread or not self._items:
                self.reset_child()  # it is not its turn; else it resets itself when it starts
                return self.settle(FAILURE if self._unread else SUCCESS)
        value = self._items[self._index]
        if self.child.status is not RUNNING:
            self._item.write(value)
        self.feedback_message = f"item {self._index + 1} of {len(self._items)}: {value}"
        status = self.child.advance()
        if status is SUCCESS:
            self._index += 1
            status = RUNNING if self._index < len(self._items) else SUCCESS
        return self.settle(status)

    def _begin(self) -> None:
        self._index, self._items = 0, ()
        self._unread = True
        try:
            items = value_of(self._bound)
        except PortError as error:
            self.feedback_message = str(error)
            return
        if not isinstance(items, tuple):
            self.feedback_message = f"{items!r} is no list"
            return
        self._items = cast("tuple[object, ...]", items)
        self._unread = False
        self.feedback_message = "the list is empty" if not self._items else ""

    def explain(self) -> Explanation | None:
        """Blame the list, or the child."""
        return self.explain_itself() if self._unread else self.child.explanation


class KeepRunningNode(DecoratorNode, decorators.SuccessIsRunning):
    """`keep_running_until_failure`."""

    def update(self) -> Status:
        """Turn SUCCESS into RUNNING."""
        self.feedback_message = self.child.feedback_message
        return RUNNING if self.child.status is SUCCESS else self.child.status


class WaitUntilNode(DecoratorNode, decorators.FailureIsRunning):
    """`wait_until`."""

    def update(self) -> Status:
        """Turn FAILURE into RUNNING."""
        why = self.child.explanation if self.child.status is FAILURE else None
        self.feedback_message = why.reason if why else self.child.feedback_message
        return RUNNING if self.child.status is FAILURE else self.child.status
