"""What a tick of a tree costs: `python -m benchmarks.tick`.

Our engine beside plain py_trees composites of the same shape, in one run; leaves do nothing. Best of
several rounds. Ours includes the trace of what was ticked, reasons and exception guards.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import py_trees

from bt_robot.arm import so101
from bt_robot.messages import Observation
from bt_robot.policy.chunks.plan import Plan
from bt_robot.policy.link.silent import SilentPolicy
from bt_robot.runtime.context import Context
from bt_robot.runtime.governor import rest_at
from bt_robot.tree import Action, Outcome, Registry, build_tree, parse_tree, success

ROUNDS, TICKS = 7, 200


class Nothing(Action):
    """Succeed at once."""

    type_name = "nothing"

    def on_tick(self, ctx: object) -> Outcome:
        """Do nothing."""
        return success()


class PlainNothing(py_trees.behaviour.Behaviour):
    """The same for py_trees."""

    def update(self) -> py_trees.common.Status:
        """Do nothing."""
        return py_trees.common.Status.SUCCESS


def best_us(tick: Callable[[], object]) -> float:
    """Return the time of a tick, best of several rounds [µs]."""
    times = []
    for _ in range(ROUNDS):
        began_s = time.perf_counter()
        for _ in range(TICKS):
            tick()
        times.append((time.perf_counter() - began_s) / TICKS)
    return 1e6 * min(times)


def ours(groups: int, reactive: bool) -> Callable[[], object]:
    """Return the tick of a sequence of sequences of nine leaves, in our engine."""
    word = "reactive_sequence" if reactive else "sequence"
    lines = [f"tree: t\nroot:\n  {word}:"]
    lines += [f"    - {word}: [{', '.join(['nothing'] * 9)}]" for _ in range(groups)]
    tree = build_tree(parse_tree("\n".join(lines) + "\n", "t.yaml", Registry([Nothing])))
    context = Context(so101.LIMITS, {}, SilentPolicy(), Plan(50, 25))
    context.begin(0.0, Observation(0, 0.0, np.zeros(6)), rest_at(np.zeros(6), -1))
    return lambda: tree.tick(context)


def plain(groups: int, reactive: bool) -> Callable[[], object]:
    """Return the tick of the same shape in plain py_trees."""

    def sequence(children: list[py_trees.behaviour.Behaviour]) -> py_trees.composites.Sequence:
        return py_trees.composites.Sequence("s", memory=not reactive, children=children)

    root = sequence([sequence([PlainNothing("n") for _ in range(9)]) for _ in range(groups)])
    tree = py_trees.trees.BehaviourTree(root)
    return tree.tick


def main() -> None:
    """Print the table."""
    print("| shape | nodes | ours | py_trees | ratio |")
    print("|---|---|---|---|---|")
    for reactive in (False, True):
        for groups in (2, 10, 100):
            mine, theirs = best_us(ours(groups, reactive)), best_us(plain(groups, reactive))
            shape = "reactive sequences" if reactive else "sequences"
            print(
                f"| {shape} | {1 + 10 * groups} | {mine:.0f} µs | {theirs:.0f} µs | {theirs / mine:.1f} × |", flush=True
            )


if __name__ == "__main__":
    main()
