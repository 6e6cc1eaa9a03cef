"""A recorded run as a file of Rerun."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from bt_robot.messages import TickRecord
from bt_robot.telemetry.recorder import RecordedFrame, RecordedRun
from bt_robot.telemetry.rerun.conversion import RerunLog
from bt_robot.telemetry.rerun.layout import blueprint_of
from bt_robot.telemetry.rerun.library import new_stream


def save_rrd(run: RecordedRun, path: Path, progress: Callable[[float], None]) -> None:
    """Write a recorded run into a file of Rerun; the pictures are the recorded ones, as they are.

    Args:
        run: The run.
        path: The file; it is replaced.
        progress: Told how far it is, as a time on the run's clock [s].

    Raises:
        UsageError: The extra is not installed.
        OSError: The file can't be written.
    """
    info = run.info
    path.touch()  # the SDK would raise what is no OSError
    stream = new_stream(info.tree, f"{info.tree}-{info.started:%Y%m%dT%H%M%S%f}", info.started)
    stream.save(str(path), default_blueprint=blueprint_of(run.trees[0].nodes, info.limits.names, info.cameras))
    log = RerunLog(stream, info.limits, RecordedPictures())
    try:
        for record in run.records():
            log.publish(record)
            progress(record.time_s)
        log.ending = run.ending
    finally:
        log.close()


class RecordedPictures:
    """Chooses every recorded picture once."""

    def __init__(self) -> None:
        """Begin with none."""
        self._shown: dict[str, float] = {}

    def __call__(self, record: TickRecord) -> Iterator[tuple[str, bytes]]:
        """Yield the pictures that were recorded since the tick before."""
        for name, frame in record.observation.frames.items():
            picture = frame.picture if isinstance(frame, RecordedFrame) else None
            if picture is not None and self._shown.get(name) != picture.captured_s:
                self._shown[name] = picture.captured_s
                yield name, picture.jpeg
