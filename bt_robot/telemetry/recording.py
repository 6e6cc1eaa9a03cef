"""What the pictures of a run are drawn from: a few numbers per tick, and some camera frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from bt_robot.messages import Frame, Joints, LatencyParts, NodeInfo, NodeState, Splice, TickRecord

MAX_TICKS = 54_000
"""Half an hour at 30 Hz; from then on the oldest ticks are forgotten."""

MAX_STILLS = 24
"""Stills kept of a run, spread evenly over its length."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A chunk's arrival, and what became of it.

    Attributes:
        step: The control step it arrived in.
        time_s: The time of that step [s].
        latency_s: From the question to it [s].
        parts: Where that time went, in wall time.
        length: Its actions, one per control step.
        splice: What became of it.
    """

    step: int
    time_s: float
    latency_s: float
    parts: LatencyParts
    length: int
    splice: Splice


@dataclass(frozen=True, slots=True)
class Still:
    """The cameras at one moment."""

    time_s: float
    frames: Mapping[str, Frame]


@dataclass(slots=True)
class Columns:
    """The run so far, one entry per tick.

    Attributes:
        step: The control step.
        time_s: Its time [s].
        measured: Joints, (n,) rad, gripper 0 … 1.
        commanded: The same of the command.
        prompt: The prompt in force.
        skill: The path of the skill that was at work.
        held: Whether there was no proposal.
        planned_steps: Actions left in the plan [control steps].
        executed: Whether an action of the plan was taken.
        stalled: Whether an action was wanted and none was planned.
    """

    step: list[int] = field(default_factory=list[int])
    time_s: list[float] = field(default_factory=list[float])
    measured: list[Joints] = field(default_factory=list[Joints])
    commanded: list[Joints] = field(default_factory=list[Joints])
    prompt: list[str] = field(default_factory=list[str])
    skill: list[str] = field(default_factory=list[str])
    held: list[bool] = field(default_factory=list[bool])
    planned_steps: list[int] = field(default_factory=list[int])
    executed: list[bool] = field(default_factory=list[bool])
    stalled: list[bool] = field(default_factory=list[bool])

    def forget(self, count: int) -> None:
        """Drop the oldest entries."""
        for each in fields(self):
            del getattr(self, each.name)[:count]


class Recording:
    """A sink that remembers a run in bounded memory.

    Attributes:
        columns: One entry per tick.
        arrivals: One per chunk, accepted or not.
        failures_s: When a request was found to have failed [s].
        stills: Camera frames, evenly spread; simulated ones are not rendered before they are drawn.
        last_states: The nodes in the last tick, in the order of `layout`.
        layout: The tree in the last tick.
        forgotten: Ticks at the beginning that are no longer remembered.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.columns = Columns()
        self.arrivals: deque[Arrival] = deque(maxlen=MAX_TICKS)
        self.failures_s: deque[float] = deque(maxlen=MAX_TICKS)
        self.stills: list[Still] = []
        self.last_states: tuple[NodeState, ...] = ()
        self.layout: tuple[NodeInfo, ...] = ()
        self.forgotten = 0
        self._stride = 1
        self._errors = 0
        self._executed = 0

    def publish(self, record: TickRecord) -> None:
        """Remember one tick."""
        columns = self.columns
        self.last_states, self.layout = record.nodes, record.layout
        columns.step.append(record.step)
        columns.time_s.append(record.time_s)
        columns.measured.append(record.observation.joints)
        columns.commanded.append(record.command.positions)
        columns.prompt.append(record.prompt)
        columns.skill.append(record.skill)
        columns.held.append(record.verdict.held)
        columns.planned_steps.append(record.planned_steps)
        columns.executed.append(record.plan.executed > self._executed)
        columns.stalled.append(record.stalled)
        self._executed = record.plan.executed
        if len(columns.time_s) > MAX_TICKS:
            columns.forget(MAX_TICKS // 10)
            self.forgotten += MAX_TICKS // 10
        if record.chunk is not None:
            chunk, splice = record.chunk, record.splice or Splice("accepted")
            arrival = Arrival(record.step, record.time_s, chunk.latency_s, chunk.parts, len(chunk.actions), splice)
            self.arrivals.append(arrival)
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
