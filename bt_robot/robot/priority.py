"""Being served before other processes, where the system permits it."""

from __future__ import annotations

import os
from typing import Final

GUARDIAN: Final = 40
EMULATED_SERVOS: Final = 50
"""Servos don't wait for a machine, so their emulation should not either."""


def before_others(priority: int) -> bool:
    """Give this process a real-time priority; return whether the system permitted it.

    Root may, and who has `rtprio` in /etc/security/limits.conf. Nothing depends on it but how late a busy machine makes
    a bus cycle.

    Args:
        priority: Of SCHED_FIFO, 1 to 99.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except OSError:
        return False
    return True
