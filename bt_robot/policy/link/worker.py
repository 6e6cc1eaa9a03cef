"""The policy link of a run: one request in flight, in a thread of its own.

The thread only turns jobs into outcomes. Everything a tree can see (counters, availability, back-off) changes in
`offer` and `poll`, which the control loop calls: the link's behaviour is a function of the run's clock.
"""

from __future__ import annotations

import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from bt_robot.errors import PolicyError, PolicyRefused
from bt_robot.messages import ActionChunk, JointLimits, LinkState, Observation
from bt_robot.policy.connection.access import Access
from bt_robot.policy.connection.announced import Announced
from bt_robot.policy.connection.base import Opener, Policy, Timeouts
from bt_robot.policy.connection.failover import Servers, connect_patiently, open_servers
from bt_robot.policy.connection.manners import manners_of
from bt_robot.policy.dialect.dialect import Dialect
from bt_robot.policy.dialect.profile import Profile
from bt_robot.policy.dialect.rtc import Leftover
from bt_robot.policy.link.attempt import Asker, Job, Outcome
from bt_robot.policy.wire.checks import escape

logger = logging.getLogger(__name__)

FIRST_BACKOFF_S = 0.25
LAST_BACKOFF_S = 4.0
IDLE_CHECK_S = 0.02
"""How often an idle connection is looked at [s], so that a server that has died is noticed within a tick."""

_WARM_UPS = 2
_CLOSE_TIMEOUT_S = 2.0


class Worker:
    """Asks a policy server in the background and never makes the control loop wait."""

    def __init__(
        self,
        profile: Profile,
        urls: Sequence[str],
        limits: JointLimits,
        timeouts: Timeouts | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        access: Access | None = None,
        policy: Policy | None = None,
        dialect: Dialect | None = None,
        leftover: Callable[[int, str], Leftover] | None = None,
        openers: Mapping[str, Opener] = MappingProxyType({}),
    ) -> None:
        """Prepare; `start` connects.

        Args:
            profile: The server's dialect.
            urls: Where the servers are, `ws://…`, the preferred one first; the others are turned to when it is lost.
            limits: The robot's joints and their envelope.
            timeouts: How long to wait.
            now: The clock that latencies are measured on [s].
            sleep: Waits for a server that is not there at the start [s].
            access: The API key and the certificates to trust.
            policy: The connection to use instead of websockets to the URLs.
            dialect: The translation to use instead of the profile's plain one.
            leftover: Tells what a request for a prompt, at a step, has to continue (real-time chunking).
            openers: What connects to URLs of other schemes than ws and wss.

        Raises:
            PolicyRefused: The profile's joints are not the robot's.
            UsageError: The CA file can't be used.
        """
        try:
            dialect = dialect or Dialect(profile, limits)
        except ValueError as error:
            raise PolicyRefused(str(error)) from error
        self.timeouts = timeouts or Timeouts()
        self._now = now
        self._leftover = leftover if profile.rtc is not None else None
        self._incremental = profile.incremental
        self._sleep = sleep
        if policy is None:
            servers = open_servers(profile, urls, self.timeouts, access, openers=openers)
        else:
            servers = Servers([policy], self.timeouts, Announced(profile).admit, manners_of(profile))
        self._servers = servers
        self._asker = Asker(servers, dialect, now)
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()
        self._outcome: Outcome | None = None
        self._state = LinkState(available=False, reason="not started", url=servers.url)
        self._epoch = 0
        self._prompt = ""
        self._asked: tuple[str, int] | None = None  # prompt and epoch of the last request
        self._episode = 0
        self._failures = 0
        self._lost = ""
        self._retry_s = float("-inf")
        self._seen_s = float("-inf")

    def start(self, observation: Observation, prompt: str) -> None:
        """Connect, warm the server up and check its answers; blocks, and nothing may move before it returned.

        Args:
            observation: What the robot measures now.
            prompt: The prompt to warm up with.

        Raises:
            PolicyRefused: The server is absent, or its answers are not what the profile declares.
        """
        servers = self._servers
        try:
            connect_patiently(servers, self.timeouts.start_wait_s, now=self._now, sleep=self._sleep)
            # The first answer may contain the compilation of the model: it says nothing about the ones to come.
            first_s = self._warm_up(observation, prompt)
            latency_s = self._warm_up(observation, prompt)
        except (PolicyError, PolicyRefused) as error:
            servers.close()
            text = str(error)
            prefix = "" if any(url in text for url in servers.urls) else f"{servers.url}: "
            raise PolicyRefused(f"{prefix}{text}") from error
        except BaseException:
            servers.close()  # Ctrl-C, while it waited
            raise
        servers.forget()  # the warm-up is no part of the run
        logger.info("%s answers: first in %.3f s, then in %.3f s", servers.url, first_s, latency_s)
        with self._changed:
            self._prompt = prompt
            self._state = LinkState(
                available=True, latency_s=latency_s, requests=_WARM_UPS, replies=_WARM_UPS, url=servers.url
            )
            self._thread = threading.Thread(target=self._run, name="policy-worker", daemon=True)
            self._thread.start()

    def _warm_up(self, observation: Observation, prompt: str) -> float:
        began_s = self._now()
        self._asker.ask(Job(observation, prompt, 0, began_s))
        return self._now() - began_s

    def _run(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=IDLE_CHECK_S)
            except queue.Empty:
                self._look_after_the_connection()
                continue
            if job is None:
                break
            outcome = self._asker.attempt(job)
            with self._changed:
                self._outcome = outcome if self._thread is not None else None
                self._changed.notify_all()
        self._servers.close()

    def _look_after_the_connection(self) -> None:
        """Notice a server that has gone while nothing was asked; one that only hung up is connected to again."""
        with self._changed:
            watching = self._state.available and not self._under_way()
        if not watching or self._servers.connected:
            return
        try:
            self._servers.connect()
        except (PolicyError, PolicyRefused) as error:
            lost, made = str(error), 0
        except Exception as error:  # whatever the machine can't do now, the thread must live on
            logger.exception("the idle connection could not be looked after")
            self._servers.close()
            lost, made = f"{type(error).__name__}: {escape(str(error))}", 0
        else:
            lost, made = "", 1
        with self._changed:
            self._lost = lost
            self._state = replace(self._state, reconnects=self._state.reconnects + made, url=self._servers.url)

    @property
    def state(self) -> LinkState:
        """The link as it stands now."""
        with self._changed:
            wait_s = self._retry_s - self._seen_s
            return replace(self._state, retry_in_s=wait_s if 0.0 < wait_s < math.inf else None)

    @property
    def expected_latency_s(self) -> float:
        """The latency to expect of answers [s]: the last one's."""
        return self.state.latency_s or 0.0

    def new_epoch(self) -> None:
        """Make every answer to an earlier request stale."""
        with self._changed:
            self._epoch += 1

    def follow(self, prompt: str) -> None:
        """Note the prompt in force; answers to another one are stale while it is."""
        with self._changed:
            self._prompt = prompt

    def offer(self, observation: Observation, prompt: str) -> bool:
        """Send a request for the prompt in force, if none is in flight and no back-off is running; return whether."""
        self.follow(prompt)
        with self._changed:
            self._seen_s = observation.time_s
            if self._thread is None or self._state.in_flight or observation.time_s < self._retry_s:
                return False
            self._state = replace(self._state, in_flight=True, requests=self._state.requests + 1)
            leftover = self._leftover(observation.step, prompt) if self._leftover else None
            if (prompt, self._epoch) != self._asked:
                self._asked = (prompt, self._epoch)
                self._episode += 1
            self._jobs.put(Job(observation, prompt, self._epoch, self._now(), leftover, self._episode))
            return True

    def see(self, now_s: float) -> None:
        """Note the run's clock [s], and what became of the connection since the last look."""
        with self._changed:
            self._seen_s = now_s
            lost, self._lost = self._lost, ""
            if lost and not self._state.in_flight:
                self._fail(lost, now_s)

    def wait(self, timeout_s: float) -> bool:
        """Wait in wall time until no request is under way; return whether that is so.

        Only a simulated clock may call this: it is the one method that blocks.
        """
        with self._changed:
            return self._changed.wait_for(lambda: not self._under_way(), timeout_s)

    def _under_way(self) -> bool:
        return self._state.in_flight and self._outcome is None

    @property
    def longest_attempt_s(self) -> float:
        """The longest time that one request can take, with all its connections and resets [s]."""
        limits = self.timeouts
        longest_s = max(limits.first_inference_s, limits.inference_s)
        return 2.0 * (len(self._servers.urls) * limits.connect_s + 2.0 * longest_s)

    @property
    def timed_out(self) -> bool:
        """Whether the outcome that `poll` will take next is a time-out."""
        with self._changed:
            return self._outcome is not None and self._outcome.timed_out

    def poll(self, now_s: float) -> ActionChunk | None:
        """Take the outcome of the request in flight, if there is one, and return its actions.

        Args:
            now_s: The run's clock [s].
        """
        self.see(now_s)
        with self._changed:
            outcome, self._outcome = self._outcome, None
            if outcome is None:
                return None
            reconnects = self._state.reconnects + outcome.connects
            self._state = replace(self._state, in_flight=False, reconnects=reconnects, url=outcome.url)
            if outcome.answer is None:
                self._fail(outcome.reason, now_s)
                return None
            return self._succeed(outcome)

    def _fail(self, reason: str, now_s: float) -> None:
        backoff_s = min(LAST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(self._failures, 10))
        self._failures += 1
        self._retry_s = now_s + backoff_s
        self._state = replace(self._state, available=False, reason=reason, errors=self._state.errors + 1)
        level = logging.INFO if self._failures == 1 else logging.DEBUG  # the tree and the loop tell a person
        logger.log(level, "the policy is lost: %s", reason)

    def _succeed(self, outcome: Outcome) -> ActionChunk | None:
        answer = outcome.answer
        assert answer is not None
        if self._failures:
            logger.info("the policy answers again after %d failed requests", self._failures)
        self._failures = 0
        self._retry_s = float("-inf")
        self._state = replace(self._state, available=True, reason="", latency_s=outcome.latency_s)
        if (outcome.job.prompt, outcome.job.epoch) != (self._prompt, self._epoch):
            self._state = replace(self._state, dropped=self._state.dropped + 1)
            return None
        self._state = replace(self._state, replies=self._state.replies + 1)
        return ActionChunk(
            answer.actions,
            outcome.job.observation.step,
            outcome.job.epoch,
            outcome.job.prompt,
            outcome.latency_s,
            answer.parts,
            self._incremental,
            answer.guided,
        )

    def close(self) -> None:
        """Hang up and end the thread; allowed at any time, any number of times."""
        with self._changed:
            thread, self._thread = self._thread, None
            self._state = replace(self._state, available=False, in_flight=False, reason="closed")
            self._failures = 0
            self._outcome = None
        if thread is None:
            self._servers.close()
            return
        self._jobs.put(None)
        self._servers.abort()
        thread.join(_CLOSE_TIMEOUT_S)
