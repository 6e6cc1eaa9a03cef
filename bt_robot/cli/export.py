"""`bt-export`: a recorded run in other formats."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bt_robot.cli.arguments import (
    EXIT_SUCCESS,
    Parser,
    add_output_flags,
    run_command,
    say,
)
from bt_robot.cli.progress import Told
from bt_robot.errors import UsageError

if TYPE_CHECKING:
    from bt_robot.telemetry.recorder import RecordedRun

_EPILOG = """\
RUN is the folder of a run, e.g. runs/20260203-101500-pick_place, or a
run.mcap. Foxglove and Rerun open a run.mcap as it is. Rerun wants one that is
complete: --mcap gives the recording of a run that was killed its end.

examples:
  bt-export runs/… --video run.mp4           the cameras, and what the tree did
  bt-export runs/… --csv tables              ticks, nodes, events, chunks, keys
  bt-export runs/… --rerun run.rrd           for Rerun, laid out for it
  bt-export runs/… --mcap whole.mcap         what was cut off, completed
  bt-export runs/… --video a.webm --from 12 --to 20      eight seconds of it

exit codes: 0 done, 2 the recording can't be read, a file can't be written, or
            a flag is wrong, 130 interrupted"""


def _parser() -> Parser:
    parser = Parser(
        prog="bt-export",
        description="Write a recorded run as a film, as tables, or for other programs.",
        epilog=_EPILOG,
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="a run's folder, or its run.mcap")
    parser.add_argument("--video", type=_film, metavar="FILE", help="a film, .mp4 or .webm")
    parser.add_argument("--csv", type=Path, metavar="DIR", help="tables, into a folder")
    parser.add_argument("--rerun", type=Path, metavar="FILE", help="a recording for Rerun, .rrd (extra 'rerun')")
    parser.add_argument("--mcap", type=Path, metavar="FILE", help="the same, complete, where it was cut off or damaged")
    parser.add_argument("--from", type=_seconds, default=-math.inf, metavar="S", dest="start", help="begin there [s]")
    parser.add_argument("--to", type=_seconds, default=math.inf, metavar="S", dest="end", help="end there [s]")
    parser.add_argument("--force", action="store_true", help="replace what is there already")
    add_output_flags(parser)
    return parser


def _film(text: str) -> Path:
    path = Path(text)
    if path.suffix not in (".mp4", ".webm"):
        raise argparse.ArgumentTypeError(f"'{text}' is no film; expected a name that ends in .mp4 or .webm")
    return path


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"'{text}' is not a time on the run's clock in seconds")
    return value


def main(argv: list[str] | None = None) -> int:
    """Export a run; return the exit code."""
    return run_command(_run, _parser(), argv)


def _run(arguments: argparse.Namespace) -> int:
    from bt_robot.telemetry.recorder import read_run

    if not (arguments.video or arguments.csv or arguments.rerun or arguments.mcap):
        raise UsageError("nothing to do; give --video FILE, --csv DIR, --rerun FILE or --mcap FILE")
    if arguments.start > arguments.end:
        raise UsageError(f"--from {arguments.start:g} is after --to {arguments.end:g}")
    if (arguments.rerun or arguments.mcap) and (arguments.start, arguments.end) != (-math.inf, math.inf):
        raise UsageError("--from and --to are for --video and --csv; --rerun and --mcap have the whole run")
    with read_run(arguments.run) as run:
        _require_ticks(run, arguments)
        _make_room(arguments)
        try:
            written = [
                *(_write_csv(run, arguments) if arguments.csv else []),
                *(_write_film(run, arguments) if arguments.video else []),
                *(_write_rerun(run, arguments) if arguments.rerun else []),
                *(_write_mcap(run, arguments) if arguments.mcap else []),
            ]
        except OSError as error:
            raise UsageError(f"the export can't be written: {error}") from error
        damage = list(run.damage)
    for words in damage:
        arguments.stderr.write(f"bt-export: {words}\n")
    if arguments.json:
        files = [str(path) for path in written]
        say(json.dumps({"status": "OK", "run": str(run.path), "files": files, "damage": damage}) + "\n")
    else:
        say("".join(f"{path}\n" for path in written))
    return EXIT_SUCCESS


def _make_room(arguments: argparse.Namespace) -> None:
    """Make the folders, and refuse to replace a file that nobody asked to replace.

    Raises:
        UsageError: It is there, or a folder can't be made.
    """
    from bt_robot.telemetry.export.tables import TABLES

    wanted = [path for path in (arguments.video, arguments.rerun, arguments.mcap) if path]
    wanted += [arguments.csv / name for name in TABLES] if arguments.csv else []
    there = [str(path) for path in wanted if path.exists()]
    if there and not arguments.force:
        raise UsageError(f"there already: {', '.join(there)}; replace with --force")
    for path in wanted:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{path.parent} can't be made: {error.strerror or error}") from error


def _require_ticks(run: RecordedRun, arguments: argparse.Namespace) -> None:
    if next(run.records(arguments.start, arguments.end), None) is None:
        first_s, last_s = run.range_s
        raise UsageError(f"no tick of the run is in this time; it has {first_s:.1f} … {last_s:.1f} s")


def _write_csv(run: RecordedRun, arguments: argparse.Namespace) -> list[Path]:
    from bt_robot.telemetry.export.tables import write_tables

    records, folder = run.records(arguments.start, arguments.end), arguments.csv
    acts = run.ending.acts if run.ending is not None and arguments.end >= run.range_s[1] else ()
    with (
        _told(run, arguments, "tables") as progress,
        TemporaryDirectory(prefix=".unfinished-", dir=folder) as draft,
    ):
        written = write_tables(records, run.info.limits.names, Path(draft), progress, acts)
        return [path.replace(folder / path.name) for path in written]


def _write_film(run: RecordedRun, arguments: argparse.Namespace) -> list[Path]:
    from bt_robot.telemetry.export.film import write_film

    with _told(run, arguments, "film") as progress, _draft(arguments.video) as draft:
        write_film(run.records(arguments.start, arguments.end), run.info.cameras, draft, progress)
    return [arguments.video]


def _write_rerun(run: RecordedRun, arguments: argparse.Namespace) -> list[Path]:
    from bt_robot.telemetry.rerun.saving import save_rrd

    with _told(run, arguments, "rerun") as progress, _draft(arguments.rerun) as draft:
        save_rrd(run, draft, progress)
    return [arguments.rerun]


def _write_mcap(run: RecordedRun, arguments: argparse.Namespace) -> list[Path]:
    from bt_robot.telemetry.recorder import write_whole

    with _told(run, arguments, "mcap") as progress, _draft(arguments.mcap) as draft:
        write_whole(run, draft, progress)
    return [arguments.mcap]


@contextmanager
def _draft(path: Path) -> Generator[Path]:
    """Give a name to write to; the file has its own name when it is complete, and is gone when it is not.

    Raises:
        UsageError: It can't be written.
    """
    draft = path.with_name(f".unfinished-{path.name}")
    try:
        yield draft
        draft.replace(path)
    except OSError as error:
        words = f"{path} can't be written: {error.strerror}" if error.strerror else str(error)
        raise UsageError(words.replace(str(draft), str(path))) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _told(run: RecordedRun, arguments: argparse.Namespace, what: str) -> Told:
    """Return what shows on a terminal how far an export is."""
    first_s, last_s = run.range_s
    return Told(arguments, what, max(arguments.start, first_s), min(arguments.end, last_s))
