"""Being served before other processes, where the system permits it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final

CONTROL_LOOP: Final = 30
GUARDIAN: Final = 40
EMULATED_SERVOS: Final = 50
"""Servos don't wait for a machine, so their emulation should not either."""


def before_others(priority: int) -> bool:
    """Give the calling thread a real-time priority; return whether the system permitted it.

    Root may, and who has `rtprio` in /etc/security/limits.conf. Nothing depends on it but how late a busy machine makes
    a bus cycle.

    Args:
        priority: Of SCHED_FIFO, 1 to 99.
    """
    try:
        # What this process starts later gets no more than usual.
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
    except OSError:
        return False
    return True


def like_others() -> None:
    """Give a real-time priority back."""
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
