"""One request to the policy servers, from an observation to checked actions."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bt_robot.errors import PolicyError, PolicyRefused, PolicyTimeout
from bt_robot.messages import Actions, LatencyParts, Observation
from bt_robot.policy.connection.failover import Servers
from bt_robot.policy.dialect.dialect import Dialect
from bt_robot.policy.dialect.rtc import Leftover
from bt_robot.policy.wire.base import Reply
from bt_robot.policy.wire.checks import escape

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A request as the control loop handed it over.

    Attributes:
        observation: What was measured.
        prompt: What to do.
        epoch: The link's epoch at that time.
        offered_s: When it was handed over [s], on the worker's clock.
        leftover: The plan to continue; None where the server can't.
        episode: Counts the tasks; a server with a memory begins anew with each.
    """

    observation: Observation
    prompt: str
    epoch: int
    offered_s: float
    leftover: Leftover | None = None
    episode: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """Usable actions.

    Attributes:
        actions: Checked, (H, n), a row per control step.
        parts: Where the time went.
        guided: Whether the server says that it continued the plan it was told.
    """

    actions: Actions
    parts: LatencyParts = field(default_factory=LatencyParts)
    guided: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job: actions, or the reason why there are none.

    Attributes:
        job: The job.
        latency_s: From the offer to now [s].
        answer: The actions; None after a failure.
        reason: Why there are no actions; empty otherwise.
        timed_out: True when the server did not answer in time.
        connects: How many connections were made for it.
        url: The server that was asked.
    """

    job: Job
    latency_s: float
    answer: Answer | None = None
    reason: str = ""
    timed_out: bool = False
    connects: int = 0
    url: str = ""


@dataclass(slots=True)
class Asker:
    """Asks the policy servers; blocks, and is used by one thread at a time.

    Attributes:
        servers: The servers.
        dialect: Their dialect.
        now: The worker's clock [s].
    """

    servers: Servers
    dialect: Dialect
    now: Callable[[], float]

    def ask(self, job: Job) -> Answer:
        """Return checked actions; connects if needed.

        Raises:
            PolicyError: There are none.
            PolicyRefused: No server may be used.
        """
        began_s = time.perf_counter()
        fields = self.dialect.request(job.observation, job.prompt, job.leftover)
        asked_s = time.perf_counter()
        reply = self.servers.ask(fields, job.episode)
        read_s = time.perf_counter()
        actions = self.dialect.actions(reply.actions, job.observation.joints)
        picture_s, decode_s = asked_s - began_s, reply.decode_s + time.perf_counter() - read_s
        # Connecting and a reset are the way to the answer, too.
        network_s = max(0.0, read_s - asked_s - reply.encode_s - reply.decode_s - (reply.server_s or 0.0))
        parts = LatencyParts(picture_s, reply.encode_s, network_s, reply.server_s, decode_s)
        return Answer(actions, parts, self._guided(job, reply))

    def _guided(self, job: Job, reply: Reply) -> bool:
        """Return whether a reply continues the plan that the request told."""
        rtc = self.dialect.profile.rtc
        if rtc is None or job.leftover is None or not len(job.leftover.actions):
            return False
        return rtc.guided(reply.fields, self.servers.metadata)

    def attempt(self, job: Job) -> Outcome:
        """Ask; every failure becomes an outcome with its reason."""
        before = self.servers.connects
        answer, reason, timed_out = None, "", False
        try:
            answer = self.ask(job)
        except (PolicyError, PolicyRefused) as error:
            reason, timed_out = str(error), isinstance(error, PolicyTimeout)
        except Exception as error:  # e.g. a camera that can't make its picture; the thread must live on
            logger.exception("the request for step %d failed", job.observation.step)
            self.servers.close()
            reason = f"{type(error).__name__}: {escape(str(error))}"
        return Outcome(
            job, self.now() - job.offered_s, answer, reason, timed_out, self.servers.connects - before, self.servers.url
        )
