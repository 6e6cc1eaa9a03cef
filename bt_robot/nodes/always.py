"""Leaves that always say the same: to try a tree out, or to end a branch on purpose."""

from __future__ import annotations

from bt_robot.messages import TickContext
from bt_robot.tree import Action, Input, Outcome, failure, running, success


class AlwaysSuccess(Action):
    """Succeed at once."""

    type_name = "always_success"
    aliases = ("success",)
    btcpp = "AlwaysSuccess"
    py_trees = "Success"

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Say so."""
        return success()


class AlwaysFailure(Action):
    """Fail at once, for the reason given."""

    type_name = "always_failure"
    aliases = ("failure",)
    btcpp = "AlwaysFailure"
    py_trees = "Failure"
    reason = Input(str, default="it always fails", doc="why, in the words that the run reports")

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Say so."""
        return failure(self.reason)


class AlwaysRunning(Action):
    """Stay RUNNING until it is halted; the arm holds meanwhile."""

    type_name = "always_running"
    aliases = ("running",)
    py_trees = "Running"

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Say so."""
        return running()
