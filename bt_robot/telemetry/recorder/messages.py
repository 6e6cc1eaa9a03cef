"""What a recording holds besides joints, pictures and log lines: the JSON messages, a frozen value each.

A tick's messages have its control step as their sequence number; `Tick` is the last of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bt_robot.messages import (
    Health,
    Heard,
    JointLimits,
    Joints,
    LatencyParts,
    LinkState,
    NodeInfo,
    PlanStats,
    Splice,
    Status,
    Verdict,
)
from bt_robot.messages.steering import Mode, Wish

FORMAT = 1
"""Grows when older readers would misread newer recordings."""

RUN, ENDING = "bt_robot.run", "bt_robot.ending"
"""The names of the metadata records that hold a `RunInfo` and a `RecordedEnding`."""

TICK, TREE, CHUNK, CHANGES = "/tick", "/tree", "/policy/chunk", "/tree/changes"
MEASURED, COMMANDED, PROPOSED = "/joints/measured", "/joints/commanded", "/joints/proposed"
LOAD, CURRENT = "/joints/load", "/joints/current"
LOG = "/log"


def picture_topic(camera: str) -> str:
    """Return the topic of a camera's pictures."""
    return f"/cameras/{camera}"


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest picture of a camera in a tick.

    Attributes:
        camera: The camera's name.
        captured_s: Its capture time on the run's clock [s].
    """

    camera: str
    captured_s: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured besides the joint positions.

    Attributes:
        step: The control step it was taken for.
        time_s: Capture time of the joint positions [s].
        cameras: The newest picture of each camera.
        health: How far the robot can be relied on.
    """

    step: int
    time_s: float
    cameras: tuple[Seen, ...]
    health: Health


@dataclass(frozen=True, slots=True)
class NodeChange:
    """How a node stands from this tick on.

    Attributes:
        node: Its index in the tree's nodes.
        status: Its last status.
        reason: Its last words.
        since_s: When the status last changed [s].
        ticked: Whether it was ticked in this tick.
        age_s: How old the evidence was that it rested on [s].
        confidence: How clearly the evidence was on its answer's side, 0 … 1.
        cause: The node below it whose reason explains its failure, by its index.
    """

    node: int
    status: Status
    reason: str
    since_s: float
    ticked: bool
    age_s: float | None = None
    confidence: float | None = None
    cause: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A key that was written on the blackboard.

    Attributes:
        scope: Path of the subtree call that the key belongs to.
        key: The key.
        value: Its value as JSON.
    """

    scope: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick of a run; its joints are in messages of their own.

    Attributes:
        step: The control step.
        time_s: Its time on the run's clock [s].
        lateness_s: How late it began [s], wall time.
        skipped: Steps missed right before it.
        status: The tree's status.
        prompt: The prompt in force at the deepest RUNNING node.
        skill: The path of the innermost subtree call that is RUNNING.
        tree: The number of the tree that was ticked, see the messages of /tree.
        whole: Whether `nodes` tells of every node, not only of those that changed.
        nodes: The nodes that changed since the tick before.
        verdict: What the governor did.
        stalled: Whether a node wanted an action and the plan had none.
        planned_steps: Actions left in the plan.
        chunk_age_steps: Steps since the newest chunk's observation.
        link: The policy link.
        plan: What became of everything planned so far.
        measured: What was measured besides the joint positions.
        commanded_step: The control step of the command.
        events: What a person should read, in order.
        written: The keys that were written on the blackboard.
        acts: What a person did to the run.
        wishes: The same as values.
        mode: How the run went on.
        heard: What sight, the vision-language model and people told the tree.
    """

    step: int
    time_s: float
    lateness_s: float
    skipped: int
    status: Status
    prompt: str
    skill: str
    tree: int
    whole: bool
    nodes: tuple[NodeChange, ...]
    verdict: Verdict
    stalled: bool
    planned_steps: int
    chunk_age_steps: int | None
    link: LinkState
    plan: PlanStats
    measured: Measured
    commanded_step: int
    events: tuple[str, ...] = ()
    written: tuple[Written, ...] = ()
    acts: tuple[str, ...] = ()
    wishes: tuple[Wish, ...] = ()
    mode: Mode = "running"
    heard: Heard | None = None


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A node whose status changed.

    Attributes:
        path: Its path in the tree.
        type: Its type.
        status: What it says from this tick on.
        reason: Its words.
    """

    path: str
    type: str
    status: Status
    reason: str


@dataclass(frozen=True, slots=True)
class Changes:
    """The nodes whose status changed in a tick, by path: for plots and filters.

    Attributes:
        nodes: The nodes.
    """

    nodes: tuple[StatusChange, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """The action for one control step.

    Attributes:
        joints: Joint targets [rad, gripper 0 … 1], or what is added to the last command.
    """

    joints: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of actions that arrived, accepted or not.

    Attributes:
        prompt: The prompt it was computed for.
        observed_step: The control step of the observation it was computed from.
        epoch: The link's epoch when the request was sent.
        latency_s: From the offer of the observation to the arrival of the actions [s].
        parts: Where that time went, in wall time.
        incremental: Whether the actions are added to the last command.
        guided: Whether the server says that it continued the plan it was told.
        width: How many joints an action has.
        actions: One per control step, from `observed_step` on.
        splice: What became of it.
    """

    prompt: str
    observed_step: int
    epoch: int
    latency_s: float
    parts: LatencyParts
    incremental: bool
    guided: bool
    width: int
    actions: tuple[Row, ...]
    splice: Splice | None


@dataclass(frozen=True, slots=True)
class Source:
    """A file that the run was made from.

    Attributes:
        path: Where it was.
        text: What was in it.
    """

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree that took over in a tick: the one the run began with, or an edited one.

    Attributes:
        number: Its number in this recording, from 1.
        name: Its name.
        nodes: Its nodes, in the order that ticks tell of them.
        sources: The files it was loaded from, its own first.
    """

    number: int
    name: str
    nodes: tuple[NodeInfo, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What is known of a run when it begins.

    Attributes:
        tree: The tree's name.
        started: When the run's clock showed 0, as the wall's clock had it.
        seed: Its seed.
        fast: Whether it ran in simulated time that nobody paced.
        prompt: The text of `--prompt`; empty where a tree file was run.
        control_hz: The control rate [Hz].
        limits: The safety envelope.
        poses: Named poses of the config, (n,) each.
        cameras: The cameras' names.
        config: The config file.
        assignments: What was changed of the config by `--set`.
        profiles: The policy server's profile, and those that it extends; none where no policy is asked.
        max_time_s: The time limit of the run [s].
        versions: Versions of the program and of what it stands on.
    """

    tree: str
    started: datetime
    seed: int
    fast: bool
    prompt: str
    control_hz: float
    limits: JointLimits
    poses: Mapping[str, Joints]
    cameras: tuple[str, ...]
    config: Source
    assignments: tuple[str, ...] = ()
    profiles: tuple[Source, ...] = ()
    max_time_s: float | None = None
    versions: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class RecordedEnding:
    """How a run ended.

    Attributes:
        status: SUCCESS, FAILURE or INTERRUPTED.
        reason: Why, in words; empty on SUCCESS.
        failed_path: The node that explains a FAILURE; empty where no node does.
        acts: What people did that no tick tells, in words, as an emergency stop.
        unmet: What the tree expects of the world and was not so after its SUCCESS, in words, where anybody could tell.
    """

    status: Literal["SUCCESS", "FAILURE", "INTERRUPTED"]
    reason: str = ""
    failed_path: str = ""
    acts: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()
