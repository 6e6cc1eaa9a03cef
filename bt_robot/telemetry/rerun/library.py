"""The SDK of Rerun, imported when somebody wants it: it is larger than everything else together."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from typing import Any

from bt_robot.errors import UsageError


def load_rerun(module: str = "rerun") -> Any:
    """Return a module of the SDK.

    Raises:
        UsageError: The extra is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise UsageError(f"--rerun needs the Rerun SDK ({error}); try: pip install 'bt-robot[rerun]'") from error


def new_stream(name: str, recording_id: str, started: datetime | None = None) -> Any:
    """Return a stream that leads nowhere yet.

    Args:
        name: How the viewer calls the run.
        recording_id: Tells it from others.
        started: When the run began; None for now.

    Raises:
        UsageError: The extra is not installed.
    """
    stream = load_rerun().RecordingStream("bt_robot", recording_id=recording_id, send_properties=started is None)
    stream.set_log_time_enabled(False)  # when something was converted says nothing
    stream.set_log_tick_enabled(False)
    stream.send_recording_name(name)
    if started is not None:
        stream.send_recording_start_time_nanos(round(1e9 * started.timestamp()))
    return stream
