"""Where a replayed run differs from the recorded one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from bt_robot.messages import NodeInfo, NodeState, TickRecord

SAME_COMMAND: Final = 1e-6
"""Commands that differ by less are the same [rad, gripper 0 … 1]."""


@dataclass(slots=True)
class NodeDifference:
    """A node that says something else than in the recorded run.

    Attributes:
        path: Its path.
        step: The first tick in which it does.
        time_s: That tick's time [s].
        recorded: What it said in the recorded run.
        replayed: What it says now.
        leaf: Whether it is a leaf: the others only pass on what leaves say.
        ticks: In how many ticks it differs.
    """

    path: str
    step: int
    time_s: float
    recorded: NodeState
    replayed: NodeState
    leaf: bool
    ticks: int = 1


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
        nodes: The nodes that differ, by path, in the order in which they began to.
        commands_from_s: When the commands began to differ [s]; None if they don't.
    """

    joints: tuple[str, ...]
    ticks: int = 0
    nodes: dict[str, NodeDifference] = field(default_factory=dict[str, NodeDifference])
    commands_from_s: float | None = None
    _worst: dict[str, JointDifference] = field(default_factory=dict[str, JointDifference])
    _recorded: dict[str, None] = field(default_factory=dict[str, None])
    _replayed: dict[str, None] = field(default_factory=dict[str, None])
    _layouts: tuple[object, object] = (None, None)
    _places: Sequence[tuple[NodeInfo, int, int]] = ()

    @property
    def added(self) -> list[str]:
        """Nodes that the recorded trees don't have."""
        return [path for path in self._replayed if path not in self._recorded]

    @property
    def removed(self) -> list[str]:
        """Nodes that only the recorded trees have."""
        return [path for path in self._recorded if path not in self._replayed]

    @property
    def commands(self) -> list[JointDifference]:
        """The joints whose commands differ, each where it does most."""
        return [self._worst[joint] for joint in self.joints if joint in self._worst]

    @property
    def first(self) -> NodeDifference | None:
        """Of the nodes that differ in the first tick, the one that explains the others; None if none differs.

        That is the first leaf that was ticked in both runs, or else the first leaf of all.
        """
        if not self.nodes:
            return None
        first_step = next(iter(self.nodes.values())).step
        at_first = [each for each in self.nodes.values() if each.step == first_step]
        return max(at_first, key=lambda each: (each.leaf and each.recorded.ticked and each.replayed.ticked, each.leaf))

    @property
    def alike(self) -> bool:
        """Whether nothing differs."""
        return not (self.nodes or self._worst or self.added or self.removed)

    def compare(self, recorded: TickRecord, replayed: TickRecord) -> None:
        """Compare a tick with its counterpart."""
        self.ticks += 1
        if self._layouts[0] is not recorded.layout or self._layouts[1] is not replayed.layout:
            self._lay_side_by_side(recorded.layout, replayed.layout)
        for node, i, k in self._places:
            was, now = recorded.nodes[i], replayed.nodes[k]
            if was.status is not now.status:
                self._note(node, was, now, replayed)
        self._compare_commands(recorded, replayed)

    def _lay_side_by_side(self, recorded: tuple[NodeInfo, ...], replayed: tuple[NodeInfo, ...]) -> None:
        there: Mapping[str, int] = {node.path: i for i, node in enumerate(recorded)}
        self._places = [(node, there[node.path], k) for k, node in enumerate(replayed) if node.path in there]
        self._recorded |= dict.fromkeys(there)
        self._replayed |= dict.fromkeys(node.path for node in replayed)
        self._layouts = recorded, replayed

    def _note(self, node: NodeInfo, was: NodeState, now: NodeState, replayed: TickRecord) -> None:
        known = self.nodes.get(node.path)
        if known is None:
            leaf = node.kind in ("action", "condition")
            self.nodes[node.path] = NodeDifference(node.path, replayed.step, replayed.time_s, was, now, leaf)
        else:
            known.ticks += 1

    def _compare_commands(self, recorded: TickRecord, replayed: TickRecord) -> None:
        was, now = recorded.command.positions, replayed.command.positions
        apart = np.abs(now - was)
        for i in np.flatnonzero(apart > SAME_COMMAND):
            if self.commands_from_s is None:
                self.commands_from_s = replayed.time_s
            worst = self._worst.get(self.joints[i])
            if worst is None or apart[i] > worst.size:
                joint = self.joints[i]
                self._worst[joint] = JointDifference(joint, replayed.time_s, float(was[i]), float(now[i]))


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
