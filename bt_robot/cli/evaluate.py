"""`bt-eval`: run a tree many times in simulation and say how often it succeeds."""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bt_robot.cli.arguments import (
    EXIT_CODES,
    EXIT_FAILURE,
    EXIT_SUCCESS,
    Parser,
    add_config_flags,
    add_confirm_flag,
    add_output_flags,
    count,
    positive,
    run_command,
    say,
    seed,
)
from bt_robot.errors import StartRefused, UsageError

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

    from bt_robot.cli.episode import Episode
    from bt_robot.cli.session import Job
    from bt_robot.cli.settings import RunSettings

_EPILOG = f"""\
An episode succeeds when the tree ends with SUCCESS and, in simulation, what the
tree file `expects` is really so.

examples:
  bt-eval trees/pick_place.yaml --episodes 100 --latency-ms 300
  bt-eval trees/sort_blocks.yaml --episodes 20 --seed 100 --json

{EXIT_CODES};
            here 0 means that no episode failed"""


def _parser() -> Parser:
    parser = Parser(prog="bt-eval", description="Run a tree many times and report the success rate.", epilog=_EPILOG)
    parser.add_argument("tree", metavar="TREE", help="a tree file, or the name of a built-in one")
    parser.add_argument("--episodes", type=count, default=20, metavar="N", help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=seed, default=0, metavar="S", help="of the first; they count up")
    parser.add_argument("--latency-ms", type=float, metavar="L", help="simulated policy latency [ms]")
    parser.add_argument("--jobs", type=count, metavar="J", help="at a time (one a core; one robot of real time)")
    parser.add_argument("--max-time", type=positive, default=300.0, metavar="SECONDS", help="per episode (%(default)s)")
    add_config_flags(parser)
    add_confirm_flag(parser)
    add_output_flags(parser)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Evaluate a tree; return the exit code."""
    return run_command(_run, _parser(), argv)


def wilson(successes: int, total: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the Wilson score interval of a success rate, 95 % by default (Wilson, 1927)."""
    share = successes / total
    middle = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def _run(arguments: argparse.Namespace) -> int:
    from bt_robot.cli.preflight import preflight
    from bt_robot.cli.robots import make_robot
    from bt_robot.cli.session import Job
    from bt_robot.cli.settings import load_settings
    from bt_robot.cli.task import load_task, policy_server

    spec = load_task(arguments.tree)
    assignments = list(arguments.assignments)
    if arguments.latency_ms is not None:
        assignments.append(f"policy.simulated_latency_s={arguments.latency_ms / 1e3:g}")
    settings = load_settings(arguments.config, assignments)
    if settings.real_time and arguments.latency_ms is not None:
        raise UsageError(f"--latency-ms is for simulated time, and the robot of {arguments.config} moves in real time")
    first = Job(settings, spec, (), arguments.seed, confirm=arguments.confirm)
    preflight(settings, spec, make_robot(settings, first.seed), people=arguments.confirm != "ask")
    began_s, fast = time.monotonic(), not settings.real_time
    with ExitStack() as stack:
        servers = min(arguments.jobs or _most_jobs(settings), arguments.episodes)
        urls = [stack.enter_context(policy_server(settings, spec)) for _ in range(servers)]
        jobs = [
            replace(first, urls=urls[i % servers], seed=first.seed + i, fast=fast, max_time_s=arguments.max_time)
            for i in range(arguments.episodes)
        ]
        episodes = sorted(_episodes(jobs, servers), key=lambda episode: episode.seed)
    if all(episode.refused for episode in episodes):
        raise StartRefused(episodes[0].reason)
    result = summarise(spec.name, episodes, time.monotonic() - began_s)
    say((json.dumps(result) if arguments.json else describe(result)) + "\n")
    return EXIT_SUCCESS if result["successes"] == result["episodes"] else EXIT_FAILURE


def _most_jobs(settings: RunSettings) -> int:
    """Return how many episodes to run at a time: what moves by the wall clock wants the machine for itself."""
    return 1 if settings.real_time else os.cpu_count() or 1


def _episodes(jobs: Sequence[Job], workers: int) -> Iterator[Episode]:
    """Run the jobs in a pool of processes, with a progress bar on stderr."""
    from concurrent.futures import as_completed
    from concurrent.futures.process import BrokenProcessPool

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from bt_robot.cli.episode import Episode, run_episode

    console = Console(stderr=True)
    columns = (
        TextColumn("episodes"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[failed]} failed"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress, _pool(workers) as pool:
        bar = progress.add_task("", total=len(jobs), failed=0)
        futures = {pool.submit(run_episode, job): job for job in jobs}
        failed = 0
        for future in as_completed(futures):
            try:
                episode = future.result()
            except BrokenProcessPool:
                episode = Episode(futures[future].seed, False, "a process of the evaluation died")
            failed += not episode.success
            progress.update(bar, advance=1, failed=failed)
            yield episode


@contextmanager
def _pool(workers: int) -> Generator[ProcessPoolExecutor]:
    """Give a pool of processes that ends with what is done in it, and does not finish its work after an interrupt."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    from bt_robot.cli.episode import belong_to_the_parent

    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=belong_to_the_parent)
    try:
        yield pool
    except BaseException:
        for worker in multiprocessing.active_children():
            worker.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def summarise(tree: str, episodes: Sequence[Episode], wall_s: float) -> dict[str, Any]:
    """Return the evaluation as a JSON object, as docs/summary.md describes it."""
    from bt_robot.cli.numbers import as_json
    from bt_robot.telemetry.skills import SkillSamples

    numbers = as_json(SkillSamples.merged(episode.samples for episode in episodes).numbers)
    del numbers["visits"], numbers["duration_s"]  # said per episode
    paths = dict.fromkeys(path for episode in episodes for path in episode.skills)
    skills = {path: SkillSamples.merged(e.skills[path] for e in episodes if path in e.skills) for path in paths}
    successes = [episode for episode in episodes if episode.success]
    low, high = wilson(len(successes), len(episodes))
    times_s = sorted(episode.duration_s for episode in successes)
    simulated_s = sum(episode.duration_s for episode in episodes)
    return {
        "tree": tree,
        "episodes": len(episodes),
        "successes": len(successes),
        "success_rate": len(successes) / len(episodes),
        "ci95": [round(low, 4), round(high, 4)],
        "violations": sum(episode.violations for episode in episodes),
        "duration_s": {
            "mean": round(sum(times_s) / len(times_s), 3) if times_s else None,
            "max": round(times_s[-1], 3) if times_s else None,
        },
        **numbers,
        "clamped": numbers["governor"]["clamped"],
        "skills": {path: as_json(samples.numbers) for path, samples in skills.items()},
        "wall_s": round(wall_s, 3),
        "speed": round(simulated_s / max(sum(episode.wall_s for episode in episodes), 1e-9), 2),
        "failures": [
            {"seed": e.seed, "reason": e.reason, "failed_path": e.failed_path} for e in episodes if not e.success
        ],
    }


def describe(result: dict[str, Any]) -> str:
    """Return an evaluation as a few lines for a person."""
    from bt_robot.telemetry.counted import counted

    low, high = result["ci95"]
    lines = [
        f"{result['tree']}: {result['successes']} of {result['episodes']} succeeded"
        f" ({100 * result['success_rate']:.1f} %, 95 % interval {100 * low:.1f} … {100 * high:.1f} %)",
        f"  {counted(result['violations'], 'command')} outside a limit,"
        f" {counted(result['stall_ticks'], 'tick')} stalled, {result['hold_ticks']} held, {result['clamped']} clamped",
        *_policy_lines(result),
    ]
    if result["successes"]:
        times = result["duration_s"]
        speed = f"{result['speed']:g} times real time per job"
        lines.append(f"  {times['mean']:.1f} s on average, {times['max']:.1f} s at most; {speed}")
    for failure in result["failures"][:10]:
        where = f"{failure['failed_path']}: " if failure["failed_path"] else ""
        lines.append(f"  seed {failure['seed']}: {where}{failure['reason']}")
    if len(result["failures"]) > 10:
        lines.append(f"  … and {len(result['failures']) - 10} more; --json lists all")
    return "\n".join(lines)


def _policy_lines(result: dict[str, Any]) -> list[str]:
    """Return how smoothly the policy was followed; nothing where no policy was asked."""
    from bt_robot.cli.numbers import chunk_counts, degrees, milliseconds

    latency, seam = result["latency"], result["seam"]
    if latency["p95_s"] is None:
        return []
    disagreement, jerk = degrees(result["disagreement"]["rms_rad"]), result["jerk"]["commanded_rad_s3"]
    return [
        f"  chunks {chunk_counts(result['chunks'])}; latency p95 {milliseconds(latency['p95_s'])},"
        f" seam p95 {degrees(seam['before_p95_rad'])} → {degrees(seam['after_p95_rad'])},"
        f" disagreement {disagreement}, jerk {'–' if jerk is None else f'{jerk:.1f} rad/s³'},"
        f" governor {100 * result['governor']['share']:.1f} %"
    ]
