"""Being served before other processes, where the system permits it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

BESIDE_THE_LOOP: Final = 1
"""The threads that share the interpreter with the loop: one that waits for a core while it has the interpreter makes
the loop wait as well."""

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


def threads_before_others(priority: int) -> list[int]:
    """Give the other threads that run Python a real-time priority; return those for which the system permitted it.

    One that has a real-time priority of its own keeps it, and so do a library's threads that never need the
    interpreter.

    Args:
        priority: Of SCHED_RR, 1 to 99.
    """
    changed: list[int] = []
    for thread in _beside():
        with suppress(OSError):  # not permitted, or it has ended
            if os.sched_getscheduler(thread) & ~os.SCHED_RESET_ON_FORK == os.SCHED_OTHER:
                os.sched_setscheduler(thread, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
                changed.append(thread)
    return changed


def threads_like_others(threads: Iterable[int]) -> None:
    """Give the real-time priority of threads back; another process may have the number of one that has ended."""
    for thread in _beside().intersection(threads):
        like_others(thread)


def like_others(thread: int = 0) -> None:
    """Give a real-time priority back.

    Args:
        thread: Whose; the calling one's by default.
    """
    with suppress(OSError):  # it has ended
        # Who is not root may not clear the flag, and would keep the priority with it (sched(7)).
        os.sched_setscheduler(thread, os.SCHED_OTHER | os.SCHED_RESET_ON_FORK, os.sched_param(0))


def _beside() -> set[int]:
    """Return the other threads of this process that run Python, by the system's numbers."""
    alive = set(map(int, os.listdir("/proc/self/task")))  # threading keeps a foreign thread that has ended
    return {id_ for thread in threading.enumerate() if (id_ := thread.native_id) in alive} - {threading.get_native_id()}
