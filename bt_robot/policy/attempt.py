"""One request to a policy server, from an observation to checked actions."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bt_robot.errors import PolicyError, PolicyRefused, PolicyTimeout, PolicyUnavailable
from bt_robot.messages import Actions, LatencyParts, Observation
from bt_robot.policy.base import Policy
from bt_robot.policy.dialect import Dialect
from bt_robot.policy.profile import Profile
from bt_robot.policy.rtc import Leftover
from bt_robot.policy.wire.base import Fields, Reply
from bt_robot.policy.wire.checks import escape

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long the link waits [s].

    Attributes:
        connect_s: To connect and get the server's metadata.
        first_inference_s: For the first answer after the start; a server may compile its model then.
        inference_s: For every later answer.
        start_wait_s: For a server that is not there yet when the link starts.
    """

    connect_s: float = 3.0
    first_inference_s: float = 120.0
    inference_s: float = 5.0
    start_wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Job:
    """A request as the control loop handed it over.

    Attributes:
        observation: What was measured.
        prompt: What to do.
        epoch: The link's epoch at that time.
        offered_s: When it was handed over [s], on the worker's clock.
        leftover: The plan to continue; None where the server can't.
    """

    observation: Observation
    prompt: str
    epoch: int
    offered_s: float
    leftover: Leftover | None = None


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
        connected: True when a new connection was made for it.
    """

    job: Job
    latency_s: float
    answer: Answer | None = None
    reason: str = ""
    timed_out: bool = False
    connected: bool = False


@dataclass(slots=True)
class Asker:
    """Asks a policy; blocks, and is used by one thread at a time.

    Attributes:
        policy: The server.
        dialect: Its dialect.
        timeouts: How long to wait.
        now: The worker's clock [s].
    """

    policy: Policy
    dialect: Dialect
    timeouts: Timeouts
    now: Callable[[], float]
    _continues: bool = field(default=False, init=False)

    def connect(self) -> None:
        """Connect and compare what the server announces with the profile.

        Raises:
            PolicyError: There is no connection.
            PolicyRefused: This is another server than the profile declares.
        """
        metadata = self.policy.connect(self.timeouts.connect_s)
        profile = self.dialect.profile
        try:
            check_metadata(metadata, profile)
        except PolicyRefused:
            self.policy.close()
            raise
        self._continues = profile.rtc is not None and profile.rtc.announced(metadata)

    def ask(self, job: Job, timeout_s: float) -> Answer:
        """Return checked actions.

        Raises:
            PolicyError: There are none.
        """
        began_s = time.perf_counter()
        fields = self.dialect.request(job.observation, job.prompt, job.leftover)
        picture_s = time.perf_counter() - began_s
        reply = self.policy.infer(fields, timeout_s)
        began_s = time.perf_counter()
        actions = self.dialect.actions(reply.actions, job.observation.joints)
        decode_s = reply.decode_s + time.perf_counter() - began_s
        network_s = max(0.0, reply.round_trip_s - (reply.server_s or 0.0))
        parts = LatencyParts(picture_s, reply.encode_s, network_s, reply.server_s, decode_s)
        return Answer(actions, parts, self._guided(job, reply))

    def _guided(self, job: Job, reply: Reply) -> bool:
        """Return whether a reply continues the plan that the request told."""
        rtc = self.dialect.profile.rtc
        if rtc is None or job.leftover is None or not len(job.leftover.actions):
            return False
        confirmed = rtc.confirmed(reply.fields)
        return self._continues if confirmed is None else confirmed

    def attempt(self, job: Job) -> Outcome:
        """Connect if needed and ask; every failure becomes an outcome with its reason."""
        connected = False
        try:
            if not self.policy.connected:
                self.connect()
                connected = True
            try:
                answer = self.ask(job, self.timeouts.inference_s)
            except PolicyUnavailable as error:
                if connected or not error.hung_up:
                    raise
                self.connect()  # it hung up in the very moment in which it was asked
                connected = True
                answer = self.ask(job, self.timeouts.inference_s)
        except (PolicyError, PolicyRefused) as error:
            timed_out = isinstance(error, PolicyTimeout)
            return Outcome(job, self.now() - job.offered_s, None, str(error), timed_out, connected)
        except Exception as error:  # e.g. a camera that can't make its picture; the thread must live on
            logger.exception("the request for step %d failed", job.observation.step)
            self.policy.close()
            reason = f"{type(error).__name__}: {escape(str(error))}"
            return Outcome(job, self.now() - job.offered_s, None, reason, connected=connected)
        return Outcome(job, self.now() - job.offered_s, answer, connected=connected)


def check_metadata(announced: Fields, profile: Profile) -> None:
    """Compare what a server announces with a profile.

    Everything the profile lists under `metadata` must be announced as listed. What servers commonly announce
    (`action_horizon`, `action_dim`, `image_keys`) must agree with the profile where it is announced.

    Raises:
        PolicyRefused: Something differs.
    """
    for key, expected in profile.metadata.items():
        if key not in announced:
            raise PolicyRefused(f"the server does not announce '{key}', expected {expected!r}: another server?")
        if announced[key] != expected:
            raise PolicyRefused(f"the server announces {key}: {_shown(announced[key])}, expected {expected!r}")
    for key, expected in (("action_horizon", profile.horizon), ("action_dim", profile.columns)):
        if type(announced.get(key)) is int and announced[key] != expected:
            raise PolicyRefused(f"the server announces {key}: {announced[key]}, the profile has {expected}")
    keys = announced.get("image_keys")
    sent = {key for camera in profile.images for key in profile.image_keys(camera)}
    if isinstance(keys, list) and not sent <= {str(key) for key in keys}:  # pyright: ignore[reportUnknownVariableType]
        wanted = ", ".join(sorted(sent))
        raise PolicyRefused(f"the server announces image_keys: {_shown(keys)}, the profile sends {wanted}")


def _shown(value: object) -> str:
    text = escape(repr(value))
    return text if len(text) <= 120 else text[:117] + "..."
