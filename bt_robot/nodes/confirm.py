"""Ask a person."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from bt_robot.messages import People, Setup, TickContext
from bt_robot.tree import Action, Input, Outcome, failure, running, success

MAX_QUESTION = 200
"""The longest question [characters]: it has to fit on a screen."""


class Confirm(Action):
    """Ask a person a question and wait for the answer; the arm holds meanwhile.

    It succeeds on yes and fails on no. A run in a terminal shows the question and takes the keys y and n; the page of
    `--view --control` takes the answer, too. A run that has neither is told it beforehand, with `--confirm yes` or
    `--confirm no`. Who answered, and when, is among the run's events.
    """

    type_name = "confirm"
    question = Input(str, doc='what is asked, yes or no, e.g. "is the gripper empty?"')
    at_most_s = Input(
        float | None, default=60.0, minimum=0.0, doc="how long an answer is waited for [s]; none: for ever"
    )
    otherwise = Input(Literal["failure", "success"], default="failure", doc="what comes of no answer in that time")

    _asked: tuple[People, int] | None = None
    _since_s = 0.0

    @classmethod
    def amiss(cls, values: Mapping[str, object], kinds: Mapping[str, Any]) -> tuple[str, str] | None:
        """Find a question that can't be shown."""
        question = values.get("question")
        if isinstance(question, str) and not (question.strip() and len(question) <= MAX_QUESTION):
            return "question", f"one line of at most {MAX_QUESTION} characters"
        return None

    def why_not(self, setup: Setup) -> str:
        """Look for somebody to ask."""
        if not setup.people:
            return (
                "nobody can answer: this run has no terminal; run it in one, with --view --control, "
                "or decide with --confirm yes or no"
            )
        return ""

    def on_start(self, ctx: TickContext) -> None:
        """Show the question."""
        self._since_s = ctx.now_s
        ticket = ctx.people.ask(self.question, ctx.path)
        self._asked = ctx.people, ticket
        if ctx.people.poll(ticket) is None:
            limit = "" if self.at_most_s is None else f" (within {self.at_most_s:g} s)"
            ctx.tell(f"QUESTION: {self.question} y or n{limit}")

    def on_tick(self, ctx: TickContext) -> Outcome:
        """Look for the answer."""
        assert self._asked is not None, "it was started"
        people, ticket = self._asked
        reply = people.poll(ticket)
        waited_s = ctx.now_s - self._since_s
        if reply is None and (self.at_most_s is None or waited_s < self.at_most_s):
            left_s = math.inf if self.at_most_s is None else self.at_most_s - waited_s
            return running(f"{self.question} y or n{'' if math.isinf(left_s) else f', {left_s:.0f} s left'}")
        self._withdraw()
        if reply is None:
            ctx.tell(f"no answer to: {self.question}")
            words = f"no answer within {self.at_most_s:g} s to: {self.question}"
            return success(words) if self.otherwise == "success" else failure(words)
        said = "yes" if reply.yes else "no"
        ctx.tell(f"answered {said} by {reply.who}: {self.question}")
        words = f"{said}, by {reply.who}, to: {self.question}"
        return success(words) if reply.yes else failure(words)

    def on_halt(self, ctx: TickContext | None) -> None:
        """Take the question back."""
        self._withdraw()

    def _withdraw(self) -> None:
        if self._asked is not None:
            people, ticket = self._asked
            people.withdraw(ticket)
            self._asked = None
