"""Who can be asked: a vision-language model that looks at pictures, and the people beside the robot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bt_robot.messages.arm import Frame


@dataclass(frozen=True, slots=True)
class Question:
    """A question about what cameras see, to be answered with yes or no.

    Attributes:
        text: The question.
        now: The newest picture of each camera it is about.
        before: Earlier pictures of the same cameras, to compare with; may be empty.
    """

    text: str
    now: tuple[Frame, ...]
    before: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came back for a question.

    Attributes:
        yes: The probability of yes, 0 … 1; None when it is not known.
        graded: Whether the probability is the model's own; else it only said a word, and `yes` is 1, 0.5 or 0.
        reason: Why it is not known; empty otherwise.
        seen_s: Capture time of the oldest picture of `now` [s], on the run's clock.
        retry_in_s: How long the endpoint wants to be left alone [s].
        news: What a person should read about the endpoint, once; may be empty.
    """

    yes: float | None
    graded: bool = False
    reason: str = ""
    seen_s: float = 0.0
    retry_in_s: float = 0.0
    news: str = ""


class Judge(Protocol):
    """A vision-language model that is asked in the background; no method ever waits for an answer in wall time."""

    def ask(self, question: Question, now_s: float) -> int | None:
        """Begin to ask; return a ticket, or None while too many questions are under way."""
        ...

    def poll(self, ticket: int, now_s: float) -> Judgement | None:
        """Take the answer, once; None while there is none, or when the ticket was given back."""
        ...

    def forget(self, ticket: int) -> None:
        """Give a ticket back: its answer is not wanted any more."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """A person's answer.

    Attributes:
        yes: Whether it was yes.
        who: Who gave it.
    """

    yes: bool
    who: str


class People(Protocol):
    """The people who can answer a question; no method ever waits for them."""

    def ask(self, question: str, path: str = "") -> int:
        """Show a question; return a ticket.

        Args:
            question: The question.
            path: The node that asks.
        """
        ...

    def poll(self, ticket: int) -> Reply | None:
        """Return the answer; None while there is none."""
        ...

    def withdraw(self, ticket: int) -> None:
        """Take a question back: it needs no answer any more."""
        ...
