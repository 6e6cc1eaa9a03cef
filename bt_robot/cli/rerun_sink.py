"""A run for the Rerun viewer: the flag, and the sink that tells it."""

from __future__ import annotations

import argparse
import logging
import socket
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bt_robot.cli.record import picture_hz
from bt_robot.errors import UsageError

if TYPE_CHECKING:
    from bt_robot.cli.session import Session
    from bt_robot.messages import TickRecord
    from bt_robot.telemetry.recorder import RecordedEnding
    from bt_robot.telemetry.rerun.conversion import RerunLog

SPAWN: Final = "spawn"
"""Start a viewer."""

VIEWER: Final = "rerun+http://127.0.0.1:9876/proxy"
"""Where a viewer that runs already listens."""

_SCHEMES: Final = ("rerun", "rerun+http", "rerun+https")
_REACH_S: Final = 1.0

logger = logging.getLogger(__name__)


def add_rerun_flag(parser: argparse.ArgumentParser) -> None:
    """Add what tells Rerun of a run."""
    parser.add_argument(
        "--rerun",
        nargs="?",
        type=_place,
        const=SPAWN,
        metavar="FILE.rrd",
        help="show the run in Rerun: start its viewer, or write a file; 'connect' or a rerun+http:// address lead to a"
        " viewer that runs already (extra 'rerun')",
    )


def _place(text: str) -> str:
    if text in (SPAWN, "connect") or text.endswith(".rrd") or urlsplit(text).scheme in _SCHEMES:
        return VIEWER if text == "connect" else text
    raise argparse.ArgumentTypeError(
        f"'{text}' is no place for Rerun; expected FILE.rrd, 'connect' or a rerun+http:// address; write TREE first"
    )


def require_rerun(arguments: argparse.Namespace) -> None:
    """Refuse to begin a run that Rerun can't be told of.

    Raises:
        UsageError: The extra is not installed, or no viewer listens.
    """
    place: str | None = arguments.rerun
    if place is None:
        return
    from bt_robot.telemetry.rerun.library import load_rerun

    load_rerun()
    if place != SPAWN and not place.endswith(".rrd"):
        _require_viewer(place)


class RerunSink:
    """A sink that tells Rerun of a run, in a thread of its own."""

    def __init__(self, log: RerunLog, *, patient: bool) -> None:
        """Start the thread.

        Args:
            log: What it tells.
            patient: Whether the run may wait for it.
        """
        from bt_robot.telemetry.background import Background

        self._log = log
        self._background = Background(log, "what Rerun shows", patient=patient)

    def publish(self, record: TickRecord) -> None:
        """Tell of a tick."""
        self._background.publish(record)

    def end(self, ending: RecordedEnding) -> None:
        """Have it told how the run ended, after its last tick."""
        self._log.ending = ending

    def close(self) -> None:
        """Wait a moment for what is not told yet."""
        self._background.close()


@contextmanager
def rerun_sink(session: Session, arguments: argparse.Namespace) -> Generator[RerunSink]:
    """Tell Rerun of a run.

    Raises:
        UsageError: The viewer did not start, or the file can't be written.
    """
    from bt_robot.telemetry.recorder.shutter import Shutter
    from bt_robot.telemetry.rerun.conversion import RerunLog
    from bt_robot.telemetry.rerun.layout import blueprint_of
    from bt_robot.telemetry.rerun.library import new_stream

    name, plans = session.job.spec.name, session.plans
    stream = new_stream(name, f"{name}-{datetime.now():%Y%m%dT%H%M%S%f}")
    blueprint = blueprint_of(plans.tree.nodes, plans.limits.names, tuple(session.job.settings.robot.cameras))
    place: str = arguments.rerun
    if place == SPAWN:
        try:
            stream.spawn(default_blueprint=blueprint)
        except RuntimeError as error:
            raise UsageError(f"Rerun's viewer did not start: {error}; try --rerun FILE.rrd") from error
    elif place.endswith(".rrd"):
        try:
            Path(place).parent.mkdir(parents=True, exist_ok=True)
            Path(place).touch()
        except OSError as error:
            raise UsageError(f"{place} can't be written: {error.strerror or error}") from error
        stream.save(place, default_blueprint=blueprint)
    else:
        stream.connect_grpc(place, default_blueprint=blueprint)
    shutter = Shutter(picture_hz(arguments))

    def pictures(record: TickRecord) -> Iterator[tuple[str, bytes]]:
        for frame, jpeg in shutter.pictures(record.observation.frames, record.time_s):
            yield frame.camera, jpeg

    sink = RerunSink(RerunLog(stream, plans.limits, pictures), patient=arguments.fast)
    try:
        yield sink
    finally:
        sink.close()
        if place.endswith(".rrd"):
            logger.info("%s: look at it with `rerun %s`", place, place)


def _require_viewer(url: str) -> None:
    """Look whether a viewer listens: the SDK would wait for one, and drop the run in the end.

    Raises:
        UsageError: None does.
    """
    parts = urlsplit(url)
    try:
        host, port = parts.hostname or "127.0.0.1", parts.port or 9876
        with socket.create_connection((host, port), timeout=_REACH_S):
            return
    except (OSError, ValueError) as error:
        raise UsageError(f"no Rerun viewer listens at {url} ({error}); start one: rerun") from error
