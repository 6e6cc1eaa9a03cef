"""The actions a policy planned, each at the control step it is meant for, pure.

A chunk computed from the observation of step n holds one action per step from n on. While it was computed the arm
moved on with the old actions, so as many of the new ones are skipped as were really executed meanwhile: never by the
clock alone, because an arm that stood still has to begin at the beginning (skipping then is a violent jump).
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from itertools import takewhile

import numpy as np

from bt_robot.messages import ActionChunk, Actions, Disagreement, Joints, PlanStats, Splice
from bt_robot.policy.chunks.strategies import Latest, Seam, Strategy
from bt_robot.policy.dialect.pace import Pace
from bt_robot.policy.dialect.rtc import Leftover

LEASH_RAD = 0.25
"""How far increments may run ahead of the measured joints [rad]: a blocked arm must not jump when it comes free."""

_REMEMBERED_LATENCIES = 10
_REMEMBERED_STEPS = 4096
_LATEST = Latest()


class Plan:
    """The `ActionPlan` of a run; steps never go back from call to call."""

    def __init__(
        self,
        horizon: int,
        execute_steps: int,
        margin_steps: int = 2,
        *,
        strategy: Strategy = _LATEST,
        pace: Pace | None = None,
    ) -> None:
        """Begin with nothing planned.

        Args:
            horizon: Actions in a chunk [control steps].
            execute_steps: Ask for more when this many actions of the newest chunk are used or skipped [control steps].
            margin_steps: Ask for more when this many actions beyond the expected latency are left [control steps].
            strategy: How a new chunk takes over from the old one.
            pace: How the policy's own actions lie on the control steps; one a step by default.
        """
        self._execute = min(execute_steps, horizon)
        self._margin = margin_steps
        self._strategy = strategy
        self._pace = pace or Pace()
        self._last: Joints | None = None  # the command of the step before
        self._base: Joints | None = None  # where increments begin
        self._leashed = False
        self._chunk: ActionChunk | None = None
        self._rows: Actions = np.empty((0, 0))  # the chunk's actions as the strategy made them
        self._next = 0  # index in the rows of the next action to take
        self._executed = 0  # actions of the chunk that were taken
        self._taken_steps: deque[int] = deque(maxlen=_REMEMBERED_STEPS)
        self._taken_action: Joints | None = None
        self._taken_chunk: ActionChunk | None = None
        self._wanted_step: int | None = None  # the last step that wanted an action and got none
        self._latencies: deque[int] = deque(maxlen=_REMEMBERED_LATENCIES)
        self._expected_delay = 0
        self._stats = PlanStats()
        self._disagreement: Disagreement | None = None
        self._refused: tuple[int, Actions] | None = None  # the newest chunk, if it was refused: from which step on

    @property
    def prompt(self) -> str:
        """The prompt of the newest chunk in the plan; empty when there is none."""
        return self._chunk.prompt if self._chunk else ""

    @property
    def stats(self) -> PlanStats:
        """What became of everything planned so far."""
        return self._stats

    @property
    def disagreement(self) -> Disagreement | None:
        """How far the newest chunk was from the plan; None before two chunks for the same prompt overlapped.

        A chunk that was refused for it counts. If the next one says what that one said, the policy has changed its mind
        once and stays with it: the two agree. A chunk for another prompt, and a plan that was dropped, end the
        comparison.
        """
        return self._disagreement

    @property
    def latency_steps(self) -> int:
        """The greatest delay of the last ten chunks, observation to arrival; before the first, the one expected."""
        return max(self._latencies, default=self._expected_delay)

    def expect_delay(self, steps: int) -> None:
        """Note the delay that the first chunk will probably have [control steps]."""
        self._expected_delay = steps

    def chunk_age(self, step: int) -> int | None:
        """Return the steps since the newest chunk's observation; None without a chunk."""
        return step - self._chunk.observed_step if self._chunk else None

    def stalled(self, step: int) -> bool:
        """Return whether an action was wanted in a step and there was none."""
        return self._wanted_step == step

    def begin(self, last: Joints, measured: Joints | None = None) -> None:
        """Begin a step.

        Args:
            last: The command of the step before, (n,); the measured pose on the first.
            measured: Where the arm is, (n,); increments are never added up further ahead of it than the leash.
        """
        self._last = last
        self._base = last if measured is None else np.clip(last, measured - LEASH_RAD, measured + LEASH_RAD)
        self._leashed = bool(np.any(self._base[:-1] != last[:-1]))

    def accept(self, chunk: ActionChunk, step: int) -> Splice:
        """Put a chunk's actions in the place of the old ones, if they are of use.

        Args:
            chunk: The chunk; its prompt may differ from the old one's.
            step: The present step, before its action is taken.
        """
        expected_delay, elapsed = self.latency_steps, max(0, step - chunk.observed_step)
        self._latencies.append(elapsed)
        # Counted from the newest, so the walk is as long as the latency.
        consumed = sum(1 for _ in takewhile(lambda taken: taken >= chunk.observed_step, reversed(self._taken_steps)))
        skip = min(elapsed + self.took(step), consumed)
        rows = chunk.actions[: self._execute] if self._strategy.waits else chunk.actions
        length = len(chunk.actions)
        self._stats = replace(self._stats, planned=self._stats.planned + length)
        outdated = self._chunk is not None and chunk.observed_step < self._chunk.observed_step
        if skip >= len(rows) or outdated:
            self._stats = replace(self._stats, late=self._stats.late + 1, discarded=self._stats.discarded + length)
            return Splice("late", expected_delay, elapsed, min(skip, length))
        seam = self._seam(chunk, rows[skip:])
        spliced = self._strategy.splice(seam)
        splice = _measured(seam, spliced, chunk.incremental, Splice("accepted", expected_delay, elapsed, skip))
        self._disagreement = self._compared(seam, splice, chunk, step)
        self._refused = (step, seam.new) if spliced is None else None
        if spliced is None:
            rejected = self._stats.rejected + 1
            self._stats = replace(self._stats, rejected=rejected, discarded=self._stats.discarded + length)
            return splice
        self._end_chunk()
        self._chunk, self._next, self._executed = chunk, skip, 0
        self._rows = np.concatenate([rows[:skip], spliced])
        self._stats = replace(self._stats, chunks=self._stats.chunks + 1)
        return splice

    def _seam(self, chunk: ActionChunk, new: Actions) -> Seam:
        old = self._chunk
        alike = old is not None and old.incremental == chunk.incremental
        return Seam(
            old=self._rows[self._next :] if alike else new[:0],
            new=new,
            last=self._last,
            same_prompt=old is not None and old.prompt == chunk.prompt,
            delay_steps=self.latency_steps,
            guided=chunk.guided,
        )

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
        if self._chunk is None or self._next >= len(self._rows):
            self._miss(step)
            return None
        self._taken_steps.append(step)
        leashed = self._chunk.incremental and self._leashed
        self._taken_action, self._taken_chunk = self._absolute(self._rows[self._next : self._next + 1])[0], self._chunk
        self._next += 1
        self._executed += 1
        self._stats = replace(self._stats, executed=self._stats.executed + 1, leashed=self._stats.leashed + leashed)
        return self._taken_action

    def _absolute(self, rows: Actions) -> Actions:
        """Return rows as joint targets, (k, n): increments are added up from the last command on."""
        if self._chunk is None or not self._chunk.incremental:
            return rows
        assert self._base is not None, "increments need to know where the arm is; call begin() in every step"
        targets = self._base + np.cumsum(rows, axis=0)
        targets[:, -1] = rows[:, -1]
        return targets

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
        if self._stats.chunks:
            self._stats = replace(self._stats, stalls=self._stats.stalls + 1)
        else:
            self._stats = replace(self._stats, waits=self._stats.waits + 1)
        self._wanted_step = step

    def remaining(self, step: int) -> Actions:
        """Return the actions from a step on, (k, n), k = 0 when the plan is used up."""
        if self._chunk is None:
            return np.empty((0, 0))
        present = self.took(step) and self._taken_chunk is self._chunk
        return self._absolute(self._rows[self._next - present :])

    def leftover(self, step: int, prompt: str) -> Leftover:
        """Return what a server is told to continue: what is planned from a step on, at the policy's own rate.

        Args:
            step: The step of the observation.
            prompt: What the server is asked for; of a plan for another prompt only what will be executed before the
                answer arrives has to be continued.
        """
        rows = self.remaining(step)
        if prompt != self.prompt:
            rows = rows[: self.latency_steps]
        execute = max(1, self._pace.actions(self._execute))
        return Leftover(self._pace.gather(rows), self._pace.actions(self.latency_steps), execute)

    def wants_more(self, step: int) -> bool:
        """Return whether it is time to ask for the next chunk."""
        left = len(self.remaining(step))
        if self._chunk is None or left == 0:
            return True
        if self._strategy.waits or self.latency_steps >= len(self._rows):
            return False  # an answer that is older than a chunk is long is of use only to an arm that stands still
        return len(self._rows) - left >= self._execute or left <= self.latency_steps + self._margin

    def end_tick(self, step: int) -> bool:
        """Drop a plan that nobody took an action from in a step; return whether one was dropped.

        The arm was told to do something else then, so the actions no longer begin where it is.
        """
        if self._chunk is None:
            return False
        if not self.took(step):
            self.clear()
            return True
        if self._next >= len(self._rows):
            self._end_chunk()
        return False

    def clear(self) -> None:
        """Forget every planned action."""
        self._end_chunk()
        self._disagreement = self._refused = None

    def _compared(self, seam: Seam, splice: Splice, chunk: ActionChunk, step: int) -> Disagreement | None:
        """Compare a chunk with the plan, and with the one before it if that was refused; the nearer one counts."""
        if splice.disagreement_rad is None or not seam.same_prompt:
            return None
        found = [(splice.disagreement_rad, seam.overlap)]
        if self._refused is not None:
            refused = self._refused[1][step - self._refused[0] :]
            if k := min(len(refused), len(seam.new)):
                found.append((_rms(seam.new[:k], refused[:k]), k))
        rms_rad, overlap = min(found)
        return Disagreement(step, chunk.observed_step, rms_rad, overlap)


def _rms(new: Actions, old: Actions) -> float:
    """Return the root mean square difference of actions, (k, n) each, over the arm's joints."""
    return float(np.sqrt(np.mean((new[:, :-1] - old[:, :-1]) ** 2)))


def _measured(seam: Seam, spliced: Actions | None, incremental: bool, splice: Splice) -> Splice:
    """Return a splice with its seam's measures, over the arm's joints."""
    at = np.zeros(seam.new.shape[1]) if incremental and not len(seam.old) else seam.expected
    first = seam.new[0] if spliced is None else spliced[0]
    k = seam.overlap
    return replace(
        splice,
        outcome="rejected" if spliced is None else "accepted",
        seam_before_rad=0.0 if at is None else float(np.max(np.abs(seam.new[0] - at)[:-1])),
        seam_after_rad=0.0 if at is None or spliced is None else float(np.max(np.abs(first - at)[:-1])),
        disagreement_rad=_rms(seam.new[:k], seam.old[:k]) if k else None,
    )
