"""How a new chunk takes over from the plan in force, pure.

A chunk is computed from an observation that is a round trip old, of an arm that lags behind its commands: it begins
behind where the plan is, and a sampled policy does not plan the same twice. Each strategy is one answer to the seam.
"""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bt_robot.messages import Actions, Joints

_ROOM_STEPS = 4
_REMEMBERED_DIFFERENCES = 10
_UNUSUAL = 2.0  # times the usual difference


@dataclass(frozen=True, slots=True)
class Seam:
    """Two plans for the same control steps.

    Attributes:
        old: What is left of the plan in force from the present step on, (k, n); k = 0 when nothing is.
        new: What is left of the new chunk from the present step on, (m, n), m > 0.
        last: The last command, (n,); None before the first.
        same_prompt: Whether both were planned for the same prompt.
        delay_steps: The delay expected of the next chunk [control steps].
        guided: Whether the server has continued the plan in force by itself.
    """

    old: Actions
    new: Actions
    last: Joints | None
    same_prompt: bool
    delay_steps: int = 0
    guided: bool = False

    @property
    def expected(self) -> Joints | None:
        """Where the arm would be commanded next, (n,): by the plan in force, or where it stands."""
        return self.old[0] if len(self.old) else self.last

    @property
    def overlap(self) -> int:
        """Steps for which both plans have an action."""
        return min(len(self.old), len(self.new))


class Strategy(Protocol):
    """Decides what is executed when a chunk arrives."""

    @property
    def waits(self) -> bool:
        """Whether the next chunk is asked for only when the plan is used up, instead of ahead of time."""
        ...

    def splice(self, seam: Seam) -> Actions | None:
        """Return the actions from the present step on, (m, n); None keeps the plan in force."""
        ...


@dataclass(frozen=True, slots=True)
class Latest:
    """The new chunk replaces the plan as it is; with `waits`, only when that is used up (openpi's broker)."""

    waits: bool = False

    def splice(self, seam: Seam) -> Actions:
        """Take what is new."""
        return seam.new


@dataclass(frozen=True, slots=True)
class Blend:
    """A weighted average where both plans have an action, the gripper included, as LeRobot's async client does.

    Attributes:
        old_share: The weight of the plan in force.
    """

    old_share: float
    waits = False

    def splice(self, seam: Seam) -> Actions:
        """Average the overlap; of two prompts there is nothing to average."""
        rows, k = seam.new.copy(), seam.overlap if seam.same_prompt else 0
        rows[:k] = self.old_share * seam.old[:k] + (1.0 - self.old_share) * seam.new[:k]
        return rows


@dataclass(frozen=True, slots=True)
class Align:
    """The new chunk begins where the plan in force is, and moves over to its own course within some time.

    The gripper is exempt: a grasp that was decided anew must not fade in.

    Attributes:
        fade_steps: How long it takes [control steps].
        max_offset_rad: The greatest offset that is taken for lag; what is beyond it means another course, and fades
            in a quarter of the time.
    """

    fade_steps: int
    max_offset_rad: float
    waits = False

    def splice(self, seam: Seam) -> Actions:
        """Shift the beginning, fade the shift out (almond-bot/axol#191)."""
        expected = seam.expected
        if expected is None:
            return seam.new
        offset = expected - seam.new[0]
        offset[-1] = 0.0
        lag = np.clip(offset, -self.max_offset_rad, self.max_offset_rad)
        steps = len(seam.new)
        slow, fast = _fade(steps, self.fade_steps), _fade(steps, self.fade_steps // 4)
        return seam.new + slow[:, None] * lag + fast[:, None] * (offset - lag)


def _fade(steps: int, length: int) -> NDArray[np.float64]:
    """Return shares from 1 to 0 within a length, (steps,), that begin and end without a change of speed."""
    u = np.minimum(np.arange(steps) / max(1, length), 1.0)
    return 1.0 - u * u * (3.0 - 2.0 * u)


class Gate:
    """Keeps the plan in force when a new chunk goes another way, a few times at most; otherwise asks another strategy.

    Averaging or fading between two ways round an obstacle leads into it. The shapes are compared, each without its
    own first point, so that a constant offset is no disagreement. How much two chunks of a policy differ anyhow is
    learnt on the way: another way is what differs twice as much as usual.
    """

    waits = False

    def __init__(self, inner: Strategy, threshold_rad: float, most_rejections: int, look_ahead_steps: int) -> None:
        """Guard another strategy.

        Args:
            inner: What to do with a chunk that agrees.
            threshold_rad: The least difference of the shapes that can be a disagreement [rad].
            most_rejections: How many chunks are rejected in a row; a change of mind is then believed.
            look_ahead_steps: How far the shapes are compared [control steps].
        """
        self._inner = inner
        self._threshold_rad = threshold_rad
        self._most = most_rejections
        self._look_ahead = look_ahead_steps
        self._rejected = 0
        self._differences: deque[float] = deque(maxlen=_REMEMBERED_DIFFERENCES)

    def splice(self, seam: Seam) -> Actions | None:
        """Reject a chunk that disagrees, if the plan lasts for two more round trips.

        One is for asking again, the other for a change of prompt right behind it: no rejection leads to a stall.
        """
        room = len(seam.old) > 2 * seam.delay_steps + _ROOM_STEPS
        if seam.same_prompt and self._disagree(seam) and room and self._rejected < self._most:
            self._rejected += 1
            return None
        self._rejected = 0
        return self._inner.splice(seam)

    def _disagree(self, seam: Seam) -> bool:
        k = min(seam.overlap, self._look_ahead)
        if k < 2:
            return False
        old, new = seam.old[:k, :-1], seam.new[:k, :-1]
        difference = float(np.max(np.abs((new - new[0]) - (old - old[0]))))
        usual = statistics.median(self._differences) if self._differences else 0.0
        self._differences.append(difference)
        return difference > max(self._threshold_rad, _UNUSUAL * usual)


class Continue:
    """Takes a chunk as it is when the server has continued the plan by itself; otherwise asks another strategy."""

    waits = False

    def __init__(self, otherwise: Strategy) -> None:
        """Keep what to do with a chunk that was not guided."""
        self._otherwise = otherwise

    def splice(self, seam: Seam) -> Actions | None:
        """Take what is guided."""
        return seam.new if seam.guided else self._otherwise.splice(seam)
