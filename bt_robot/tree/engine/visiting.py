"""Showing py_trees' visitors what a tick has ticked."""

from __future__ import annotations

import logging
from collections.abc import Callable

from py_trees.visitors import VisitorBase

from bt_robot.tree.engine.node import Node

_logger = logging.getLogger(__name__)


class Visitors:
    """The visitors of one tree; one that raises is dropped, because a display must not stop the arm's control.

    Attributes:
        present: Those that were added and did not raise.
    """

    def __init__(self) -> None:
        """Have none."""
        self.present: list[VisitorBase] = []

    def add(self, visitor: VisitorBase) -> None:
        """Show it every tick from now on."""
        self.present.append(visitor)

    def remove(self, visitor: VisitorBase) -> None:
        """Show it nothing any more; nothing happens if it was dropped."""
        if visitor in self.present:
            self.present.remove(visitor)

    def begin(self) -> None:
        """Say that a tick begins."""
        for visitor in list(self.present):
            self._ask(visitor, visitor.initialise)

    def show(self, trace: list[Node], root: Node) -> None:
        """Show a tick that is over: what was ticked, or, to a `full` visitor, all nodes."""
        for visitor in list(self.present):
            self._ask(visitor, lambda: _visit(visitor, trace, root))  # noqa: B023 - called at once

    def _ask(self, visitor: VisitorBase, question: Callable[[], None]) -> None:
        try:
            question()
        except Exception:  # whatever a visitor raises, the tick must not notice
            _logger.exception("the visitor %s failed and is dropped", type(visitor).__name__)
            self.remove(visitor)


def _visit(visitor: VisitorBase, trace: list[Node], root: Node) -> None:
    for node in root.iterate() if visitor.full else trace:
        node.visit(visitor)
    visitor.finalise()
