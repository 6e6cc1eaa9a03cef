"""The witness: it hears of every tick, writes the run's files, and shows the run to web pages.

It is a process of its own because a thread beside the control loop has the interpreter now and then when the loop wants
it: `python -m benchmarks.telemetry` measures both. It ends with the run's process, however that ends, and what it was
told until then is in its files.
"""

from __future__ import annotations

import logging
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from bt_robot.errors import UsageError
from bt_robot.messages import NodeInfo, Sink, TickRecord
from bt_robot.telemetry.background import Background
from bt_robot.telemetry.groot2.btlog import BtLog
from bt_robot.telemetry.kept import KeptFrame
from bt_robot.telemetry.recorder.messages import RecordedEnding, Source
from bt_robot.telemetry.recorder.writer import Recorder
from bt_robot.telemetry.view.album import LiveAlbum, Shot
from bt_robot.telemetry.view.opening import open_view
from bt_robot.telemetry.view.server import ViewServer
from bt_robot.telemetry.view.told import Ended
from bt_robot.telemetry.witness.parcel import PARCEL, Unpacker
from bt_robot.telemetry.witness.steering import FarSteering, Line
from bt_robot.telemetry.witness.words import (
    Alive,
    Bound,
    BtLogOrder,
    Finished,
    Logged,
    Over,
    RecordingOrder,
    Steered,
    TreeTold,
    ViewOrder,
    decode,
)

logger = logging.getLogger("bt_robot.telemetry.witness")  # this module is called __main__

ALIVE_S: Final = 0.1
"""How often the run is told that somebody is there, while it is stepped [s]."""


class _LogLine(logging.Handler):
    """Has the run's process log what is logged here."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def emit(self, record: logging.LogRecord) -> None:
        self._line.say(Logged(record.name, record.levelno, self.format(record)))


class Witness:
    """What it writes and shows."""

    def __init__(self, line: Line, *, patient: bool) -> None:
        """Begin with no orders.

        Args:
            line: To the run's process.
            patient: Whether the run waits for slow disks and pages instead of having ticks dropped.
        """
        self._line = line
        self._patient = patient
        self._unpacker = Unpacker()
        self._steering = FarSteering(line)
        self._sinks: list[Sink] = []
        self._recorder: Recorder | None = None
        self._server: ViewServer | None = None
        self._files = ExitStack()
        self._page = ExitStack()

    def heard(self, data: bytes) -> None:
        """Do what the run's process says.

        Raises:
            ValueError: It is nothing that a witness is told.
        """
        if data.startswith(PARCEL):
            record = self._unpacker.unpack(data)
            for sink in self._sinks:
                sink.publish(record)
            return
        match decode(data):
            case TreeTold() as tree:
                self._unpacker.trees.append(tree)
            case Steered() as steered:
                self._steering.steered = steered
            case RecordingOrder() as order:
                self._record(order)
            case BtLogOrder(path):
                self._log(Path(path))
            case ViewOrder() as order:
                self._show(order)
            case Over(ending):
                self._finish(ending)
            case words:
                raise ValueError(f"{type(words).__name__} is nothing that a witness is told")

    def show_life(self) -> None:
        """Say to a run that is stepped that somebody is there."""
        if self._steering.mode == "stepping":
            self._line.say(Alive())

    def close(self) -> None:
        """Finish what is not finished: the run's process is gone."""
        self._files.close()
        self._page.close()

    def _tree(self, layout: Sequence[NodeInfo]) -> TreeTold:
        """Return the tree that has these nodes; a sink that lags behind asks for an older one."""
        return next(tree for tree in reversed(self._unpacker.trees) if tree.nodes is layout)

    def _named(self, layout: tuple[NodeInfo, ...]) -> tuple[str, tuple[Source, ...]]:
        tree = self._tree(layout)
        return tree.name, tree.sources

    def _record(self, order: RecordingOrder) -> None:
        path = Path(order.path)
        try:
            self._recorder = Recorder(path, order.info, self._named, order.rate_hz, order.limit_bytes)
        except OSError as error:
            logger.warning("no recording of this run: %s can't be written (%s)", path, error.strerror or error)
            return
        sink = Background(self._recorder, str(path), patient=self._patient)
        self._files.callback(sink.close)
        self._sinks.append(sink)

    def _log(self, path: Path) -> None:
        log = BtLog(path, lambda layout: self._tree(layout).xml, time.time_ns() // 1000)
        sink = Background(log, str(path), patient=self._patient)
        self._files.callback(sink.close)
        self._sinks.append(sink)

    def _show(self, order: ViewOrder) -> None:
        album = LiveAlbum()
        try:
            server = open_view(
                order.about,
                order.address,
                order.token,
                album=album,
                steering=self._steering,
                control=order.control,
                patient=self._patient,
            )
        except UsageError as error:
            album.close()
            self._line.say(Bound(0, str(error)))
            return
        self._server = server
        self._page.callback(album.close)
        self._page.callback(server.close)
        self._sinks += [server, _Pictures(album, server)]
        self._line.say(Bound(server.port))

    def _finish(self, ending: RecordedEnding | None) -> None:
        if ending is not None:
            if self._recorder is not None:
                self._recorder.end(ending)
            if self._server is not None:
                self._server.end(Ended.of(ending))
        self._files.close()
        self._line.say(Finished())


class _Pictures:
    """A sink that keeps the pictures of ticks, and shows them to pages."""

    def __init__(self, album: LiveAlbum, server: ViewServer) -> None:
        self._album = album
        self._server = server

    def publish(self, record: TickRecord) -> None:
        for camera, frame in record.observation.frames.items():
            if isinstance(frame, KeptFrame) and frame.jpeg is not None:
                shot = Shot(frame.captured_s, frame.jpeg)
                self._album.keep(camera, shot)
                self._server.shown(camera, shot)


def main() -> None:
    """Be a witness: the arguments are two file descriptors, a log level, and whether to be patient."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the run goes on for a while after any of them
    told, line, level, patient = map(int, sys.argv[1:])
    ticks, far = Connection(told, writable=False), Line(Connection(line))
    logging.basicConfig(level=level, handlers=[_LogLine(far)], format="%(message)s")
    witness = Witness(far, patient=bool(patient))
    while (data := _next(ticks, witness.show_life)) is not None:
        try:
            witness.heard(data)
        except Exception:  # the next tick may be another matter
            logger.exception("the process that records the run stumbled")
    witness.close()


def _next(ticks: Connection, meanwhile: Callable[[], None]) -> bytes | None:
    """Return what the run's process says next; None if it has ended."""
    try:
        meanwhile()
        while not ticks.poll(ALIVE_S):
            meanwhile()
        return ticks.recv_bytes()
    except (EOFError, OSError):
        return None


if __name__ == "__main__":
    main()
