"""The sight of a run in real time: a thread looks, and the control loop never waits for it."""

from __future__ import annotations

import threading

from bt_robot.messages import Find, Frame, Sighting
from bt_robot.sight.looks import Looks, Question, look

_CLOSE_WITHIN_S = 1.0


class BackgroundSight:
    """The Protocol `Sight` over a thread, which is started by the first question.

    Of each question only the newest picture waits; the questions take turns.
    """

    def __init__(self) -> None:
        """Begin without a thread."""
        self._looks = Looks()
        self._waiting: dict[Question, Frame] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def find(self, wanted: Find, frame: Frame) -> Sighting | None:
        """Ask to look for a thing in a picture, unless it is too soon; return the newest look that is finished."""
        question = (frame.camera, wanted)
        with self._changed:
            if not self._closed and self._looks.worth_it(question, frame):
                self._waiting[question] = frame
                self._start()
                self._changed.notify()
            return self._looks.newest(question)

    def close(self) -> None:
        """End the thread, which finishes its look at most; allowed any number of times."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(_CLOSE_WITHIN_S)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="sight", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                question = next(iter(self._waiting))  # the one that waits longest
                frame = self._waiting.pop(question)
                self._looks.begin(question, frame)
            sighting = look(question[1], frame)
            with self._changed:
                self._looks.keep(question, sighting)
