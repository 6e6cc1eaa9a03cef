"""The numbers of a run, counted tick by tick."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bt_robot.messages import LinkState, TickRecord

MAX_LATENCIES = 100_000
"""Answers whose latency is remembered."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Policy latency over a run, on the run's clock [s]; None where nothing was measured."""

    p50_s: float | None = None
    p95_s: float | None = None
    max_s: float | None = None

    @classmethod
    def of(cls, values_s: Sequence[float]) -> Latency:
        """Summarise measured latencies [s]."""
        if not values_s:
            return cls()
        p50_s, p95_s = (float(p) for p in np.percentile(values_s, [50, 95]))
        return cls(p50_s, p95_s, max(values_s))


@dataclass(frozen=True, slots=True)
class RunNumbers:
    """What happened in a run, in numbers.

    Attributes:
        ticks: Control steps executed.
        duration_s: Time on the run's clock [s].
        chunks: Chunks accepted into the plan.
        stall_ticks: Ticks after the first chunk in which an action was wanted and none was planned.
        hold_ticks: Ticks without a proposal, in which the arm braked or held.
        overruns: Ticks that were followed by missed ones.
        clamped: Ticks in which a limit changed the proposal.
        clamps: How often each limit of each joint did, e.g. `gripper: velocity`.
        refused: Proposals the governor refused.
        link: The policy link at the end.
        latency: Policy latency.
        commands_sha256: A hash over every command's step and positions, for comparing runs.
    """

    ticks: int
    duration_s: float
    chunks: int
    stall_ticks: int
    hold_ticks: int
    overruns: int
    clamped: int
    clamps: Mapping[str, int]
    refused: int
    link: LinkState
    latency: Latency
    commands_sha256: str


class Tally:
    """A sink that counts."""

    def __init__(self) -> None:
        """Start at zero."""
        self._ticks = 0
        self._duration_s = 0.0
        self._stalls = 0
        self._holds = 0
        self._overruns = 0
        self._clamped = 0
        self._refused = 0
        self._clamps: Counter[str] = Counter()
        self._chunks = 0
        self._latencies_s: deque[float] = deque(maxlen=MAX_LATENCIES)
        self._link = LinkState(available=False)
        self._hash = hashlib.sha256()

    def publish(self, record: TickRecord) -> None:
        """Count one tick."""
        self._ticks += 1
        self._duration_s = record.time_s
        self._holds += record.verdict.held
        self._overruns += record.skipped > 0
        self._clamped += bool(record.verdict.clamped)
        self._refused += bool(record.verdict.refused)
        self._clamps.update(record.verdict.clamped)
        if record.chunk is not None:
            self._chunks += record.splice is None or record.splice.outcome == "accepted"
            self._latencies_s.append(record.chunk.latency_s)
        self._stalls += record.stalled and self._chunks > 0
        self._link = record.link
        self._hash.update(record.command.step.to_bytes(8, "little", signed=True))
        self._hash.update(record.command.positions.astype("<f8").tobytes())

    @property
    def numbers(self) -> RunNumbers:
        """The numbers so far."""
        return RunNumbers(
            ticks=self._ticks,
            duration_s=self._duration_s,
            chunks=self._chunks,
            stall_ticks=self._stalls,
            hold_ticks=self._holds,
            overruns=self._overruns,
            clamped=self._clamped,
            clamps=dict(self._clamps),
            refused=self._refused,
            link=self._link,
            latency=Latency.of(self._latencies_s),
            commands_sha256=self._hash.hexdigest(),
        )
