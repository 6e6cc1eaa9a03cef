"""Which node of a changed tree is which node of the tree that ran, also where it was renamed or moved."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence

from bt_robot.messages import NodeInfo

Layout = Sequence[NodeInfo]


class _Side:
    """One of the two trees: its shape, and what looks alike."""

    def __init__(self, nodes: Layout) -> None:
        """Read the shape of a tree."""
        self.nodes = nodes
        self.children: list[list[int]] = [[] for _ in nodes]
        self.looks: list[Hashable] = [None] * len(nodes)
        for i in reversed(range(len(nodes))):
            node = nodes[i]
            below = self.children[i]
            below.reverse()
            if node.parent >= 0:
                self.children[node.parent].append(i)
            self.looks[i] = hash((node.type, node.detail, tuple(self.looks[k] for k in below)))

    def given_name(self, i: int) -> str | None:
        """Return the name that somebody gave a node; None if it is made from its type."""
        node = self.nodes[i]
        return None if re.fullmatch(rf"{re.escape(node.type)}(_\d+)?", node.name) else node.name


Key = Callable[[_Side, int], Hashable | None]

_KEYS: Sequence[Key] = (
    lambda side, i: (side.nodes[i].name, side.looks[i]),
    lambda side, i: side.given_name(i),
    lambda side, i: side.looks[i],
    lambda side, i: (side.nodes[i].name, side.nodes[i].type),
    lambda side, i: side.nodes[i].type,
)
"""What makes two siblings the same node, the surest sign first."""

_KEYS_ELSEWHERE: Sequence[Key] = (
    lambda side, i: side.looks[i] if side.children[i] else None,
    lambda side, i: side.given_name(i) and (side.given_name(i), side.nodes[i].type),
)
"""The same for two nodes at different places, where leaves of the same type are common."""


def pair(recorded: Layout, replayed: Layout) -> dict[int, int]:
    """Return the index of each replayed node's counterpart among the recorded ones.

    Roots belong together. So do the children of nodes that do: those of the same name and parameters, of the same
    given name, of the same parameters, of the same type. What is left and looks alike elsewhere in the tree was moved.

    Args:
        recorded: The nodes that ran, parents before their children.
        replayed: The nodes of the other tree, in the same order.
    """
    if [node.path for node in recorded] == [node.path for node in replayed]:
        return {i: i for i in range(len(replayed))}
    was, now = _Side(recorded), _Side(replayed)
    found: dict[int, int] = {}
    taken: set[int] = set()
    _pair_below(was, now, (0, 0), found, taken)
    for key in _KEYS_ELSEWHERE:
        lost = [i for i in range(len(recorded)) if i not in taken]
        new = [k for k in range(len(replayed)) if k not in found]
        for i, k in _alike(was, now, lost, new, key):
            if i not in taken and k not in found:  # else it came along with a node above it
                _pair_below(was, now, (i, k), found, taken)
    return found


def _pair_below(was: _Side, now: _Side, top: tuple[int, int], found: dict[int, int], taken: set[int]) -> None:
    """Pair two nodes, and what is below them."""
    waiting = [top]
    while waiting:
        i, k = waiting.pop()
        found[k] = i
        taken.add(i)
        lost = [each for each in was.children[i] if each not in taken]
        new = [each for each in now.children[k] if each not in found]
        for key in _KEYS:
            pairs = _alike(was, now, lost, new, key)
            waiting += pairs
            gone, come = {first for first, _ in pairs}, {second for _, second in pairs}
            lost = [each for each in lost if each not in gone]
            new = [each for each in new if each not in come]


def _alike(was: _Side, now: _Side, lost: Iterable[int], new: Iterable[int], key: Key) -> list[tuple[int, int]]:
    """Return pairs of nodes with the same key, in order."""
    waiting: dict[Hashable, deque[int]] = {}
    for i in lost:
        if (word := key(was, i)) is not None:
            waiting.setdefault(word, deque()).append(i)
    found: list[tuple[int, int]] = []
    for k in new:
        if (word := key(now, k)) is not None and waiting.get(word):
            found.append((waiting[word].popleft(), k))
    return found
