"""A tick as the messages of a recording, and back: nodes are told when they change, and all of them now and then."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

import numpy as np

from bt_robot.messages import (
    ActionChunk,
    Command,
    Effort,
    Frame,
    Joints,
    KeyWrite,
    NodeInfo,
    NodeState,
    Observation,
    Status,
    TickRecord,
)
from bt_robot.telemetry.explained import words_of
from bt_robot.telemetry.recorder import ros
from bt_robot.telemetry.recorder.messages import (
    CHANGES,
    CHUNK,
    COMMANDED,
    CURRENT,
    LOAD,
    LOG,
    MEASURED,
    PROPOSED,
    TICK,
    Changes,
    Chunk,
    Measured,
    NodeChange,
    Row,
    Seen,
    StatusChange,
    Tick,
    Written,
)
from bt_robot.telemetry.recorder.plain import from_json, to_json

Message = tuple[str, bytes]
"""A topic, and what is written there."""


_UNKNOWN: Final = NodeState(Status.IDLE)
_LONG_BEFORE_S: Final = 60.0  # nothing is told to have been measured longer before the run
_LEVELS: Final = {Status.RUNNING: ros.DEBUG, Status.SUCCESS: ros.INFO, Status.FAILURE: ros.WARN}
"""How loud it is that a node has a status from now on; one that became IDLE says nothing."""


class Unfolder:
    """Turns ticks into messages."""

    def __init__(self, joints: Sequence[str]) -> None:
        """Start with no tick.

        Args:
            joints: Their names.
        """
        self._joints = joints
        self._tree = 0
        self._states: tuple[NodeState, ...] = ()
        self._prompt = ""
        self._measured_s = -_LONG_BEFORE_S

    def messages(self, record: TickRecord, time_ns: int, tree: int, *, whole: bool) -> Iterator[Message]:
        """Yield the messages of a tick, the tick's own last.

        Args:
            record: The tick.
            time_ns: Its time [ns since 1970].
            tree: The number of its tree.
            whole: Whether to tell of all nodes, so that it can be read without those before it.
        """
        if tree != self._tree:
            self._tree, self._states, whole = tree, tuple([_UNKNOWN] * len(record.nodes)), True
        before, self._states = self._states, record.nodes
        pairs = enumerate(zip(before, record.nodes, strict=True))
        changed = [i for i, (was, state) in pairs if was is not state and was != state]
        turned = [i for i in changed if before[i].status is not record.nodes[i].status]
        yield from self._joint_states(record, time_ns)
        if record.chunk is not None:
            yield CHUNK, to_json(_plain_chunk(record, record.chunk))
        if turned and record.layout:
            yield CHANGES, to_json(Changes(tuple(_turn(record, i) for i in turned)))
        yield from self._log_lines(record, time_ns, turned)
        told = range(len(record.nodes)) if whole else changed
        yield TICK, to_json(_plain_tick(record, tree, told, whole=whole))

    def _joint_states(self, record: TickRecord, time_ns: int) -> Iterator[Message]:
        names, observation = self._joints, record.observation
        # What is measured once and seen in two ticks may look older in a late one: time in a topic never goes back.
        self._measured_s = min(max(self._measured_s, observation.time_s), record.time_s)
        measured_ns = time_ns + round(1e9 * (self._measured_s - record.time_s))
        yield MEASURED, ros.joint_state(measured_ns, names, observation.joints)
        yield COMMANDED, ros.joint_state(time_ns, names, record.command.positions, record.command.velocities)
        if record.proposal is not None:
            yield PROPOSED, ros.joint_state(time_ns, names, record.proposal)
        for topic, values in ((LOAD, observation.effort.load), (CURRENT, observation.effort.current_a)):
            if values is not None:
                yield topic, ros.joint_state(measured_ns, names, effort=values)

    def _log_lines(self, record: TickRecord, time_ns: int, turned: Sequence[int]) -> Iterator[Message]:
        for words in record.events:
            yield LOG, ros.log_line(time_ns, ros.INFO, record.skill, words)
        if record.prompt != self._prompt:
            self._prompt = record.prompt
            yield LOG, ros.log_line(time_ns, ros.INFO, record.skill, f"prompt: {record.prompt}")
        for i in turned if record.layout else ():
            status = record.nodes[i].status
            if status in _LEVELS:
                reason = words_of(record.layout, record.nodes, i)
                words = f"{status}: {reason}" if reason else str(status)
                yield LOG, ros.log_line(time_ns, _LEVELS[status], record.layout[i].path, words)


class Folder:
    """Turns messages into ticks again."""

    def __init__(
        self, frame: Callable[[str, float, float], Frame], layout: Callable[[int], tuple[NodeInfo, ...]]
    ) -> None:
        """Start before a tick that tells of all nodes.

        Args:
            frame: Returns a camera's frame from its name, its capture time [s], and the tick's [s].
            layout: Returns a tree's nodes from its number.
        """
        self._frame = frame
        self._layout = layout
        self._begun = False
        self._states: list[NodeState] = []
        self._nodes: tuple[NodeState, ...] = ()

    def record(self, messages: Mapping[str, bytes]) -> TickRecord | None:
        """Return a tick from its messages, by topic; None while no tick has told of all nodes.

        Raises:
            ValueError: They are not what `Unfolder` makes.
        """
        tick = from_json(Tick, messages[TICK])
        if tick.whole:
            self._states, self._begun = [NodeState(Status.IDLE)] * len(tick.nodes), True
        elif not self._begun:
            return None
        for change in tick.nodes:
            if change.cause is not None and not 0 <= change.cause < len(self._states):
                raise ValueError(f"node {change.node} failed because of node {change.cause}, and there is none")
            self._states[change.node] = _state(change)
        if tick.nodes or tick.whole:
            self._nodes = tuple(self._states)
        measured = tick.measured
        frames = {each.camera: self._frame(each.camera, each.captured_s, tick.time_s) for each in measured.cameras}
        chunk = from_json(Chunk, messages[CHUNK]) if CHUNK in messages else None
        position, velocity, _ = _joints(messages, COMMANDED)
        joints = _given(_joints(messages, MEASURED)[0])
        effort = Effort(_joints(messages, LOAD)[2], _joints(messages, CURRENT)[2])
        return TickRecord(
            step=tick.step,
            time_s=tick.time_s,
            lateness_s=tick.lateness_s,
            skipped=tick.skipped,
            observation=Observation(measured.step, measured.time_s, joints, frames, measured.health, effort),
            command=Command(tick.commanded_step, _given(position), _given(velocity)),
            verdict=tick.verdict,
            status=tick.status,
            nodes=self._nodes,
            link=tick.link,
            prompt=tick.prompt,
            chunk_age_steps=tick.chunk_age_steps,
            planned_steps=tick.planned_steps,
            chunk=None if chunk is None else _chunk(chunk),
            stalled=tick.stalled,
            events=tick.events,
            splice=None if chunk is None else chunk.splice,
            plan=tick.plan,
            skill=tick.skill,
            proposal=_joints(messages, PROPOSED)[0],
            layout=self._layout(tick.tree),
            written=tuple(KeyWrite(each.scope, each.key, _read_value(each.value)) for each in tick.written),
            acts=tick.acts,
            heard=tick.heard,
            wishes=tick.wishes,
            mode=tick.mode,
        )


def _plain_tick(record: TickRecord, tree: int, told: Sequence[int], *, whole: bool) -> Tick:
    observation = record.observation
    cameras = tuple(Seen(name, frame.captured_s) for name, frame in observation.frames.items())
    return Tick(
        step=record.step,
        time_s=record.time_s,
        lateness_s=record.lateness_s,
        skipped=record.skipped,
        status=record.status,
        prompt=record.prompt,
        skill=record.skill,
        tree=tree,
        whole=whole,
        nodes=tuple([_change(i, record.nodes[i]) for i in told]),
        verdict=record.verdict,
        stalled=record.stalled,
        planned_steps=record.planned_steps,
        chunk_age_steps=record.chunk_age_steps,
        link=record.link,
        plan=record.plan,
        measured=Measured(observation.step, observation.time_s, cameras, observation.health),
        commanded_step=record.command.step,
        events=record.events,
        written=tuple([Written(each.scope, each.key, _written_value(each.value)) for each in record.written]),
        acts=record.acts,
        heard=record.heard,
        wishes=record.wishes,
        mode=record.mode,
    )


def _change(i: int, state: NodeState) -> NodeChange:
    return NodeChange(
        i, state.status, state.reason, state.since_s, state.ticked, state.age_s, state.confidence, state.cause
    )


def _state(change: NodeChange) -> NodeState:
    return NodeState(
        change.status, change.reason, change.since_s, change.ticked, change.age_s, change.confidence, change.cause
    )


def _turn(record: TickRecord, i: int) -> StatusChange:
    node = record.layout[i]
    return StatusChange(node.path, node.type, record.nodes[i].status, words_of(record.layout, record.nodes, i))


def _plain_chunk(record: TickRecord, chunk: ActionChunk) -> Chunk:
    return Chunk(
        prompt=chunk.prompt,
        observed_step=chunk.observed_step,
        epoch=chunk.epoch,
        latency_s=chunk.latency_s,
        parts=chunk.parts,
        incremental=chunk.incremental,
        guided=chunk.guided,
        width=chunk.actions.shape[1],
        actions=tuple(Row(tuple(row)) for row in chunk.actions.tolist()),
        splice=record.splice,
    )


def _chunk(chunk: Chunk) -> ActionChunk:
    actions = np.array([row.joints for row in chunk.actions], np.float64).reshape(-1, chunk.width)
    return ActionChunk(
        actions=actions,
        observed_step=chunk.observed_step,
        epoch=chunk.epoch,
        prompt=chunk.prompt,
        latency_s=chunk.latency_s,
        parts=chunk.parts,
        incremental=chunk.incremental,
        guided=chunk.guided,
    )


def _joints(messages: Mapping[str, bytes], topic: str) -> tuple[Joints | None, Joints | None, Joints | None]:
    return ros.read_joint_state(messages[topic]) if topic in messages else (None, None, None)


def _given(joints: Joints | None) -> Joints:
    if joints is None:
        raise ValueError("a tick without joints")
    return joints


def _written_value(value: object) -> str:
    try:
        return json.dumps(value, default=str)
    except Exception:  # noqa: BLE001 - a leaf may write a list that holds itself, keys that are no text, and worse
        return json.dumps(f"a {type(value).__name__} that can't be told")


def _read_value(text: str) -> object:
    return _with_tuples(json.loads(text))


def _with_tuples(value: Any) -> object:
    """Return a value with tuples in the place of lists: what stands on the blackboard does not change."""
    return tuple(_with_tuples(each) for each in cast(list[Any], value)) if isinstance(value, list) else value
