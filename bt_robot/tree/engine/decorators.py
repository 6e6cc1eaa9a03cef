"""py_trees' decorators, advanced by plain calls, with the time-out on the run's clock."""

from __future__ import annotations

from math import inf
from types import MappingProxyType
from typing import Any

from py_trees import decorators
from py_trees.common import Status

from bt_robot.tree.engine.node import FAILURE, INVALID, RUNNING, SUCCESS, Explanation, Node


class DecoratorNode(Node, decorators.Decorator):
    """What the decorators have in common; by itself it says what its child says.

    Attributes:
        child: The node below it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.child = self.nodes[0]

    def advance(self) -> Status:
        """Tick the child and judge what it says."""
        if self.status is not RUNNING:
            self.initialise()
        self.child.advance()
        status = self.update()
        if status is not RUNNING:
            self.stop(status)
        self.status = status
        self.run.touched.append(self)
        self.run.trace.append(self)
        return status

    def update(self) -> Status:
        """Return what the child says."""
        return self.child.status

    def stop(self, new_status: Status) -> None:
        """End the node, and halt the child if it still runs."""
        if new_status is FAILURE:
            self.explanation = self.explain()
        elif new_status is INVALID:
            self.run.touched.append(self)
            if self.status is RUNNING:
                self.feedback_message = ""
        left = self.child.status
        if left is RUNNING or (new_status is INVALID and left is not INVALID):
            self.child.stop(INVALID)
        self.status = new_status

    def explain(self) -> Explanation | None:
        """Say why it fails, when it does: for the reason of its child."""
        return self.child.explanation

    def explain_itself(self, *, declined: bool = False) -> Explanation:
        """Say that the node itself is the reason."""
        return Explanation(self.path, self.feedback_message, declined, self.depth)


class SubtreeNode(DecoratorNode):
    """A call of a subtree."""


class InverterNode(DecoratorNode, decorators.Inverter):
    """`inverter`."""

    def update(self) -> Status:
        """Exchange SUCCESS and FAILURE."""
        if self.child.status is SUCCESS:
            self.feedback_message = _because("its child succeeded", self.child)
            return FAILURE
        self.feedback_message = ""
        return SUCCESS if self.child.status is FAILURE else self.child.status

    def explain(self) -> Explanation | None:
        """Blame the child's success; an inverted condition only declines."""
        return self.explain_itself(declined=self.child.looks_only)


class ForceSuccessNode(DecoratorNode, decorators.FailureIsSuccess):
    """`force_success`."""

    def update(self) -> Status:
        """Turn FAILURE into SUCCESS."""
        failed = self.child.status is FAILURE
        self.feedback_message = _because("its child failed", self.child) if failed else ""
        return SUCCESS if failed else self.child.status


class ForceFailureNode(DecoratorNode, decorators.SuccessIsFailure):
    """`force_failure`."""

    def update(self) -> Status:
        """Turn SUCCESS into FAILURE."""
        succeeded = self.child.status is SUCCESS
        self.feedback_message = _because("its child succeeded", self.child) if succeeded else ""
        return FAILURE if succeeded else self.child.status

    def explain(self) -> Explanation | None:
        """Blame the child's failure, or its success."""
        return self.child.explanation if self.child.status is FAILURE else self.explain_itself()


class RetryNode(DecoratorNode, decorators.Retry):
    """`retry`: one attempt a tick at most."""

    adjustable = MappingProxyType({"attempts": "num_failures"})

    def update(self) -> Status:
        """Count failures; RUNNING while attempts are left."""
        status = self.child.status
        if status is FAILURE:
            self.failures += 1
            why = self.child.explanation
            self.feedback_message = f"attempt {_of(self.failures, self.num_failures)} failed"
            self.feedback_message += f": {why.reason}" if why else ""
            return RUNNING if self.failures < self.num_failures else FAILURE
        self.feedback_message = f"attempt {_of(self.failures + 1, self.num_failures)}"
        return status


class RepeatNode(DecoratorNode, decorators.Repeat):
    """`repeat`: one round a tick at most."""

    adjustable = MappingProxyType({"times": "num_success"})

    def update(self) -> Status:
        """Count successes; RUNNING while rounds are left."""
        status = self.child.status
        if status is SUCCESS:
            self.success += 1
            self.feedback_message = f"{_of(self.success, self.num_success)} times done"
            return SUCCESS if self.success >= self.num_success else RUNNING
        self.feedback_message = f"round {_of(self.success + 1, self.num_success)}"
        if status is FAILURE:
            why = self.child.explanation
            self.feedback_message += f" failed: {why.reason}" if why else " failed"
        return status


class TimeoutNode(DecoratorNode, decorators.Timeout):
    """`timeout`, measured on the run's clock, which a simulation may run faster than the wall."""

    adjustable = MappingProxyType({"duration_s": "duration"})

    def initialise(self) -> None:
        """Start the clock."""
        self.finish_time = self.run.now_s + self.duration
        self._expired = False

    def adjust(self, name: str, value: Any) -> None:
        """Allow another time, counted from when the child was started."""
        if self.status is RUNNING:
            self.finish_time += value - self.duration
        super().adjust(name, value)

    def update(self) -> Status:
        """Fail when the child's time is over; `stop` halts it."""
        if self.child.status is not RUNNING:
            self.feedback_message = ""
            return self.child.status
        left_s = self.finish_time - self.run.now_s
        if left_s > 0.0:
            self.feedback_message = f"{left_s:.1f} s left"
            return RUNNING
        busy = _busy(self.child)
        words = f": {busy.feedback_message}" if busy.feedback_message else ""
        self.feedback_message = f"not done within {self.duration:g} s; it was: {busy.path}{words}"
        self._expired = True
        return FAILURE

    def explain(self) -> Explanation | None:
        """Blame the time, or the child's failure."""
        return self.explain_itself() if self._expired else self.child.explanation


def _of(count: int, most: float) -> str:
    """Say how far it is; `forever` has no end to be near."""
    return f"{count}" if most == inf else f"{count} of {most}"


def _because(what: str, child: Node) -> str:
    return f"{what}: {child.feedback_message}" if child.feedback_message else what


def _busy(node: Node) -> Node:
    """Return the first node below (or the node itself) that runs and has no running child."""
    while running := next((child for child in node.nodes if child.status is RUNNING), None):
        node = running
    return node
