"""What a run leaves behind: the summary for people and programs, and the folder of pictures."""

from __future__ import annotations

import csv
import json
import logging
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from bt_robot.cli.numbers import as_json, governor_json, link_json, milliseconds, rounded
from bt_robot.cli.session import Session
from bt_robot.cli.skill_table import skill_table
from bt_robot.runtime.loop import Ending
from bt_robot.telemetry.counted import counted
from bt_robot.telemetry.recording import Recording
from bt_robot.telemetry.tally import RunNumbers

logger = logging.getLogger(__name__)

_COLUMNS = 80  # of a terminal; no line of a table may be longer


def summary(
    session: Session, ending: Ending, numbers: RunNumbers, wall_s: float, unmet: Sequence[str] | None
) -> dict[str, Any]:
    """Return a run as a JSON object, as docs/summary.md describes it."""
    status = "INTERRUPTED" if ending.interrupted else str(ending.status)
    link, total = asdict(numbers.link), numbers.total
    result = {
        "tree": session.job.spec.name,
        "status": status,
        "reason": ending.reason,
        "failed_path": ending.failed_path,
        "expected": None if unmet is None else {"met": not unmet, "unmet": list(unmet)},
        "seed": session.job.seed,
        "ticks": total.ticks,
        "duration_s": total.duration_s,
        "wall_s": round(wall_s, 3),
        "chunks": total.chunks.accepted,
        "wait_ticks": total.wait_ticks,
        "stall_ticks": total.stall_ticks,
        "stall_share": total.stall_share,
        "longest_stall_s": total.longest_stall_s,
        "hold_ticks": total.hold_ticks,
        "hold_share": total.hold_share,
        "overruns": numbers.overruns,
        "governor": {**governor_json(total), "clamps": dict(numbers.clamps)},
        "policy": {
            "strategy": session.strategy,
            "url": numbers.link.url or next(iter(session.job.urls), ""),
            **{key: link[key] for key in ("requests", "replies", "errors", "reconnects", "dropped")},
            **link_json(total),
        },
        "jerk": asdict(total.jerk),
        "skills": {path: as_json(skill) for path, skill in numbers.skills.items()},
        "commands_sha256": numbers.commands_sha256,
        "artifacts": None,
    }
    return rounded(result)


def describe(result: dict[str, Any]) -> str:
    """Return a summary as a few lines for a person."""
    policy, governor, latency = result["policy"], result["governor"], result["policy"]["latency"]
    lines = [
        f"{result['status']}  {result['tree']}  in {result['duration_s']:.1f} s ({counted(result['ticks'], 'tick')})"
    ]
    if result["reason"]:
        where = f"{result['failed_path']}: " if result["failed_path"] else ""
        lines.append(f"  why       {where}{result['reason']}")
    if result["expected"] is not None:
        lines.append(f"  expected  {'; '.join(result['expected']['unmet']) or 'everything is where it belongs'}")
    how = f", {policy['strategy']}" if policy["strategy"] else ""
    p50, p95 = milliseconds(latency["p50_s"]), milliseconds(latency["p95_s"])
    lines += [
        f"  policy    {counted(result['chunks'], 'chunk')} from {counted(policy['requests'], 'request')},"
        f" latency p50 {p50}, p95 {p95}{how}",
    ]
    if policy["errors"] or policy["reconnects"]:
        failed = counted(policy["errors"], "failed request")
        lines.append(f"  trouble   {failed}, {counted(policy['reconnects'], 'reconnect')}")
    lines += [
        f"  arm       {counted(result['hold_ticks'], 'tick')} held, {result['stall_ticks']} stalled,"
        f" {governor['clamped']} clamped, {governor['refused']} refused, {counted(result['overruns'], 'overrun')}",
    ]
    lines += [f"  {line}" for line in skill_table(result["skills"], result["tree"], _COLUMNS - 2)]
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
    """Write the summary into a run's folder, or warn; what is there is complete, whenever the power fails."""
    _written(folder / "summary.json", lambda path: _write_text(path, json.dumps(result, indent=2) + "\n"))


def write_pictures(result: dict[str, Any], session: Session, recording: Recording, folder: Path) -> None:
    """Write everything else into a run's folder; what can't be written is warned about and left out."""
    if recording.forgotten:
        logger.warning("a long run: its first %d ticks are not in the pictures and ticks.csv", recording.forgotten)
    writers: dict[str, Callable[[Path], None]] = {
        "ticks.csv": lambda path: _write_ticks(recording, session.plans.limits.names, path),
        "tree.svg": lambda path: _write_tree(recording, result, path),
        "tree.json": lambda path: _write_tree_record(recording, result, path),
        "film.png": lambda path: _write_film(recording, path),
        "joints.png": lambda path: _plot_joints(recording, session, _title(result), path),
        "latency.png": lambda path: _plot_latency(recording, _title(result), path),
        "chunks.png": lambda path: _plot_chunks(recording, _title(result), path),
    }
    for name, write in writers.items():
        _written(folder / name, write)


def _written(path: Path, write: Callable[[Path], None]) -> None:
    draft = path.with_name(f".unfinished-{path.name}")
    try:
        write(draft)
        if draft.exists():  # a run without cameras has no film
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            draft.replace(path)
    except Exception as error:  # a full disk or a broken picture must not change how the run ended
        logger.warning("%s could not be written: %s", path, error)
        logger.debug("traceback", exc_info=True)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


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
        writer.writerow(["time_s", *heads, "held", "prompt", "skill"])
        rows = zip(
            columns.time_s,
            columns.commanded,
            columns.measured,
            columns.held,
            columns.prompt,
            columns.skill,
            strict=True,
        )
        for time_s, commanded, measured, held, prompt, skill in rows:
            writer.writerow([time_s, *commanded.tolist(), *measured.tolist(), int(held), prompt, skill])


def _write_tree(recording: Recording, result: dict[str, Any], path: Path) -> None:
    from bt_robot.tree import draw_svg

    _write_text(path, draw_svg(recording.layout, recording.last_states, _tree_title(result)))


def _write_tree_record(recording: Recording, result: dict[str, Any], path: Path) -> None:
    from bt_robot.tree.drawing.record import tree_record

    record = tree_record(recording.layout, recording.last_states, _tree_title(result))
    _write_text(path, json.dumps(record, indent=1) + "\n")


def _tree_title(result: dict[str, Any]) -> str:
    return f"{result['tree']}: {result['status']} after {result['duration_s']:.1f} s"


def _write_film(recording: Recording, path: Path) -> None:
    from bt_robot.telemetry.film import film_strip, write_png

    strip = film_strip(recording.stills)
    if strip is not None:
        write_png(strip, path)


def _title(result: dict[str, Any]) -> str:
    return f"{result['tree']}: {result['status']}"


def _plot_joints(recording: Recording, session: Session, title: str, path: Path) -> None:
    from bt_robot.telemetry.plots import (
        plot_joints,  # matplotlib is slow to import: only when there is something to draw
    )

    plot_joints(recording, session.plans.limits, title, path)


def _plot_latency(recording: Recording, title: str, path: Path) -> None:
    from bt_robot.telemetry.policy_plots import plot_latency

    plot_latency(recording, title, path)


def _plot_chunks(recording: Recording, title: str, path: Path) -> None:
    from bt_robot.telemetry.policy_plots import plot_chunks

    plot_chunks(recording, title, path)
