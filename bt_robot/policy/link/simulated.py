"""The policy link under a simulated clock: an answer becomes visible after a latency of the run's clock."""

from __future__ import annotations

import random
from dataclasses import replace

from bt_robot.errors import UsageError
from bt_robot.messages import ActionChunk, LinkState, Observation
from bt_robot.policy.link.worker import Worker

_EPSILON_S = 1e-9  # a due time that is a multiple of the control period must not miss its tick by rounding
_GRACE_S = 5.0  # rendering and encoding come on top of the request's own time limits


class SimulatedLatency:
    """A worker whose outcomes, good or bad, become visible a fixed time, or one drawn at random, after the offer.

    With `wait`, a poll at the due time waits in wall time for the outcome, so a run does not depend on how busy
    the machine is. Without it, nothing ever waits and an outcome is visible at its due time or when it is there,
    whichever is later.
    """

    def __init__(self, worker: Worker, latency_s: float, *, wait: bool, jitter_s: float = 0.0, seed: int = 0) -> None:
        """Wrap a worker.

        Args:
            worker: The worker.
            latency_s: From the offer until the outcome is visible [s], on the run's clock.
            wait: Whether a poll at the due time waits for the outcome.
            jitter_s: Up to this much more, drawn anew for each offer [s].
            seed: Of the draws.

        Raises:
            UsageError: The latency is negative, or so long that every request would time out.
        """
        limit_s = worker.timeouts.inference_s
        if not (latency_s >= 0.0 and jitter_s >= 0.0 and latency_s + jitter_s < limit_s):
            raise UsageError(
                f"a simulated latency of {latency_s + jitter_s:g} s; expected 0 to less than"
                f" the {limit_s:g} s time limit"
            )
        self._worker = worker
        self._latency_s = latency_s
        self._jitter_s = jitter_s
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose, and no secret
        self._due_s = 0.0
        self._wait = wait
        self._offered_s: float | None = None
        self._gave_up = False
        self._last_latency_s: float | None = None

    def start(self, observation: Observation, prompt: str) -> None:
        """Connect, warm the server up and check its answers, in wall time.

        Raises:
            PolicyRefused: The server is absent, or its answers are not what the profile declares.
        """
        self._worker.start(observation, prompt)

    @property
    def state(self) -> LinkState:
        """The link as it stands now; its latency is in the run's time."""
        return replace(self._worker.state, latency_s=self._last_latency_s)

    @property
    def expected_latency_s(self) -> float:
        """The latency to expect of answers [s]; a run that waits for its answers sees only the simulated one."""
        simulated_s = self._latency_s + self._jitter_s
        return simulated_s if self._wait else max(simulated_s, self._worker.state.latency_s or 0.0)

    def new_epoch(self) -> None:
        """Make every answer to an earlier request stale."""
        self._worker.new_epoch()

    def follow(self, prompt: str) -> None:
        """Note the prompt in force; answers to another one are stale from now on."""
        self._worker.follow(prompt)

    def offer(self, observation: Observation, prompt: str) -> bool:
        """Send a request if none is in flight and no back-off is running; return whether it was taken."""
        taken = self._worker.offer(observation, prompt)
        if taken:
            self._offered_s = observation.time_s
            self._due_s = observation.time_s + self._latency_s + self._jitter_s * self._random.random()
            self._gave_up = False
        return taken

    def poll(self, now_s: float) -> ActionChunk | None:
        """Take the outcome of the request in flight if it is due.

        Args:
            now_s: The run's clock [s].
        """
        self._worker.see(now_s)
        offered_s = self._offered_s
        if offered_s is None or now_s < self._due_s - _EPSILON_S:
            return None
        if self._wait:
            limits = self._worker.timeouts
            if not self._gave_up:  # an attempt that exceeds its own limits is waited for once
                self._gave_up = not self._worker.wait(self._worker.longest_attempt_s + _GRACE_S)
            if self._worker.timed_out and now_s < offered_s + limits.inference_s - _EPSILON_S:
                return None
        before = self._worker.state
        chunk = self._worker.poll(now_s)
        after = self._worker.state
        if before.in_flight and not after.in_flight:
            self._offered_s = None
            if after.errors == before.errors:
                self._last_latency_s = now_s - offered_s
        return None if chunk is None else replace(chunk, latency_s=now_s - offered_s)

    def close(self) -> None:
        """Hang up and end the thread; allowed at any time, any number of times."""
        self._worker.close()
