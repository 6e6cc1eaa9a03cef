"""The owner of time: the only place of the control path that sleeps.

Every clock counts control steps of one period. Steps lie on absolute deadlines, so lateness never
adds up, and a missed step is skipped and counted, never made up for with a burst.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Tick:
    """One control step as the clock began it.

    Attributes:
        step: The step's number, from 0; numbers of skipped steps are left out.
        time_s: The step's time on the run's clock [s].
        lateness_s: How late it begins, in wall time [s].
        skipped: Steps missed since the tick before.
    """

    step: int
    time_s: float
    lateness_s: float = 0.0
    skipped: int = 0


class Clock(Protocol):
    """Counts control steps and waits for them."""

    @property
    def period_s(self) -> float:
        """The control period [s]."""
        ...

    def next_tick(self) -> Tick:
        """Wait for the next step and return it."""
        ...

    def spent_s(self) -> float:
        """Wall time since the present step began [s]; 0 where time passes only when asked."""
        ...


class SimulatedClock:
    """Time that passes only when asked: a step follows the other at once."""

    def __init__(self, period_s: float) -> None:
        """Count steps of `period_s` from 0."""
        self.period_s = period_s
        self._step = -1

    def next_tick(self) -> Tick:
        """Return the next step without waiting."""
        self._step += 1
        return Tick(self._step, self._step * self.period_s)

    def spent_s(self) -> float:
        """Nothing: a step takes no simulated time, however long it takes to compute."""
        return 0.0


class PacedClock:
    """Simulated time kept level with the wall, so that a person can watch.

    Simulated time never jumps: after a late step the deadlines move, because the simulated world
    stood still meanwhile. The lateness is reported all the same.
    """

    def __init__(
        self,
        inner: SimulatedClock,
        wall: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Pace the inner clock by a monotonic wall clock."""
        self._inner = inner
        self._wall = wall
        self._sleep = sleep
        self._deadline_s: float | None = None
        self._began_s = 0.0

    @property
    def period_s(self) -> float:
        """The control period [s]."""
        return self._inner.period_s

    def next_tick(self) -> Tick:
        """Wait until the next step is due."""
        now_s = self._wall()
        if self._deadline_s is None:
            self._deadline_s = now_s
        if now_s < self._deadline_s:
            self._sleep(self._deadline_s - now_s)
            now_s = self._wall()
        self._began_s = now_s
        lateness_s = max(0.0, now_s - self._deadline_s)
        skipped = math.floor(lateness_s / self.period_s)
        self._deadline_s += self.period_s * (1 + skipped)
        tick = self._inner.next_tick()
        return Tick(tick.step, tick.time_s, lateness_s, skipped)

    def spent_s(self) -> float:
        """Wall time since the present step began [s]."""
        return self._wall() - self._began_s


SPIN_S = 0.001
"""How long before a step `sleep_punctually` stops sleeping [s]."""


def sleep_punctually(duration_s: float) -> None:
    """Sleep for a time, and spin through its last millisecond [s].

    A thread that sleeps wakes up late, and then waits for the interpreter; one that spins has both already. That costs
    a millisecond of a core per step, and makes a loop with work more punctual than one without that only sleeps:
    `python -m benchmarks.jitter`.
    """
    until_s = time.monotonic() + duration_s
    if duration_s > SPIN_S:
        time.sleep(duration_s - SPIN_S)
    while time.monotonic() < until_s:
        pass


class WallClock:
    """Real time, for real robots: steps that were missed are skipped."""

    def __init__(
        self,
        period_s: float,
        wall: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Count steps of `period_s`; the first call to `next_tick` is step 0."""
        self.period_s = period_s
        self._wall = wall
        self._sleep = sleep
        self._start_s: float | None = None
        self._began_s = 0.0
        self._step = -1

    def next_tick(self) -> Tick:
        """Wait until the next step that is not over yet."""
        now_s = self._wall()
        if self._start_s is None:
            self._start_s = now_s
        elapsed_s = now_s - self._start_s
        step = max(self._step + 1, math.floor(elapsed_s / self.period_s))
        due_s = step * self.period_s
        if elapsed_s < due_s:
            self._sleep(due_s - elapsed_s)
            elapsed_s = self._wall() - self._start_s
            step = max(step, math.floor(elapsed_s / self.period_s))  # a process that was paused oversleeps
            due_s = step * self.period_s
        self._began_s = self._start_s + elapsed_s
        skipped = step - self._step - 1
        self._step = step
        return Tick(step, due_s, max(0.0, elapsed_s - due_s), skipped)

    def spent_s(self) -> float:
        """Wall time since the present step began [s]."""
        return self._wall() - self._began_s
