"""The policy: what it planned, what became of that, and how a tree reaches it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from bt_robot.messages.arm import Joints, Observation

Actions = NDArray[np.float64]  # (H, n), a joint vector per row


@dataclass(frozen=True, slots=True)
class LatencyParts:
    """Where the time of one request went, in wall time [s].

    Attributes:
        picture_s: Making, resizing and compressing the pictures.
        encode_s: Writing the request.
        network_s: Connecting, sending and receiving; the server's time is in it when it does not tell its own.
        server_s: What the server says it spent; None if it did not say.
        decode_s: Reading and checking the answer.
    """

    picture_s: float = 0.0
    encode_s: float = 0.0
    network_s: float = 0.0
    server_s: float | None = None
    decode_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ActionChunk:
    """Actions a policy planned from one observation.

    Attributes:
        actions: (H, n), one row per control step: absolute joint targets [rad, gripper 0 … 1]; if `incremental`, what
            is added to the last command in that step instead. The gripper's column is a target in both.
        observed_step: The control step of the observation they were computed from.
        epoch: The link's epoch when the request was sent; older epochs are stale.
        prompt: The prompt they were computed for.
        latency_s: From the offer of the observation to the arrival of the actions [s].
        parts: Where that time went, in wall time.
        incremental: True for velocity and delta policies.
        guided: True when the server says that it continued the plan it was told (real-time chunking).
    """

    actions: Actions
    observed_step: int
    epoch: int
    prompt: str
    latency_s: float
    parts: LatencyParts = field(default_factory=LatencyParts)
    incremental: bool = False
    guided: bool = False


@dataclass(frozen=True, slots=True)
class Splice:
    """What became of a chunk when it arrived.

    Attributes:
        outcome: `accepted` into the plan; `late`, every action of it was past; or `rejected`, because it disagreed with
            what was planned.
        expected_delay_steps: The delay that was expected when it arrived [control steps].
        delay_steps: The delay that it had, from its observation [control steps].
        skipped: How many of its actions belonged to the past.
        seam_before_rad: How far its first action is from the plan it replaces, greatest over the arm's joints [rad].
        seam_after_rad: The same after the strategy's treatment.
        disagreement_rad: Root mean square difference to the plan where both have actions, over the arm's joints [rad];
            None without an overlap.
    """

    outcome: Literal["accepted", "late", "rejected"]
    expected_delay_steps: int = 0
    delay_steps: int = 0
    skipped: int = 0
    seam_before_rad: float = 0.0
    seam_after_rad: float = 0.0
    disagreement_rad: float | None = None

    @property
    def accepted(self) -> bool:
        """Whether the chunk is in the plan now."""
        return self.outcome == "accepted"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """How far a chunk was from the plan it met, which was planned for the same prompt.

    Attributes:
        step: The control step in which it arrived.
        observed_step: The control step of the observation it was computed from.
        rms_rad: Root mean square difference where both have actions, over the arm's joints [rad].
        overlap_steps: For how many control steps both have actions.
    """

    step: int
    observed_step: int
    rms_rad: float
    overlap_steps: int


@dataclass(frozen=True, slots=True)
class PlanStats:
    """What became of everything that was planned so far.

    Attributes:
        chunks: Chunks accepted.
        late: Chunks refused because every action of them was past, or a newer one was there.
        rejected: Chunks refused because they disagreed with what was planned.
        planned: Actions of all chunks that arrived [control steps].
        executed: Actions taken.
        discarded: Actions never taken: skipped, replaced, dropped, late or rejected.
        waits: Steps that wanted an action before the first chunk of all.
        stalls: Steps that wanted an action later, and there was none.
        leashed: Increments that were added to less than the last command, because the arm did not follow it.
    """

    chunks: int = 0
    late: int = 0
    rejected: int = 0
    planned: int = 0
    executed: int = 0
    discarded: int = 0
    waits: int = 0
    stalls: int = 0
    leashed: int = 0


@dataclass(frozen=True, slots=True)
class LinkState:
    """The policy link as it stands now.

    Attributes:
        available: True while requests get answers.
        reason: Why it is not available, or what it is doing.
        in_flight: True while a request waits for its answer.
        latency_s: Latency of the last answer [s]; None before the first.
        retry_in_s: Time until the next request may be sent [s]; None while one may be.
        requests: Requests sent so far.
        replies: Answers whose actions were accepted.
        errors: Requests that failed, for whatever reason, and connections lost while nothing was asked.
        reconnects: Connections made after the first.
        dropped: Answers dropped because their prompt or their epoch was over.
        url: The server in use; empty without one.
    """

    available: bool
    reason: str = ""
    in_flight: bool = False
    latency_s: float | None = None
    retry_in_s: float | None = None
    requests: int = 0
    replies: int = 0
    errors: int = 0
    reconnects: int = 0
    dropped: int = 0
    url: str = ""


class PolicyLink(Protocol):
    """Ask a policy in the background; no method ever waits for an answer in wall time."""

    @property
    def state(self) -> LinkState:
        """The link as it stands now."""
        ...

    def follow(self, prompt: str) -> None:
        """Note the prompt in force; answers to another one are stale from now on."""
        ...

    def offer(self, observation: Observation, prompt: str) -> bool:
        """Send a request for the prompt in force if none is in flight; return whether it was taken."""
        ...

    def new_epoch(self) -> None:
        """Make every answer to an earlier request stale."""
        ...


class ActionPlan(Protocol):
    """The actions the policy planned, each at the control step it is meant for."""

    @property
    def prompt(self) -> str:
        """The prompt of the newest chunk in the plan; empty when there is none."""
        ...

    @property
    def disagreement(self) -> Disagreement | None:
        """How far the newest chunk was from the plan; None before two chunks for the same prompt overlapped."""
        ...

    def action(self, step: int) -> Joints | None:
        """Take the action for a step, (n,); None when the plan has nothing for it."""
        ...

    def remaining(self, step: int) -> Actions:
        """The actions from a step on, (k, n), k = 0 when the plan is used up."""
        ...

    def chunk_age(self, step: int) -> int | None:
        """How many steps ago the newest chunk's observation was made; None without a chunk."""
        ...

    def wants_more(self, step: int) -> bool:
        """Whether it is time to ask for the next chunk."""
        ...

    def clear(self) -> None:
        """Forget every planned action."""
        ...
