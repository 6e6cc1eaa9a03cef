"""`bt-export`: a recorded run in other formats."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bt_robot import __version__
from bt_robot.cli.arguments import EXIT_SUCCESS, Parser, run_command, say
from bt_robot.errors import UsageError

if TYPE_CHECKING:
    from bt_robot.telemetry.recorder import RecordedRun

Progress = Callable[[float], None]

_TOLD_EVERY_S: Final = 0.2

_EPILOG = """\
RUN is the folder of a run, e.g. runs/20260203-101500-pick_place, or a
run.mcap. Foxglove and Rerun open a run.mcap as it is.

examples:
  bt-export runs/… --video run.mp4           the cameras, and what the tree did
  bt-export runs/… --csv tables              ticks, nodes, events, chunks, keys
  bt-export runs/… --rerun run.rrd           for Rerun, laid out for it
  bt-export runs/… --video a.webm --from 12 --to 20      eight seconds of it

exit codes: 0 done, 2 the recording can't be read, a file can't be written, or
            a flag is wrong, 130 interrupted"""


def _parser() -> Parser:
    parser = Parser(
        prog="bt-export", description="Write a recorded run as a film, as tables, or for Rerun.", epilog=_EPILOG
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="a run's folder, or its run.mcap")
    parser.add_argument("--video", type=_film, metavar="FILE", help="a film, .mp4 or .webm")
    parser.add_argument("--csv", type=Path, metavar="DIR", help="tables, into a folder")
    parser.add_argument("--rerun", type=Path, metavar="FILE", help="a recording for Rerun, .rrd (extra 'rerun')")
    parser.add_argument("--from", type=_seconds, default=-math.inf, metavar="S", dest="start", help="begin there [s]")
    parser.add_argument("--to", type=_seconds, default=math.inf, metavar="S", dest="end", help="end there [s]")
    parser.add_argument("--force", action="store_true", help="replace what is there already")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line on stdout")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="say what happens; twice: everything")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
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

    if not (arguments.video or arguments.csv or arguments.rerun):
        raise UsageError("nothing to do; give --video FILE, --csv DIR or --rerun FILE")
    if arguments.start > arguments.end:
        raise UsageError(f"--from {arguments.start:g} is after --to {arguments.end:g}")
    if arguments.rerun and (arguments.start, arguments.end) != (-math.inf, math.inf):
        raise UsageError("--from and --to are for --video and --csv; --rerun has the whole run")
    with read_run(arguments.run) as run:
        _require_ticks(run, arguments)
        _make_room(arguments)
        try:
            written = [
                *(_write_csv(run, arguments) if arguments.csv else []),
                *(_write_film(run, arguments) if arguments.video else []),
                *(_write_rerun(run, arguments) if arguments.rerun else []),
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
    wanted = [path for path in (arguments.video, arguments.rerun) if path]
    wanted += [arguments.csv / "ticks.csv"] if arguments.csv else []
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

    records = run.records(arguments.start, arguments.end)
    with _Told(run, arguments, "tables") as progress:
        return write_tables(records, run.info.limits.names, arguments.csv, progress)


def _write_film(run: RecordedRun, arguments: argparse.Namespace) -> list[Path]:
    from bt_robot.telemetry.export.film import write_film

    with _Told(run, arguments, "film") as progress, _draft(arguments.video) as draft:
        write_film(run.records(arguments.start, arguments.end), run.info.cameras, draft, progress)
    return [arguments.video]


def _write_rerun(run: RecordedRun, arguments: argparse.Namespace) -> list[Path]:
    from bt_robot.telemetry.rerun.saving import save_rrd

    with _Told(run, arguments, "rerun") as progress, _draft(arguments.rerun) as draft:
        save_rrd(run, draft, progress)
    return [arguments.rerun]


@contextmanager
def _draft(path: Path) -> Generator[Path]:
    """Give a name to write to; the file has its own name when it is complete, and is gone when it is not."""
    draft = path.with_name(f".unfinished-{path.name}")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


class _Told:
    """Shows on a terminal how far an export is."""

    def __init__(self, run: RecordedRun, arguments: argparse.Namespace, what: str) -> None:
        first_s, last_s = run.range_s
        self._first_s, self._last_s = max(arguments.start, first_s), min(arguments.end, last_s)
        self._shown = sys.stderr.isatty() and not arguments.json
        self._stderr = arguments.stderr
        self._what = what
        self._next_s = 0.0

    def __enter__(self) -> Progress:
        return self._tell

    def __exit__(self, *_: object) -> None:
        if self._shown and self._next_s:
            self._stderr.write("\r\x1b[K")

    def _tell(self, time_s: float) -> None:
        if not self._shown or time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + _TOLD_EVERY_S
        share = (time_s - self._first_s) / ((self._last_s - self._first_s) or 1.0)
        self._stderr.write(f"\r{self._what}: {100 * min(max(share, 0.0), 1.0):3.0f} %")
