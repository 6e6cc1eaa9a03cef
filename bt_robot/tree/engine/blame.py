"""Which leaf kept a tick busy."""

from __future__ import annotations

from bt_robot.tree.engine.leaf_node import LeafNode
from bt_robot.tree.engine.node import Run


def slowest_leaf(run: Run) -> tuple[str, float] | None:
    """Return the path of the leaf that was busy longest in the latest tick, and the time [s].

    A tick only notes when each leaf was done, one look at the clock a leaf; the rest is done here, when
    somebody asks. What a leaf needed to be halted is its own time, not that of the leaf that came next.

    Returns:
        None when no leaf was ticked or halted, or when the tree is not observed.
    """
    leaves = [node for node in run.trace if isinstance(node, LeafNode)]
    spent_s = [done_s - before_s for before_s, done_s in zip(run.stamps, run.stamps[1:], strict=False)]
    for place, _, halt_s in run.halts:
        if place - 1 < len(spent_s):
            spent_s[place - 1] -= halt_s
    busy = list(zip(leaves, spent_s, strict=False)) + [(leaf, halt_s) for _, leaf, halt_s in run.halts]
    leaf, seconds = max(busy, key=lambda item: item[1], default=(None, 0.0))
    return (leaf.path, seconds) if leaf else None
