"""What the pictures of a run are drawn from: a few numbers per tick, and some camera frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from bt_robot.messages import Frame, Joints, NodeState, TickRecord

MAX_TICKS = 54_000
"""Half an hour at 30 Hz; from then on the oldest ticks are forgotten."""

MAX_STILLS = 24
"""Stills kept of a run, spread evenly over its length."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A chunk's arrival: when, how late, and the part the server says it spent [s]."""

    time_s: float
    latency_s: float
    server_s: float | None


@dataclass(frozen=True, slots=True)
class Still:
    """The cameras at one moment."""

    time_s: float
    frames: Mapping[str, Frame]


@dataclass(slots=True)
class Columns:
    """The run so far, one entry per tick."""

    time_s: list[float] = field(default_factory=list[float])
    measured: list[Joints] = field(default_factory=list[Joints])
    commanded: list[Joints] = field(default_factory=list[Joints])
    prompt: list[str] = field(default_factory=list[str])
    active: list[str] = field(default_factory=list[str])
    held: list[bool] = field(default_factory=list[bool])

    def forget(self, count: int) -> None:
        """Drop the oldest entries."""
        for column in (self.time_s, self.measured, self.commanded, self.prompt, self.active, self.held):
            del column[:count]


class Recording:
    """A sink that remembers a run in bounded memory.

    Attributes:
        columns: One entry per tick.
        arrivals: One per accepted chunk.
        failures_s: When a request was found to have failed [s].
        stills: Camera frames, evenly spread; simulated ones are not rendered before they are drawn.
        last_states: The nodes in the last tick, in the tree's order.
        forgotten: Ticks at the beginning that are no longer remembered.
    """

    def __init__(self, lanes: Mapping[int, str]) -> None:
        """Start empty.

        Args:
            lanes: The nodes whose activity is shown along the time axis: index in the tree → name.
        """
        self.columns = Columns()
        self.arrivals: deque[Arrival] = deque(maxlen=MAX_TICKS)
        self.failures_s: deque[float] = deque(maxlen=MAX_TICKS)
        self.stills: list[Still] = []
        self.last_states: tuple[NodeState, ...] = ()
        self.forgotten = 0
        self._lanes = lanes
        self._stride = 1
        self._errors = 0

    def publish(self, record: TickRecord) -> None:
        """Remember one tick."""
        columns = self.columns
        self.last_states = record.nodes
        columns.time_s.append(record.time_s)
        columns.measured.append(record.observation.joints)
        columns.commanded.append(record.command.positions)
        columns.prompt.append(record.prompt)
        columns.active.append(next((name for i, name in self._lanes.items() if record.nodes[i].ticked), ""))
        columns.held.append(record.verdict.held)
        if len(columns.time_s) > MAX_TICKS:
            columns.forget(MAX_TICKS // 10)
            self.forgotten += MAX_TICKS // 10
        if record.chunk is not None:
            self.arrivals.append(Arrival(record.time_s, record.chunk.latency_s, record.chunk.parts.server_s))
        if record.link.errors > self._errors:
            self.failures_s.append(record.time_s)
        self._errors = record.link.errors
        if record.step % self._stride == 0 and record.observation.frames:
            self._keep(Still(record.time_s, record.observation.frames))

    def _keep(self, still: Still) -> None:
        self.stills.append(still)
        if len(self.stills) > 2 * MAX_STILLS:
            self.stills = self.stills[::2]
            self._stride *= 2
