"""Decorators that believe a condition only when it insists."""

from __future__ import annotations

from collections import deque
from types import MappingProxyType

from py_trees.common import Status

from bt_robot.tree.engine.node import FAILURE, RUNNING, SUCCESS, Explanation, Node
from bt_robot.tree.engine.own_nodes import OwnDecorator


class _EvidenceNode(OwnDecorator):
    """A decorator that remembers answers, as long as they are about one and the same attempt.

    A condition that is asked in every tick ends in every tick, so that being reset by its parent says
    nothing. What tells is how many nodes above it are in the middle of something: when that becomes
    less, one of them has ended, or was halted, and begun anew.
    """

    def __init__(self, name: str, child: Node, max_gap_s: float) -> None:
        super().__init__(name, child)
        self._max_gap_s = max_gap_s
        self._asked_s = 0.0
        self._unbroken = -1

    def goes_on(self) -> bool:
        """Note that it is asked; return whether what was said before still counts."""
        unbroken, now_s = self.unbroken, self.run.now_s
        goes_on = 0 <= self._unbroken <= unbroken and 0.0 <= now_s - self._asked_s <= self._max_gap_s
        self._unbroken, self._asked_s = unbroken, now_s
        return goes_on

    def say(self, yes: bool, words: str) -> Status:
        """Answer, in words that end with the child's."""
        childs = self.child.feedback_message
        self.feedback_message = f"{words}: {childs}" if childs else words
        return self.settle(SUCCESS if yes else FAILURE)

    def explain(self) -> Explanation | None:
        """Say how much evidence there is; a condition only declines."""
        return self.explain_itself(declined=self.child.looks_only)


class SteadyNode(_EvidenceNode):
    """`steady`."""

    adjustable = MappingProxyType({"for_s": "_for_s", "release_s": "_release_s", "max_gap_s": "_max_gap_s"})

    def __init__(self, name: str, child: Node, for_s: float, release_s: float, max_gap_s: float) -> None:
        super().__init__(name, child, max_gap_s)
        self._for_s = for_s
        self._release_s = release_s
        self._believed = False
        self._said: Status | None = None
        self._since_s = 0.0

    def advance(self) -> Status:
        """Ask the child; change the answer once it has insisted for long enough."""
        if not self.goes_on():
            self._believed, self._said = False, None
        status = self.child.advance()
        if status is RUNNING:
            self.feedback_message = self.child.feedback_message
            return self.settle(RUNNING)
        if status is not self._said:
            self._said, self._since_s = status, self.run.now_s
        yes, lasted_s = status is SUCCESS, self.run.now_s - self._since_s
        if yes is not self._believed and lasted_s >= (self._for_s if yes else self._release_s):
            self._believed = yes
        limit_s = self._for_s if yes else self._release_s
        limit = f" of {limit_s:g} s" if yes is not self._believed else ""
        return self.say(self._believed, f"{'yes' if yes else 'no'} for {lasted_s:.1f} s{limit}")


class VotesNode(_EvidenceNode):
    """`votes`."""

    adjustable = MappingProxyType({"at_least": "_at_least", "max_gap_s": "_max_gap_s"})

    def __init__(self, name: str, child: Node, at_least: int, of: int, max_gap_s: float) -> None:
        super().__init__(name, child, max_gap_s)
        self._at_least = at_least
        self._votes = deque[bool](maxlen=of)

    def advance(self) -> Status:
        """Ask the child, and count its latest answers."""
        if not self.goes_on():
            self._votes.clear()
        status = self.child.advance()
        if status is RUNNING:
            self.feedback_message = self.child.feedback_message
            return self.settle(RUNNING)
        self._votes.append(status is SUCCESS)
        yes, asked = sum(self._votes), len(self._votes)
        return self.say(yes >= self._at_least, f"{yes} of {asked} say yes, {self._at_least} must")
