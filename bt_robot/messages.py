"""The values that travel between the parts, with their shapes and units.

Everything is SI: seconds, radians. A joint vector holds one position per joint in the robot's
order; the gripper, the last one, is 0.0 (closed) to 1.0 (open). Arrays are never written to after
they were handed over.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Joints = NDArray[np.float64]  # (n,) rad; gripper 0.0 … 1.0
Actions = NDArray[np.float64]  # (H, n), a joint vector per row
Image = NDArray[np.uint8]  # (height, width, 3), RGB


class Status(StrEnum):
    """What a node said on its last tick; IDLE before the first and after a halt."""

    IDLE = "IDLE"
    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


class Frame:
    """A camera frame whose picture is made when it is first looked at.

    A simulated camera renders on the thread that looks, so the control loop pays nothing for
    pictures nobody uses; a real camera hands over a picture it has already decoded.

    Attributes:
        camera: The camera's name.
        captured_s: Capture time [s] on the run's clock.
    """

    __slots__ = ("_image", "_load", "_lock", "camera", "captured_s")

    def __init__(self, camera: str, captured_s: float, load: Callable[[], Image]) -> None:
        """Keep how to make the picture; `load` is called at most once."""
        self.camera = camera
        self.captured_s = captured_s
        self._load = load
        self._image: Image | None = None
        self._lock = threading.Lock()

    @property
    def image(self) -> Image:
        """The picture, (height, width, 3) uint8 RGB."""
        with self._lock:
            if self._image is None:
                self._image = self._load()
            return self._image


@dataclass(frozen=True, slots=True)
class Observation:
    """What the robot measured for one control step.

    Attributes:
        step: The control step it was taken for.
        time_s: Capture time of the joint positions [s].
        joints: Measured positions, (n,) rad, gripper 0 … 1.
        frames: The newest frame of each camera, by camera name.
    """

    step: int
    time_s: float
    joints: Joints
    frames: Mapping[str, Frame] = field(default_factory=dict[str, Frame])


@dataclass(frozen=True, slots=True)
class JointLimits:
    """The safety envelope, one entry per joint.

    Attributes:
        names: Joint names in the robot's order.
        lower: Lowest commanded position, (n,) rad, gripper 0 … 1.
        upper: Highest commanded position, (n,) rad, gripper 0 … 1.
        velocity: Greatest speed, (n,) rad/s, gripper 1/s.
        acceleration: Greatest acceleration, (n,) rad/s², gripper 1/s².
    """

    names: tuple[str, ...]
    lower: Joints
    upper: Joints
    velocity: Joints
    acceleration: Joints


@dataclass(frozen=True, slots=True)
class ActionChunk:
    """Actions a policy planned from one observation.

    Attributes:
        actions: Absolute joint targets, (H, n) rad, gripper 0 … 1, one per control step.
        observed_step: The control step of the observation they were computed from.
        epoch: The link's epoch when the request was sent; older epochs are stale.
        prompt: The prompt they were computed for.
        latency_s: From the offer of the observation to the arrival of the actions [s].
        server_s: The part of it the server says it spent [s]; None if it did not say.
    """

    actions: Actions
    observed_step: int
    epoch: int
    prompt: str
    latency_s: float
    server_s: float | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """What the governor lets through to the robot.

    Attributes:
        step: The control step it is for.
        positions: Joint targets, (n,) rad, gripper 0 … 1.
        velocities: Speed from the previous command to this one, (n,) rad/s, gripper 1/s.
    """

    step: int
    positions: Joints
    velocities: Joints


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the governor did to a proposal.

    Attributes:
        clamped: A `joint: what` per limit that changed the proposal, e.g. `gripper: velocity`.
        refused: Why the whole proposal was refused, or empty.
        held: True when no proposal was executed and the arm brakes or holds.
    """

    clamped: tuple[str, ...] = ()
    refused: str = ""
    held: bool = False


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
        errors: Requests that failed, for whatever reason.
        reconnects: Connections made after the first.
        dropped: Answers dropped because their epoch was over.
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


class PolicyLink(Protocol):
    """Ask a policy in the background; no method ever waits for an answer in wall time."""

    @property
    def state(self) -> LinkState:
        """The link as it stands now."""
        ...

    def offer(self, observation: Observation, prompt: str) -> bool:
        """Send a request if none is in flight; return whether it was taken."""
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

    def action(self, step: int) -> Joints | None:
        """Take the action for a step, (n,); None when the plan has nothing for it."""
        ...

    def remaining(self, step: int) -> Actions:
        """The actions from a step on, (k, n), k = 0 when the plan is used up."""
        ...

    def wants_more(self, step: int) -> bool:
        """Whether it is time to ask for the next chunk."""
        ...

    def clear(self) -> None:
        """Forget every planned action."""
        ...


@dataclass(frozen=True, slots=True)
class Setup:
    """What a tree will run with, known before anything is opened.

    Attributes:
        limits: The safety envelope.
        poses: Named poses of the config, (n,) each.
        cameras: The cameras' names.
    """

    limits: JointLimits
    poses: Mapping[str, Joints]
    cameras: tuple[str, ...]


class TickContext(Protocol):
    """All that a leaf can reach during a tick."""

    @property
    def now_s(self) -> float:
        """The run's clock [s]."""
        ...

    @property
    def observation(self) -> Observation:
        """This tick's observation."""
        ...

    @property
    def last_command(self) -> Command:
        """What was sent to the robot on the previous tick; the measured pose on the first."""
        ...

    @property
    def limits(self) -> JointLimits:
        """The safety envelope in force."""
        ...

    @property
    def poses(self) -> Mapping[str, Joints]:
        """Named poses of the config, (n,) each."""
        ...

    @property
    def policy(self) -> PolicyLink:
        """The link to the policy server."""
        ...

    @property
    def plan(self) -> ActionPlan:
        """The actions planned so far."""
        ...

    def propose(self, positions: Joints) -> None:
        """Propose a command for this tick, (n,).

        It counts unless the leaf fails or is halted in the same tick, or succeeds and another leaf proposes.

        Raises:
            ProposalError: Another leaf that is RUNNING, or this one, has proposed a command already.
        """
        ...


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """What does not change about a node of a tree.

    Attributes:
        path: Stable path from the root, e.g. `pick_place/pick/timeout`; unique in a tree.
        type: The node's type, e.g. `reactive_sequence`.
        name: The last part of the path.
        depth: 0 for the root.
        parent: Index of the parent in the tree's nodes; -1 for the root.
        kind: `composite`, `decorator`, `subtree`, `action` or `condition`.
        prompt: The prompt in force for the policy queries at or below it; empty if none is set.
        detail: Its parameters in a few words, for drawings.
    """

    path: str
    type: str
    name: str
    depth: int
    parent: int
    kind: str
    prompt: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NodeState:
    """What a node said last.

    Attributes:
        status: Its last status.
        reason: Its last words: why it failed, what it waits for.
        since_s: When the status last changed [s].
        ticked: Whether it was ticked in the latest tick.
    """

    status: Status
    reason: str = ""
    since_s: float = 0.0
    ticked: bool = False


@dataclass(frozen=True, slots=True)
class NodeFailure:
    """The node that explains a tree's FAILURE, and its words."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class TickRecord:
    """Everything that happened in one tick; telemetry sees nothing else.

    Attributes:
        step: The control step.
        time_s: Its time on the run's clock [s].
        lateness_s: How late it began [s], wall time.
        skipped: Steps missed right before it.
        observation: What was measured.
        command: What was sent.
        verdict: What the governor did.
        status: The tree's status.
        nodes: A state per node, in the tree's order.
        link: The policy link.
        prompt: The prompt in force at the deepest RUNNING node, also while it holds; empty if none is set.
        chunk_age_steps: Steps since the newest chunk's observation; None without a chunk.
        planned_steps: Actions left in the plan.
        chunk: The chunk accepted in this tick, or None.
        stalled: True when a node wanted an action and the plan had none.
        events: What a person should read, in order.
    """

    step: int
    time_s: float
    lateness_s: float
    skipped: int
    observation: Observation
    command: Command
    verdict: Verdict
    status: Status
    nodes: tuple[NodeState, ...]
    link: LinkState
    prompt: str
    chunk_age_steps: int | None
    planned_steps: int
    chunk: ActionChunk | None
    stalled: bool
    events: tuple[str, ...] = ()


class Sink(Protocol):
    """Something that is told of every tick and never makes the loop wait."""

    def publish(self, record: TickRecord) -> None:
        """Take note of one tick."""
        ...
