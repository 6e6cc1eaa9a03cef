"""A recorded run as CSV tables: its ticks, what its nodes said, what a person should read, chunks, keys."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from bt_robot.messages import Joints, NodeState, Status, TickRecord
from bt_robot.telemetry.explained import words_of

_JOINTS: Final = ("measured", "commanded", "proposed", "load", "current_a")
_TICK: Final = (
    "step",
    "time_s",
    "status",
    "prompt",
    "skill",
    "held",
    "clamped",
    "refused",
    "stalled",
    "planned_steps",
    "chunk_age_steps",
    "policy_available",
    "policy_latency_s",
    "lateness_s",
    "skipped",
)
_NODE: Final = ("step", "time_s", "path", "type", "status", "reason", "age_s", "confidence")
_EVENT: Final = ("step", "time_s", "who", "words")
_CHUNK: Final = (
    "step",
    "time_s",
    "prompt",
    "observed_step",
    "actions",
    "latency_s",
    "network_s",
    "server_s",
    "outcome",
    "skipped",
    "delay_steps",
    "seam_before_rad",
    "seam_after_rad",
    "disagreement_rad",
)
_KEY: Final = ("step", "time_s", "scope", "key", "value")
TABLES: Final = ("ticks.csv", "nodes.csv", "events.csv", "chunks.csv", "keys.csv")
"""The names of the tables."""

Row = Sequence[object]


def write_tables(
    records: Iterable[TickRecord],
    joints: Sequence[str],
    folder: Path,
    progress: Callable[[float], None],
    acts: Sequence[str] = (),
) -> list[Path]:
    """Write the tables of a run into a folder; return their files.

    Args:
        records: Its ticks.
        joints: The joints' names.
        folder: Where to; it is there.
        progress: Told the time on the run's clock [s] that is written.
        acts: What people did after the last of the ticks.

    Raises:
        OSError: The disk takes nothing.
    """
    joint_columns = tuple(f"{what}_{name}" for what in _JOINTS for name in joints)
    heads = dict(zip(TABLES, ((*_TICK, *joint_columns), _NODE, _EVENT, _CHUNK, _KEY), strict=True))
    with ExitStack() as stack:
        writers: dict[str, Any] = {}
        for name, head in heads.items():
            file = stack.enter_context((folder / name).open("w", newline="", encoding="utf-8", errors="replace"))
            writers[name] = csv.writer(file)
            writers[name].writerow(head)
        before: TickRecord | None = None
        for record in records:
            writers["ticks.csv"].writerow(_tick(record, len(joints)))
            for name, rows in (
                ("nodes.csv", _nodes(record, before)),
                ("events.csv", _events(record)),
                ("chunks.csv", _chunk(record)),
                ("keys.csv", _keys(record)),
            ):
                writers[name].writerows((record.step, record.time_s, *row) for row in rows)
            before = record
            progress(record.time_s)
        if before is not None:
            writers["events.csv"].writerows((before.step, before.time_s, "person", act) for act in acts)
    return [folder / name for name in heads]


def _tick(record: TickRecord, width: int) -> Iterator[object]:
    verdict, link, effort = record.verdict, record.link, record.observation.effort
    yield from (record.step, record.time_s, record.status, record.prompt, record.skill)
    yield from (int(verdict.held), "; ".join(verdict.clamped), verdict.refused, int(record.stalled))
    yield from (record.planned_steps, record.chunk_age_steps, int(link.available), link.latency_s)
    yield from (record.lateness_s, record.skipped)
    columns: tuple[Joints | None, ...] = (
        record.observation.joints,
        record.command.positions,
        record.proposal,
        effort.load,
        effort.current_a,
    )
    for values in columns:
        yield from [None] * width if values is None else values.tolist()


def _nodes(record: TickRecord, before: TickRecord | None) -> Iterator[Row]:
    """Yield the nodes whose status is another one than in the tick before."""
    same = before is not None and before.layout is record.layout
    states: Sequence[NodeState] = before.nodes if same and before else ()
    for i, (node, state) in enumerate(zip(record.layout, record.nodes, strict=True)):
        was = states[i].status if states else Status.IDLE
        if state.status is not was:
            words = words_of(record.layout, record.nodes, i)
            yield node.path, node.type, state.status, words, state.age_s, state.confidence


def _events(record: TickRecord) -> Iterator[Row]:
    for words in record.events:
        who, said, what = words.partition("person: ")
        yield ("person", what) if said and not who else ("run", words)


def _chunk(record: TickRecord) -> Iterator[Row]:
    chunk, splice = record.chunk, record.splice
    if chunk is None:
        return
    told = (chunk.prompt, chunk.observed_step, len(chunk.actions), chunk.latency_s)
    parts = (chunk.parts.network_s, chunk.parts.server_s)
    if splice is None:
        yield *told, *parts, *[None] * 6
    else:
        seams = (splice.seam_before_rad, splice.seam_after_rad, splice.disagreement_rad)
        yield *told, *parts, splice.outcome, splice.skipped, splice.delay_steps, *seams


def _keys(record: TickRecord) -> Iterator[Row]:
    for each in record.written:
        value = each.value if isinstance(each.value, str | int | float) else json.dumps(each.value, default=str)
        yield each.scope, each.key, value
