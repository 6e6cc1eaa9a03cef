"""A leaf in a running tree: calls its hooks, turns what it raises into FAILURE, times it."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import Any, cast

from py_trees.common import Status

from bt_robot import messages
from bt_robot.errors import PortError
from bt_robot.tree.engine.node import FAILURE, INVALID, RUNNING, SUCCESS, Explanation, Node
from bt_robot.tree.vocabulary.leaf import Leaf
from bt_robot.tree.vocabulary.outcome import Outcome, failure

MAX_REASON = 500

_logger = logging.getLogger(__name__)


class LeafNode(Node):
    """Runs one leaf.

    Attributes:
        leaf: The leaf.
    """

    def __init__(self, name: str, leaf: Leaf) -> None:
        super().__init__(name)
        self.leaf = leaf
        self._start_failure: Outcome | None = None

    @property
    def looks_only(self) -> bool:
        """Whether the leaf is a condition."""
        return self.leaf.kind == "condition"

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self.status is RUNNING

    def why_not(self, setup: messages.Setup) -> str:
        """Return why the leaf can't work in a setup, as far as its ports have values already."""
        try:
            return self.leaf.why_not(setup)
        except PortError:
            return ""

    def advance(self) -> Status:
        """Tick the leaf, and start it first if it is not active."""
        began_s = perf_counter()
        self.visited = self.run.tick
        context = self.run.ctx
        if context is not None:
            context.leaf = self
        if self.status is not RUNNING:
            # Active from here on: a Ctrl-C inside a hook must not keep on_halt from being called.
            self.status = RUNNING
            self.initialise()
        status = self.update()
        self.status = status
        if status is FAILURE and context is not None:
            context.withdraw(self)
        self._time(began_s)
        return status

    def initialise(self) -> None:
        """Start the leaf."""
        self._start_failure = None
        try:
            self.leaf.on_start(cast(Any, self.run.ctx))
        except Exception as error:  # noqa: BLE001 - whatever a leaf raises is its failure
            self._start_failure = self._raised(error)

    def update(self) -> Status:
        """Tick the leaf and keep what it says."""
        outcome = self._start_failure or self._asked()
        self.feedback_message = outcome.reason
        if outcome.status is messages.Status.SUCCESS:
            return SUCCESS
        if outcome.status is messages.Status.RUNNING:
            return RUNNING
        self.explanation = Explanation(self.path, outcome.reason, outcome.declined, self.depth)
        return FAILURE

    def stop(self, new_status: Status) -> None:
        """End the leaf, or halt it when it is RUNNING."""
        halted = new_status is INVALID and self.status is RUNNING
        self.status = new_status
        if halted:
            self._halt()

    def _asked(self) -> Outcome:
        try:
            outcome = cast(object, self.leaf.on_tick(cast(Any, self.run.ctx)))
        except Exception as error:  # noqa: BLE001 - whatever a leaf raises is its failure
            return self._raised(error)
        if not isinstance(outcome, Outcome):
            return failure(f"on_tick returned a {type(outcome).__name__}, not an Outcome")
        if self.leaf.kind != "condition" or outcome.status is messages.Status.SUCCESS:
            return outcome
        if outcome.status is messages.Status.RUNNING:
            return failure("a condition answers at once, and this one was RUNNING")
        return Outcome(outcome.status, outcome.reason, declined=True)

    def _halt(self) -> None:
        began_s = perf_counter()
        waited_for = self.feedback_message
        self.feedback_message = f"halted: {waited_for}" if waited_for else "halted"
        context = self.run.ctx
        if context is not None:
            context.withdraw(self)
            context.leaf = None
        try:
            self.leaf.on_halt(cast(Any, context))
        except Exception as error:  # noqa: BLE001 - the other leaves must be halted all the same
            outcome = self._raised(error)
            self.feedback_message = outcome.reason
            self.explanation = Explanation(self.path, outcome.reason, declined=False, depth=self.depth)
            self.status = FAILURE
        self._time(began_s)

    def _raised(self, error: Exception) -> Outcome:
        if isinstance(error, PortError):
            return failure(str(error))
        reason = f"raised {type(error).__name__}{_words(error)}"
        _logger.error("%s %s", self.path, reason, exc_info=error)
        return failure(reason)

    def _time(self, began_s: float) -> None:
        seconds = perf_counter() - began_s
        run = self.run
        if seconds > run.slowest_s:
            run.slowest = self.path
            run.slowest_s = seconds


def _words(error: Exception) -> str:
    try:
        text = " ".join(str(error).split())  # one line, so that it can't forge lines of a log
    except Exception:  # noqa: BLE001 - even an exception that can't be printed must not escape
        text = "(it can't be printed)"
    return f": {text[:MAX_REASON]}" if text else ""
