"""The words that say why a node failed: its own, or those of a node below it."""

from __future__ import annotations

from collections.abc import Sequence

from bt_robot.messages import NodeInfo, NodeState


def words_of(nodes: Sequence[NodeInfo], states: Sequence[NodeState], i: int) -> str:
    """Return a node's last words, and name and words of the node below that explains its failure."""
    own, cause = states[i].reason, states[i].cause
    if cause is None or (own and states[cause].reason in own):
        return own
    below = f"{nodes[cause].name}: {states[cause].reason}"
    return f"{own}; {below}" if own else below
