"""What every node of a running tree has: a py_trees behaviour that is ticked by a plain call.

py_trees ticks through nested generators and formats log lines nobody reads, which costs about 4 µs a
node. Here a node is advanced by one method call that returns its status, with the same effects:
`tests/tree/test_tree_engine.py` compares the two on random trees.

What a new kind of node has to keep to:

- `advance()` does one tick's work, ticks children by their `advance()`, leaves its own status in
  `self.status`, and appends the node to `self.run.trace` as the very last thing, so that the trace is
  in post-order, the order in which py_trees' visitors see nodes.
- `stop(INVALID)` halts the node and everything below it; `stop(SUCCESS)` and `stop(FAILURE)` end it.
  Children are reset by `halt_all` or `child.stop(INVALID)`.
- Whenever its status or its words may have changed, it appends itself to `self.run.touched`: in every
  `advance()` and in a halt.
- `explain()` says why it fails, when it does.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from py_trees.behaviour import Behaviour
from py_trees.common import Status

from bt_robot.messages import TickContext
from bt_robot.tree.engine.proposals import LeafContext
from bt_robot.tree.spec import Key
from bt_robot.tree.vocabulary.slot import Slot

if TYPE_CHECKING:
    from bt_robot.tree.engine.leaf_node import LeafNode

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
        context: The tick's context as the leaves reach it.
        slots: The blackboard.
        now_s: The tree's clock at the latest tick [s].
        behind_s: How far that is behind the run's clock [s].
        tick: The number of the latest tick, from 1.
        trace: The nodes ticked in the latest tick, children before their parents.
        touched: Nodes whose status or words may have changed since somebody last looked at them.
        leaving: Leaves that were halted and need more ticks to let go.
        observed: Whether leaves are timed.
        stamps: When the latest tick began, and when each leaf of the trace was done with it [s]; empty if not observed.
        halts: For each halt of a running leaf: how many stamps there were, the leaf, and the time it took [s].
    """

    __slots__ = (
        "behind_s",
        "context",
        "halts",
        "leaving",
        "now_s",
        "observed",
        "slots",
        "stamps",
        "tick",
        "touched",
        "trace",
    )

    def __init__(self, *, observed: bool = True) -> None:
        self.context = LeafContext()
        self.slots: dict[Key, Slot] = {}
        self.now_s = 0.0
        self.behind_s = 0.0
        self.tick = 0
        self.trace: list[Node] = []
        self.touched: list[Node] = []
        self.leaving: list[LeafNode] = []
        self.observed = observed
        self.stamps: list[float] = []
        self.halts: list[tuple[int, LeafNode, float]] = []

    @property
    def ctx(self) -> LeafContext | None:
        """The context to give to a leaf; None between ticks."""
        return self.context if self.context.current is not None else None

    def begin(self, ctx: TickContext) -> None:
        """Begin a tick."""
        context = self.context
        context.current = ctx
        if context.owner is not None or context.contested:
            context.forget()
        self.now_s = ctx.now_s
        self.tick += 1
        self.trace.clear()
        if self.observed:
            self.halts.clear()
            self.stamps.clear()
            self.stamps.append(perf_counter())
        elif self.touched:
            self.touched.clear()

    def pass_by(self) -> None:
        """Let a tick pass in which no node is ticked."""
        self.tick += 1
        self.trace.clear()
        self.stamps.clear()
        self.halts.clear()


class Node(Behaviour):
    """A node of a running tree.

    Attributes:
        path: Its path.
        depth: 0 for the root.
        index: Its place in the order from the root down, 0 for the root.
        run: What it shares with the tree's other nodes.
        given: Its parameters as they were given; a Key stands for a place on the blackboard.
        nodes: The nodes below it, in order.
        explanation: Why it failed last; None before it ever did.
        adjustable: The parameters that may get another value while the tree runs, and the attributes that hold them.
        looks_only: Whether it is a condition, or is made of nothing else.
        leaving: Whether it is a leaf that was halted and needs more ticks to let go.
        plain: The node itself if it is a leaf without a hook, whose `on_tick` its parent may call.
        starts_afresh: Whether nothing of an earlier round is left below it once it was started again, so that nobody
            has to reset it before.
        noted: The number of the last tick in which its state was noted while it was ticked.
        age_s: How old the evidence is that it rests on [s], if it says so.
        confidence: How clearly that is on its answer's side, 0 … 1, if it says so.
    """

    path = ""
    depth = 0
    index = 0
    run: Run
    given: Mapping[str, object] = MappingProxyType({})
    nodes: list[Node]
    adjustable: ClassVar[Mapping[str, str]] = MappingProxyType({})
    explanation: Explanation | None = None
    looks_only = False
    leaving = False
    plain: LeafNode | None = None
    starts_afresh = False
    noted = 0
    age_s: float | None = None
    confidence: float | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.nodes = cast("list[Node]", self.children)  # a tree is built of nothing else

    @property
    def unbroken(self) -> int:
        """How many nodes above it are in the middle of something: one that begins anew is not RUNNING yet."""
        count, above = 0, self.parent
        while above is not None:
            count += above.status is RUNNING
            above = above.parent
        return count

    def adjust(self, name: str, value: object) -> None:
        """Take another value for one of the parameters that are `adjustable`."""
        setattr(self, self.adjustable[name], inf if value == "forever" else value)

    @abstractmethod
    def advance(self) -> Status:
        """Do one tick's work and return the status."""

    def attach(self, run: Run) -> None:
        """Become a part of a tree; called when those below it are, and again when one of them has another `advance`."""
        self.run = run

    def tick(self) -> Iterator[Node]:
        """Tick it for py_trees' own tools, which expect a generator of what was ticked, children first."""
        trace = self.run.trace
        before = len(trace)
        self.advance()
        ticked = trace[before:]
        del trace[before:]
        yield from ticked


def halt_all(nodes: Iterable[Node]) -> None:
    """Halt nodes and reset the ones that have ended."""
    for node in nodes:
        if node.status is not INVALID:
            node.stop(INVALID)
