"""What an answer says of each joint, as a table of at most 80 columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from bt_robot.policy.inspection.judgement import JointReading

_INDENT: Final = 8  # two spaces, a mark, two spaces
_GAP: Final = 2
_SHORTEST_NAME: Final = 7


def table(joints: Sequence[JointReading], mark: Callable[[str], str], width: int) -> Iterator[str]:
    """Yield a header and a row for each joint.

    Args:
        joints: What the answer says of them.
        mark: Returns four characters for a severity, perhaps coloured.
        width: How many columns there are; long names are cut in the middle to fit.
    """
    moved = any(joint.speed is not None for joint in joints)
    head = ["state", "first", "step", "chunk", *(["fastest", "most"] if moved else ["limits"])]
    columns = [
        [_number(joint.state) for joint in joints],
        [_number(joint.first) for joint in joints],
        [_number(joint.step, 3) for joint in joints],
        _ranges([(joint.low, joint.high) for joint in joints]),
    ]
    if moved:
        columns += [[_number(joint.speed) for joint in joints], [_number(joint.most_speed) for joint in joints]]
    else:
        columns.append(_ranges([(joint.lower, joint.upper) for joint in joints]))
    widths = [max(len(title), *map(len, cells)) for title, cells in zip(head, columns, strict=True)]
    room = max(_SHORTEST_NAME, width - _INDENT - sum(widths) - _GAP * len(widths))
    names = [_cut(joint.joint, room) for joint in joints]
    longest = max(len("joint"), *map(len, names))
    gap = " " * _GAP
    yield f"{'':<{_INDENT}}{'joint':<{longest}}{gap}" + gap.join(
        f"{title:^{n}}" if title in ("chunk", "limits") else f"{title:>{n}}"
        for title, n in zip(head, widths, strict=True)
    )
    for i, joint in enumerate(joints):
        cells = gap.join(f"{column[i]:>{n}}" for column, n in zip(columns, widths, strict=True))
        yield f"  {mark(joint.severity)}  {names[i]:<{longest}}{gap}{cells}"


def _cut(name: str, room: int) -> str:
    if len(name) <= room:
        return name
    tail = room // 2
    return f"{name[: room - tail - 1]}…{name[-tail:]}"


def _number(value: float | None, digits: int = 2) -> str:
    if value is None:
        return "-"
    whole = len(f"{abs(value):.0f}")
    if whole > 4:
        return f"{value:.0e}"
    return f"{value + 0.0:.{max(0, min(digits, 5 - whole))}f}"


def _ranges(ends: Sequence[tuple[float | None, float | None]]) -> list[str]:
    known = [None if low is None or high is None else (_number(low, 1), _number(high, 1)) for low, high in ends]
    lows, highs = (max((len(pair[i]) for pair in known if pair), default=0) for i in (0, 1))
    empty = f"{'-':^{lows + highs + 3}}" if lows else "-"
    return [f"{pair[0]:>{lows}} … {pair[1]:<{highs}}" if pair else empty for pair in known]
