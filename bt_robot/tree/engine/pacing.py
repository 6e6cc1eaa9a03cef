"""Decorators that decide when, and how often, their child is started."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any, Literal

from py_trees.common import Status

from bt_robot.tree.engine.node import FAILURE, INVALID, RUNNING, SUCCESS, Explanation, Node
from bt_robot.tree.engine.own_nodes import OwnDecorator


class DelayNode(OwnDecorator):
    """`delay`."""

    adjustable = MappingProxyType({"duration_s": "_duration_s"})

    def __init__(self, name: str, child: Node, duration_s: float) -> None:
        super().__init__(name, child)
        self._duration_s = duration_s
        self._start_s = 0.0
        self._waiting = False

    def adjust(self, name: str, value: Any) -> None:
        """Wait for another time, counted from the start."""
        self._start_s += value - self._duration_s
        super().adjust(name, value)

    def advance(self) -> Status:
        """Wait, then run the child."""
        if self.status is not RUNNING:
            self.reset_child()
            self._start_s = self.run.now_s + self._duration_s
            self._waiting = True
        if self._waiting:
            left_s = self._start_s - self.run.now_s
            if left_s > 0.0:
                self.feedback_message = f"starts in {left_s:.1f} s"
                return self.settle(RUNNING)
            self.feedback_message = ""
            self._waiting = False
        return self.settle(self.child.advance())


class RateLimitNode(OwnDecorator):
    """`rate_limit`."""

    adjustable = MappingProxyType({"period_s": "_period_s"})

    def __init__(self, name: str, child: Node, period_s: float) -> None:
        super().__init__(name, child)
        self._period_s = period_s
        self._started_s = -math.inf
        self._last: Status | None = None
        self._words = ""

    def advance(self) -> Status:
        """Tick a child that runs or may start; else repeat what it said, or wait if it was halted."""
        if self.child.status is not RUNNING:
            since_s = self.run.now_s - self._started_s
            if 0.0 <= since_s < self._period_s:  # a clock that was set back must not stop it for long
                return self._in_between(since_s)
            self._started_s = self.run.now_s
        status = self.child.advance()
        self._last = None if status is RUNNING else status
        self.feedback_message = self._words = self.child.feedback_message
        return self.settle(status)

    def _in_between(self, since_s: float) -> Status:
        if self._last is None:
            self.feedback_message = f"halted; may start again in {self._period_s - since_s:.1f} s"
            return self.settle(RUNNING)
        self.feedback_message = f"started {since_s:.1f} s ago" + (f": {self._words}" if self._words else "")
        return self.settle(self._last)


class CooldownNode(OwnDecorator):
    """`cooldown`."""

    adjustable = MappingProxyType({"duration_s": "_duration_s"})

    def __init__(self, name: str, child: Node, duration_s: float, after: Literal["any", "success", "failure"]) -> None:
        super().__init__(name, child)
        self._duration_s = duration_s
        self._counts = {"any": (SUCCESS, FAILURE, INVALID), "success": (SUCCESS,), "failure": (FAILURE,)}[after]
        self._ended_s = -math.inf
        self._cooling = False

    def advance(self) -> Status:
        """Decline while it is too early, else tick the child."""
        since_s = self.run.now_s - self._ended_s
        self._cooling = self.status is not RUNNING and 0.0 <= since_s < self._duration_s
        if self._cooling:
            self.feedback_message = f"cooling down for another {self._duration_s - since_s:.1f} s"
            return self.settle(FAILURE)
        status = self.child.advance()
        self.feedback_message = self.child.feedback_message
        if status in self._counts:
            self._ended_s = self.run.now_s
        return self.settle(status)

    def stop(self, new_status: Status = INVALID) -> None:
        """End it; a child that is halted has ended, too."""
        if new_status is INVALID and self.status is RUNNING and INVALID in self._counts:
            self._ended_s = self.run.now_s
        super().stop(new_status)

    def explain(self) -> Explanation | None:
        """Decline while cooling down; else blame the child."""
        return self.explain_itself(declined=True) if self._cooling else self.child.explanation


class RunOnceNode(OwnDecorator):
    """`run_once`."""

    def __init__(self, name: str, child: Node, until: Literal["end", "success"]) -> None:
        super().__init__(name, child)
        self._counts = (SUCCESS, FAILURE) if until == "end" else (SUCCESS,)
        self._final: Status | None = None

    def advance(self) -> Status:
        """Tick the child until its end has counted; then repeat how it ended."""
        if self._final is not None:
            return self.settle(self._final)
        status = self.child.advance()
        words = self.child.feedback_message
        self.feedback_message = words
        if status in self._counts:
            self._final = status
            self.feedback_message = f"done once: {words}" if words else "done once"
        return self.settle(status)
