"""The sight of a simulated run: it looks at once, so that a run is the same every time."""

from __future__ import annotations

from bt_robot.messages import Find, Frame, Sighting
from bt_robot.sight.looks import Looks, look


class InlineSight:
    """The Protocol `Sight` where time stands still while it looks."""

    def __init__(self) -> None:
        """Begin without a look."""
        self._looks = Looks()

    def find(self, wanted: Find, frame: Frame) -> Sighting | None:
        """Look for a thing in a picture, unless it is too soon after the one before; return the newest look."""
        question = (frame.camera, wanted)
        if self._looks.worth_it(question, frame):
            self._looks.begin(question, frame)
            self._looks.keep(question, look(wanted, frame))
        return self._looks.newest(question)

    def close(self) -> None:
        """Nothing is open."""
