"""What came of a replay, as a JSON object and as lines for a person."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from bt_robot.messages import NodeState
from bt_robot.replay.comparing import Comparison, End, NodeDifference
from bt_robot.replay.replaying import Replayed
from bt_robot.telemetry.counted import counted
from bt_robot.telemetry.one_line import middle

_WIDTH: Final = 79
_MOST_ROWS: Final = 12
_NAME: Final = 44


def as_json(
    replayed: Replayed, run: str, tree: str | None, expect: str | None, met: bool, notes: Sequence[str]
) -> dict[str, Any]:
    """Return a replay as a JSON object, as docs/replaying.md describes it."""
    comparison = replayed.comparison
    first = comparison.first
    return {
        "status": "SAME" if replayed.same else "DIFFERS",
        "run": run,
        "tree": tree,
        "expect": expect,
        "met": met,
        "recorded": _end(replayed.recorded),
        "replayed": _end(replayed.replayed),
        "ticks": comparison.ticks,
        "first": None if first is None else _difference(first),
        "nodes": [_difference(each) for each in comparison.nodes.values()],
        "added": comparison.added,
        "removed": comparison.removed,
        "commands": _commands(comparison),
        "notes": list(notes),
    }


def _end(end: End) -> dict[str, Any]:
    return {"status": end.status, "time_s": end.time_s, "reason": end.reason, "failed_path": end.failed_path}


def _difference(each: NodeDifference) -> dict[str, Any]:
    return {
        "path": each.path,
        "step": each.step,
        "time_s": each.time_s,
        "recorded": _state(each.recorded),
        "replayed": _state(each.replayed),
        "ticks": each.ticks,
    }


def _state(state: NodeState) -> dict[str, str]:
    return {"status": state.status.value, "reason": state.reason}


def _commands(comparison: Comparison) -> dict[str, Any]:
    joints = [
        {"joint": each.joint, "most": each.size, "time_s": each.time_s, "recorded": each.recorded, "now": each.replayed}
        for each in comparison.commands
    ]
    return {"from_s": comparison.commands_from_s, "joints": joints}


def describe(result: Mapping[str, Any]) -> str:
    """Return a replay as lines of at most 80 columns."""
    lines = [_ending("recorded", result["recorded"]), _ending("replayed", result["replayed"])]
    compared = f"{counted(result['ticks'], 'tick')} compared"
    if result["status"] == "SAME":
        lines.append(f"{compared}: the same statuses and commands in every one")
    else:
        lines += [f"{compared}:", *_nodes(result), *_added(result), *_joints(result["commands"])]
    lines += [f"note: {words}" for words in result["notes"]]
    if result["expect"]:
        lines.append(f"expected {result['expect']}: {'so it ended' if result['met'] else 'NOT so it ended'}")
    return "\n".join(part for line in lines for part in _wrapped(line))


def _wrapped(line: str) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(line, _WIDTH, subsequent_indent=indent, break_on_hyphens=False) or [""]


def _ending(who: str, end: Mapping[str, Any]) -> str:
    where = f" in {end['failed_path']}" if end["failed_path"] else ""
    why = f": {end['reason']}" if end["reason"] else ""
    return f"{who}: {end['status']} after {end['time_s']:.2f} s{where}{why}"


def _nodes(result: Mapping[str, Any]) -> Iterator[str]:
    first = result["first"]
    if first is None:
        return
    yield f"  first at {first['time_s']:.2f} s, in {first['path']}"
    yield f"    recorded {_said(first['recorded'])}"
    yield f"    now      {_said(first['replayed'])}"
    nodes = result["nodes"]
    yield f"  {'node':{_NAME}} {'from':>8}  {'recorded':8}  {'now':7}"
    for each in nodes[:_MOST_ROWS]:
        name = middle(each["path"], _NAME)
        was, now = each["recorded"]["status"], each["replayed"]["status"]
        yield f"  {name:{_NAME}} {each['time_s']:6.2f} s  {was:8}  {now:7}"
    if len(nodes) > _MOST_ROWS:
        yield f"  and {len(nodes) - _MOST_ROWS} more (--json has all)"


def _said(state: Mapping[str, str]) -> str:
    return f"{state['status']}{': ' if state['reason'] else ''}{state['reason']}"


def _added(result: Mapping[str, Any]) -> Iterator[str]:
    for what in ("added", "removed"):
        paths = result[what]
        if paths:
            more = f" and {len(paths) - _MOST_ROWS} more" if len(paths) > _MOST_ROWS else ""
            yield f"  {what}: {', '.join(paths[:_MOST_ROWS])}{more}"


def _joints(commands: Mapping[str, Any]) -> Iterator[str]:
    if commands["from_s"] is None:
        yield "  the commands are the same"
        return
    most = ", ".join(f"{each['joint']} {each['most']:.4f} at {each['time_s']:.2f} s" for each in commands["joints"])
    yield f"  commands differ from {commands['from_s']:.2f} s on; most [rad, gripper 0 … 1]: {most}"
    yield (
        f"  what is measured after {commands['from_s']:.2f} s answers to the recorded commands, not to those of"
        " the replay"
    )
