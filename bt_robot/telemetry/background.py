"""A sink that takes its time, without making whoever publishes wait for it: the loop, or a run's witness."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from typing import Final, Protocol

from bt_robot.messages import TickRecord

logger = logging.getLogger(__name__)

MAX_WAITING: Final = 3000
"""Ticks that wait for a slow disk or network; more are dropped and told."""

CLOSE_S: Final = 5.0
"""How long the end of a run waits for what is not written yet."""


class SlowSink(Protocol):
    """What may wait: it is called in one thread only, which is nobody else's."""

    def publish(self, record: TickRecord) -> None:
        """Take note of one tick.

        Raises:
            OSError: It can't; it is not told of any other.
            ValueError: It can't; it is not told of any other.
        """
        ...

    def close(self) -> None:
        """Finish."""
        ...


class Background:
    """A sink in front of a slow one: a bounded queue, and a thread that empties it.

    What the slow one raises is told once and ends it; the run goes on.
    """

    def __init__(self, sink: SlowSink, what: str, max_waiting: int = MAX_WAITING, *, patient: bool = False) -> None:
        """Start the thread.

        Args:
            sink: The slow one.
            what: What it makes, for messages.
            max_waiting: Ticks that may wait for it.
            patient: Whether `publish` waits for room instead of dropping ticks: for time that nobody paces.
        """
        self._patient = patient
        self._sink = sink
        self._what = what
        self._dropped = 0
        self._waiting: queue.Queue[TickRecord | None] = queue.Queue(max_waiting)
        self._thread = threading.Thread(target=self._run, name=what, daemon=True)
        self._thread.start()

    def publish(self, record: TickRecord) -> None:
        """Hand a tick over; it is dropped when too many wait already, unless there is time to wait."""
        try:
            self._waiting.put(record, block=self._patient)
        except queue.Full:
            self._dropped += 1

    def close(self) -> None:
        """Wait a moment for what is not written yet, and say what was dropped."""
        with contextlib.suppress(queue.Full):
            self._waiting.put(None, timeout=CLOSE_S)
        self._thread.join(CLOSE_S)
        if self._dropped:
            logger.warning("%s lacks %d ticks: it was too slow for the control rate", self._what, self._dropped)
        if self._thread.is_alive():
            logger.warning("%s is not complete: it was still busy %g s after the end", self._what, CLOSE_S)

    def _run(self) -> None:
        try:
            while (record := self._waiting.get()) is not None:
                self._sink.publish(record)
        except Exception as error:  # noqa: BLE001 - a full disk must not change how the run ends
            self._tell(error)
            while self._waiting.get() is not None:  # nobody may wait for a queue that nobody empties
                continue
            with contextlib.suppress(Exception):  # that has been told
                self._sink.close()
            return
        try:
            self._sink.close()
        except Exception as error:  # noqa: BLE001 - the same
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        logger.warning("%s could not be written: %s", self._what, error)
        logger.debug("traceback", exc_info=True)
