"""Which pictures are worth a look, and what the looks found; shared by whoever looks."""

from __future__ import annotations

from bt_robot.messages import Find, Frame, Sighting
from bt_robot.sight.finding import find_in

LOOK_EVERY_S = 0.1
"""Pictures of one camera that are searched for one thing are at least this far apart [s]; skills end no faster."""

Question = tuple[str, Find]
"""A camera's name, and what to look for."""


class Looks:
    """What the looks so far found, by question."""

    def __init__(self) -> None:
        """Begin without a look."""
        self._looked: dict[Question, float] = {}
        self._found: dict[Question, Sighting] = {}

    def worth_it(self, question: Question, frame: Frame) -> bool:
        """Return whether a frame is to be looked at for a question.

        A camera whose time runs backwards was restarted: its picture is looked at.
        """
        before_s = self._looked.get(question)
        return before_s is None or not 0.0 <= frame.captured_s - before_s < LOOK_EVERY_S - 1e-9

    def begin(self, question: Question, frame: Frame) -> None:
        """Note that a frame is looked at for a question."""
        self._looked[question] = frame.captured_s

    def keep(self, question: Question, sighting: Sighting) -> None:
        """Take what a look found."""
        self._found[question] = sighting

    def newest(self, question: Question) -> Sighting | None:
        """Return what the newest look for a question found; None before the first."""
        return self._found.get(question)


def look(wanted: Find, frame: Frame) -> Sighting:
    """Look for a thing in a picture; whatever goes wrong with the picture is what the look tells."""
    try:
        return Sighting(frame.captured_s, find_in(wanted, frame.image))
    except Exception as error:  # noqa: BLE001 - a camera's broken picture must end no thread and no tick
        return Sighting(frame.captured_s, trouble=f"{type(error).__name__}: {error}")
