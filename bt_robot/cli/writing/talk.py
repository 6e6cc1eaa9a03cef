"""The talk with a language model: a tree is wanted, looked over, and given back until it is right."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bt_robot.cli.writing.checking import Checked, Checker
from bt_robot.errors import EndpointError, EndpointRefusal, EndpointUnavailable
from bt_robot.language_model.chat import Message, Said, Wish
from bt_robot.language_model.endpoint import Endpoint

logger = logging.getLogger(__name__)

ATTEMPTS: Final = 3
"""How often one question is sent when the endpoint has too much to do, or hangs up."""

_PAUSE_S: Final = 1.0
_BUSY: Final = (408, 429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Round:
    """One answer of the model.

    Attributes:
        number: From 1.
        checked: What was in it.
        cut_off: Whether it was longer than it may be.
    """

    number: int
    checked: Checked
    cut_off: bool


class Writer:
    """Asks for a tree, and gives it back with its mistakes until there are none."""

    def __init__(
        self, endpoint: Endpoint, checker: Checker, briefing: str, max_tokens: int, sleep: Callable[[float], None]
    ) -> None:
        """Prepare.

        Args:
            endpoint: Who writes.
            checker: Looks over what was written.
            briefing: What the writer has to know.
            max_tokens: Greatest length of an answer.
            sleep: Waits for an endpoint that is busy [s].
        """
        self._endpoint = endpoint
        self._checker = checker
        self._briefing = briefing
        self._wish = Wish(max_tokens)
        self._sleep = sleep

    def write(self, task: str, before: str, rounds: int, told: Callable[[Round], None]) -> Round:
        """Return the last round: its tree can be run, or the rounds are over.

        Args:
            task: What the arm shall do.
            before: The tree that is to be changed; empty for a new one.
            rounds: The most answers that are asked for.
            told: Told of every round.

        Raises:
            EndpointError: The endpoint does not answer.
        """
        talk = [Message("system", self._briefing), Message("user", wanted(task, before))]
        number = 0
        while True:
            number += 1
            said = self._ask(talk)
            checked = self._checker.check(said.refused or said.text)
            done = Round(number, checked, not said.complete)
            told(done)
            if checked.spec is not None or number >= rounds:
                return done
            # Only the latest answer is given back: the ones before were worse, and room is dear.
            talk = [*talk[:2], Message("assistant", said.text), Message("user", _wrong(done))]

    def _ask(self, talk: list[Message]) -> Said:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._endpoint.ask(talk, self._wish)
            except EndpointError as error:
                refused = isinstance(error, EndpointRefusal)
                passing = error.status in _BUSY if refused else isinstance(error, EndpointUnavailable)
                if attempt == ATTEMPTS or not passing:
                    raise
                pause_s = max(error.retry_in_s if refused else 0.0, _PAUSE_S * attempt)
                logger.warning("%s; trying again in %g s", error, pause_s)
                self._sleep(pause_s)
        raise AssertionError("the last attempt returns or raises")


def wanted(task: str, before: str) -> str:
    """Return what is asked for.

    Args:
        task: What the arm shall do.
        before: The tree that is to be changed; empty for a new one.
    """
    if not before:
        return f"Write a tree for this task: {task}"
    return f"Change this tree:\n```yaml\n{before.strip()}\n```\nAs follows: {task}"


def _wrong(done: Round) -> str:
    head = "Your answer was cut off; write a shorter tree.\n" if done.cut_off else ""
    return f"{head}The tree has mistakes:\n\n{done.checked.words}\n\nWrite the whole tree again without them."
