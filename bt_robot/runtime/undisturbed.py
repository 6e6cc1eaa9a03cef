"""Keeping what else this process does out of the control loop's way."""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Final

from bt_robot.robot.priority import (
    BESIDE_THE_LOOP,
    CONTROL_LOOP,
    before_others,
    like_others,
    threads_before_others,
    threads_like_others,
)

SWITCH_S: Final = 0.0005
"""How long another thread may keep the interpreter when the loop wants it; Python's default is ten times that [s]."""


@contextmanager
def undisturbed() -> Generator[None]:
    """Let threads take short turns, the garbage collector look at nothing that is there already, and the loop go first.

    A collection of all that a run loads stops every thread for some 30 ms. The loop's thread gets a real-time priority
    where the system permits it, so that a busy machine does not make it wait for a core; `python -m benchmarks.jitter`
    measures all three. The threads that run Python already get a lower one: a browser on the same machine may else take
    the core from one of them while it has the interpreter, which the loop then waits for
    (`python -m benchmarks.telemetry`).
    """
    with ExitStack() as back:
        back.callback(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(SWITCH_S)
        gc.collect()
        back.callback(gc.unfreeze)
        gc.freeze()
        if before_others(CONTROL_LOOP):
            back.callback(like_others)
        back.callback(threads_like_others, threads_before_others(BESIDE_THE_LOOP))
        yield
