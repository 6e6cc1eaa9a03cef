"""The run, as far as a person may change it, seen from the witness's process."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Final

from bt_robot.messages.steering import Asked, Breakpoint, Mode, Wish
from bt_robot.telemetry.witness.words import Answer, Gone, Steered, StopPressed, Wanted, Words, decode, encode

ANSWER_S: Final = 2.0
"""How long an answer may take; the run's process has it at once, unless it is paused [s]."""

_UNDER_WAY_S: Final = 0.5
"""What is left of that for the answer itself, when the run takes up a wish in the last moment."""


class Line:
    """Says something to the run's process; any thread may."""

    def __init__(self, connection: Connection) -> None:
        """Say it on a connection."""
        self.connection = connection
        self._lock = threading.Lock()

    def say(self, words: Words) -> None:
        """Say something; a process that is gone is no error: the witness is told so elsewhere."""
        with suppress(OSError), self._lock:
            self.connection.send_bytes(encode(words))


class FarSteering:
    """Implements `bt_robot.messages.steering.Steering` for one thread, by asking the run's process.

    Attributes:
        steered: How the run is steered, as it was told last.
    """

    def __init__(self, line: Line) -> None:
        """Ask on a line."""
        self.steered = Steered()
        self._line = line
        self._number = 0

    @property
    def mode(self) -> Mode:
        """How the run goes on."""
        return self.steered.mode

    @property
    def breakpoints(self) -> tuple[Breakpoint, ...]:
        """Where nodes are to wait."""
        return self.steered.breakpoints

    @property
    def questions(self) -> tuple[Asked, ...]:
        """What waits for an answer."""
        return self.steered.questions

    def wish(self, wish: Wish, who: str) -> str:
        """Have something done at the next tick; return why it can't be, or an empty string.

        Args:
            wish: What to do.
            who: Who wants it, for the record.
        """
        self._number += 1
        until_s = time.monotonic() + ANSWER_S
        self._line.say(Wanted(self._number, wish, who, until_s - _UNDER_WAY_S))
        connection = self._line.connection
        try:
            while connection.poll(max(0.0, until_s - time.monotonic())):
                answer = decode(connection.recv_bytes())
                if isinstance(answer, Answer) and answer.number == self._number:  # else it came too late
                    return answer.why
        except (OSError, EOFError):
            return "the run is over"
        return f"the run did not answer within {ANSWER_S:g} s"

    def stop(self, who: str) -> None:
        """Stop the robot, now."""
        self._line.say(StopPressed(who))

    def let_go(self, who: str) -> None:
        """Take note that whoever steered is gone; a run that was being stepped is held."""
        self._line.say(Gone(who))
