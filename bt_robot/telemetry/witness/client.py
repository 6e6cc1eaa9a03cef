"""The run's end of the line to its witness. The loop only leaves a tick in a queue; a thread does the rest."""

from __future__ import annotations

import logging
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Final

from bt_robot.child import ONE_THREAD
from bt_robot.errors import UsageError
from bt_robot.messages import NodeInfo, TickRecord
from bt_robot.messages.steering import Steering
from bt_robot.telemetry.background import CLOSE_S, Background
from bt_robot.telemetry.recorder.messages import RecordedEnding
from bt_robot.telemetry.witness.parcel import Packer
from bt_robot.telemetry.witness.words import (
    Answer,
    Bound,
    BtLogOrder,
    Finished,
    Gone,
    Logged,
    Over,
    RecordingOrder,
    Steered,
    StopPressed,
    TreeTold,
    ViewOrder,
    Wanted,
    Words,
    decode,
    encode,
)

logger = logging.getLogger(__name__)

_WHAT: Final = "the record of this run"
START_S: Final = 20.0
"""How long the page may take to be there [s]."""

SILENCE_S: Final = 0.5
"""A run that is stepped is held when nothing is heard of the process for so long, twice in a row [s]."""

END_S: Final = 10.0
"""How long the files may take, and then the process's end, before it is killed [s]."""


class WitnessClient:
    """A sink that has a process of its own record the run and show it to web pages."""

    def __init__(
        self,
        told: Callable[[tuple[NodeInfo, ...]], TreeTold],
        joints: tuple[str, ...],
        rate_hz: float,
        max_waiting: int,
        *,
        patient: bool,
    ) -> None:
        """Start the process, and don't wait for it.

        Args:
            told: Returns the tree whose nodes a tick tells of.
            joints: The joints' names.
            rate_hz: Pictures per camera and second, at most.
            max_waiting: Ticks that may wait for the process; more are dropped and told.
            patient: Whether the loop waits for it instead of having ticks dropped: for time that nobody paces.

        Raises:
            UsageError: It could not be started.
        """
        self._ended = self._closing = False
        self._bound: queue.Queue[Bound] = queue.Queue()
        self._finished = threading.Event()
        self._sender = _Sender(Packer(told, joints, rate_hz), self._finished)
        self._line, theirs = Pipe()
        with theirs:
            self._process = _started(self._sender.far_end, theirs, patient=patient)
        self._sender.far_end.close()
        self._listening = threading.Thread(target=self._listen, name="witness", daemon=True)
        self._listening.start()
        self._queue = Background(self._sender, _WHAT, max_waiting, patient=patient)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def there(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def order(self, order: RecordingOrder | BtLogOrder) -> None:
        """Have a file written, from the first tick on; what hinders that is logged."""
        self._sender.order(order)

    def show(self, order: ViewOrder, steering: Steering) -> int:
        """Have pages served; return the port.

        Args:
            order: How.
            steering: What they may do to the run.

        Raises:
            UsageError: The address can't be listened on.
        """
        self._sender.steering = steering
        self._sender.order(order)
        try:
            bound = self._bound.get(timeout=START_S)
        except queue.Empty:
            raise UsageError(f"the page's process said nothing for {START_S:g} s") from None
        if bound.refused:
            raise UsageError(bound.refused)
        return bound.port

    def publish(self, record: TickRecord) -> None:
        """Leave a tick for the process."""
        self._queue.publish(record)

    def end(self, ending: RecordedEnding) -> None:
        """Say how the run ended; it is told after the last tick."""
        self._sender.ending = ending

    def finish(self) -> None:
        """Have the files finished, and wait for them a moment; pages can still travel in the run."""
        if not self._ended:
            self._ended = True
            self._queue.close()

    def close(self) -> None:
        """End the process."""
        self.finish()
        finished = self._finished.wait(END_S)
        self._closing = True
        if not finished:
            self._process.kill()
        self._sender.hang_up()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listening.join()
        self._line.close()

    # ---- in the thread that listens

    def _listen(self) -> None:
        while (data := self._next()) is not None:
            try:
                self._heard(decode(data))
            except Exception:  # whatever it is, the next emergency stop must be heard
                logger.exception("what a page asked for failed")
        self._bound.put(Bound(0, "the page's process has ended"))
        self._finished.set()
        if self._closing:
            return
        logger.warning("the process that records the run has ended")
        if self._sender.steering is not None:
            self._sender.steering.let_go("the page")
            logger.warning("its page is gone: a run that is held waits for Ctrl-C")

    def _next(self) -> bytes | None:
        """Return what the process says next; None if it has ended."""
        stepped = False
        try:
            while not self._line.poll(SILENCE_S):
                steering, before = self._sender.steering, stepped
                stepped = steering is not None and steering.mode == "stepping"
                if steering is not None and stepped and before:
                    steering.let_go("the page")
            return self._line.recv_bytes()
        except (EOFError, OSError):
            return None

    def _heard(self, words: Words) -> None:
        match words:
            case Logged():
                logging.getLogger(words.logger).log(words.level, "%s", words.words)
            case Bound():
                self._bound.put(words)
            case Finished():
                self._finished.set()
            case _:
                if self._sender.steering is not None:
                    self._steer(self._sender.steering, words)

    def _steer(self, steering: Steering, words: Words) -> None:
        match words:
            case Wanted():
                if time.monotonic() < words.until_s:  # else the page was told that it is not done
                    self._line.send_bytes(encode(Answer(words.number, steering.wish(words.wish, words.who))))
            case StopPressed():
                steering.stop(words.who)
            case Gone():
                steering.let_go(words.who)
            case _:  # it is there, and says so
                pass


class _Sender:
    """Sends ticks, in the thread of a queue.

    Attributes:
        far_end: The other end of the line.
        steering: What pages may do to the run; None without pages.
        ending: How the run ended, once it has.
    """

    def __init__(self, packer: Packer, finished: threading.Event) -> None:
        self.far_end, self._ticks = Pipe(duplex=False)
        self.steering: Steering | None = None
        self.ending: RecordedEnding | None = None
        self._packer = packer
        self._finished = finished
        self._steered = Steered()
        self._gone = False
        self._unfit = 0

    def order(self, order: RecordingOrder | BtLogOrder | ViewOrder) -> None:
        self._send(encode(order))

    def publish(self, record: TickRecord) -> None:
        if self._gone:
            return
        try:
            parcel = self._packer.pack(record)
        except Exception as error:  # what a leaf did to this tick must not cost those that come after it
            self._unfit += 1
            if self._unfit == 1:
                logger.warning("%s lacks a tick that can't be written down: %s", _WHAT, error)
                logger.debug("traceback", exc_info=True)
        else:
            for data in parcel:
                self._send(data)
        self._tell_steered()

    def close(self) -> None:
        if self._unfit > 1:
            logger.warning("%s lacks %d ticks that can't be written down", _WHAT, self._unfit)
        self._send(encode(Over(self.ending)))
        self._finished.wait(CLOSE_S)

    def hang_up(self) -> None:
        self._ticks.close()

    def _tell_steered(self) -> None:
        steering = self.steering
        if steering is None:
            return
        steered = Steered(steering.mode, tuple(steering.breakpoints), tuple(steering.questions))
        if steered != self._steered:
            self._steered = steered
            self._send(encode(steered))

    def _send(self, data: bytes) -> None:
        try:
            self._ticks.send_bytes(data)
        except OSError:  # whoever listens to the process tells it
            self._gone = True


def _started(ticks: Connection, line: Connection, *, patient: bool) -> subprocess.Popen[bytes]:
    fds = (ticks.fileno(), line.fileno())
    arguments = (*fds, logging.getLogger().getEffectiveLevel(), int(patient))
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "bt_robot.telemetry.witness.process", *map(str, arguments)],
            pass_fds=fds,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # whoever reads ours need not wait for its end
            start_new_session=True,  # Ctrl-C is for the run, which still has something to tell while it ends
            env={**os.environ, **ONE_THREAD},
        )
    except OSError as error:
        raise UsageError(f"the process that records the run could not be started: {error}") from error
