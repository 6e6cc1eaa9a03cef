"""Whether a camera's pictures show the present: rules without a clock of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

FROZEN_FRAMES: Final = 10
"""So many pictures in a row that are byte for byte the same mean that the stream is frozen."""

_SMOOTH: Final = 0.1  # share of a new interval in the measured one


@dataclass(frozen=True, slots=True)
class FreshnessRules:
    """When pictures can't be relied on, and when they can again.

    Attributes:
        stale_s: No new picture for so long puts them in doubt [s].
        lost_s: No new picture for so long means that the camera is lost [s].
        max_latency_s: Pictures that are older when they arrive are in doubt [s].
        resume_frames: New pictures in good order that end a doubt.
    """

    stale_s: float = 0.2
    lost_s: float = 0.5
    max_latency_s: float = 0.5
    resume_frames: int = 5

    @classmethod
    def at(cls, fps: float, max_latency_s: float = 0.5) -> Self:
        """Return the rules for a rate: a slow camera may take three periods for a picture, and is lost after 7.5.

        Args:
            fps: Pictures per second [Hz]. From 15 Hz on the times are 0.2 s and 0.5 s.
            max_latency_s: Pictures that are older when they arrive are in doubt [s].
        """
        return cls(max(0.2, 3.0 / fps), max(0.5, 7.5 / fps), max_latency_s)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A picture, without its pixels. All times are monotonic.

    Attributes:
        number: Counts the pictures of a camera, from 1; it only grows.
        captured_s: When it was captured [s].
        arrived_s: When it could first be used [s].
        run: How many pictures in a row had these same bytes, this one included.
        first_captured_s: When the first picture of that run was captured [s].
        first_arrived_s: When the first picture of that run could be used [s].
    """

    number: int
    captured_s: float
    arrived_s: float
    run: int
    first_captured_s: float
    first_arrived_s: float

    @property
    def frozen(self) -> bool:
        """Whether it only repeats what was there long before."""
        return self.run >= FROZEN_FRAMES

    @property
    def shown_s(self) -> float:
        """The time of what it shows [s]: that of its run's first picture when the stream is frozen."""
        return self.first_captured_s if self.frozen else self.captured_s


class Repeats:
    """Counts pictures that are byte for byte the one before, by a hash of their content."""

    def __init__(self) -> None:
        """Begin without a picture."""
        self._number = self._run = 0
        self._hash: int | None = None
        self._first_captured_s = self._first_arrived_s = 0.0
        self.repeated = 0

    def see(self, content_hash: int, captured_s: float, arrived_s: float) -> Sighting:
        """Take the next picture's hash and times [s]."""
        self._number += 1
        if content_hash == self._hash:
            self._run += 1
            self.repeated += 1
        else:
            self._hash, self._run = content_hash, 1
            self._first_captured_s, self._first_arrived_s = captured_s, arrived_s
        return Sighting(self._number, captured_s, arrived_s, self._run, self._first_captured_s, self._first_arrived_s)


class Freshness:
    """Follows one camera: in doubt, lost, and fresh again only after a few new pictures in good order."""

    def __init__(self, camera: str, rules: FreshnessRules) -> None:
        """Begin before the first picture.

        Args:
            camera: The camera's name, for the words.
            rules: The times.
        """
        self._camera = camera
        self._rules = rules
        self._last: Sighting | None = None
        self._new_s = 0.0  # when something new last arrived
        self._good = 0  # new pictures since the doubt began
        self._doubtful = self._lost = False
        self.interval_s = 0.0
        """From one picture to the next, as measured [s]; 0 before the second."""

    def see(self, sighting: Sighting) -> None:
        """Take a picture; those between two looks may be left out, their numbers tell."""
        count = sighting.number - (self._last.number if self._last else 0)
        if count <= 0:
            return
        if sighting.frozen:
            self._new_s = sighting.first_arrived_s
            self._doubt()
        else:
            gap_s = sighting.arrived_s - self._new_s if self._last else 0.0
            late, interval_s = self._late_s(sighting) > self._rules.max_latency_s, gap_s / count
            if late or interval_s > self._rules.stale_s:
                self._doubt()
            elif self._last:
                self.interval_s += (interval_s - self.interval_s) * (_SMOOTH if self.interval_s else 1.0)
            self._new_s = sighting.arrived_s
            self._good += 0 if late else count
        self._last = sighting

    def judge(self, now_s: float) -> tuple[str, bool]:
        """Return why the pictures are in doubt at a time [s], or nothing; and whether the camera is lost."""
        last = self._last
        if last is None:
            return f"camera '{self._camera}': no picture yet", False
        silence_s = now_s - self._new_s
        if silence_s > self._rules.stale_s:
            self._doubt()
            self._lost = self._lost or silence_s > self._rules.lost_s
        late_s = self._late_s(last)
        if self._good >= self._rules.resume_frames:
            self._doubtful = self._lost = False
        return self._words(last, silence_s, late_s) if self._doubtful else "", self._lost

    def _doubt(self) -> None:
        self._doubtful, self._good = True, 0

    @staticmethod
    def _late_s(sighting: Sighting) -> float:
        return sighting.arrived_s - sighting.captured_s

    def _words(self, last: Sighting, silence_s: float, late_s: float) -> str:
        who = f"camera '{self._camera}'"
        if last.frozen:
            return f"{who}: the same picture for {silence_s:.2f} s: its stream is frozen"
        if silence_s > self._rules.stale_s:
            return f"{who}: no new picture for {silence_s:.2f} s"
        if late_s > self._rules.max_latency_s:
            return f"{who}: its pictures arrive {late_s:.2f} s old, the limit is {self._rules.max_latency_s:g} s"
        return f"{who}: pictures again, {min(self._good, self._rules.resume_frames)} of {self._rules.resume_frames}"


def skew(captured_s: Mapping[str, float], limit_s: float) -> str:
    """Say which cameras show different moments, or nothing.

    Args:
        captured_s: The newest picture's capture time of each camera [s].
        limit_s: How far they may be apart [s].
    """
    if len(captured_s) < 2:
        return ""
    behind, ahead = min(captured_s, key=captured_s.__getitem__), max(captured_s, key=captured_s.__getitem__)
    apart_s = captured_s[ahead] - captured_s[behind]
    if apart_s <= limit_s:
        return ""
    return f"camera '{behind}' is {apart_s:.3f} s behind '{ahead}', {limit_s:.3f} s are allowed"
