"""The words that say why a node failed: its own, or those of a node below it."""

from __future__ import annotations

from collections.abc import Sequence

from bt_robot.messages import NodeInfo, NodeState


def words_of(nodes: Sequence[NodeInfo], states: Sequence[NodeState], i: int) -> str:
    """Return a node's last words; where it has none, name and words of the node below that explains its failure."""
    state = states[i]
    if state.reason or state.cause is None:
        return state.reason
    return f"{nodes[state.cause].name}: {states[state.cause].reason}"
