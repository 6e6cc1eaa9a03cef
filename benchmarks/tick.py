"""What a tick of a tree costs: `python -m benchmarks.tick [--quick]`.

Our engine beside plain py_trees classes of the same shape, in turns in the same run; leaves do nothing; best of several
rounds. The first table has two pairs of rivals:

- a tick alone: `Tree.tick` of a tree that is not observed, and `BehaviourTree.tick`;
- a tick with the trace of what was ticked: the same and `Tree.visited`, and `BehaviourTree.tick` with py_trees'
  `SnapshotVisitor`, which is its trace.

The column "all" is what a run has: every leaf timed, and `Tree.states` with every node's status, words and since when;
py_trees has no counterpart, so it stands beside the same rival as the trace.

The second table shows that the cost of a node does not depend on how wide or deep the tree is. Ends with exit code 1
when the trace column is less than 17 times as fast as its rival anywhere.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import py_trees
from py_trees.behaviour import Behaviour
from py_trees.common import ParallelPolicy
from py_trees.common import Status as Oracle

from bt_robot.arm import so101
from bt_robot.messages import Observation
from bt_robot.policy.chunks.plan import Plan
from bt_robot.policy.link.silent import SilentPolicy
from bt_robot.runtime.context import Context
from bt_robot.runtime.governor import rest_at
from bt_robot.tree import Action, NodeSpec, Outcome, Tree, TreeSpec, build_tree, running, success

GOAL = 17.0
ROUND_S = 0.003
ROUNDS = 40
BTCPP = "BehaviorTree.CPP 4.10: 83 to 237 ns a node on the same shapes (quoted from its measurement on another day)"

Tick = Callable[[], object]


SUCCESS, RUNNING = success(), running()


class Succeed(Action):
    """Succeed at once."""

    type_name = "succeed"

    def on_tick(self, ctx: object) -> Outcome:
        """Do nothing."""
        return SUCCESS


class Run(Action):
    """Never be done."""

    type_name = "run"

    def on_tick(self, ctx: object) -> Outcome:
        """Do nothing."""
        return RUNNING


class PlainSucceed(Behaviour):
    """`Succeed` for py_trees."""

    def update(self) -> Oracle:
        """Do nothing."""
        return Oracle.SUCCESS


class PlainRun(Behaviour):
    """`Run` for py_trees."""

    def update(self) -> Oracle:
        """Do nothing."""
        return Oracle.RUNNING


@dataclass(frozen=True)
class Shape:
    """A node type and what is below it, or a leaf: `succeed` or `run`."""

    type: str
    below: tuple[Shape, ...] = ()


SUCCEED, RUN = Shape("succeed"), Shape("run")


def flat(leaves: int) -> Shape:
    """Return one sequence in which all succeed."""
    return Shape("sequence", (SUCCEED,) * leaves)


def nested(leaves: int) -> Shape:
    """Return sequences of ten, of sequences of ten, ..."""
    level = [SUCCEED] * leaves
    while len(level) > 1:
        level = [Shape("sequence", tuple(level[i : i + 10])) for i in range(0, len(level), 10)]
    return level[0]


def reactive(leaves: int) -> Shape:
    """Return a reactive sequence in which all succeed but the last one, which is RUNNING."""
    return Shape("reactive_sequence", (SUCCEED,) * (leaves - 1) + (RUN,))


def parallel(leaves: int) -> Shape:
    """Return a parallel in which all are RUNNING."""
    return Shape("parallel", (RUN,) * leaves)


def chain(levels: int, types: Sequence[str] = ("sequence",)) -> Shape:
    """Return a leaf under as many nodes, of the types in turn."""
    shape = SUCCEED
    for level in range(levels):
        shape = Shape(types[level % len(types)], (shape,))
    return shape


def spec_of(shape: Shape) -> TreeSpec:
    """Return a shape as our engine takes it; without recursion, for deep ones."""
    leaves = {"succeed": Succeed, "run": Run}
    ports = {"parallel": {"success_count": "all", "failure_count": 1}}
    order, made = [shape], dict[int, NodeSpec]()
    for node in order:
        order.extend(node.below)
    for number, node in reversed(list(enumerate(order))):
        children = tuple(made[id(child)] for child in node.below)
        kind = "action" if node.type in leaves else "decorator" if node.type == "inverter" else "composite"
        leaf = leaves.get(node.type)
        made[id(node)] = NodeSpec(f"t/{number}", node.type, "n", kind, ports.get(node.type, {}), children, leaf=leaf)
    return TreeSpec("t", made[id(shape)])


def plain_of(shape: Shape) -> Behaviour:
    """Return a shape in plain py_trees classes."""
    below = [plain_of(child) for child in shape.below]
    match shape.type:
        case "succeed":
            return PlainSucceed("n")
        case "run":
            return PlainRun("n")
        case "parallel":
            return py_trees.composites.Parallel("n", ParallelPolicy.SuccessOnAll(), below)
        case _:
            return py_trees.composites.Sequence("n", shape.type == "sequence", below)


def context() -> Context:
    """Return the context of a tick at rest."""
    made = Context(so101.LIMITS, {}, SilentPolicy(), Plan(50, 25))
    made.begin(0.0, Observation(0, 0.0, np.zeros(6)), rest_at(np.zeros(6), -1))
    return made


def rivals(shape: Shape) -> dict[str, Tick]:
    """Return the ticks to compare."""
    spec, ctx = spec_of(shape), context()
    bare, followed = build_tree(spec, observed=False), build_tree(spec)
    plain, snapshot = (py_trees.trees.BehaviourTree(plain_of(shape)) for _ in range(2))
    snapshot.add_visitor(py_trees.visitors.SnapshotVisitor())
    return {
        "alone": lambda: bare.tick(ctx),
        "py_trees": plain.tick,
        "trace": lambda: (bare.tick(ctx), bare.visited),
        "snapshot": snapshot.tick,
        "all": lambda: (followed.tick(ctx), followed.states()),
    }


def best_s(ticks: dict[str, Tick], rounds: int) -> dict[str, float]:
    """Return the time of each tick [s], the best of several rounds in which all take turns."""
    for tick in ticks.values():
        tick()  # the first one starts everything
    counts = {name: max(5, round(ROUND_S / _spent_s(tick, 1))) for name, tick in ticks.items()}
    best = dict.fromkeys(ticks, float("inf"))
    for _ in range(rounds):
        for name, tick in ticks.items():
            _spent_s(tick, 2)  # the others have had the processor's cache since its last turn
            best[name] = min(best[name], _spent_s(tick, counts[name]))
    return best


def _spent_s(tick: Tick, count: int) -> float:
    began_s = time.process_time()
    for _ in range(count):
        tick()
    return (time.process_time() - began_s) / count


def size(shape: Shape) -> int:
    """Count the nodes."""
    order = [shape]
    for node in order:
        order.extend(node.below)
    return len(order)


def compare(rounds: int, sizes: Sequence[int], levels: Sequence[int]) -> float:
    """Print the first table; return the smallest ratio of the traced ticks."""
    shapes = {"one sequence, all SUCCESS": flat, "sequences of 10, nested": nested}
    shapes |= {"reactive, the last RUNNING": reactive, "parallel, all RUNNING": parallel}
    cases = [(name, count, make(count)) for name, make in shapes.items() for count in sizes]
    cases += [("chain of sequences, levels", count, chain(count)) for count in levels]
    print("ns a node:\n")
    print("| shape | leaves | tick | py_trees | | with trace | py_trees | | all | |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    smallest = float("inf")
    for name, count, shape in cases:
        gc.collect()  # what is left of the last trees would scatter the next ones over the memory
        took = best_s(rivals(shape), rounds if count <= 1000 else max(2, rounds // 3))
        ns = {word: f"{1e9 * seconds / size(shape):.0f}" for word, seconds in took.items()}
        alone, trace = took["py_trees"] / took["alone"], took["snapshot"] / took["trace"]
        everything = took["snapshot"] / took["all"]
        smallest = min(smallest, trace)
        print(
            f"| {name} | {count} | {ns['alone']} | {ns['py_trees']} | {alone:.1f} × | {ns['trace']} | {ns['snapshot']} "
            f"| {trace:.1f} × | {ns['all']} | {everything:.1f} × |",
            flush=True,
        )
    return smallest


def scale(rounds: int, sizes: Sequence[int], levels: Sequence[int]) -> None:
    """Print the second table."""
    mixed = ("sequence", "inverter", "fallback", "inverter")
    cases = [("leaves of one sequence", count, flat(count)) for count in sizes]
    cases += [("levels of sequences", count, chain(count)) for count in levels]
    cases += [("levels of inverters", count, chain(count, ["inverter"])) for count in levels]
    cases += [("levels, mixed", count, chain(count, mixed)) for count in levels]
    print("\nns a node:\n")
    print("| | | build | tick with trace | halt |")
    print("|---|---|---|---|---|")
    for name, count, shape in cases:
        gc.collect()
        spec, ctx, nodes = spec_of(shape), context(), size(shape)
        took = {"build": float("inf"), "tick": float("inf"), "halt": float("inf")}
        for _ in range(rounds):
            began_s = time.process_time()
            tree = build_tree(spec, observed=False)
            took["build"] = min(took["build"], time.process_time() - began_s)
            ticked = best_s({"tick": lambda tree=tree, ctx=ctx: (tree.tick(ctx), tree.visited)}, 5)
            took["tick"] = min(took["tick"], ticked["tick"])
            began_s = time.process_time()
            _halt(tree)
            took["halt"] = min(took["halt"], time.process_time() - began_s)
        print(
            f"| {count:,} {name} | {nodes:,} nodes | "
            + " | ".join(f"{1e9 * seconds / nodes:.0f}" for seconds in took.values())
            + " |",
            flush=True,
        )


def _halt(tree: Tree) -> None:
    tree.root.stop(Oracle.INVALID)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both tables and what was to be reached; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small trees and few rounds, to see that it works")
    quick = parser.parse_args(arguments).quick
    rounds = 2 if quick else ROUNDS
    smallest = compare(rounds, (10, 100) if quick else (10, 100, 1000, 10_000), (10, 100) if quick else (10, 100, 1000))
    scale(rounds if quick else 3, (1000,) if quick else (1000, 10_000, 100_000), (10, 100, 1000))
    print(f"\nWith trace: at least {smallest:.1f} times as fast as py_trees (goal: {GOAL:g} times).")
    print(BTCPP + ".")
    return 0 if quick or smallest >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
