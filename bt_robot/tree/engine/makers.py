"""What runs each node type of the language."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from bt_robot.tree.engine.answers import ReportStatusNode, RunningIsFailureNode, RunningIsSuccessNode
from bt_robot.tree.engine.branches import IfThenElseNode, SwitchNode, TryCatchNode, WhileDoElseNode
from bt_robot.tree.engine.composites import FallbackNode, SequenceNode
from bt_robot.tree.engine.counting import ParallelAllNode, ParallelNode, QuorumNode
from bt_robot.tree.engine.decorators import (
    ForceFailureNode,
    ForceSuccessNode,
    InverterNode,
    RepeatNode,
    RetryNode,
    TimeoutNode,
)
from bt_robot.tree.engine.evidence import SteadyNode, VotesNode
from bt_robot.tree.engine.loops import ForEachNode, KeepRunningNode, WaitUntilNode
from bt_robot.tree.engine.node import Node
from bt_robot.tree.engine.pacing import CooldownNode, DelayNode, RateLimitNode, RunOnceNode
from bt_robot.tree.engine.stepping import AsyncFallbackNode, AsyncSequenceNode, SequenceWithMemoryNode
from bt_robot.tree.spec import NodeSpec

Maker = Callable[[NodeSpec, Mapping[str, Any], Sequence[Node]], Node]
"""Makes a node of a spec, its values with a Slot for each key, and the nodes below it."""

MAKERS: Final[Mapping[str, Maker]] = {
    "sequence": lambda spec, _, nodes: SequenceNode(spec.name, memory=True, children=nodes),
    "reactive_sequence": lambda spec, _, nodes: SequenceNode(spec.name, memory=False, children=nodes),
    "sequence_with_memory": lambda spec, _, nodes: SequenceWithMemoryNode(spec.name, nodes),
    "async_sequence": lambda spec, _, nodes: AsyncSequenceNode(spec.name, nodes),
    "fallback": lambda spec, _, nodes: FallbackNode(spec.name, memory=True, children=nodes),
    "reactive_fallback": lambda spec, _, nodes: FallbackNode(spec.name, memory=False, children=nodes),
    "async_fallback": lambda spec, _, nodes: AsyncFallbackNode(spec.name, nodes),
    "parallel": lambda spec, values, nodes: ParallelNode(
        spec.name, _count(values["success_count"], nodes), _count(values["failure_count"], nodes), nodes
    ),
    "parallel_all": lambda spec, values, nodes: ParallelAllNode(
        spec.name, _count(values["max_failures"], nodes), nodes
    ),
    "quorum": lambda spec, values, nodes: QuorumNode(spec.name, values["at_least"], nodes),
    "if_then_else": lambda spec, _, nodes: IfThenElseNode(spec.name, nodes),
    "while_do_else": lambda spec, _, nodes: WhileDoElseNode(spec.name, nodes),
    "switch": lambda spec, values, nodes: SwitchNode(spec.name, values["value"], spec.cases, nodes),
    "try_catch": lambda spec, _, nodes: TryCatchNode(spec.name, nodes),
    "inverter": lambda spec, _, nodes: InverterNode(spec.name, nodes[0]),
    "retry": lambda spec, values, nodes: RetryNode(spec.name, nodes[0], _times(values["attempts"])),
    "repeat": lambda spec, values, nodes: RepeatNode(spec.name, nodes[0], _times(values["times"])),
    "for_each": lambda spec, values, nodes: ForEachNode(spec.name, nodes[0], values["items"], values["item"]),
    "timeout": lambda spec, values, nodes: TimeoutNode(spec.name, nodes[0], values["duration_s"]),
    "delay": lambda spec, values, nodes: DelayNode(spec.name, nodes[0], values["duration_s"]),
    "rate_limit": lambda spec, values, nodes: RateLimitNode(spec.name, nodes[0], values["period_s"]),
    "cooldown": lambda spec, values, nodes: CooldownNode(spec.name, nodes[0], values["duration_s"], values["after"]),
    "run_once": lambda spec, values, nodes: RunOnceNode(spec.name, nodes[0], values["until"]),
    "keep_running_until_failure": lambda spec, _, nodes: KeepRunningNode(spec.name, nodes[0]),
    "wait_until": lambda spec, _, nodes: WaitUntilNode(spec.name, nodes[0]),
    "guard": lambda spec, _, nodes: WhileDoElseNode(spec.name, nodes),
    "steady": lambda spec, values, nodes: SteadyNode(
        spec.name, nodes[0], values["for_s"], values["release_s"], values["max_gap_s"]
    ),
    "votes": lambda spec, values, nodes: VotesNode(
        spec.name, nodes[0], values["at_least"], values["of"], values["max_gap_s"]
    ),
    "force_success": lambda spec, _, nodes: ForceSuccessNode(spec.name, nodes[0]),
    "force_failure": lambda spec, _, nodes: ForceFailureNode(spec.name, nodes[0]),
    "running_is_success": lambda spec, _, nodes: RunningIsSuccessNode(spec.name, nodes[0]),
    "running_is_failure": lambda spec, _, nodes: RunningIsFailureNode(spec.name, nodes[0]),
    "report_status": lambda spec, values, nodes: ReportStatusNode(spec.name, nodes[0], values["status"]),
}
"""By the word for the type."""


def _count(value: Any, nodes: Sequence[Node]) -> int:
    return len(nodes) if value == "all" else value


def _times(value: Any) -> Any:
    return math.inf if value == "forever" else value
