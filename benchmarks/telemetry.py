"""What telling of a run costs the run: `python -m benchmarks.telemetry [--quick] [--record FILE]`.

The whole program as `bt-run` runs it, in real time, on the emulated arm with two cameras (as in `benchmarks.jitter`,
whose settings and measures it uses), in turns in the same run:

- *none*: the loop, its summary and the live view of a terminal; measured twice, to see what is
  chance; the others are held against both;
- *recorder*: the same, and everything recorded into `run.mcap`;
- *three readers*: the same, and the view's server with three clients in a process of their own that read everything
  that a page asks for, both cameras included;
- *three browsers*: the same, with three pages in a headless Chromium that draws them on the same cores; left out where
  there is none;
- *three readers that stop reading*, and *a process that is stopped*: the same with pages, or all of it, hung;
- the first three *in threads*: recorder and server in threads of the run's own process, instead of in a witness.

Lateness is that of each tick against its deadline on the wall; figures are medians over the turns. Then the recordings
themselves: megabytes a minute, and what is left of a file that is cut at random bytes. Ends with exit code 1 when a
bound is missed.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from benchmarks.jitter import AS_BT_RUN, Settings, Turn, full, in_turns, record_videos
from bt_robot.cli.live_view import link_to
from bt_robot.cli.record import LIMIT_MB, RATE_HZ, files_of, told_trees
from bt_robot.cli.session import Session
from bt_robot.cli.witness import witness
from bt_robot.errors import InputError
from bt_robot.messages import Sink, TickRecord
from bt_robot.telemetry.background import Background
from bt_robot.telemetry.groot2.btlog import BtLog
from bt_robot.telemetry.recorder import FILE_NAME, RecordedEnding, Recorder, read_run
from bt_robot.telemetry.recorder.shutter import Shutter
from bt_robot.telemetry.view.address import Address
from bt_robot.telemetry.view.album import Shot
from bt_robot.telemetry.view.opening import open_view
from bt_robot.telemetry.view.server import ViewServer
from bt_robot.telemetry.view.told import About
from bt_robot.telemetry.witness.words import RecordingOrder

HZ = 97
"""Not 100: the guardian's bus cycles lie on a grid of 100 Hz, and a loop of the same rate would keep one distance from
them for a whole turn, by chance a good or a bad one. So each turn meets all of them [Hz]."""
BOUND = 1.5
CLIENTS = 3
CUTS = 200
HELLO_S = 20.0
DEAF_S = 20.0
WORDS = {
    "none": "none",
    "none again": "none, again",
    "recorder": "recorder",
    "readers": "recorder, view, three readers",
    "browsers": "recorder, view, three browsers",
    "deaf readers": "recorder, view, three readers that stop reading",
    "stopped witness": "a process that is stopped (SIGSTOP)",
    "recorder in threads": "recorder, in threads",
    "readers in threads": "recorder, view, three readers, in threads",
    "browsers in threads": "recorder, view, three browsers, in threads",
}

SinksOf = Callable[[Session, Path, "Watchers | None"], AbstractContextManager[list[Sink]]]
"""Yields the sinks of a turn."""

Watchers = Callable[[str], None]
"""Has three clients open a link, and waits until they are there."""


def arguments_of(config: str, *, view: bool) -> Any:
    """Return the flags that `bt-run` would have."""
    return SimpleNamespace(
        no_artifacts=False,
        no_record=False,
        record_hz=RATE_HZ,
        record_limit=LIMIT_MB,
        fast=False,
        prompt=None,
        config=config,
        assignments=[],
        view=Address(port=0, chosen=True) if view else None,
        token=None,
        control=False,
        stderr=io.StringIO(),
    )


class Onlooker:
    """A run of which pages can see everything and change nothing."""

    mode, breakpoints, questions = "running", (), ()

    def wish(self, wish: object, who: str) -> str:
        """Refuse."""
        return "only looking"

    def stop(self, who: str) -> None:
        """Do nothing."""

    def let_go(self, who: str) -> None:
        """Do nothing."""


@contextmanager
def in_a_process(session: Session, folder: Path, watchers: Watchers | None) -> Generator[list[Sink]]:
    """Yield the sinks of a turn as `bt-run` has them: a witness records and shows the run."""
    arguments = arguments_of(str(folder / f"{HZ}.yaml"), view=watchers is not None)
    with witness(session, arguments, lambda _: (session.job.spec, session.plans.tree), Onlooker()) as told:
        assert told is not None
        told.record_into(folder)
        if watchers is not None:
            watchers(told.link)
        yield [told]
        told.end(RecordedEnding("FAILURE", "it was only measured"))


@contextmanager
def in_a_stopped_process(session: Session, folder: Path, watchers: Watchers | None) -> Generator[list[Sink]]:
    """Yield the same sinks, whose witness is stopped as long as the loop runs."""
    before = children()
    with in_a_process(session, folder, watchers) as sinks:
        (pid,) = children() - before
        os.kill(pid, signal.SIGSTOP)
        try:
            yield sinks
        finally:
            os.kill(pid, signal.SIGCONT)


def children() -> set[int]:
    """Return the processes that this one has started."""
    return {int(pid) for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()}


@contextmanager
def in_threads(session: Session, folder: Path, watchers: Watchers | None) -> Generator[list[Sink]]:
    """Yield sinks that do the same in threads of the run's own process."""
    arguments = arguments_of(str(folder / f"{HZ}.yaml"), view=True)
    tree = told_trees(session, arguments, lambda _: (session.job.spec, session.plans.tree))
    with ExitStack() as stack:
        recording, log = files_of(session, arguments, folder)
        assert isinstance(recording, RecordingOrder)
        named = lambda layout: (tree(layout).name, tree(layout).sources)  # noqa: E731
        recorder = Recorder(Path(recording.path), recording.info, named, recording.rate_hz, recording.limit_bytes)
        btlog = BtLog(Path(log.path), lambda layout: tree(tuple(layout)).xml, time.time_ns() // 1000)
        sinks: list[Sink] = [Background(sink, "a thread") for sink in (recorder, btlog)]
        for sink in sinks:
            stack.callback(sink.close)
        if watchers is not None:
            about = About(session.job.spec.name, session.plans.limits, HZ, tuple(session.job.settings.robot.cameras))
            server = open_view(about, arguments.view, "", steering=Onlooker())
            stack.callback(server.close)
            watchers(link_to(arguments.view.host, server.port, ""))
            pictures = Pictures(server)
            stack.callback(pictures.close)
            sinks += [server, pictures]
        yield sinks


class Pictures:
    """Takes the cameras' pictures for pages, in a thread."""

    def __init__(self, server: ViewServer) -> None:
        """Show them to a server's pages."""
        self._server = server
        self._shutter = Shutter(RATE_HZ)
        self._newest: queue.Queue[TickRecord | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def publish(self, record: TickRecord) -> None:
        """Leave a tick's frames for the thread."""
        self._newest.put(record)

    def close(self) -> None:
        """End the thread."""
        self._newest.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (record := self._newest.get()) is not None:
            for frame, jpeg in self._shutter.pictures(record.observation.frames, record.time_s):
                self._server.shown(frame.camera, Shot(frame.captured_s, jpeg))


def telling(
    session: Session, settings: Settings, *, sinks_of: SinksOf, folder: Path, watchers: Watchers | None
) -> Turn:
    """Measure the full loop while everything is told."""
    with sinks_of(session, folder, watchers) as sinks:
        return full(session, settings, sinks)


# ---- three clients


def read_everything(link: str, *, deaf: bool) -> None:
    """Be three clients that read all that a page asks for, until the server closes; say when they are there.

    Deaf ones stop reading once they have asked.
    """
    url = link.partition("#")[0]

    def read() -> None:
        origin = url.rstrip("/")
        with connect(f"ws{url[4:]}socket", origin=origin, subprotocols=["bt-robot"], max_size=None) as socket:
            cameras = json.loads(socket.recv())["cameras"]
            socket.send(json.dumps({"type": "pictures", "cameras": cameras}))
            sys.stdout.write("here\n")
            sys.stdout.flush()
            if deaf:
                time.sleep(DEAF_S)
                return
            try:
                for _ in socket:
                    pass
            except ConnectionClosed:
                pass

    threads = [threading.Thread(target=read) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def readers(link: str, *more: str) -> None:
    """Start three readers in a process of their own, which ends with the server."""
    command = [sys.executable, "-m", "benchmarks.telemetry", "--read", link, *more]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(CLIENTS):
        process.stdout.readline()
    threading.Thread(target=process.wait, daemon=True).start()


def deaf_readers(link: str) -> None:
    """Start three readers that stop reading."""
    readers(link, "--deaf")


@contextmanager
def browsers(folder: Path) -> Generator[Watchers | None]:
    """Yield what opens three pages of a headless Chromium; None where there is none."""
    try:
        from tests.browser.browser_kit import Shown, browser_in, programs
    except ModuleNotFoundError:
        yield None
        return
    if programs() is None:
        yield None
        return
    with browser_in(folder / "chromium") as driver:
        tabs = [driver.current_window_handle]
        for _ in range(CLIENTS - 1):
            driver.switch_to.new_window("window")
            tabs.append(driver.current_window_handle)

        def open_all(link: str) -> None:
            for tab in tabs:
                driver.switch_to.window(tab)
                page = Shown(driver, link)
                page.wait("the run's name", lambda page=page: page.text("#title") not in ("", "bt_robot"), HELLO_S)

        yield open_all


# ---- what was recorded


def megabytes_a_minute(path: Path) -> float:
    """Return how a recording grows."""
    with read_run(path) as run:
        first_s, last_s = run.range_s
    return path.stat().st_size / 1e6 / (last_s - first_s) * 60.0


def written_again(path: Path, copy: Path) -> dict[int, int]:
    """Write a recording again; return for every complete second how long the file was when it was in it [bytes]."""
    lengths: dict[int, int] = {}
    with read_run(path) as run:
        (tree,) = run.trees
        recorder = Recorder(copy, run.info, lambda _: (tree.name, tree.sources), RATE_HZ, 1_000_000_000)
        last: TickRecord | None = None
        for record in run.records():
            recorder.publish(record)
            if last is not None and int(record.time_s + 1e-9) > int(last.time_s + 1e-9):
                lengths[int(last.time_s + 1e-9)] = copy.stat().st_size
            last = record
        recorder.close()
    return lengths


def lost_seconds(path: Path, folder: Path) -> tuple[int, int]:
    """Cut a recording at random bytes; return how many cuts were tried, and in how many a complete second was lost."""
    copy, cut = folder / "whole.mcap", folder / "cut.mcap"
    lengths = written_again(path, copy)
    data = copy.read_bytes()
    lost = 0
    for length in np.random.default_rng(0).integers(0, len(data), CUTS):
        cut.write_bytes(data[:length])
        complete = [second for second, needed in lengths.items() if needed <= length]
        lost += not seconds_in(cut).issuperset(complete)
    return CUTS, lost


def seconds_in(path: Path) -> set[int]:
    """Return the seconds whose last tick can be read."""
    try:
        with read_run(path) as run:
            times_s = [record.time_s for record in run.records()]
            period_s = 1.0 / run.info.control_hz
    except InputError:
        return set()
    last = {int(time_s + 1e-9): time_s for time_s in times_s}
    return {second for second, time_s in last.items() if time_s >= second + 1 - 1.5 * period_s}


# ---- the tables


def cells(turn: Turn) -> str:
    """Return a turn's figures as cells of a table."""
    times = " / ".join(f"{1e3 * time_s:.2f}" for time_s in (turn.p50_s, turn.p99_s, turn.max_s))
    return f"{times} ms | {1e3 * turn.own_p99_s:.2f} ms | {1e3 * turn.cpu_s:.2f} ms | {turn.skipped:.0f}"


def print_loops(loops: dict[str, Turn]) -> bool:
    """Print the first table; return whether the bound is kept."""
    kept, none_s = True, (loops["none"].p99_s + loops["none again"].p99_s) / 2
    head = f"| {HZ} Hz, told of | lateness p50 / p99 / max | p99, less waiting for a core | CPU per tick | skipped |"
    print(f"{head} p99, against none | bound | |\n{'|---' * 8}|")
    for name, turn in loops.items():
        ratio = turn.p99_s / none_s
        rival = name.startswith("none") or "threads" in name
        good = ratio <= BOUND or rival
        bound = "|" if rival else f"{BOUND:g} × | {'kept' if good else '**missed**'}"
        print(f"| {WORDS[name]} | {cells(turn)} | {ratio:.2f} × | {bound} |")
        kept = kept and good
    return kept


def measured(folder: Path, turns: int, duration_s: float) -> dict[str, Turn]:
    """Measure the loop with each of the audiences, in turns."""
    with browsers(folder) as pages:
        audiences: list[tuple[str, Watchers | None]] = [("recorder", None), ("readers", readers)]
        if pages is not None:
            audiences.append(("browsers", pages))
        else:
            print("no Chromium with chromedriver here: three browsers are left out\n")
        plan: list[tuple[str, Any, Settings]] = [("none", full, AS_BT_RUN)]
        variants: list[tuple[str, SinksOf, Watchers | None]] = [
            *((name, in_a_process, watchers) for name, watchers in audiences),
            ("deaf readers", in_a_process, deaf_readers),
            ("stopped witness", in_a_stopped_process, None),
            *((f"{name} in threads", in_threads, watchers) for name, watchers in audiences),
        ]
        for name, sinks_of, watchers in variants:
            measure = partial(telling, sinks_of=sinks_of, folder=folder, watchers=watchers)
            plan.append((name, measure, AS_BT_RUN))
        plan.append(("none again", full, AS_BT_RUN))
        return in_turns(HZ, folder, duration_s, plan, turns)


def main() -> int:
    """Print the figures; return 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter turns: coarse, and over in a minute")
    parser.add_argument("--record", type=Path, metavar="FILE", help="also write the figures, as JSON")
    parser.add_argument("--read", metavar="LINK", help=argparse.SUPPRESS)
    parser.add_argument("--deaf", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        read_everything(arguments.read, deaf=arguments.deaf)
        return 0
    turns, duration_s = (2, 4.0) if arguments.quick else (7, 6.0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record_videos(folder)
        loops = measured(folder, turns, duration_s)
        kept = print_loops(loops)
        growth = megabytes_a_minute(folder / FILE_NAME)
        tried, lost = lost_seconds(folder / FILE_NAME, folder)
    print(f"\nA recording with two cameras of 640 × 480 at {RATE_HZ:g} Hz: {growth:.1f} MB a minute.")
    print(f"Cut at {tried} random bytes: {tried - lost} of them lost no second that was complete.")
    if arguments.record:
        figures = {
            "machine": {"python": platform.python_version(), "cores": len(os.sched_getaffinity(0))},
            "loops": {name: asdict(turn) for name, turn in loops.items()},
            "megabytes_a_minute": growth,
            "cuts": {"tried": tried, "lost": lost},
        }
        arguments.record.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0 if kept and not lost else 1


if __name__ == "__main__":
    sys.exit(main())
