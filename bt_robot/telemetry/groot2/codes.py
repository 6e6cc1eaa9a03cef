"""The tree in BehaviorTree.CPP's numbers: a number per node, a code per status, and what changed from tick to tick.

Source: BehaviorTree.CPP 4.10, `include/behaviortree_cpp/basic_types.h` (NodeStatus) and
`src/loggers/groot2_publisher.cpp` (the codes of a node that has become IDLE).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bt_robot.messages import NodeInfo, NodeState, Status

MAX_NODES: Final = 0xFFFF
"""A node's number has 16 bits, and 0 is nobody's."""

CODES: Final = {Status.IDLE: 0, Status.RUNNING: 1, Status.SUCCESS: 2, Status.FAILURE: 3}
IDLE: Final = 0
WAS: Final = 10
"""Added to the code of the status that a node had before it became IDLE."""

_ENTRY = struct.Struct("<HB")
_TRANSITION = struct.Struct("<IHHB")  # 6 bytes of time in two parts
_MAX_TIME_US = 2**48 - 1


@dataclass(frozen=True, slots=True)
class Transition:
    """A node's new status.

    Attributes:
        time_us: Since the recording began [µs].
        uid: The node's number: its place in the tree, from 1.
        code: The status.
    """

    time_us: int
    uid: int
    code: int

    def to_bytes(self) -> bytes:
        """Return it as in log files: 6 bytes of time, 2 of the number, 1 of the status, little endian."""
        time_us = min(max(self.time_us, 0), _MAX_TIME_US)
        return _TRANSITION.pack(time_us & 0xFFFFFFFF, time_us >> 32, self.uid, self.code)


class StatusCodes:
    """The codes of a tree's nodes, kept up to date tick by tick.

    A node that was not ticked keeps what it said last while its parent is at work, as a child of a running sequence
    does in BehaviorTree.CPP; else it is IDLE.

    Attributes:
        codes: A code per node, in the tree's order; 11, 12, 13 for IDLE after RUNNING, SUCCESS, FAILURE.
    """

    def __init__(self, layout: Sequence[NodeInfo]) -> None:
        """Start with nodes that are IDLE."""
        self.codes = [IDLE] * len(layout)
        self._parents = [node.parent for node in layout]
        self._states: Sequence[NodeState] = ()

    def update(self, states: Sequence[NodeState]) -> list[tuple[int, int]]:
        """Take note of a tick.

        Returns:
            The numbers of the nodes whose code changed, with the new code; IDLE is plainly 0 here.
        """
        changed: list[tuple[int, int]] = []
        codes, before = self.codes, self._states
        for i, state in enumerate(states):
            parent = self._parents[i]
            if before and state is before[i] and (parent < 0 or states[parent] is before[parent]):
                continue
            said, code = codes[i] % WAS, CODES[state.status]
            if not (state.ticked or (parent >= 0 and _at_work(states[parent]))):
                code = IDLE
            if code == said and not (codes[i] > WAS):
                continue
            if code == IDLE:
                if codes[i] > WAS or codes[i] == IDLE:
                    continue
                codes[i] = WAS + said
            else:
                codes[i] = code
            changed.append((i + 1, code))
        self._states = states
        return changed

    def to_bytes(self) -> bytes:
        """Return 3 bytes per node: its number and its code, little endian."""
        return b"".join(_ENTRY.pack(uid, code) for uid, code in enumerate(self.codes, 1))


def _at_work(state: NodeState) -> bool:
    return state.ticked and state.status is Status.RUNNING


def read_transitions(data: bytes) -> Iterator[Transition]:
    """Yield what `Transition.to_bytes` wrote; what is left at the end of a file that was cut is left out."""
    for low, high, uid, code in _TRANSITION.iter_unpack(data[: len(data) // _TRANSITION.size * _TRANSITION.size]):
        yield Transition(high << 32 | low, uid, code)
