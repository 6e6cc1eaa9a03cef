"""What loading a tree costs, and refusing one: `python -m benchmarks.load`.

Generated trees of observing leaves are loaded from text, best of several rounds: flat ones with all leaves side by
side, and nested ones with branches of 45 sequences inside each other. The last column compares a node's cost with that
in the 100-node tree of the same shape. A tree of 20 000 nodes is refused; its time per node is that per node written.

All times are CPU time, which is what a load takes on a machine that has nothing else to do.

Then come the files of `hostile_files`, of up to 1 MB each, read from disk and refused, best of several rounds; the last
column is the memory that a process of its own took for one of them, above what it has before.
"""

from __future__ import annotations

import contextlib
import gc
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.hostile_files import HOSTILE
from bt_robot.errors import LoadError
from bt_robot.nodes import standard_registry
from bt_robot.tree import load_tree, parse_tree

ROUNDS = 5
LOADED_WITHIN_S = 0.3
"""For a tree of 1000 nodes."""
REFUSED_WITHIN_S = 1.0
"""For a hostile file of 1 MB."""
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
    """Return the CPU time to load a tree or to refuse it, best of several rounds [s], and the refusal."""
    registry = standard_registry()
    times, refusal = list[float](), ""
    for _ in range(ROUNDS):
        gc.collect()
        began_s = time.process_time()
        try:
            parse_tree(text, "t.yaml", registry)
        except LoadError as error:
            refusal = error.problems[0].message
        times.append(time.process_time() - began_s)
    return min(times), refusal


def refusal_s(path: Path) -> float:
    """Return the CPU time until a file is refused, best of several rounds [s]."""
    registry, times = standard_registry(), list[float]()
    for _ in range(ROUNDS):
        gc.collect()
        began_s = time.process_time()
        with contextlib.suppress(LoadError):
            load_tree(path, registry)
        times.append(time.process_time() - began_s)
    return min(times)


def growth_mb(path: Path) -> float:
    """Return by how much the largest size of a new process grows when it loads a file [MB]."""
    child = [sys.executable, "-c", _GROWTH, str(path)]
    return float(subprocess.run(child, capture_output=True, text=True, check=True).stdout)


_GROWTH = """
import contextlib, sys
from pathlib import Path
from bt_robot.errors import LoadError
from bt_robot.nodes import standard_registry
from bt_robot.tree import load_tree
def peak_kb():  # ru_maxrss would be that of the parent
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
registry, before = standard_registry(), peak_kb()
with contextlib.suppress(LoadError):
    load_tree(Path(sys.argv[1]), registry)
print((peak_kb() - before) / 1024)
"""


def print_refusals() -> bool:
    """Print what it costs to refuse hostile files; return whether each is refused in time."""
    print("\n| hostile file | size | refused after (CPU time) | memory |")
    print("|---|---|---|---|")
    slowest_s = largest_mb = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hostile.yaml"
        for name, (data, _) in HOSTILE.items():
            path.write_bytes(data)
            time_s, grown_mb = refusal_s(path), growth_mb(path)
            slowest_s, largest_mb = max(slowest_s, time_s), max(largest_mb, grown_mb)
            print(f"| {name} | {len(data) / 1000:.0f} kB | {1e3 * time_s:.0f} ms | {grown_mb:.0f} MB |", flush=True)
    print(
        f"\nthe slowest refusal: {slowest_s:.2f} s (bound: {REFUSED_WITHIN_S} s); the most memory: {largest_mb:.0f} MB"
    )
    return slowest_s <= REFUSED_WITHIN_S


def main() -> int:
    """Print the tables; return the exit code, 1 where a bound is missed."""
    print("| shape | nodes | CPU time | per node | per node, against 100 nodes |")
    print("|---|---|---|---|---|")
    thousand_s = 0.0
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
            if count == 1_000:
                thousand_s = max(thousand_s, time_s)
    print(f"\na tree of 1000 nodes: {thousand_s:.3f} s at most (bound: {LOADED_WITHIN_S} s)")
    in_time = print_refusals()
    return 0 if in_time and thousand_s <= LOADED_WITHIN_S else 1


if __name__ == "__main__":
    sys.exit(main())
