"""What a person should read about the policy's answers: when they become slow, and when they come to nothing."""

from __future__ import annotations

import math
from collections import deque
from statistics import median

from bt_robot.messages import ActionChunk, Splice

SLOW_FACTOR = 2.5
"""An answer that takes so many times the usual latency is slow."""

SLOW_STEPS = 2
"""And it takes so many control steps more than usual, at least."""

QUIET_S = 10.0
"""After a word about a late or rejected chunk, this time passes before the next about another of its kind [s]."""

_USUAL_ANSWERS = 10
_FEWEST_ANSWERS = 3
_BACK_AFTER = 5
_ONLY_COUNTED = f"; more in a row or within {QUIET_S:g} s are only counted"
_SLACK_S = 1e-9  # a latency in whole control steps must not be slow by rounding


class SlowAnswers:
    """Tells once when answers become slow, and once when they are back.

    The usual latency is the median of the last ten answers that were not slow; without three of them nothing is slow.
    Five usual answers in a row end the slowness, so that one in between does not.
    """

    def __init__(self, period_s: float) -> None:
        """Begin without answers.

        Args:
            period_s: The control period [s].
        """
        self._more_s = SLOW_STEPS * period_s
        self._usual_s: deque[float] = deque(maxlen=_USUAL_ANSWERS)
        self._slow = False
        self._back = 0

    def of(self, latency_s: float) -> str:
        """Return what is new with an answer's latency [s], or an empty string."""
        usual_s = median(self._usual_s) if len(self._usual_s) >= _FEWEST_ANSWERS else math.inf
        slow = latency_s > SLOW_FACTOR * usual_s and latency_s >= usual_s + self._more_s - _SLACK_S
        if not slow:
            self._usual_s.append(latency_s)
        self._back = 0 if slow else self._back + 1
        if slow and not self._slow:
            self._slow = True
            return f"policy: answers slower, {1e3 * latency_s:.0f} ms instead of {1e3 * usual_s:.0f} ms"
        if self._slow and self._back >= _BACK_AFTER:
            self._slow = False
            return f"policy: answers no longer slow, {1e3 * latency_s:.0f} ms"
        return ""


class LostChunks:
    """Tells of the first late or rejected chunk in a row, and counts where that would be too often."""

    def __init__(self) -> None:
        """Begin without chunks."""
        self._last = "accepted"
        self._told_s: dict[str, float] = {}
        self._untold: dict[str, int] = {}

    def of(self, time_s: float, chunk: ActionChunk, splice: Splice) -> str:
        """Return what is new with a chunk that arrived at a time [s], or an empty string."""
        kind, first = splice.outcome, splice.outcome != self._last
        self._last = kind
        if kind == "accepted":
            return ""
        if not first or time_s - self._told_s.get(kind, -math.inf) < QUIET_S:
            self._untold[kind] = self._untold.get(kind, 0) + 1
            return ""
        before = kind in self._told_s
        self._told_s[kind] = time_s
        untold = self._untold.pop(kind, 0)
        more = f" ({untold} more since the last report)" if untold else "" if before else _ONLY_COUNTED
        words = _late(chunk, splice) if kind == "late" else _rejected(splice)
        return f"chunk {kind}: {words}{more}"


def _late(chunk: ActionChunk, splice: Splice) -> str:
    count = len(chunk.actions)
    if splice.skipped >= count:
        return f"its {count} actions were over when it came" if count > 1 else "its only action was over when it came"
    if splice.skipped == 0:
        return "a newer one was there"
    return f"{splice.skipped} of its {count} actions were over when it came, or a newer one was there"


def _rejected(splice: Splice) -> str:
    by = "" if splice.disagreement_rad is None else f" by {math.degrees(splice.disagreement_rad):.1f} deg"
    return f"it disagrees with the plan{by}; asking again"
