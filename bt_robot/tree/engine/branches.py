"""Composites that choose one of several branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from py_trees.common import Status

from bt_robot.errors import PortError
from bt_robot.tree.engine.composites import halt_all
from bt_robot.tree.engine.node import FAILURE, RUNNING, SUCCESS, Explanation, Node
from bt_robot.tree.engine.own_nodes import OwnComposite, value_of
from bt_robot.tree.spec import Case


class _BranchNode(OwnComposite):
    """What is below it was chosen; that explains its failure."""

    chosen: Node | None = None

    def choose(self, node: Node | None) -> None:
        """Note which child is at work, for py_trees too."""
        self.chosen = self.current_child = node

    def explain(self) -> Explanation | None:
        """Let the child that was chosen explain it; None was when the node found nothing to choose."""
        return self.chosen.explanation if self.chosen else self.explain_itself()


class IfThenElseNode(_BranchNode):
    """`if_then_else`: condition, then, and perhaps else."""

    def advance(self) -> Status:
        """Ask the condition until it has answered, then run a branch to its end."""
        condition, *branches = self.nodes
        if self.status is not RUNNING:
            halt_all(self.nodes)
            self.choose(condition)
        if self.chosen is condition:
            status = condition.advance()
            if status is RUNNING or (status is FAILURE and len(branches) < 2):
                return self.settle(status)
            self.choose(branches[0] if status is SUCCESS else branches[1])
        assert self.chosen is not None
        return self.settle(self.chosen.advance())


class WhileDoElseNode(_BranchNode):
    """`while_do_else`: condition, do, and perhaps else; `guard` is one without else."""

    def advance(self) -> Status:
        """Ask the condition, halt the branch that does not belong to its answer, and tick the one that does.

        Nothing is remembered from tick to tick but the children's own states, so that no branch can be
        ticked, or started, whose condition was not asked in the same tick.
        """
        condition, do, *other = self.nodes
        answer = condition.advance()
        branch = do if answer is SUCCESS else other[0] if answer is FAILURE and other else None
        halt_all(node for node in (do, *other) if node is not branch)
        self.choose(branch or condition)
        return self.settle(branch.advance() if branch else answer)


class SwitchNode(_BranchNode):
    """`switch`: a case for each value, and perhaps a default."""

    def __init__(self, name: str, value: object, cases: Sequence[Case], children: Sequence[Node]) -> None:
        super().__init__(name, children)
        self._value = value
        # With the type, because True and 1 are one key of a dict.
        self._cases: dict[tuple[type, object], Node] = {
            (type(case), case): node for case, node in zip(cases, children, strict=False)
        }
        self._default = children[-1] if len(children) > len(cases) else None

    def advance(self) -> Status:
        """Look at the value, halt the other cases, and tick the case that belongs to it."""
        branch = self._look()
        halt_all(node for node in self.nodes if node is not branch)
        self.choose(branch)
        return self.settle(branch.advance() if branch else FAILURE)

    def _look(self) -> Node | None:
        try:
            value = value_of(self._value)
        except PortError as error:
            self.feedback_message = str(error)
            return None
        branch = self._cases.get((type(value), value), self._default)
        if branch:
            self.feedback_message = f"the value is {_shown(value)}"
        else:
            known = ", ".join(_shown(case) for _, case in self._cases)
            self.feedback_message = f"no case for {_shown(value)}; there are {known}"
        return branch


class TryCatchNode(_BranchNode):
    """`try_catch`: try, catch."""

    def advance(self) -> Status:
        """Run `try`; once that has failed, run `catch` to its end and fail."""
        attempt, cleanup = self.nodes
        if self.status is not RUNNING:
            halt_all(self.nodes)
            self.choose(attempt)
            self.feedback_message = ""
        if self.chosen is attempt:
            status = attempt.advance()
            if status is not FAILURE:
                return self.settle(status)
            self.choose(cleanup)
            why = attempt.explanation
            self.feedback_message = f"cleaning up after: {why.reason}" if why else "cleaning up"
        return self.settle(RUNNING if cleanup.advance() is RUNNING else FAILURE)

    def explain(self) -> Explanation | None:
        """Blame `try`, and mention that `catch` failed, too."""
        attempt, cleanup = self.nodes
        why, and_then = attempt.explanation, cleanup.explanation
        if cleanup.status is not FAILURE or not why or not and_then:
            return why
        return replace(why, reason=f"{why.reason}; then {and_then.path} failed, too: {and_then.reason}")


def _shown(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else repr(value)
