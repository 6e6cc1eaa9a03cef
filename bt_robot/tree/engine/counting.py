"""Composites that tick their children side by side and count what they say."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from time import perf_counter
from types import MappingProxyType

from py_trees import composites
from py_trees.common import ParallelPolicy, Status

from bt_robot.tree.engine.composites import final_word, halt_all
from bt_robot.tree.engine.node import FAILURE, INVALID, RUNNING, SUCCESS, Explanation, Node, Run
from bt_robot.tree.engine.own_nodes import OwnComposite


class _SideBySideNode(OwnComposite, composites.Parallel):
    """Children that have ended wait for the others, until the counts decide."""

    def attach(self, run: Run) -> None:
        """Become a part of a tree."""
        super().attach(run)
        self._enter = run.trace.append

    def advance(self) -> Status:
        """Tick all children that have not ended, and judge the counts."""
        nodes = self.nodes
        if self.status is not RUNNING:
            halt_all(nodes)
        run, enter = self.run, self._enter
        context, observed = run.context, run.observed
        succeeded = failed = 0
        for node in nodes:
            status = node.status
            if status is RUNNING:
                if (leaf := node.plain) is not None:
                    # A leaf that goes on saying the same: all that is left of its `advance`, without the call, because
                    # side by side this is the most common thing of all.
                    context.leaf = leaf
                    try:
                        outcome = leaf.on_tick(context)
                    except Exception as error:  # noqa: BLE001 - whatever a leaf raises is its failure
                        outcome = leaf.raised(error)
                    if outcome is leaf.said:
                        enter(leaf)
                        if observed:
                            run.stamps.append(perf_counter())
                        continue
                    status = leaf.hear(outcome)
                else:
                    status = node.advance()
            elif status is INVALID:
                status = node.advance()
            if status is SUCCESS:
                succeeded += 1
            elif status is FAILURE:
                failed += 1
        status = self.verdict(succeeded, failed) if succeeded or failed else RUNNING
        self.current_child = nodes[-1] if status is RUNNING else self._telling(status)
        if status is not RUNNING:
            return self.settle(status)
        self.status = RUNNING
        run.touched.append(self)
        enter(self)
        return RUNNING

    @abstractmethod
    def verdict(self, succeeded: int, failed: int) -> Status:
        """Return what the counts come to."""

    def explain(self) -> Explanation | None:
        """Let a child that failed for real explain it."""
        return final_word(node.explanation for node in self.nodes if node.status is FAILURE)

    def _telling(self, status: Status) -> Node:
        """Return the child that py_trees shows as the current one: the one that decided, else the last."""
        nodes = self.nodes
        if status is FAILURE:
            return next((node for node in nodes if node.status is FAILURE), nodes[-1])
        if status is SUCCESS:
            return next((node for node in reversed(nodes) if node.status is SUCCESS), nodes[-1])
        return nodes[-1]


class ParallelNode(_SideBySideNode):
    """`parallel`."""

    def __init__(self, name: str, successes: int, failures: int, children: Sequence[Node]) -> None:
        policy = ParallelPolicy.SuccessOnOne() if successes == 1 else ParallelPolicy.SuccessOnAll()
        super().__init__(name, policy, children)
        self._successes = successes
        self._failures = failures

    def verdict(self, succeeded: int, failed: int) -> Status:
        """Fail as soon as that is certain, else succeed as soon as that is."""
        if failed >= self._failures or len(self.children) - failed < self._successes:
            return FAILURE
        return SUCCESS if succeeded >= self._successes else RUNNING


class ParallelAllNode(_SideBySideNode):
    """`parallel_all`."""

    def __init__(self, name: str, max_failures: int, children: Sequence[Node]) -> None:
        super().__init__(name, ParallelPolicy.SuccessOnAll(), children)
        self._max_failures = max_failures

    def verdict(self, succeeded: int, failed: int) -> Status:
        """Wait for all."""
        if succeeded + failed < len(self.children):
            return RUNNING
        return FAILURE if failed >= self._max_failures else SUCCESS


class QuorumNode(OwnComposite):
    """`quorum`."""

    adjustable = MappingProxyType({"at_least": "_at_least"})

    def __init__(self, name: str, at_least: int, children: Sequence[Node]) -> None:
        super().__init__(name, children)
        self._at_least = at_least

    def advance(self) -> Status:
        """Ask all children anew, and count what they say in this tick."""
        nodes = self.nodes
        said = [node.advance() for node in nodes]
        succeeded, failed = said.count(SUCCESS), said.count(FAILURE)
        self.feedback_message = f"{succeeded} of {len(nodes)} agree, {self._at_least} must"
        if succeeded >= self._at_least:
            return self.settle(SUCCESS)
        return self.settle(FAILURE if len(nodes) - failed < self._at_least else RUNNING)

    def explain(self) -> Explanation | None:
        """Give the count, and the words of one that does not agree."""
        why = final_word(node.explanation for node in self.nodes if node.status is FAILURE)
        if why:
            self.feedback_message += f"; {why.path}: {why.reason}"
        return self.explain_itself(declined=why is not None and why.declined)
