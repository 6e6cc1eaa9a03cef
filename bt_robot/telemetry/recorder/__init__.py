"""Runs as files: written while they go on, and read again tick by tick."""

from bt_robot.telemetry.recorder.messages import RecordedEnding, RunInfo, Source
from bt_robot.telemetry.recorder.reader import (
    FILE_NAME,
    Picture,
    RecordedFrame,
    RecordedRun,
    RecordedTree,
    read_run,
)
from bt_robot.telemetry.recorder.whole import write_whole
from bt_robot.telemetry.recorder.writer import Recorder

__all__ = [
    "Recorder",
    "FILE_NAME",
    "RunInfo",
    "RecordedEnding",
    "Source",
    "read_run",
    "RecordedRun",
    "RecordedTree",
    "RecordedFrame",
    "Picture",
    "write_whole",
]
