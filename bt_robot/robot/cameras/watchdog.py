"""When a capture process has to be replaced: a rule without a clock of its own."""

from __future__ import annotations

from typing import Final

from bt_robot.robot.cameras.shared_frames import State

RESTART_S: Final = 1.0
"""A capture process is replaced at most once in this time [s]."""
_READING_S: Final = 2.0  # longer than the second after which OpenCV itself gives up a silent device
_OPENING_S: Final = 10.0  # some cameras take seconds to set up
_STARTING_S: Final = 30.0  # a busy machine loads Python and OpenCV


def trouble(now_s: float, begun_s: float, state: State, heartbeat_s: float, fps: float, exit_code: int | None) -> str:
    """Say why a capture process has to be replaced, or nothing.

    Args:
        now_s: The time [s].
        begun_s: When the process was started [s].
        state: What it says it is doing.
        heartbeat_s: When it last showed that it is alive [s]; 0 before the first time.
        fps: Pictures per second [Hz]; 0 if not known.
        exit_code: How it ended; None while it runs.
    """
    if exit_code is not None:
        how = f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
        return f"its capture process ended ({how})"
    limit_s = {State.STARTING: _STARTING_S, State.OPENING: _OPENING_S}.get(state, _READING_S)
    silence_s = now_s - max(begun_s, heartbeat_s)
    hung = silence_s > max(limit_s, 3.0 / fps if fps > 0.0 else 0.0)
    return "its capture process hung and was killed" if hung else ""
