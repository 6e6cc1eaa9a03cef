"""One tick: what a leaf can reach, how the nodes stand, and the record of it all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from bt_robot.messages.advice import Judge, People
from bt_robot.messages.arm import Body, Command, JointLimits, Joints, Observation, Verdict
from bt_robot.messages.heard import Heard
from bt_robot.messages.policy import ActionChunk, ActionPlan, LinkState, PlanStats, PolicyLink, Splice
from bt_robot.messages.sight import Sight
from bt_robot.messages.steering import Mode, Wish


class Status(StrEnum):
    """What a node said on its last tick; IDLE before the first and after a halt."""

    IDLE = "IDLE"
    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


@dataclass(frozen=True, slots=True)
class Setup:
    """What a tree will run with, known before anything is opened.

    Attributes:
        limits: The safety envelope.
        poses: Named poses of the config, (n,) each.
        cameras: The cameras' names.
        body: What else is known of the robot.
        judge: Whether there is a vision-language model to ask.
        people: Whether there is a way to ask a person.
    """

    limits: JointLimits
    poses: Mapping[str, Joints]
    cameras: tuple[str, ...]
    body: Body = field(default_factory=Body)
    judge: bool = False
    people: bool = True


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
    def body(self) -> Body:
        """What is known of the robot besides its joints."""
        ...

    @property
    def sight(self) -> Sight:
        """Finds things in the cameras' pictures, in the background."""
        ...

    @property
    def judge(self) -> Judge:
        """The vision-language model that answers questions about pictures."""
        ...

    @property
    def people(self) -> People:
        """The people who answer questions."""
        ...

    @property
    def path(self) -> str:
        """The path of the leaf in its tree, for what it writes and tells; empty while it is halted between ticks."""
        ...

    @property
    def unbroken(self) -> int:
        """How many nodes above this leaf were RUNNING before this tick.

        When it drops, something that the leaf is a part of has ended and begun anew, as under `retry` or `repeat`.
        """
        ...

    @property
    def policy(self) -> PolicyLink:
        """The link to the policy server."""
        ...

    @property
    def plan(self) -> ActionPlan:
        """The actions planned so far."""
        ...

    def tell(self, words: str) -> None:
        """Say something that a person should read: it becomes an event of this tick."""
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
        age_s: How old the evidence was that it rested on [s]; None where it rests on none that ages.
        confidence: How clearly the evidence was on its answer's side, 0 … 1; None where nothing is weighed.
        cause: The node below it whose reason explains its failure, by its index; None where it is none but itself.
    """

    status: Status
    reason: str = ""
    since_s: float = 0.0
    ticked: bool = False
    age_s: float | None = None
    confidence: float | None = None
    cause: int | None = None


@dataclass(frozen=True, slots=True)
class NodeFailure:
    """The node that explains a tree's FAILURE, and its words."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class KeyWrite:
    """A key that was written on the blackboard.

    Attributes:
        scope: Path of the subtree call (or of the tree) that the key belongs to.
        key: The key, as written in the tree file.
        value: What was written; None where the key was unset.
    """

    scope: str
    key: str
    value: object


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
        chunk: The chunk that arrived in this tick, accepted or not, or None.
        stalled: True when a node wanted an action and the plan had none.
        events: What a person should read, in order.
        splice: What became of that chunk, or None.
        plan: What became of everything planned so far.
        skill: The path of the innermost subtree call that is RUNNING; the root's path where none is.
        proposal: What the tree asked for, before the governor, (n,); None where it asked for nothing.
        layout: The tree's nodes, in the order of `nodes`; the same tuple in every tick until an edited tree takes over.
        written: The keys that were written on the blackboard in this tick, in the order of the tree's keys.
        acts: What a person did to the run before this tick, in words.
        wishes: The same as values: what steers a run alike if it is wished for before the same tick.
        mode: How the run went on; in `held` the tree was not ticked.
        heard: What sight, the vision-language model and people told the tree in this tick; None if that was nothing.
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
    splice: Splice | None = None
    plan: PlanStats = field(default_factory=PlanStats)
    skill: str = ""
    proposal: Joints | None = None
    layout: tuple[NodeInfo, ...] = ()
    written: tuple[KeyWrite, ...] = ()
    acts: tuple[str, ...] = ()
    wishes: tuple[Wish, ...] = ()
    mode: Mode = "running"
    heard: Heard | None = None


class Sink(Protocol):
    """Something that is told of every tick and never makes the loop wait."""

    def publish(self, record: TickRecord) -> None:
        """Take note of one tick."""
        ...
