"""The person in front of the terminal, who is asked questions and answers with a key."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bt_robot.messages import People
from bt_robot.runtime.people import Board, Decided

Confirm = Literal["ask", "yes", "no"]

SETTLE_S = 0.5
"""A key that comes so soon after a question appeared was meant for something else [s]."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What a terminal's keys are good for, as a view shows it.

    Attributes:
        hint: Which key does what; empty where none is listened to.
        asking: Returns the question that y or n answers now; empty if there is none.
    """

    hint: str
    asking: Callable[[], str]


class Keyboard:
    """Turns the keys y and n into answers to the oldest question."""

    def __init__(self, board: Board, now: Callable[[], float] = time.monotonic) -> None:
        """Prepare.

        Args:
            board: Where the questions are.
            now: The board's clock [s].
        """
        self._board = board
        self._now = now

    def asking(self) -> str:
        """Return the question that waits for a key, with who asks it if others wait, too; empty if none does."""
        pending = self._board.pending()
        if len(pending) > 1 and pending[0].path:
            return f"{pending[0].question} ({pending[0].path})"
        return pending[0].question if pending else ""

    def press(self, keys: bytes) -> None:
        """Take keys; only y and n count, and only once a question has been there for a moment."""
        answers = [key for key in keys.decode("ascii", errors="replace").lower() if key in "yn"]
        pending = self._board.pending()
        if answers and pending and self._now() - pending[0].since_s >= SETTLE_S:
            self._board.answer(pending[0].ticket, yes=answers[0] == "y", who=f"{_name()} at the terminal")


def _name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container without a user database
        return "somebody"


def people_of(confirm: Confirm, board: Board | None) -> People | None:
    """Return who answers a run's questions; None if nobody does.

    Args:
        confirm: What was decided before the run.
        board: Where a person sees questions and answers them; None if nobody is there.
    """
    return board if confirm == "ask" else Decided(yes=confirm == "yes", who=f"--confirm {confirm}")
