"""The actions a policy planned, each at the control step it is meant for, pure.

A chunk computed from the observation of step n holds one action per step from n on. While it was computed the arm
moved on with the old actions, so as many of the new ones are skipped as were really executed meanwhile: never by the
clock alone, because an arm that stood still has to begin at the beginning (skipping then is a violent jump).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from itertools import takewhile

import numpy as np

from bt_robot.messages import ActionChunk, Actions, Joints

_REMEMBERED_LATENCIES = 10
_REMEMBERED_STEPS = 4096


@dataclass(frozen=True, slots=True)
class PlanStats:
    """What became of everything that was planned.

    Attributes:
        chunks: Chunks accepted.
        late: Chunks refused because every action of them was past, or a newer one was there.
        executed: Actions taken.
        discarded: Actions never taken: skipped, replaced, dropped or late.
        waits: Steps that wanted an action before the first chunk after the start or after a drop.
        stalls: Steps that wanted an action when the plan had run out.
        longest_stall: The longest row of such steps.
    """

    chunks: int = 0
    late: int = 0
    executed: int = 0
    discarded: int = 0
    waits: int = 0
    stalls: int = 0
    longest_stall: int = 0


class Plan:
    """The `ActionPlan` of a run; steps never go back from call to call."""

    def __init__(self, horizon: int, replan_after_steps: int, margin_steps: int = 2) -> None:
        """Begin with nothing planned.

        Args:
            horizon: Actions in a chunk.
            replan_after_steps: Ask for more when this many actions of the newest chunk are used or skipped.
            margin_steps: Ask for more when this many actions beyond the expected latency are left.
        """
        self._replan_after = min(replan_after_steps, horizon)
        self._margin = margin_steps
        self._chunk: ActionChunk | None = None
        self._next = 0  # index in the chunk of the next action to take
        self._executed = 0  # actions of the chunk that were taken
        self._taken_steps: deque[int] = deque(maxlen=_REMEMBERED_STEPS)
        self._taken_action: Joints | None = None
        self._taken_chunk: ActionChunk | None = None
        self._wanted_step: int | None = None  # the last step that wanted an action and got none
        self._ran_out = False
        self._stall_steps = 0
        self._latencies: deque[int] = deque(maxlen=_REMEMBERED_LATENCIES)
        self._stats = PlanStats()

    @property
    def prompt(self) -> str:
        """The prompt of the newest chunk in the plan; empty when there is none."""
        return self._chunk.prompt if self._chunk else ""

    @property
    def stats(self) -> PlanStats:
        """What became of everything planned so far."""
        return self._stats

    @property
    def latency_steps(self) -> int:
        """The greatest latency of the last ten chunks, from observation to acceptance [steps]."""
        return max(self._latencies, default=0)

    def chunk_age(self, step: int) -> int | None:
        """Return the steps since the newest chunk's observation; None without a chunk."""
        return step - self._chunk.observed_step if self._chunk else None

    def stalled(self, step: int) -> bool:
        """Return whether an action was wanted in a step and there was none."""
        return self._wanted_step == step

    def accept(self, chunk: ActionChunk, step: int) -> bool:
        """Put a chunk's actions in the place of the old ones; return False if it came too late to be of use.

        Args:
            chunk: The chunk; its prompt may differ from the old one's.
            step: The present step, before its action is taken.
        """
        elapsed = max(0, step - chunk.observed_step)
        self._latencies.append(elapsed)
        # Counted from the newest, so the walk is as long as the latency.
        consumed = sum(1 for _ in takewhile(lambda taken: taken >= chunk.observed_step, reversed(self._taken_steps)))
        skip = min(elapsed + self.took(step), consumed)
        length = len(chunk.actions)
        outdated = self._chunk is not None and chunk.observed_step < self._chunk.observed_step
        if skip >= length or outdated:
            self._stats = replace(self._stats, late=self._stats.late + 1, discarded=self._stats.discarded + length)
            return False
        self._end_chunk()
        self._chunk, self._next, self._executed = chunk, skip, 0
        self._ran_out = False
        self._stats = replace(self._stats, chunks=self._stats.chunks + 1)
        return True

    def took(self, step: int) -> bool:
        """Return whether an action was taken in a step."""
        return bool(self._taken_steps) and self._taken_steps[-1] == step

    def _end_chunk(self) -> None:
        if self._chunk is not None:
            untaken = len(self._chunk.actions) - self._executed
            self._stats = replace(self._stats, discarded=self._stats.discarded + untaken)
        self._chunk = None

    def action(self, step: int) -> Joints | None:
        """Take the action for a step, (n,); None when the plan has nothing for it.

        Taking it twice in a step returns the same action.
        """
        if self.took(step):
            return self._taken_action
        if self._chunk is None or self._next >= len(self._chunk.actions):
            self._miss(step)
            return None
        self._taken_steps.append(step)
        self._taken_action, self._taken_chunk = self._chunk.actions[self._next], self._chunk
        self._next += 1
        self._executed += 1
        self._stall_steps = 0
        self._stats = replace(self._stats, executed=self._stats.executed + 1)
        return self._taken_action

    def give_back(self, step: int) -> None:
        """Note that the action taken in a step was not executed: it was withdrawn, contradicted or too late."""
        if not self.took(step):
            return
        self._taken_steps.pop()
        self._stats = replace(self._stats, executed=self._stats.executed - 1)
        if self._taken_chunk is self._chunk:
            self._next -= 1
            self._executed -= 1

    def _miss(self, step: int) -> None:
        if self._wanted_step == step:
            return
        if self._chunk is not None or self._ran_out:
            self._stall_steps = self._stall_steps + 1 if self._wanted_step == step - 1 else 1
            longest = max(self._stats.longest_stall, self._stall_steps)
            self._stats = replace(self._stats, stalls=self._stats.stalls + 1, longest_stall=longest)
        else:
            self._stats = replace(self._stats, waits=self._stats.waits + 1)
        self._wanted_step = step

    def remaining(self, step: int) -> Actions:
        """Return the actions from a step on, (k, n), k = 0 when the plan is used up."""
        if self._chunk is None:
            return np.empty((0, 0))
        present = self.took(step) and self._taken_chunk is self._chunk
        return self._chunk.actions[self._next - present :]

    def wants_more(self, step: int) -> bool:
        """Return whether it is time to ask for the next chunk."""
        left = len(self.remaining(step))
        if self._chunk is None or left == 0:
            return True
        return len(self._chunk.actions) - left >= self._replan_after or left <= self.latency_steps + self._margin

    def end_tick(self, step: int) -> bool:
        """Drop a plan that nobody took an action from in a step; return whether one was dropped.

        The arm was told to do something else then, so the actions no longer begin where it is.
        """
        if self._chunk is None:
            return False
        if not self.took(step):
            self.clear()
            return True
        if self._next >= len(self._chunk.actions):
            self._end_chunk()
            self._ran_out = True
        return False

    def clear(self) -> None:
        """Forget every planned action."""
        self._end_chunk()
        self._ran_out = False
