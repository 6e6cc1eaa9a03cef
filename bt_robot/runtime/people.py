"""The questions that wait for a person, and who answers them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from bt_robot.messages import Reply

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pending:
    """A question that waits for an answer.

    Attributes:
        ticket: Its number.
        question: The question.
        since_s: When it was asked [s], on the monotonic clock.
        path: The node that asks; empty if that is not known.
    """

    ticket: int
    question: str
    since_s: float
    path: str = ""


class Board:
    """A `People` whose questions anybody can list and answer, from any thread: a keyboard, a web page."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Begin without questions.

        Args:
            now: The clock of the people, which is not the run's [s].
        """
        self._now = now
        self._lock = threading.Lock()
        self._tickets = 0
        self._pending: dict[int, Pending] = {}
        self._replies: dict[int, Reply] = {}

    def ask(self, question: str, path: str = "") -> int:
        """Show a question; return a ticket.

        Args:
            question: The question.
            path: The node that asks.
        """
        with self._lock:
            self._tickets += 1
            self._pending[self._tickets] = Pending(self._tickets, question, self._now(), path)
            return self._tickets

    def poll(self, ticket: int) -> Reply | None:
        """Return the answer; None while there is none."""
        with self._lock:
            return self._replies.get(ticket)

    def withdraw(self, ticket: int) -> None:
        """Take a question back: it needs no answer any more."""
        with self._lock:
            self._pending.pop(ticket, None)
            self._replies.pop(ticket, None)

    def pending(self) -> tuple[Pending, ...]:
        """Return the questions without an answer, the oldest first."""
        with self._lock:
            return tuple(self._pending.values())

    def answer(self, ticket: int, *, yes: bool, who: str) -> bool:
        """Answer a question; return whether it still waited for an answer.

        Args:
            ticket: Its number.
            yes: The answer.
            who: Who answers, e.g. `anna at the terminal`.
        """
        with self._lock:
            pending = self._pending.pop(ticket, None)
            if pending is None:
                return False
            self._replies[ticket] = Reply(yes, who)
        logger.info("%s: %s, by %s", pending.question, "yes" if yes else "no", who)
        return True


class Decided:
    """A `People` whose answer was given before the run."""

    def __init__(self, *, yes: bool, who: str) -> None:
        """Answer every question alike.

        Args:
            yes: The answer.
            who: Where it was given, e.g. `--confirm yes`.
        """
        self._reply = Reply(yes, who)

    def ask(self, question: str, path: str = "") -> int:
        """Return a ticket; all are the same."""
        return 0

    def poll(self, ticket: int) -> Reply | None:
        """Return the answer."""
        return self._reply

    def withdraw(self, ticket: int) -> None:
        """Do nothing."""
