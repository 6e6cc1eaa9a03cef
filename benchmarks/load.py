"""What loading a tree costs: `python -m benchmarks.load`.

Generated trees of observing leaves are loaded from text, best of several rounds: flat ones with all leaves side by
side, and nested ones with branches of 45 sequences inside each other. The last column compares a node's cost with that
in the 100-node tree of the same shape. A tree of 20 000 nodes is refused; its time per node is that per node written.
"""

from __future__ import annotations

import gc
import time

from bt_robot.errors import LoadError
from bt_robot.nodes import standard_registry
from bt_robot.tree import parse_tree

ROUNDS = 5
SIZES = (100, 1_000, 4_000, 9_000, 20_000)
_LEVELS = 45


def flat(count: int) -> str:
    """Return a tree of `count` nodes: a sequence of leaves."""
    return "tree: t\nroot:\n  sequence:\n" + "    - observe\n" * (count - 1)


def nested(count: int) -> str:
    """Return a tree of `count` nodes: branches in which every sequence holds a leaf and the next sequence."""
    lines, left = ["tree: t\nroot:\n  sequence:"], count - 1
    while left > 1:
        levels = min(_LEVELS, left // 2)
        lines.append("    - " + "{sequence: [observe, " * (levels - 1) + "{sequence: [observe]}" + "]}" * (levels - 1))
        left -= 2 * levels
    return "\n".join([*lines, *["    - observe"] * left]) + "\n"


def best_s(text: str) -> tuple[float, str]:
    """Return the time to load a tree or to refuse it, best of several rounds [s], and the refusal."""
    registry = standard_registry()
    times, refusal = list[float](), ""
    for _ in range(ROUNDS):
        gc.collect()
        began_s = time.perf_counter()
        try:
            parse_tree(text, "t.yaml", registry)
        except LoadError as error:
            refusal = error.problems[0].message
        times.append(time.perf_counter() - began_s)
    return min(times), refusal


def main() -> None:
    """Print the table."""
    print("| shape | nodes | load time | per node | per node, against 100 nodes |")
    print("|---|---|---|---|---|")
    for shape in (flat, nested):
        small_s = 0.0
        for count in SIZES:
            time_s, refusal = best_s(shape(count))
            per_node_s = time_s / count
            small_s = small_s or per_node_s
            nodes = f"{count} (refused: {refusal})" if refusal else f"{count}"
            print(
                f"| {shape.__name__} | {nodes} | {1e3 * time_s:.1f} ms | {1e6 * per_node_s:.1f} µs "
                f"| {per_node_s / small_s:.2f} × |",
                flush=True,
            )


if __name__ == "__main__":
    main()
