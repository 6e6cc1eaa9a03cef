"""What came of a replay, as a JSON object and as lines for a person."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from bt_robot.messages import NodeState
from bt_robot.replay.comparing import Comparison, End, NodeDifference
from bt_robot.replay.replaying import Replayed
from bt_robot.telemetry.counted import counted
from bt_robot.telemetry.one_line import middle, one_line

_WIDTH: Final = 79
_MOST_ROWS: Final = 12
_NAME: Final = 44
_LEAST_SHOWN: Final = 0.001
_MORE: Final = "(--json has all)"


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
        "renamed": [
            {"recorded": each.recorded, "replayed": each.replayed, "nodes": each.nodes} for each in comparison.renamed
        ],
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
        "asked_in_both": each.asked_in_both,
    }


def _state(state: NodeState) -> dict[str, str]:
    return {"status": state.status.value, "reason": state.reason}


def _commands(comparison: Comparison) -> dict[str, Any]:
    joints = [
        {"joint": each.joint, "most": each.size, "time_s": each.time_s, "recorded": each.recorded, "now": each.replayed}
        for each in comparison.commands
    ]
    return {"from_s": comparison.commands_from_s, "at": comparison.commands_at, "joints": joints}


def describe(result: Mapping[str, Any]) -> str:
    """Return a replay as lines of at most 80 columns."""
    lines = [_ending("recorded", result["recorded"]), _ending("replayed", result["replayed"])]
    compared, commands = counted(result["ticks"], "tick"), result["commands"]
    alike = result["first"] is None and commands["from_s"] is None
    lines.append(f"{compared} compared: {'the same statuses and commands in every one' if alike else ''}".rstrip())
    lines += [*_shape(result), *([] if alike else [*_first(result), *_nodes(result), *_joints(commands)])]
    lines += [f"note: {words}" for words in result["notes"]]
    if result["expect"]:
        lines.append(f"expected {result['expect']}: {_verdict(result)}")
    return "\n".join(part for line in lines for part in _wrapped(line))


def _verdict(result: Mapping[str, Any]) -> str:
    if result["met"]:
        return "so it ended"
    ended = result["replayed"]["status"] != "RUNNING"
    return "it ended otherwise" if ended else "the recording is over before that"


def _wrapped(line: str) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(
        one_line(line), _WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    ) or [""]


def _ending(who: str, end: Mapping[str, Any]) -> str:
    where = f" in {end['failed_path']}" if end["failed_path"] else ""
    why = f": {end['reason']}" if end["reason"] else ""
    return f"{who}: {end['status']} after {end['time_s']:.2f} s{where}{why}"


def _shape(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield which nodes are others than in the recorded run."""
    rows = [f"renamed {each['recorded']} → {each['replayed']}" for each in result["renamed"]]
    for what in ("added", "removed"):
        rows += [f"{what:7} {words}" for words in _subtrees(result[what])]
    yield from (f"  {row}" for row in rows[:_MOST_ROWS])
    if len(rows) > _MOST_ROWS:
        yield f"  and {len(rows) - _MOST_ROWS} more {_MORE}"


def _subtrees(paths: Sequence[str]) -> Iterator[str]:
    """Yield paths, those below another one only as a number."""
    tops: dict[str, str] = {}
    below: Counter[str] = Counter()
    for path in paths:  # nodes come before those below them
        top = tops[path] = tops.get(path.rpartition("/")[0], path)
        below[top] += path != top
    for top, count in below.items():
        yield f"{top}{f' and {count} below it' if count else ''}"


def _first(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield where the replay begins to differ: a command may, before a status does."""
    first, from_s, at = result["first"], result["commands"]["from_s"], result["commands"]["at"]
    if from_s is not None and (first is None or from_s < first["time_s"]):
        yield f"  first at {from_s:.2f} s: another command{f', in {at}' if at else ''}"
    if first is not None:
        begins = "first" if from_s is None or from_s >= first["time_s"] else "the first other status"
        yield f"  {begins} at {first['time_s']:.2f} s, in {first['path']}"
        yield f"    recorded {_said(first['recorded'])}"
        yield f"    now      {_said(first['replayed'])}"


def _nodes(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the nodes that both trees asked and that differ; the others only follow from them."""
    asked = [each for each in result["nodes"] if each["asked_in_both"]]
    others = len(result["nodes"]) - len(asked[:_MOST_ROWS])
    if len(result["nodes"]) < 2:
        return
    if asked:
        yield f"  {'node':{_NAME}} {'from':>8}  {'recorded':8}  {'now':7}"
    for each in asked[:_MOST_ROWS]:
        name = middle(each["path"], _NAME)
        was, now = each["recorded"]["status"], each["replayed"]["status"]
        yield f"  {name:{_NAME}} {each['time_s']:6.2f} s  {was:8}  {now:7}"
    if others:
        yield f"  {'and ' if asked else ''}{counted(others, 'more node' if asked else 'node')} {_MORE}"


def _said(state: Mapping[str, str]) -> str:
    return f"{state['status']}{': ' if state['reason'] else ''}{state['reason']}"


def _joints(commands: Mapping[str, Any]) -> Iterator[str]:
    from_s = commands["from_s"]
    if from_s is None:
        yield "  the commands are the same"
        return
    shown = [each for each in commands["joints"] if each["most"] >= _LEAST_SHOWN]
    most = ", ".join(f"{each['joint']} {each['most']:.3f} at {each['time_s']:.2f} s" for each in shown)
    yield f"  commands differ from {from_s:.2f} s on; most [rad, gripper 0 … 1]: {most or f'below {_LEAST_SHOWN}'}"
    yield f"  what is measured after {from_s:.2f} s answers to the recorded commands, not to those of the replay"
