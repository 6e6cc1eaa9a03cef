"""What of a tree is drawn: all of it, a part, or with branches folded up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bt_robot.errors import did_you_mean
from bt_robot.messages import NodeInfo, NodeState


@dataclass(frozen=True, slots=True)
class Outline:
    """The nodes to draw, from the root down, with what they said.

    Attributes:
        nodes: The nodes; `depth` and `parent` fit together.
        states: A state per node; empty when nothing was run.
        hidden: For each node how many nodes below it are folded up.
    """

    nodes: tuple[NodeInfo, ...]
    states: tuple[NodeState, ...] = ()
    hidden: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Fold nothing up by default.

        Raises:
            ValueError: The lengths differ.
        """
        if not self.hidden:
            object.__setattr__(self, "hidden", (0,) * len(self.nodes))
        if len(self.hidden) != len(self.nodes) or (self.states and len(self.states) != len(self.nodes)):
            raise ValueError("an outline has one state and one count for each node")

    @property
    def ends(self) -> tuple[int, ...]:
        """For each node the index after the last node below it."""
        ends = list(range(1, len(self.nodes) + 1))
        for index in range(len(self.nodes) - 1, 0, -1):
            parent = self.nodes[index].parent
            ends[parent] = max(ends[parent], ends[index])
        return tuple(ends)

    def only(self, path: str) -> Outline:
        """Return the node at a path with everything below it.

        Raises:
            ValueError: There is no such node; the nearest is told.
        """
        start = self._find(path)
        stop = self.ends[start]
        depth = self.nodes[start].depth
        nodes = tuple(
            replace(node, depth=node.depth - depth, parent=node.parent - start if node.depth > depth else -1)
            for node in self.nodes[start:stop]
        )
        return Outline(nodes, self.states[start:stop], self.hidden[start:stop])

    def collapsed(self, rules: Sequence[str]) -> Outline:
        """Return the outline with branches folded up.

        Args:
            rules: Each the path of a node, a node type, or `depth:N` for everything below that depth.

        Raises:
            ValueError: A rule fits no node; the nearest one is told.
        """
        folded = [False] * len(self.nodes)
        for rule in rules:
            for index in self._fitting(rule):
                folded[index] = True
        kept, hidden, place = list[NodeInfo](), list[int](), dict[int, int]()
        states = list[NodeState]()
        index, ends = 0, self.ends
        while index < len(self.nodes):
            node = self.nodes[index]
            below = ends[index] - index - 1
            place[index] = len(kept)
            kept.append(replace(node, parent=place[node.parent] if node.parent >= 0 else -1))
            hidden.append(below + sum(self.hidden[index : ends[index]]) if folded[index] else self.hidden[index])
            states += self.states[index : index + 1]
            index = ends[index] if folded[index] else index + 1
        return Outline(tuple(kept), tuple(states), tuple(hidden))

    def _fitting(self, rule: str) -> list[int]:
        """Return the nodes that a rule folds up."""
        word, _, number = rule.partition(":")
        if word == "depth" and number.isascii() and number.isdigit():
            return [index for index, node in enumerate(self.nodes) if node.depth == int(number)]
        found = [index for index, node in enumerate(self.nodes) if rule in (node.path, node.type)]
        if not found:
            choices = [*(node.path for node in self.nodes), *{node.type for node in self.nodes}]
            raise ValueError(f"'{rule}' is neither a path nor a node type of this tree{_hint(rule, choices)}")
        return found

    def _find(self, path: str) -> int:
        paths = [node.path for node in self.nodes]
        if path not in paths:
            raise ValueError(f"there is no node '{path}' in this tree{_hint(path, paths)}")
        return paths.index(path)


def _hint(word: str, choices: list[str]) -> str:
    near = did_you_mean(word, choices[:2000])
    return f" ({near})" if near else ""
