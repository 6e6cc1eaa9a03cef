"""What a run leaves behind: the summary for people and programs, and the folder of pictures."""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from bt_robot.cli.session import Session
from bt_robot.messages import NodeState
from bt_robot.runtime.loop import Ending
from bt_robot.telemetry.recording import Recording
from bt_robot.telemetry.tally import RunNumbers

logger = logging.getLogger(__name__)


def summary(
    session: Session, ending: Ending, numbers: RunNumbers, wall_s: float, unmet: Sequence[str] | None
) -> dict[str, Any]:
    """Return a run as a JSON object; times in seconds."""
    status = "INTERRUPTED" if ending.interrupted else str(ending.status)
    link = asdict(numbers.link)
    return {
        "tree": session.job.spec.name,
        "status": status,
        "reason": ending.reason,
        "failed_path": ending.failed_path,
        "expected": None if unmet is None else {"met": not unmet, "unmet": list(unmet)},
        "seed": session.job.seed,
        "ticks": numbers.ticks,
        "duration_s": round(numbers.duration_s, 6),
        "wall_s": round(wall_s, 3),
        "chunks": numbers.chunks,
        "stall_ticks": numbers.stall_ticks,
        "hold_ticks": numbers.hold_ticks,
        "overruns": numbers.overruns,
        "governor": {"clamped": numbers.clamped, "refused": numbers.refused, "clamps": dict(numbers.clamps)},
        "policy": {
            "url": session.job.urls[0] if session.job.urls else "",
            **{key: link[key] for key in ("requests", "replies", "errors", "reconnects", "dropped")},
            "latency": {key: _rounded(value) for key, value in asdict(numbers.latency).items()},
        },
        "commands_sha256": numbers.commands_sha256,
        "artifacts": None,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def describe(result: dict[str, Any]) -> str:
    """Return a summary as a few lines for a person."""
    policy, governor, latency = result["policy"], result["governor"], result["policy"]["latency"]
    p50, p95 = (("–" if latency[k] is None else f"{1e3 * latency[k]:.0f} ms") for k in ("p50_s", "p95_s"))
    lines = [f"{result['status']}  {result['tree']}  in {result['duration_s']:.1f} s ({result['ticks']} ticks)"]
    if result["reason"]:
        where = f"{result['failed_path']}: " if result["failed_path"] else ""
        lines.append(f"  why       {where}{result['reason']}")
    if result["expected"] is not None:
        lines.append(f"  expected  {'; '.join(result['expected']['unmet']) or 'everything is where it belongs'}")
    errors = f", {policy['errors']} failed" if policy["errors"] else ""
    again = f", {policy['reconnects']} reconnects" if policy["reconnects"] else ""
    lines += [
        f"  policy    {result['chunks']} chunks from {policy['requests']} requests{errors},"
        f" latency p50 {p50}, p95 {p95}{again}",
        f"  arm       {result['hold_ticks']} ticks held, {result['stall_ticks']} stalled,"
        f" {governor['clamped']} clamped, {governor['refused']} refused, {result['overruns']} overruns",
    ]
    if result["artifacts"]:
        lines.append(f"  look      {result['artifacts']}")
    return "\n".join(lines)


def new_folder(parent: Path, tree: str) -> Path | None:
    """Make the folder of a run; warn and return None if it can't be made.

    Args:
        parent: The folder of all runs.
        tree: The tree's name.
    """
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    try:
        return _new_folder(parent, f"{stamp}-{tree}")
    except OSError as error:
        logger.warning("no pictures of this run: no folder in %s can be made (%s)", parent, error.strerror or error)
        return None


def write_summary(result: dict[str, Any], folder: Path) -> None:
    """Write the summary into a run's folder, or warn."""
    _written(folder / "summary.json", lambda path: _write_text(path, json.dumps(result, indent=2) + "\n"))


def write_pictures(
    result: dict[str, Any], session: Session, recording: Recording, states: Sequence[NodeState], folder: Path
) -> None:
    """Write everything else into a run's folder; what can't be written is warned about and left out."""
    if recording.forgotten:
        logger.warning("a long run: its first %d ticks are not in the pictures and ticks.csv", recording.forgotten)
    writers: dict[str, Callable[[Path], None]] = {
        "ticks.csv": lambda path: _write_ticks(recording, session.plans.limits.names, path),
        "tree.svg": lambda path: _write_tree(session, states, result, path),
        "film.png": lambda path: _write_film(recording, path),
        "joints.png": lambda path: _plot_joints(recording, session, result, path),
        "latency.png": lambda path: _plot_latency(recording, path),
    }
    for name, write in writers.items():
        _written(folder / name, write)


def _written(path: Path, write: Callable[[Path], None]) -> None:
    try:
        write(path)
    except Exception as error:  # a full disk or a broken picture must not change how the run ended
        logger.warning("%s could not be written: %s", path, error)
        logger.debug("traceback", exc_info=True)


def _new_folder(parent: Path, name: str) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    for i in range(1, 1000):
        folder = parent / (name if i == 1 else f"{name}-{i}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(f"a thousand runs named {name}")


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _write_ticks(recording: Recording, names: Sequence[str], path: Path) -> None:
    columns = recording.columns
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        heads = [f"{what}_{name}" for what in ("commanded", "measured") for name in names]
        writer.writerow(["time_s", *heads, "held", "prompt", "active"])
        rows = zip(
            columns.time_s,
            columns.commanded,
            columns.measured,
            columns.held,
            columns.prompt,
            columns.active,
            strict=True,
        )
        for time_s, commanded, measured, held, prompt, active in rows:
            writer.writerow([time_s, *commanded.tolist(), *measured.tolist(), int(held), prompt, active])


def _write_tree(session: Session, states: Sequence[NodeState], result: dict[str, Any], path: Path) -> None:
    from bt_robot.tree import draw_svg

    title = f"{result['tree']}: {result['status']} after {result['duration_s']:.1f} s"
    _write_text(path, draw_svg(session.plans.tree.nodes, states, title))


def _write_film(recording: Recording, path: Path) -> None:
    from bt_robot.telemetry.film import film_strip, write_png

    strip = film_strip(recording.stills)
    if strip is not None:
        write_png(strip, path)


def _plot_joints(recording: Recording, session: Session, result: dict[str, Any], path: Path) -> None:
    from bt_robot.telemetry.plots import (
        plot_joints,  # matplotlib is slow to import: only when there is something to draw
    )

    plot_joints(recording, session.plans.limits, f"{result['tree']}: {result['status']}", path)


def _plot_latency(recording: Recording, path: Path) -> None:
    from bt_robot.telemetry.plots import plot_latency

    plot_latency(recording, path)
