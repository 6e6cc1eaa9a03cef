"""The ticks of a recording, one after the other, as a clock and a robot."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Final

import numpy as np

from bt_robot.messages import Body, Command, Health, JointLimits, Joints, Observation, TickRecord
from bt_robot.runtime.clock import Tick

_LATE: Final = re.compile(r"the tick took (\d+\.\d+) s")
"""What the loop says of a tick whose decision was too old to be executed."""


class Tape:
    """Where a replay stands in its recording.

    Attributes:
        record: The tick that is replayed; after the end, the last one.
        over: Whether the recording is over, and `record` is not of this tick.
    """

    def __init__(self, records: Iterator[TickRecord], ticks: int) -> None:
        """Stand before the first tick.

        Args:
            records: The recording.
            ticks: How many of them are replayed.
        """
        first = next(records)
        self._records = chain([first], records)
        self._left = ticks
        self._listeners: list[Callable[[TickRecord], None]] = []
        self.record = first
        self.over = False

    def listen(self, listener: Callable[[TickRecord], None]) -> None:
        """Have something told of every tick when it begins."""
        self._listeners.append(listener)

    def advance(self) -> None:
        """Go on to the next tick."""
        if not self._left:
            self.over = True
            return
        self._left -= 1
        self.record = next(self._records)
        for listener in self._listeners:
            listener(self.record)


class RecordedClock:
    """Shows the time of the recorded ticks; after the last one time goes on at the control rate."""

    def __init__(self, tape: Tape, period_s: float) -> None:
        """Stand before the first tick.

        Args:
            tape: The recording.
            period_s: The control period [s].
        """
        self.period_s = period_s
        self._tape = tape
        self._tick: Tick | None = None

    def next_tick(self) -> Tick:
        """Go on to the next tick, without waiting."""
        self._tape.advance()
        record, before = self._tape.record, self._tick
        if self._tape.over and before is not None:
            self._tick = Tick(before.step + 1, before.time_s + self.period_s)
        else:
            self._tick = Tick(record.step, record.time_s, record.lateness_s, record.skipped)
        return self._tick

    def spent_s(self) -> float:
        """What the decision took in the recorded run, where that was too long [s]; else nothing."""
        if self._tape.over:
            return 0.0
        said = (_LATE.match(words) for words in self._tape.record.events)
        return max((float(match[1]) for match in said if match), default=0.0)


class RecordedRobot:
    """A `Robot` that measures what was recorded, whatever it is told to do."""

    def __init__(self, tape: Tape, limits: JointLimits, body: Body) -> None:
        """Stand before the first tick.

        Args:
            tape: The recording.
            limits: The range that the robot keeps its targets in.
            body: What else is known of it.
        """
        self._tape = tape
        self.limits = limits
        self.body = body

    def connect(self) -> None:
        """Nothing is there to connect to."""

    def arm(self) -> None:
        """Nothing is there to switch on."""

    def observe(self, step: int, now_s: float) -> Observation:
        """Return what was measured in this tick; after the end, what was measured last, standing still."""
        seen = self._tape.record.observation
        if self._tape.over:
            return replace(seen, step=step, time_s=now_s, health=Health())
        return seen

    def command(self, command: Command) -> Joints:
        """Return the targets within the robot's range, (n,); nothing moves."""
        return np.clip(command.positions, self.limits.lower, self.limits.upper)

    def stop(self) -> None:
        """Nothing moves."""

    def emergency_stop(self, reason: str) -> None:
        """Nothing moves."""

    def close(self) -> None:
        """Nothing is open."""
