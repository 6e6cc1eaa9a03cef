"""A tree that runs: fresh nodes and a blackboard of its own, made from a spec."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from bt_robot.messages import NodeFailure, NodeInfo, NodeState, Setup, Status, TickContext
from bt_robot.tree.engine.composites import FallbackNode, ParallelNode, SequenceNode
from bt_robot.tree.engine.decorators import (
    ForceFailureNode,
    ForceSuccessNode,
    InverterNode,
    RepeatNode,
    RetryNode,
    SubtreeNode,
    TimeoutNode,
)
from bt_robot.tree.engine.leaf_node import LeafNode
from bt_robot.tree.engine.node import FAILURE, INVALID, RUNNING, SUCCESS, Node, Run
from bt_robot.tree.spec import Key, NodeSpec, TreeSpec
from bt_robot.tree.vocabulary.ports import Slot

_STATUS = {
    INVALID: Status.IDLE,
    RUNNING: Status.RUNNING,
    SUCCESS: Status.SUCCESS,
    FAILURE: Status.FAILURE,
}

_MAKERS: Final[dict[str, Callable[[NodeSpec, list[Node]], Node]]] = {
    "sequence": lambda spec, nodes: SequenceNode(spec.name, memory=True, children=nodes),
    "reactive_sequence": lambda spec, nodes: SequenceNode(spec.name, memory=False, children=nodes),
    "fallback": lambda spec, nodes: FallbackNode(spec.name, memory=True, children=nodes),
    "reactive_fallback": lambda spec, nodes: FallbackNode(spec.name, memory=False, children=nodes),
    "parallel": lambda spec, nodes: ParallelNode(
        spec.name, "one" if spec.values["success_count"] == 1 else "all", nodes
    ),
    "inverter": lambda spec, nodes: InverterNode(spec.name, nodes[0]),
    "force_success": lambda spec, nodes: ForceSuccessNode(spec.name, nodes[0]),
    "force_failure": lambda spec, nodes: ForceFailureNode(spec.name, nodes[0]),
    "retry": lambda spec, nodes: RetryNode(spec.name, nodes[0], _number(spec, "attempts")),
    "repeat": lambda spec, nodes: RepeatNode(spec.name, nodes[0], _number(spec, "times")),
    "timeout": lambda spec, nodes: TimeoutNode(spec.name, nodes[0], _number(spec, "duration_s")),
}


def _number(spec: NodeSpec, name: str) -> Any:
    return spec.values[name]


class Tree:
    """A tree in the middle of a run, or before or after one."""

    def __init__(self, root: Node, infos: Sequence[NodeInfo], run: Run) -> None:
        """Wrap nodes that belong together; use `build_tree`."""
        self.nodes: tuple[NodeInfo, ...] = tuple(infos)
        self._root = root
        self._run = run
        self._all = tuple(_preorder(root))
        self._deepest_first = sorted(self._all, key=lambda node: -node.depth)
        self._states = [NodeState(Status.IDLE) for _ in self._all]
        self._seen = [INVALID for _ in self._all]

    def objections(self, setup: Setup) -> list[tuple[str, str]]:
        """Return (path, why) of every leaf that can't work in a setup."""
        found = [(node.path, node.why_not(setup)) for node in self._all if isinstance(node, LeafNode)]
        return [(path, why) for path, why in found if why]

    def tick(self, ctx: TickContext) -> Status:
        """Tick the tree once; a tree that has ended starts again.

        Whatever a leaf raises becomes its FAILURE; only KeyboardInterrupt and SystemExit pass.

        Args:
            ctx: What the leaves can reach in this tick.

        Returns:
            RUNNING, SUCCESS or FAILURE.
        """
        self._run.begin(ctx)
        try:
            self._root.advance()
            self._run.hand_over()
        finally:
            self._run.ctx = None
            self._look()
        return _STATUS[self._root.status]

    def halt(self) -> None:
        """Halt every running leaf, deepest first, and reset the tree; nothing if nothing runs.

        What a leaf raises in `on_halt` is logged, and the others are halted all the same.
        """
        if not any(node.status is RUNNING for node in self._all):
            return
        for node in self._deepest_first:
            if node.status is not INVALID:
                node.stop(INVALID)
        self._look()

    def states(self) -> tuple[NodeState, ...]:
        """Return how each node stands after the latest tick or halt, in the order of `nodes`."""
        return tuple(self._states)

    @property
    def failure(self) -> NodeFailure | None:
        """The node that explains the tree's FAILURE; None unless the latest tick ended in one."""
        why = self._root.explanation
        return NodeFailure(why.path, why.reason) if why and self._root.status is FAILURE else None

    @property
    def slowest(self) -> tuple[str, float] | None:
        """Path and time [s] of the leaf that was busy longest in the latest tick; None if none was ticked."""
        return (self._run.slowest, self._run.slowest_s) if self._run.slowest else None

    def _look(self) -> None:
        """Note what has changed, so that asking for the states costs nothing."""
        tick, now_s, states, seen = self._run.tick, self._run.now_s, self._states, self._seen
        for index, node in enumerate(self._all):
            status, before = node.status, states[index]
            ticked = node.visited == tick
            if status is seen[index]:
                if before.ticked is ticked and before.reason == node.feedback_message:
                    continue
                since_s = before.since_s
            else:
                since_s = now_s
                seen[index] = status
            states[index] = NodeState(_STATUS[status], node.feedback_message, since_s, ticked)


def build_tree(spec: TreeSpec) -> Tree:
    """Make a tree to run: fresh nodes, fresh leaves and an empty blackboard.

    Args:
        spec: What `load_tree` or `parse_tree` returned; it may be built any number of times.
    """
    run, slots = Run(), dict[Key, Slot]()
    root = _node(spec.root, 0, run, slots)
    return Tree(root, tuple(_infos(spec.root, 0, -1, [])), run)


def _node(spec: NodeSpec, depth: int, run: Run, slots: dict[Key, Slot]) -> Node:
    children = [_node(child, depth + 1, run, slots) for child in spec.children]
    if spec.leaf is not None:
        node: Node = LeafNode(spec.name, spec.leaf(**_bound(spec, slots)))
    elif spec.kind == "subtree":
        node = SubtreeNode(spec.name, children[0])
    else:
        node = _MAKERS[spec.type](spec, children)
    node.path, node.depth, node.run = spec.path, depth, run
    return node


def _bound(spec: NodeSpec, slots: dict[Key, Slot]) -> dict[str, object]:
    return {
        name: slots.setdefault(value, Slot(value.name)) if isinstance(value, Key) else value
        for name, value in spec.values.items()
    }


def _preorder(node: Node) -> Iterator[Node]:
    yield node
    for child in node.nodes:
        yield from _preorder(child)


def _infos(spec: NodeSpec, depth: int, parent: int, done: list[NodeInfo]) -> list[NodeInfo]:
    index = len(done)
    done.append(NodeInfo(spec.path, spec.type, spec.name, depth, parent, spec.kind, spec.prompt, spec.detail))
    for child in spec.children:
        _infos(child, depth + 1, index, done)
    return done
