"""Numbers over time: kept in columns, and shown in as many points as a plot has room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bt_robot.messages import Joints

NO_CHUNK: Final = -1

Floats = NDArray[np.float64]


class Columns:
    """The numbers of some ticks, a row each, in memory that is taken once."""

    def __init__(self, room: int, joints: int) -> None:
        """Start empty.

        Args:
            room: How many ticks there may be.
            joints: How many there are.
        """
        self._count = 0
        self._times_s = np.empty(room)
        self._joints = np.empty((room, 2, joints), np.float32)
        self._ages = np.empty(room, np.int64)
        self._held = np.empty(room, np.bool_)

    def __len__(self) -> int:
        """How many ticks there are."""
        return self._count

    def append(self, time_s: float, measured: Joints, commanded: Joints, age: int | None, *, held: bool) -> None:
        """Add a tick."""
        i = self._count
        self._times_s[i] = time_s
        self._joints[i, 0], self._joints[i, 1] = measured, commanded
        self._ages[i] = NO_CHUNK if age is None else age
        self._held[i] = held
        self._count = i + 1

    @property
    def times_s(self) -> Floats:
        """Their times [s]."""
        return self._times_s[: self._count]

    @property
    def joints(self) -> NDArray[np.float32]:
        """Measured and commanded positions, (ticks, 2, n)."""
        return self._joints[: self._count]

    @property
    def ages(self) -> NDArray[np.int64]:
        """The chunk's age [steps]; `NO_CHUNK` where there is none."""
        return self._ages[: self._count]

    @property
    def held(self) -> NDArray[np.bool_]:
        """Whether no proposal was executed and the arm held."""
        return self._held[: self._count]

    @property
    def nbytes(self) -> int:
        """The memory taken."""
        return self._times_s.nbytes + self._joints.nbytes + self._ages.nbytes + self._held.nbytes

    def until(self, time_s: float) -> int:
        """Return how many ticks are at or before a time [s]."""
        return int(np.searchsorted(self.times_s, time_s, side="right"))


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers over time, for a plot.

    Attributes:
        times_s: The points' times [s], (k,).
        measured: Positions, (k, n).
        commanded: Positions, (k, n).
        ages: The chunk's age [steps], (k,); `NO_CHUNK` where there is none.
        held: Whether no proposal was executed and the arm held, (k,).
        latencies: The times at which chunks arrived [s], and how long they took [s].
    """

    times_s: Floats
    measured: Floats
    commanded: Floats
    ages: NDArray[np.int64]
    held: NDArray[np.bool_]
    latencies: Sequence[tuple[float, float]]

    def told(self, name: str) -> dict[str, Any]:
        """Return it as a message; `name` is what it is the answer to."""
        return {
            "type": "series",
            "id": name,
            "t": np.round(self.times_s, 6).tolist(),
            "measured": np.round(self.measured, 5).T.tolist(),
            "commanded": np.round(self.commanded, 5).T.tolist(),
            "chunk_age": [None if age == NO_CHUNK else age for age in self.ages.tolist()],
            "held": self.held.tolist(),
            "latency": list(self.latencies),
        }


def joined(
    parts: Sequence[Columns],
    joints: int,
    start_s: float,
    end_s: float,
    points: int,
    latencies: Sequence[tuple[float, float]] = (),
) -> Series:
    """Return what is between two times, both included [s], in at most so many points.

    Where there are more ticks than points, two points stand for a bucket of ticks: the least and the greatest of each
    joint, in the order in which it moved, so that no peak is lost.
    """
    times_s = np.concatenate([np.empty(0), *(part.times_s for part in parts)])
    values = np.concatenate([np.empty((0, 2, joints)), *(part.joints for part in parts)], dtype=np.float64)
    ages = np.concatenate([np.empty(0, np.int64), *(part.ages for part in parts)])
    held = np.concatenate([np.empty(0, np.bool_), *(part.held for part in parts)])
    inside = slice(*(np.searchsorted(times_s, start_s, side="left"), np.searchsorted(times_s, end_s, side="right")))
    times_s, values, ages, held = times_s[inside], values[inside], ages[inside], held[inside]
    if len(times_s) > points:
        starts, both = _buckets(len(times_s), points // 2)
        times_s, values, ages = times_s[both], _extremes(values, starts), ages[both]
        held = np.repeat(np.logical_or.reduceat(held, starts), 2)
    return Series(times_s, values[:, 0], values[:, 1], ages, held, latencies)


def _buckets(count: int, buckets: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each bucket of so many ticks begins, and the first and the last tick of each in turn."""
    edges = np.linspace(0, count, buckets + 1).astype(np.int64)
    return edges[:-1], np.stack([edges[:-1], edges[1:] - 1], axis=1).reshape(-1)


def _extremes(values: Floats, starts: NDArray[np.int64]) -> Floats:
    """Return the least and the greatest value of each bucket, in the order in which it went."""
    ends = np.append(starts[1:], len(values)) - 1
    least, greatest = np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
    rises = values[ends] >= values[starts]
    pairs = np.stack([np.where(rises, least, greatest), np.where(rises, greatest, least)], axis=1)
    return pairs.reshape(2 * len(starts), *values.shape[1:])
