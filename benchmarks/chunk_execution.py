"""What each execution strategy does to the arm: `python -m benchmarks.chunk_execution [--episodes N] [--plot FILE]`.

Every strategy in the physics simulation, over a real websocket to a stand-in server whose answers wander by a degree
as a sampled policy's do: the same episodes at 0, 100, 300 and 600 ms and with jitter. The policy plans 50 actions at
30 Hz, the arm is commanded at 60 Hz. `sync` executes 25 actions of a chunk, the others ask again after 10.

Jerk is told twice: of the motion that the strategy asks for, and of the arm behind the governor that all of them share.
Prints a Markdown table and the targets; ends with exit code 1 if one is missed.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bt_robot.standin.process import StandinProcess

BIN, DATA = Path(sys.executable).parent, Path(__file__).parent / "data"
STRATEGIES = ("sync", "latest", "blend", "align", "rtc")
LATENCIES_MS = ((0, 0), (100, 0), (300, 0), (600, 0), (100, 300))  # at least, and up to so much more
SPREAD_DEG, CONTROL_HZ = 1.0, 60


@dataclass(frozen=True, slots=True)
class Cell:
    """A strategy at a latency.

    Attributes:
        strategy: Its name.
        latency_ms: The least, and up to how much more [ms].
        success: Share of the episodes, 0 … 1.
        time_s: Mean time of the episodes that succeeded [s].
        stall_share: Share of the time in which the arm waited for actions after the first ones.
        seam_rad: 95th percentile of the jump at a seam, before and after the strategy [rad].
        disagreement_rad: Root mean square difference of consecutive plans [rad]; None where they never overlap.
        asked_jerk: Jerk of what was asked for [rad/s³].
        arm_jerk: Jerk of the measured joints [rad/s³].
    """

    strategy: str
    latency_ms: tuple[int, int]
    success: float
    time_s: float
    stall_share: float
    seam_rad: tuple[float, float]
    disagreement_rad: float | None
    asked_jerk: float
    arm_jerk: float

    @property
    def latency(self) -> str:
        """The latency in words."""
        least, more = self.latency_ms
        return f"{least} … {least + more} ms" if more else f"{least} ms"


def measure(strategy: str, latency_ms: tuple[int, int], episodes: int, url: str) -> Cell:
    """Run the episodes of a cell with `bt-eval`."""
    profile = DATA / ("wait.yaml" if strategy == "sync" else "ahead.yaml")
    sets = {
        "policy.url": url,
        "policy.profile": profile,
        "policy.execution.strategy": strategy,
        "policy.simulated_latency_s": latency_ms[0] / 1000.0,
        "policy.simulated_jitter_s": latency_ms[1] / 1000.0,
        "control_hz": CONTROL_HZ,
    }
    command = [BIN / "bt-eval", DATA / "two_blocks.yaml", "--json", "--episodes", str(episodes), "--jobs", "2"]
    for key, value in sets.items():
        command += ["--set", f"{key}={value}"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return _cell(strategy, latency_ms, json.loads(done.stdout.splitlines()[-1]))


def _cell(strategy: str, latency_ms: tuple[int, int], result: dict[str, Any]) -> Cell:
    seam = result["seam"]
    asking = [result["skills"][f"two_blocks/{name}"] for name in ("red", "green")]
    return Cell(
        strategy,
        latency_ms,
        result["success_rate"],
        result["duration_s"]["mean"] or float("nan"),
        result["stall_share"],
        (seam["before_p95_rad"], seam["after_p95_rad"]),
        result["disagreement"]["rms_rad"],
        _rms("asked_rad_s3", asking),
        _rms("measured_rad_s3", asking),
    )


def _rms(key: str, skills: Sequence[dict[str, Any]]) -> float:
    """Return a jerk over several skills."""
    ticks = sum(skill["ticks"] for skill in skills)
    return math.sqrt(sum(skill["ticks"] * skill["jerk"][key] ** 2 for skill in skills) / ticks)


def table(cells: Sequence[Cell]) -> list[str]:
    """Return the cells as a Markdown table."""
    lines = [
        "| latency | strategy | succeeded | time | stalled | seam p95, before → after | disagreement | jerk asked for"
        " | jerk of the arm |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for cell in cells:
        before, after = (57.2958 * jump for jump in cell.seam_rad)
        rms = "–" if cell.disagreement_rad is None else f"{57.2958 * cell.disagreement_rad:.1f}°"
        lines.append(
            f"| {cell.latency} | {cell.strategy} | {100 * cell.success:.0f} % | {cell.time_s:.2f} s"
            f" | {100 * cell.stall_share:.1f} % | {before:.1f}° → {after:.1f}°"
            f" | {rms} | {cell.asked_jerk:.0f} rad/s³ | {cell.arm_jerk:.0f} rad/s³ |"
        )
    return lines


def targets(cells: Sequence[Cell]) -> list[tuple[str, bool]]:
    """Return what `align` has to reach at 300 ms, and whether it does."""
    at = {cell.strategy: cell for cell in cells if cell.latency_ms == (300, 0)}
    align, sync, blend = at["align"], at["sync"], at["blend"]
    time, asked, arm = align.time_s / sync.time_s, align.asked_jerk / blend.asked_jerk, align.arm_jerk / blend.arm_jerk
    best = max(cell.success for cell in at.values())
    return [
        (f"align takes {time:.2f} × the time of sync (at most 0.75)", time <= 0.75),
        (f"align asks for {asked:.2f} × the jerk of blend (at most 0.25); the arm's is {arm:.2f} ×", asked <= 0.25),
        (
            f"align succeeds in {100 * align.success:.0f} % (no other in more: {100 * best:.0f} %)",
            align.success >= best,
        ),
        (f"align stalls {100 * align.stall_share:.1f} % of the time (0)", align.stall_share == 0.0),
    ]


def plot(cells: Sequence[Cell], path: Path) -> None:
    """Draw time, jerk and success over the latency."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    colours = dict(zip(STRATEGIES, ("#999999", "#e69f00", "#cc79a7", "#0072b2", "#009e73"), strict=True))
    marks = dict(zip(STRATEGIES, "sv^oD", strict=True))
    figure = Figure(figsize=(11, 3.4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    shown: dict[str, Any] = {
        "time of the task [s]": lambda cell: cell.time_s,
        "jerk asked for [rad/s³]": lambda cell: cell.asked_jerk,
        "jerk of the arm [rad/s³]": lambda cell: cell.arm_jerk,
        "succeeded [%]": lambda cell: 100 * cell.success,
    }
    names = list(dict.fromkeys(cell.latency for cell in cells))
    for axis, (title, value) in zip(figure.subplots(1, len(shown)), shown.items(), strict=True):
        for strategy in STRATEGIES:
            own = [cell for cell in cells if cell.strategy == strategy]
            places = [names.index(cell.latency) for cell in own]
            values = [value(cell) for cell in own]
            axis.plot(places, values, color=colours[strategy], marker=marks[strategy], ms=5, lw=1.4, label=strategy)
        axis.set_title(title, fontsize=9)
        axis.set_xticks(range(len(names)), names, fontsize=7, rotation=25)
        axis.tick_params(axis="y", labelsize=7)
        if title.startswith("jerk asked"):
            axis.set_yscale("log")
        axis.set_ylim(bottom=None if title.startswith("jerk asked") else 0)
    figure.axes[0].legend(fontsize=7)
    figure.savefig(path)


def main() -> None:
    """Print the table and the targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=30)
    parser.add_argument("--latency", type=int, metavar="MS", help="only this latency")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="also draw it")
    arguments = parser.parse_args()
    cells: list[Cell] = []
    with ExitStack() as stack:
        server = stack.enter_context(StandinProcess(spread_deg=SPREAD_DEG))
        for latency_ms in [cell for cell in LATENCIES_MS if arguments.latency in (None, cell[0] * (not cell[1]))]:
            for strategy in STRATEGIES:
                cells.append(measure(strategy, latency_ms, arguments.episodes, server.url))
                sys.stderr.write(f"{cells[-1].latency} {strategy}: done\n")
    print("\n".join(table(cells)))
    print()
    reached = targets(cells)
    for words, good in reached:
        print(f"- {'✓' if good else '✗'} {words}")
    if arguments.plot:
        plot(cells, arguments.plot)
    sys.exit(0 if all(good for _, good in reached) else 1)


if __name__ == "__main__":
    main()
