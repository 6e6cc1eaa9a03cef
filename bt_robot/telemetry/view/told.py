"""What a page is told, as JSON text: the server's half of the view's protocol, version 1.

A tick tells what has changed since the one before; a state tells everything, and is what the ticks up to it add up to
(`fold`). Where several ticks are told at once (`merge`), no change of a node, no event and no written key is lost.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import orjson

from bt_robot.messages import ActionChunk, JointLimits, Joints, NodeInfo, NodeState, Splice, TickRecord
from bt_robot.telemetry.recorder import RecordedEnding

VERSION: Final = 1

Message = dict[str, Any]
"""A JSON object with a `type`."""

LONGEST_VALUE: Final = 300
"""Characters that are told of a value on the blackboard."""

_MOST_BITS: Final = 1023  # of a whole number that a float can be made of
_DIGITS: Final = 5
TIME_DIGITS: Final = 6
ROUNDING_S: Final = 10.0**-TIME_DIGITS
"""A time that was told is this far at most from the one that is meant [s]."""


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a run before its first tick.

    Attributes:
        title: What runs, in a few words.
        limits: The safety envelope.
        control_hz: The control rate [Hz].
        cameras: The cameras' names.
        note: What a person should know about this view of it; may be empty.
    """

    title: str
    limits: JointLimits
    control_hz: float
    cameras: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Attributes:
        status: SUCCESS, FAILURE or INTERRUPTED; empty where nobody knows, as of a recording that was cut off.
        reason: Why, in words; on SUCCESS, what is not as the tree expects all the same.
        path: The node that explains it; may be empty.
        acts: What people did that no tick tells, in words.
    """

    status: str
    reason: str = ""
    path: str = ""
    acts: tuple[str, ...] = ()

    @classmethod
    def of(cls, ending: RecordedEnding) -> Ended:
        """Return what pages are told of an ending."""
        amiss = f"not as expected: {'; '.join(ending.unmet)}" if ending.unmet else ""
        return cls(ending.status, ending.reason or amiss, ending.failed_path, ending.acts)


def encode(message: Message) -> bytes:
    """Return a message as JSON."""
    try:
        return orjson.dumps(message)
    except TypeError:  # text with lone surrogates, or a whole number of more than 64 bits
        return orjson.dumps(_tellable(message))


def hello(about: About, **more: object) -> Message:
    """Return the first message."""
    limits = about.limits
    return {
        "type": "hello",
        "version": VERSION,
        "title": about.title,
        "note": about.note,
        "joints": list(limits.names),
        "lower": _numbers(limits.lower),
        "upper": _numbers(limits.upper),
        "velocity": _numbers(limits.velocity),
        "control_hz": about.control_hz,
        "cameras": list(about.cameras),
        **more,
    }


def layout(nodes: Sequence[NodeInfo], revision: int) -> Message:
    """Return what does not change about a tree."""
    rows = [(n.path, n.type, n.name, n.depth, n.parent, n.kind, n.prompt, n.detail) for n in nodes]
    return {"type": "layout", "revision": revision, "nodes": rows}


def chunk(record: TickRecord, arrived: ActionChunk, period_s: float) -> Message:
    """Return a chunk that arrived in a tick.

    Args:
        record: The tick.
        arrived: The chunk.
        period_s: The control period [s].
    """
    splice = record.splice or Splice("accepted")
    return {
        "type": "chunk",
        "t": round(record.time_s, TIME_DIGITS),
        "observed_t": round(record.time_s - (record.step - arrived.observed_step) * period_s, TIME_DIGITS),
        "prompt": arrived.prompt,
        "latency_s": arrived.latency_s,
        "outcome": splice.outcome,
        "skipped": splice.skipped,
        "incremental": arrived.incremental,
        "parts": dataclasses.asdict(arrived.parts),
        "actions": np.round(arrived.actions, _DIGITS).tolist(),
    }


def tick(record: TickRecord, before: TickRecord | None = None) -> Message:
    """Return what a tick adds to the one before; everything if that is None or had another tree."""
    same = before is not None and before.layout is record.layout and len(before.nodes) == len(record.nodes)
    told: Message = {
        "type": "tick",
        "step": record.step,
        "t": round(record.time_s, TIME_DIGITS),
        "mode": record.mode,
        "status": record.status,
        "nodes": _changed(before.nodes, record.nodes) if same and before else _rows(enumerate(record.nodes)),
        "measured": _numbers(record.observation.joints),
        "commanded": _numbers(record.command.positions),
        "held": record.verdict.held,
        "clamped": record.verdict.clamped,
        "refused": record.verdict.refused,
        "prompt": record.prompt,
        "skill": record.skill,
        "chunk_age": record.chunk_age_steps,
        "planned": record.planned_steps,
        "stalled": record.stalled,
        "lateness_s": round(record.lateness_s, TIME_DIGITS),
        "skipped": record.skipped,
        "events": [(round(record.time_s, TIME_DIGITS), event) for event in record.events],
        "written": [(write.scope, write.key, plain(write.value)) for write in record.written],
    }
    if before is None or before.link != record.link:
        told["link"] = dataclasses.asdict(record.link)
    if before is None or before.observation.health != record.observation.health:
        told["health"] = dataclasses.asdict(record.observation.health)
    return told


def fold(state: Message, later: Mapping[str, Any]) -> None:
    """Let a state become that of a later tick.

    Args:
        state: The state of the tick before: all of a tick, all nodes in their order, and the blackboard.
        later: The tick, as JSON tells it.
    """
    nodes, blackboard = state["nodes"], state["blackboard"]
    for row in later["nodes"]:
        nodes[row[0]] = row
    for scope, key, value in later["written"]:
        blackboard.setdefault(scope, {})[key] = value
    state.update((name, value) for name, value in later.items() if name not in ("type", "nodes", "written", "events"))


def merge(ticks: Sequence[Message], most_rows: int) -> Message:
    """Return several ticks, the oldest first, as one.

    Args:
        ticks: At least one.
        most_rows: Where more nodes changed than so many, only their last changes are told.
    """
    if len(ticks) == 1:
        return ticks[0]
    whole: Message = {}
    for each in ticks:
        whole.update(each)
    for name in ("nodes", "events", "written"):
        whole[name] = [row for each in ticks for row in each[name]]
    if len(whole["nodes"]) > most_rows:
        whole["nodes"] = list({row[0]: row for row in whole["nodes"]}.values())
    whole["skipped"] = sum(each["skipped"] for each in ticks)
    return whole


def plain(value: object) -> object:
    """Return a value of the blackboard as JSON can tell it: what is not a short text or a number is put in words."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _tellable(value: Any) -> Any:
    """Return the same with a replacement for what JSON has no way to tell."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, int) and not isinstance(value, bool):
        if value.bit_length() > _MOST_BITS:
            return f"a whole number of {value.bit_length()} bits"
        return value if abs(value) < 1 << 63 else float(value)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, Any]", value).items()
        return {_tellable(name): _tellable(each) for name, each in pairs}
    if isinstance(value, list | tuple):
        return [_tellable(each) for each in cast("Sequence[Any]", value)]
    return value


def _changed(before: Sequence[NodeState], now: Sequence[NodeState]) -> list[tuple[object, ...]]:
    return _rows(
        (i, state) for i, (old, state) in enumerate(zip(before, now, strict=True)) if old is not state and old != state
    )


def _rows(states: Any) -> list[tuple[object, ...]]:
    return [(i, s.status, s.ticked, s.reason, s.since_s, s.age_s, s.confidence, s.cause) for i, s in states]


def _numbers(joints: Joints) -> list[float]:
    return np.round(joints, _DIGITS).tolist()
