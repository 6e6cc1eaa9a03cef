"""Many numbers in little memory: what is exact stays exact, and quantiles come from a bounded random sample."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

MAX_KEPT = 4096
"""Values a sample keeps; up to so many its quantiles are exact."""


class Sample:
    """Numbers of any count, of which count, mean, root mean square and maximum are exact.

    Quantiles are exact up to `MAX_KEPT` numbers. Beyond, each number has had the same chance to be kept (Vitter 1985,
    algorithm R); the draws are the same in every run.

    Attributes:
        count: How many numbers there were.
        max: The greatest; None without numbers.
    """

    def __init__(self) -> None:
        """Start without numbers."""
        self.count = 0
        self.max: float | None = None
        self._sum = 0.0
        self._squares = 0.0
        self._kept: list[float] = []
        self._random = np.random.default_rng(0)

    @classmethod
    def merged(cls, samples: Iterable[Sample]) -> Sample:
        """Return a sample of all numbers of others.

        Where one of them kept only a part of its numbers, it counts less in the quantiles than it should.
        """
        whole = cls()
        for sample in samples:
            whole.count += sample.count
            whole._sum += sample._sum
            whole._squares += sample._squares
            whole._kept += sample._kept
            maxima = [value for value in (whole.max, sample.max) if value is not None]
            whole.max = max(maxima, default=None)
        return whole

    def add(self, value: float) -> None:
        """Take note of a number."""
        self.count += 1
        self._sum += value
        self._squares += value * value
        self.max = value if self.max is None else max(self.max, value)
        if len(self._kept) < MAX_KEPT:
            self._kept.append(value)
            return
        i = int(self._random.integers(self.count))
        if i < MAX_KEPT:
            self._kept[i] = value

    def quantile(self, share: float) -> float | None:
        """Return the number below which a share of 0 … 1 lies, with linear interpolation; None without numbers."""
        return float(np.percentile(self._kept, 100.0 * share)) if self._kept else None

    @property
    def mean(self) -> float | None:
        """The mean; None without numbers."""
        return self._sum / self.count if self.count else None

    @property
    def rms(self) -> float | None:
        """The root mean square; None without numbers."""
        return math.sqrt(self._squares / self.count) if self.count else None


class MeanSquare:
    """The root mean square of arrays of numbers, without keeping any."""

    def __init__(self) -> None:
        """Start without numbers."""
        self._squares = 0.0
        self._count = 0

    def add(self, values: ArrayLike) -> None:
        """Take note of numbers."""
        array = np.asarray(values, dtype=np.float64)
        self._squares += float(np.sum(array * array))
        self._count += array.size

    def merge(self, other: MeanSquare) -> None:
        """Take note of all numbers of another."""
        self._squares += other._squares
        self._count += other._count

    @property
    def value(self) -> float | None:
        """The root mean square; None without numbers."""
        return math.sqrt(self._squares / self._count) if self._count else None
