"""Makes the nodes of a running tree from a spec, however deep and wide it is."""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final

from bt_robot.errors import InputError
from bt_robot.messages import NodeInfo
from bt_robot.tree.engine.decorators import SubtreeNode
from bt_robot.tree.engine.leaf_node import LeafNode, leaf_advances
from bt_robot.tree.engine.makers import MAKERS
from bt_robot.tree.engine.node import Node, Run
from bt_robot.tree.spec import Key, NodeSpec
from bt_robot.tree.vocabulary.slot import Slot

MAX_DEPTH: Final = 10_000
"""Levels of a tree that is built in code; a tree file may have far fewer."""

_FRAMES_PER_LEVEL: Final = 4
_FRAMES_TO_SPARE: Final = 1000


def build_nodes(root: NodeSpec, run: Run) -> tuple[list[Node], tuple[NodeInfo, ...]]:
    """Make fresh nodes, fresh leaves and an empty blackboard.

    Args:
        root: The spec.
        run: What the nodes share.

    Returns:
        The nodes from the root down, and what there is to know about each.

    Raises:
        InputError: The tree is deeper than MAX_DEPTH.
    """
    with _uncollected():
        specs, infos = _unfold(root)
        _make_room(max(info.depth for info in infos))
        nodes = _make(specs, infos, run)
        _attach(nodes, specs, infos, run)
    return nodes, tuple(infos)


def _attach(nodes: Sequence[Node], specs: Sequence[NodeSpec], infos: Sequence[NodeInfo], run: Run) -> None:
    """Tell every node who it is, from the last one up."""
    advance_of = leaf_advances(run)
    for index in range(len(nodes) - 1, -1, -1):
        node, info = nodes[index], infos[index]
        node.path, node.depth, node.index, node.given = info.path, info.depth, index, specs[index].values
        node.attach(run)
        if isinstance(node, LeafNode):
            node.hasten(advance_of(node))
        else:
            node.looks_only = all(below.looks_only for below in node.nodes)


def _unfold(root: NodeSpec) -> tuple[list[NodeSpec], list[NodeInfo]]:
    specs: list[NodeSpec] = []
    infos: list[NodeInfo] = []
    waiting = [(root, 0, -1)]
    while waiting:
        spec, depth, parent = waiting.pop()
        waiting += [(child, depth + 1, len(specs)) for child in reversed(spec.children)]
        specs.append(spec)
        infos.append(NodeInfo(spec.path, spec.type, spec.name, depth, parent, spec.kind, spec.prompt, spec.detail))
    return specs, infos


def _make(specs: Sequence[NodeSpec], infos: Sequence[NodeInfo], run: Run) -> list[Node]:
    """Make the nodes from the last one up, so that every node finds those below it."""
    below: list[list[Node]] = [[] for _ in specs]
    nodes: list[Node] = []
    for index in range(len(specs) - 1, -1, -1):
        node = _node(specs[index], below[index][::-1], run)
        nodes.append(node)
        if infos[index].parent >= 0:
            below[infos[index].parent].append(node)
    return nodes[::-1]


def _node(spec: NodeSpec, children: list[Node], run: Run) -> Node:
    values = {
        name: run.slots.setdefault(value, Slot(value.name, run)) if isinstance(value, Key) else value
        for name, value in spec.values.items()
    }
    if spec.leaf is not None:
        return LeafNode(spec.name, spec.leaf(**values))
    if spec.kind == "subtree":
        return SubtreeNode(spec.name, children[0])
    return MAKERS[spec.type](spec, values, children)


@contextmanager
def _uncollected() -> Generator[None]:
    """Put garbage collection off: all that is made stays, and looking for garbage in it takes most of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _make_room(depth: int) -> None:
    """Let Python recurse as deep as the tree is; an ordinary tree needs no more than there is anyway.

    A tick recurses from Python function to Python function, which needs none of the C stack; what stops
    it is a limit that counts calls. It is raised here and nowhere else, and only as far as needed.
    """
    if depth > MAX_DEPTH:
        raise InputError(f"the tree is {depth:,} levels deep; expected at most {MAX_DEPTH:,}")
    needed = _FRAMES_TO_SPARE + _FRAMES_PER_LEVEL * depth
    if depth > 100 and sys.getrecursionlimit() < needed:
        sys.setrecursionlimit(needed)
