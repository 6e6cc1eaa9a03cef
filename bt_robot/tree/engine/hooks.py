"""Pausing and replacing a node from outside, for debuggers and for fault injection."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final, Protocol

from py_trees.common import Status as Oracle

from bt_robot.messages import Status
from bt_robot.tree.engine.leaf_node import NOTHING, LeafNode
from bt_robot.tree.engine.node import FAILURE, INVALID, RUNNING, SUCCESS, Explanation, Node
from bt_robot.tree.engine.states import STATUS

Before = Callable[[], Status | None]
"""Asked before a node is ticked: None to tick it, RUNNING to hold it, SUCCESS or FAILURE to answer for it."""

After = Callable[[Status], Status | None]
"""Told what a node said, when it was ticked; None to leave it at that, or another answer."""

HELD: Final = "held by a breakpoint"
FORCED: Final = "forced"

_logger = logging.getLogger(__name__)
_ANSWERS: Final = {Status.RUNNING: RUNNING, Status.SUCCESS: SUCCESS, Status.FAILURE: FAILURE}


class _Stop(Protocol):
    def __call__(self, new_status: Oracle) -> None: ...


class Hook:
    """Stands in for the `advance` and `stop` of one node; other nodes do not notice that there are hooks.

    Several may ask through it, e.g. a page and Groot2: the first that has an answer is heeded.
    """

    def __init__(self, node: Node) -> None:
        """Take the node's place."""
        self._node = node
        self._before: dict[str, Before] = {}
        self._after: dict[str, After] = {}
        self._pretends = False  # the node is RUNNING for its parent, but was not started, or has ended
        self._ended: tuple[Oracle, str, Explanation | None] | None = None  # how, if its end is not told yet
        self._advance, self._stop, self._plain = node.advance, node.stop, node.plain
        self._put(self.advance, self.stop, None)

    def add(self, owner: str, before: Before | None, after: After | None) -> None:
        """Ask somebody from now on; who asked before under the same name is forgotten."""
        self.drop(owner)
        if before:
            self._before[owner] = before
        if after:
            self._after[owner] = after

    def drop(self, owner: str) -> bool:
        """Ask somebody no more; return whether nobody is left."""
        self._before.pop(owner, None)
        self._after.pop(owner, None)
        return not (self._before or self._after)

    def remove(self) -> None:
        """Give the node its place back; if it only pretended to be RUNNING it starts in the next tick."""
        self._stop_pretending()
        self._put(self._advance, self._stop, self._plain)

    def _put(self, advance: Callable[[], Oracle], stop: _Stop, plain: LeafNode | None) -> None:
        node = self._node
        node.advance, node.stop, node.plain = advance, stop, plain
        if isinstance(node.parent, Node):
            node.parent.attach(node.run)

    def advance(self) -> Oracle:
        """Tick the node, unless the hook answers for it."""
        answer = self._ask(self._before, "before")
        node, run = self._node, self._node.run
        if answer is None:
            self._stop_pretending()
            status = self._advance()
            other = self._ask(self._after, "after", STATUS[status])
            if other is None or other is status:
                return status
            if other is RUNNING:
                self._ended = status, node.feedback_message, node.explanation
            return self._say(other, HELD if other is RUNNING else FORCED)
        if self._ended is not None and answer is self._ended[0]:
            status = self._tell_the_end(*self._ended)
        else:
            status = self._say(answer, HELD if answer is RUNNING else FORCED)
        run.trace.append(node)
        if run.observed and isinstance(node, LeafNode):
            run.stamps.append(perf_counter())
        return status

    def stop(self, new_status: Oracle = INVALID) -> None:
        """Halt or end the node, unless there is nothing to halt."""
        self._stop_pretending()
        self._stop(new_status)

    def _say(self, answer: Oracle, words: str) -> Oracle:
        """Answer for the node; one that is RUNNING stays as it is when it is held, and is halted else."""
        node = self._node
        if answer is not RUNNING and node.status is RUNNING:
            self.stop(INVALID)
        if answer is RUNNING and node.status is not RUNNING:
            self._pretends = True
        if isinstance(node, LeafNode):
            node.said = NOTHING
            node.run.context.withdraw(node)
        node.feedback_message = words
        node.status = answer
        node.run.touched.append(node)
        if answer is FAILURE:
            node.explanation = Explanation(node.path, words, declined=False, depth=node.depth)
        return answer

    def _tell_the_end(self, status: Oracle, words: str, explanation: Explanation | None) -> Oracle:
        """Say at last how the node had ended, in its own words."""
        node = self._node
        self._pretends, self._ended = False, None
        node.status, node.feedback_message, node.explanation = status, words, explanation
        node.run.touched.append(node)
        return status

    def _stop_pretending(self) -> None:
        self._ended = None
        if self._pretends:
            self._pretends = False
            self._node.status = INVALID
            self._node.run.touched.append(self._node)

    def _ask(self, asked: dict[str, Any], when: str, *said: Status) -> Oracle | None:
        """Return the first answer there is."""
        for owner, ask in list(asked.items()):
            try:
                answer = ask(*said)
                if answer is not None:
                    return _ANSWERS[answer]
            except Exception:  # whatever a debugger raises, the tick must not notice
                _logger.exception("the hook %s %s failed and is dropped", when, self._node.path)
                asked.pop(owner, None)
        return None
