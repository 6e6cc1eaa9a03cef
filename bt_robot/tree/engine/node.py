"""What every node of a running tree has: a py_trees behaviour that is ticked by a plain call.

py_trees ticks through nested generators and formats log lines nobody reads, which costs about 4 µs a
node. Here a node is advanced by one method call that returns its status, with the same effects:
`tests/tree/test_tree_engine.py` compares the two on random trees. py_trees' own `tick()` still works,
so its visitors and displays do too.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Final, cast

from py_trees.behaviour import Behaviour
from py_trees.common import Status

from bt_robot.messages import TickContext
from bt_robot.tree.engine.proposals import LeafContext

INVALID: Final = Status.INVALID
RUNNING: Final = Status.RUNNING
SUCCESS: Final = Status.SUCCESS
FAILURE: Final = Status.FAILURE


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a node failed.

    Attributes:
        path: The node below it (or itself) that explains it.
        reason: That node's words.
        declined: It only says that an alternative did not apply.
        depth: How deep in the tree the explaining node is.
    """

    path: str
    reason: str
    declined: bool
    depth: int


class Run:
    """What the nodes of one tree share while it runs.

    Attributes:
        ctx: The tick's context as the leaves reach it; None between ticks.
        now_s: The run's clock at the latest tick [s].
        tick: The number of the latest tick, from 1.
        slowest: Path of the slowest leaf of the latest tick; empty if none was called.
        slowest_s: What it took [s].
    """

    __slots__ = ("ctx", "now_s", "slowest", "slowest_s", "tick")

    def __init__(self) -> None:
        self.ctx: LeafContext | None = None
        self.now_s = 0.0
        self.tick = 0
        self.slowest = ""
        self.slowest_s = 0.0

    def begin(self, ctx: TickContext) -> None:
        """Begin a tick."""
        self.ctx = LeafContext(ctx)
        self.now_s = ctx.now_s
        self.tick += 1
        self.slowest = ""
        self.slowest_s = 0.0

    def hand_over(self) -> None:
        """End a tick: propose what the leaves agree on."""
        if self.ctx is not None:
            self.ctx.hand_over()


class Node(Behaviour):
    """A node of a running tree.

    Attributes:
        path: Its path.
        depth: 0 for the root.
        run: What it shares with the tree's other nodes.
        visited: The number of the last tick in which it was ticked; 0 before.
        explanation: Why it failed last; None before it ever did.
    """

    path = ""
    depth = 0
    run: Run
    visited = 0
    explanation: Explanation | None = None

    @abstractmethod
    def advance(self) -> Status:
        """Do one tick's work and return the status."""

    @property
    def nodes(self) -> list[Node]:
        """The nodes below it, in order."""
        return cast("list[Node]", self.children)  # a tree is built of nothing else

    @property
    def looks_only(self) -> bool:
        """Whether it is a condition, or is made of nothing else."""
        return bool(self.children) and all(child.looks_only for child in self.nodes)
