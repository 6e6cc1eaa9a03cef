"""A leaf in a running tree: calls its hooks, and turns what it raises into FAILURE."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final, cast

from py_trees.common import Status

from bt_robot import messages
from bt_robot.errors import PortError
from bt_robot.tree.engine.node import FAILURE, INVALID, RUNNING, SUCCESS, Explanation, Node, Run
from bt_robot.tree.vocabulary.leaf import Leaf
from bt_robot.tree.vocabulary.outcome import Outcome, failure

MAX_REASON: Final = 500

NOTHING: Final = object()
"""What is in the place of an outcome where there is none; no leaf can return it."""

_RUNS, _SUCCEEDED, _FAILED = messages.Status.RUNNING, messages.Status.SUCCESS, messages.Status.FAILURE

_logger = logging.getLogger(__name__)


class LeafNode(Node):
    """Runs one leaf.

    Attributes:
        leaf: The leaf.
        on_tick: Its hook for a tick.
        leaving: Whether it was halted and needs more ticks to let go.
        said: The outcome that was taken last; something else when there is none, or it does not count any more.
        meant: The status that it stands for.
    """

    starts_afresh = True

    def __init__(self, name: str, leaf: Leaf) -> None:
        super().__init__(name)
        self.leaf = leaf
        self.on_tick: Callable[[Any], object] = leaf.on_tick
        self.looks_only = leaf.kind == "condition"
        self.leaving = False
        self.said: object = NOTHING
        self.meant = INVALID
        self._leave_by_s = 0.0

    @property
    def running(self) -> bool:
        """Whether it has been started, or is still letting go, and has not ended."""
        return self.status is RUNNING or self.leaving

    def why_not(self, setup: messages.Setup) -> str:
        """Return why the leaf can't work in a setup, as far as its ports have values already."""
        try:
            return self.leaf.why_not(setup)
        except PortError:
            return ""
        except Exception as error:  # noqa: BLE001 - it is logged; the check of the other leaves goes on
            return self.raised(error).reason

    def advance(self) -> Status:
        """Tick the leaf, and start it first if it is not active; `hasten` puts a faster form in the place of this."""
        return leaf_advances(self.run)(self)()

    def hasten(self, advance: Callable[[], Status]) -> None:
        """Take what `leaf_advances` made."""
        self.advance = advance
        self.plain = self

    def update(self) -> Status:
        """Do a tick's work; py_trees wants this method, but only `advance` is called."""
        return self.advance()

    def hear(self, outcome: object) -> Status:
        """End the leaf's part of the tick with something that it has not said before."""
        run = self.run
        if self.leaving:  # somebody above ticks the same node twice in a tick
            self.cut_off("it was started again")
        self.status = status = self._take(outcome)
        if status is FAILURE:
            run.context.withdraw(self)
        run.touched.append(self)
        run.trace.append(self)
        if run.observed:
            run.stamps.append(perf_counter())
        return status

    def _take(self, outcome: object) -> Status:
        """Keep what the leaf says, and return the status that it stands for."""
        if not isinstance(outcome, Outcome):
            outcome = failure(f"on_tick returned a {type(outcome).__name__}, not an Outcome")
        words = cast(object, outcome.reason)
        if not isinstance(words, str):
            outcome = failure(f"the reason that on_tick returned is a {type(words).__name__}, not a text")
        declined = outcome.declined
        if outcome.status is _SUCCEEDED:
            status = SUCCESS
        elif outcome.status is _FAILED:
            status, declined = FAILURE, declined or self.looks_only
        elif self.looks_only:
            status = FAILURE
            outcome = failure("a condition answers at once, and this one was RUNNING")
        else:
            status = RUNNING
        self.feedback_message = outcome.reason
        self.age_s, self.confidence = outcome.age_s, outcome.confidence
        if status is FAILURE:
            self.explanation = Explanation(self.path, outcome.reason, declined, self.depth)
        self.said, self.meant = outcome, status
        return status

    def raised(self, error: Exception) -> Outcome:
        """Return the failure that an exception is, and log it unless it is a value that is missing."""
        if isinstance(error, PortError):
            return failure(str(error))
        reason = f"raised {type(error).__name__}{_words(error)}"
        _logger.error("%s %s", self.path, reason, exc_info=error)
        return failure(reason)

    def stop(self, new_status: Status = INVALID) -> None:
        """End the leaf, or halt it when it is RUNNING."""
        halted = new_status is INVALID and self.status is RUNNING
        self.status = new_status
        self.said = NOTHING  # saying the same again is news after this
        self.run.touched.append(self)
        if halted:
            self._halt()

    def _halt(self) -> None:
        run, began_s = self.run, perf_counter()
        waited_for = self.feedback_message
        self._say(f"halted: {waited_for}" if waited_for else "halted")
        run.context.withdraw(self)
        run.context.leaf = None
        try:
            outcome = cast(object, self.leaf.on_halt(cast(Any, run.ctx)))
            if isinstance(outcome, Outcome):
                self._leave(outcome)
            elif outcome is not None:
                raise TypeError(f"on_halt returned a {type(outcome).__name__}, not an Outcome")
        except Exception as error:  # noqa: BLE001 - the other leaves must be halted all the same
            reason = self.raised(error).reason
            self._say(reason)
            self.explanation = Explanation(self.path, reason, declined=False, depth=self.depth)
            self.status = FAILURE
        if run.observed:
            run.halts.append((len(run.stamps), self, perf_counter() - began_s))

    def _leave(self, outcome: Outcome) -> None:
        """Go on letting go in the next ticks, if the leaf says that it is not done."""
        if outcome.status is _RUNS:
            self.leaving = True
            self._leave_by_s = self.run.now_s + self.leaf.leave_at_most_s
            self.run.leaving.append(self)
            self._say(f"leaving: {outcome.reason}" if outcome.reason else "leaving")
        elif outcome.reason:
            self._say(f"halted: {outcome.reason}")

    def go_on_leaving(self) -> None:
        """Tick a leaf that was halted and is not done with it."""
        run = self.run
        run.context.leaf = self
        try:
            outcome = cast(object, self.leaf.on_leaving(cast(Any, run.ctx)))
            if not isinstance(outcome, Outcome):
                outcome = failure(f"on_leaving returned a {type(outcome).__name__}, not an Outcome")
        except Exception as error:  # noqa: BLE001 - whatever a leaf raises is its failure
            outcome = self.raised(error)
        run.touched.append(self)
        run.trace.append(self)
        if run.observed:
            run.stamps.append(perf_counter())
        if outcome.status is _FAILED:
            run.context.withdraw(self)
            self.left(f"halted, but did not let go: {outcome.reason}")
        elif outcome.status is _SUCCEEDED:
            self.left(f"halted: {outcome.reason}" if outcome.reason else "halted")
        elif run.now_s >= self._leave_by_s:
            self.cut_off(f"it had {self.leaf.leave_at_most_s:g} s to let go")
        else:
            self._say(f"leaving: {outcome.reason}" if outcome.reason else "leaving")

    def cut_off(self, why: str) -> None:
        """Wait no longer for a leaf that is leaving."""
        _logger.warning("%s was cut off while it was leaving: %s", self.path, why)
        self.run.context.withdraw(self)
        self.left(f"cut off while it was {self.feedback_message}; {why}")

    def left(self, words: str) -> None:
        """Be done with leaving."""
        self.leaving = False
        self.run.leaving.remove(self)
        self.run.touched.append(self)
        self._say(words)

    def _say(self, words: str) -> None:
        self.feedback_message = words
        self.said = NOTHING


def leaf_advances(run: Run) -> Callable[[LeafNode], Callable[[], Status]]:
    """Return what makes the `advance` of each leaf of a run.

    This is where a tick spends its time. It is a function that has what it needs at hand, because that
    is a third faster than a method that looks it up, and a hook that the leaf leaves as it is, is not
    called. What all leaves need, they share, so that a tick of a large tree finds it in the cache.
    """
    context, enter, observed, stamp = run.context, run.trace.append, run.observed, run.stamps.append
    ctx = cast(Any, context)

    def advance_of(node: LeafNode) -> Callable[[], Status]:
        leaf, on_tick = node.leaf, node.on_tick
        on_start = leaf.on_start if type(leaf).on_start is not Leaf.on_start else None

        def advance() -> Status:
            context.leaf = node
            try:
                if on_start is not None and node.status is not RUNNING:
                    on_start(ctx)
                outcome = on_tick(ctx)
            except Exception as error:  # noqa: BLE001 - whatever a leaf raises is its failure
                outcome = node.raised(error)
            except BaseException:  # a Ctrl-C inside a hook must not keep on_halt from being called
                node.status = RUNNING
                raise
            if outcome is not node.said:
                return node.hear(outcome)
            # An outcome never changes, so the same one again has nothing new to say.
            node.status = status = node.meant
            if status is FAILURE:
                context.withdraw(node)
            enter(node)
            if observed:
                stamp(perf_counter())
            return status

        return advance

    return advance_of


def _words(error: Exception) -> str:
    try:
        text = " ".join(str(error).split())  # one line, so that it can't forge lines of a log
    except Exception:  # noqa: BLE001 - even an exception that can't be printed must not escape
        text = "(it can't be printed)"
    return f": {text[:MAX_REASON]}" if text else ""
