"""What a run costs: `python -m benchmarks.footprint`.

Start-up, memory and speed of `bt-run`, each beside the bound it has to keep. Timings are the best of
several runs, because other work on the machine only ever adds to them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

RUNS = 3
LOOK_S = 0.02
BIN = Path(sys.executable).parent


def best(measure: Callable[[], float]) -> float:
    """Return the smallest of several measurements."""
    return min(measure() for _ in range(RUNS))


def help_s() -> float:
    """Time `bt-run --help` [s]."""
    began_s = time.perf_counter()
    subprocess.run([BIN / "bt-run", "--help"], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began_s


def first_tick_s() -> float:
    """Time from the start of `bt-run` to its first tick [s]: a tree that ends in it, policy warmed up and all."""
    tree = "tree: first_tick\nprompt: pick up the red block\nroot:\n  fallback: [policy_available, query_policy]\n"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "first_tick.yaml")
        path.write_text(tree, encoding="utf-8")
        began_s = time.perf_counter()
        run = [BIN / "bt-run", path, "--fast", "--no-artifacts"]
        subprocess.run(run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        return time.perf_counter() - began_s


def peak_mb() -> float:
    """Measure the peak memory of `bt-run`, its pictures included, the stand-in server not [MB]."""
    with tempfile.TemporaryDirectory() as folder:
        run = [BIN / "bt-run", "pick_place", "--fast", "--json", "--out", folder]
        process = subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        return usage.ru_maxrss / 1024


def witness_mb() -> float:
    """Measure the peak memory of the process that records a run and shows it, while nobody looks [MB]."""
    with tempfile.TemporaryDirectory() as folder:
        run = [BIN / "bt-run", "pick_place", "--fast", "--json", "--view", "0", "--out", folder]
        peak_kb = 0
        with subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None:
                peak_kb = max(peak_kb, witness_kb(process.pid))
                time.sleep(LOOK_S)
    return peak_kb / 1024


def witness_kb(pid: int) -> int:
    """Return the peak memory until now of the witness among a process's children [kB]; 0 if there is none."""
    with suppress(OSError, IndexError):  # one of them has just ended
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in children.read_text().split():
                if "witness" in Path(f"/proc/{child}/cmdline").read_text():
                    return int(Path(f"/proc/{child}/status").read_text().partition("VmHWM:")[2].split()[0])
    return 0


def speed() -> float:
    """Measure simulated over wall time of one `--fast` episode on one core, server and rendering included."""
    run = [BIN / "bt-eval", "pick_place", "--episodes", "10", "--jobs", "1", "--json"]
    pinned = {min(os.sched_getaffinity(0))}
    done = subprocess.run(
        run, stdout=subprocess.PIPE, text=True, check=True, preexec_fn=lambda: os.sched_setaffinity(0, pinned)
    )
    return float(json.loads(done.stdout.splitlines()[-1])["speed"])


def main() -> None:
    """Print the table."""
    print("| what | measured | bound |")
    print("|---|---|---|")
    print(f"| `bt-run --help` | {best(help_s):.2f} s | 0.4 s |", flush=True)
    print(f"| `bt-run`, start to first tick and out again | {best(first_tick_s):.2f} s | 3 s |", flush=True)
    print(f"| `bt-run`, peak memory, artifacts included | {peak_mb():.0f} MB | 250 MB |", flush=True)
    print(
        f"| the process beside it that records and shows the run, peak memory | {witness_mb():.0f} MB | |", flush=True
    )
    print(f"| `--fast`, times real time on one core | {speed():.1f} × | 10 × |", flush=True)


if __name__ == "__main__":
    main()
