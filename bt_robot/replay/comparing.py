"""Where a replayed run differs from the recorded one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from bt_robot.messages import NodeInfo, NodeState, Status, TickRecord
from bt_robot.replay.pairing import pair

SAME_COMMAND: Final = 1e-6
"""Commands that differ by less are the same [rad, gripper 0 … 1]."""


@dataclass(slots=True)
class NodeDifference:
    """A node that says something else than in the recorded run.

    Attributes:
        path: Its path in the replayed tree.
        step: The first tick in which it does.
        time_s: That tick's time [s].
        recorded: What it said in the recorded run; where it has no words, those of the node below it that explains it.
        replayed: What it says now, in the same way.
        ticks: In how many ticks it differs.
    """

    path: str
    step: int
    time_s: float
    recorded: NodeState
    replayed: NodeState
    ticks: int = 1

    @property
    def asked_in_both(self) -> bool:
        """Whether both trees came to it, and it answered: else it only follows another difference."""
        return _answered(self.recorded) and _answered(self.replayed)


@dataclass(frozen=True, slots=True)
class Renamed:
    """A node with another path than in the recorded run, by its own name or place and not by that of a node above.

    Attributes:
        recorded: Its path in the recorded run.
        replayed: Its path now.
        nodes: How many nodes it is, with those below it.
    """

    recorded: str
    replayed: str
    nodes: int


@dataclass(frozen=True, slots=True)
class JointDifference:
    """How far the commands of a joint are from the recorded ones, where that is most.

    Attributes:
        joint: The joint.
        time_s: The tick's time [s].
        recorded: The recorded command [rad, gripper 0 … 1].
        replayed: The command now.
    """

    joint: str
    time_s: float
    recorded: float
    replayed: float

    @property
    def size(self) -> float:
        """The difference [rad, gripper 0 … 1]."""
        return abs(self.replayed - self.recorded)


@dataclass(slots=True)
class Comparison:
    """What differs, tick by tick.

    Attributes:
        joints: The joints' names.
        ticks: How many ticks were compared.
        nodes: The nodes that differ, by their path in the replayed tree, in the order in which they began to.
        first: The difference that explains the others of the first tick in which nodes differ; None if none does.
        commands_from_s: When the commands began to differ [s]; None if they don't.
        commands_at: The path of the deepest node that was RUNNING in the replay then; empty if none was.
        renamed: The nodes that have another path now.
    """

    joints: tuple[str, ...]
    ticks: int = 0
    nodes: dict[str, NodeDifference] = field(default_factory=dict[str, NodeDifference])
    first: NodeDifference | None = None
    commands_from_s: float | None = None
    commands_at: str = ""
    renamed: list[Renamed] = field(default_factory=list[Renamed])
    _worst: dict[str, JointDifference] = field(default_factory=dict[str, JointDifference])
    _unpaired: tuple[dict[str, None], dict[str, None]] = field(default_factory=lambda: ({}, {}))
    _paired: tuple[set[str], set[str]] = field(default_factory=lambda: (set[str](), set[str]()))
    _layouts: tuple[object, object] = (None, None)
    _places: Sequence[tuple[int, int]] = ()

    @property
    def added(self) -> list[str]:
        """Nodes that the recorded trees don't have."""
        return [path for path in self._unpaired[1] if path not in self._paired[1]]

    @property
    def removed(self) -> list[str]:
        """Nodes that only the recorded trees have."""
        return [path for path in self._unpaired[0] if path not in self._paired[0]]

    @property
    def commands(self) -> list[JointDifference]:
        """The joints whose commands differ, each where it does most."""
        return [self._worst[joint] for joint in self.joints if joint in self._worst]

    @property
    def ticked_alike(self) -> bool:
        """Whether every tick came to the same: statuses and commands."""
        return not (self.nodes or self._worst)

    @property
    def alike(self) -> bool:
        """Whether nothing differs."""
        return self.ticked_alike and not (self.added or self.removed or self.renamed)

    def compare(self, recorded: TickRecord, replayed: TickRecord) -> None:
        """Compare a tick with its counterpart."""
        self.ticks += 1
        if self._layouts[0] is not recorded.layout or self._layouts[1] is not replayed.layout:
            self._lay_side_by_side(recorded.layout, replayed.layout)
        differing = [(i, k) for i, k in self._places if recorded.nodes[i].status is not replayed.nodes[k].status]
        if differing:
            self._note(differing, recorded, replayed)
        self._compare_commands(recorded, replayed)

    def _lay_side_by_side(self, recorded: tuple[NodeInfo, ...], replayed: tuple[NodeInfo, ...]) -> None:
        pairs = pair(recorded, replayed)
        self._places = [(i, k) for k, i in sorted(pairs.items())]
        self._layouts = recorded, replayed
        for side, nodes, paired in ((0, recorded, set(pairs.values())), (1, replayed, pairs.keys())):
            self._unpaired[side].update({node.path: None for k, node in enumerate(nodes) if k not in paired})
            self._paired[side].update(nodes[k].path for k in paired)
        self.renamed = list(dict.fromkeys([*self.renamed, *_renamed(recorded, replayed, pairs)]))

    def _note(self, differing: Sequence[tuple[int, int]], recorded: TickRecord, replayed: TickRecord) -> None:
        new: list[tuple[NodeDifference, int]] = []
        for i, k in differing:
            path = replayed.layout[k].path
            if path in self.nodes:
                self.nodes[path].ticks += 1
                continue
            was, now = _explained(recorded, i), _explained(replayed, k)
            self.nodes[path] = NodeDifference(path, replayed.step, replayed.time_s, was, now)
            new.append((self.nodes[path], replayed.layout[k].depth))
        if self.first is None:
            self.first = _cause(new)

    def _compare_commands(self, recorded: TickRecord, replayed: TickRecord) -> None:
        was, now = recorded.command.positions, replayed.command.positions
        apart = np.abs(now - was)
        if apart.max() <= SAME_COMMAND:
            return
        if self.commands_from_s is None:
            self.commands_from_s = replayed.time_s
            self.commands_at = _busiest(replayed)
        for i in np.flatnonzero(apart > SAME_COMMAND):
            worst = self._worst.get(self.joints[i])
            if worst is None or apart[i] > worst.size:
                joint = self.joints[i]
                self._worst[joint] = JointDifference(joint, replayed.time_s, float(was[i]), float(now[i]))


def _answered(state: NodeState) -> bool:
    return state.ticked and state.status is not Status.IDLE


def _cause(differences: Sequence[tuple[NodeDifference, int]]) -> NodeDifference:
    """Return which of a tick's differences, given with their depths, explains the others.

    That is the one that was told first of those that both trees came to: nodes answer before those above them, and
    after those in front of them. Where both trees came to none, one went where the other did not: there, the topmost.
    """
    cause: tuple[NodeDifference, int] | None = None
    for each in differences:
        if each[0].asked_in_both and (cause is None or each[0].path.startswith(f"{cause[0].path}/")):
            cause = each
    if cause is None:
        cause = min(differences, key=lambda each: (not _answered(each[0].replayed), each[1]))
    return cause[0]


def _explained(record: TickRecord, i: int) -> NodeState:
    """Return what a node said; where it has no words, with those of a node below it.

    That is the one that explains its failure, or else the nearest that said the same.

    The words of one that did not answer are old; where the tree is instead says more.
    """
    said = record.nodes[i]
    if not _answered(said):
        busiest = _busiest(record)
        why = "halted" if said.ticked else "not asked"
        return replace(said, reason=f"{why}; {busiest} is RUNNING" if busiest else why)
    if said.reason:
        return said
    below = f"{record.layout[i].path}/"
    if said.cause is not None:
        path = record.layout[said.cause].path.removeprefix(below)
        return replace(said, reason=f"{path}: {record.nodes[said.cause].reason}")
    for node, state in zip(record.layout[i + 1 :], record.nodes[i + 1 :], strict=False):
        if not node.path.startswith(below):
            break
        if state.reason and state.ticked and state.status is said.status:
            return replace(said, reason=f"{node.path.removeprefix(below)}: {state.reason}")
    return said


def _busiest(record: TickRecord) -> str:
    running = [i for i, state in enumerate(record.nodes) if state.status is Status.RUNNING]
    return record.layout[max(running, key=lambda i: record.layout[i].depth)].path if running else ""


def _renamed(recorded: Sequence[NodeInfo], replayed: Sequence[NodeInfo], pairs: Mapping[int, int]) -> Iterator[Renamed]:
    """Yield the nodes whose path is another one for a reason of their own."""
    sizes = [1] * len(replayed)
    for k in reversed(range(1, len(replayed))):
        sizes[replayed[k].parent] += sizes[k]
    for k, i in sorted(pairs.items()):
        was, now = recorded[i], replayed[k]
        goes_along = k > 0 and pairs.get(now.parent) == was.parent and was.name == now.name
        if was.path != now.path and not goes_along:
            yield Renamed(was.path, now.path, sizes[k])


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended, or how far it came.

    Attributes:
        status: SUCCESS, FAILURE or INTERRUPTED; RUNNING where the recording was over before the tree was.
        time_s: When [s].
        reason: Why, in words; empty on SUCCESS.
        failed_path: The node that explains a FAILURE; empty where no node does.
    """

    status: str
    time_s: float
    reason: str = ""
    failed_path: str = ""

    def same_as(self, other: End) -> bool:
        """Whether a run ended alike: the same status, explained by the same node, at the same time."""
        return (self.status, self.failed_path) == (other.status, other.failed_path) and (
            abs(self.time_s - other.time_s) < 1e-9
        )
