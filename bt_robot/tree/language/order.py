"""Keys that are read before anything can have written them.

Where the way through a tree is known (a sequence with memory goes from child to child, and nothing above it starts it
again), a key that is only written by later children holds nothing when it is read. Everywhere else the order is not
known before the run, and nothing is said.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bt_robot.config.problems import Problems
from bt_robot.errors import Code
from bt_robot.tree.language.keys import Keys, KeyUse
from bt_robot.tree.spec import Key, NodeSpec

_IN_ORDER: Final = frozenset({"sequence", "sequence_with_memory", "async_sequence"})
_ONCE: Final = _IN_ORDER | {
    "fallback", "async_fallback", "if_then_else", "switch", "try_catch", "guard", "timeout", "delay", "inverter",
    "force_success", "force_failure", "report_status", "run_once", "cooldown",
}  # fmt: skip
"""The types that start a child once, as far as they are concerned."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node stands when all are counted from the root down: it and what is below it are `first` … `last` - 1."""

    first: int
    last: int
    spec: NodeSpec
    parent: _Place | None


def check_order(root: NodeSpec, keys: Keys, problems: Problems) -> None:
    """Note keys that are read before anything can have written them.

    Args:
        root: The tree.
        keys: The uses of its keys.
        problems: Where the problems are noted.
    """
    if not (keys.reads and keys.writes):
        return
    places = {place.spec.path: place for place in _places(root)}
    writers: dict[Key, list[tuple[int, KeyUse]]] = {}
    for write in keys.writes:
        if write.path in places:
            writers.setdefault(write.key, []).append((places[write.path].first, write))
    for found in writers.values():
        found.sort(key=lambda entry: entry[0])
    for read in keys.reads:
        later = writers.get(read.key)
        if later is None or read.done != "read" or read.key in keys.mentioned or read.path not in places:
            continue
        if _is_too_early(places[read.path], [first for first, _ in later]):
            write = later[0][1]
            problems.add(
                read.mark,
                f"{read.port}: the key '{read.key.name}' is read here, before anything has written it",
                expected="a key that is written earlier",
                hint=f"{write.port} on line {write.mark.line} of {write.mark.file} writes it later",
                code=Code.NEVER_WRITTEN,
            )


def _places(root: NodeSpec) -> Iterator[_Place]:
    sizes: dict[int, int] = {}

    def size(spec: NodeSpec) -> int:
        sizes[id(spec)] = 1 + sum(size(child) for child in spec.children)
        return sizes[id(spec)]

    size(root)
    waiting: list[tuple[NodeSpec, int, _Place | None]] = [(root, 0, None)]
    while waiting:
        spec, first, parent = waiting.pop()
        place = _Place(first, first + sizes[id(spec)], spec, parent)
        yield place
        first += 1
        for child in spec.children:
            waiting.append((child, first, place))
            first += sizes[id(child)]


def _is_too_early(place: _Place, writers: list[int]) -> bool:
    """Whether all writers come later on a way that is gone once."""
    if writers[0] < place.last:
        return False
    while (parent := place.parent) is not None:
        below, beside = _count(parent, writers), _count(parent, writers) - _count(place, writers)
        once = parent.spec.kind == "subtree" or parent.spec.type in _ONCE
        if (below and not once) or (beside and parent.spec.type not in _IN_ORDER):
            return False
        place = parent
    return True


def _count(place: _Place, writers: list[int]) -> int:
    return bisect_left(writers, place.last) - bisect_left(writers, place.first)
