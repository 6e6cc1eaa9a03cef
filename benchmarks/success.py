"""How often the example trees succeed: `python -m benchmarks.success [--episodes N] [--jobs J]`.

Prints a Markdown table: success rate with its 95 % Wilson interval, time, stalls, and commands
outside a limit as found by the independent reader of the recorded commands.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
CASES = (("pick_place", 0), ("pick_place", 100), ("pick_place", 300), ("sort_blocks", 100))


def evaluate(tree: str, latency_ms: int, episodes: int, jobs: int) -> dict[str, Any]:
    """Run `bt-eval` and return its JSON object."""
    command = [BIN / "bt-eval", tree, "--json", "--latency-ms", str(latency_ms)]
    command += ["--episodes", str(episodes), "--jobs", str(jobs)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    print("| tree | latency | succeeded | 95 % interval | mean / max time | stalled ticks | violations |")
    print("|---|---|---|---|---|---|---|")
    for tree, latency_ms in CASES:
        result = evaluate(tree, latency_ms, arguments.episodes, arguments.jobs)
        low, high = (f"{100 * bound:.1f}" for bound in result["ci95"])
        times = result["duration_s"]
        print(
            f"| {tree} | {latency_ms} ms | {result['successes']} of {result['episodes']} | {low} … {high} %"
            f" | {times['mean']:.1f} / {times['max']:.1f} s | {result['stall_ticks']} | {result['violations']} |",
            flush=True,
        )
        for failure in result["failures"]:
            print(f"<!-- {tree} {latency_ms} ms: {failure} -->", flush=True)


if __name__ == "__main__":
    main()
