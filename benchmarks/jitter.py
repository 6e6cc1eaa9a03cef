"""How late the control loop's ticks are: `python -m benchmarks.jitter [--quick] [--record FILE]`.

The whole program as `bt-run` runs it, in real time: the loop, its tree, its sinks and the live view of a terminal; the
guardian and the emulated arm in processes of their own; two cameras, each with its capture process, which play a video
at 30 Hz; a stand-in server on a real websocket, which gets two pictures with each request. Beside it, in turns in the
same run, the same clock with nothing to do: once with all those processes alive ("beside"), once with the machine to
itself ("alone"), both with Python's defaults and a plain sleep, and once with the settings that `bt-run` uses.

The first table has a line per rate; the second one shows what each setting of the interpreter and of the sleep does to
the full loop. Lateness is that of each tick against its deadline on the wall; figures are medians over the turns of the
turns' percentiles. Ends with exit code 1 when a bound is missed.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console

from bt_robot.cli import session as session_module
from bt_robot.cli.session import Job, Session, open_session
from bt_robot.cli.settings import load_settings
from bt_robot.cli.task import load_task, policy_server
from bt_robot.errors import RobotRefused
from bt_robot.messages import Sink
from bt_robot.robot.priority import (
    BESIDE_THE_LOOP,
    CONTROL_LOOP,
    before_others,
    like_others,
    threads_before_others,
    threads_like_others,
)
from bt_robot.robot.sim.robot import SimRobot
from bt_robot.robot.sim.settings import SimSettings
from bt_robot.runtime.clock import Tick, WallClock, sleep_punctually
from bt_robot.runtime.undisturbed import SWITCH_S
from bt_robot.telemetry.recording import Recording
from bt_robot.telemetry.tally import Tally
from bt_robot.telemetry.terminal import LiveTerminal

TREE = Path(__file__).parent / "data" / "jitter.yaml"
RATES_HZ = (50, 100, 200)
STUDIED_HZ = 100
BOUND = 2.0
TRIES = 10
WORDS = {
    "alone": "empty, alone",
    "beside": "empty, beside",
    "punctual": "empty, beside, with `bt-run`'s settings",
    "full": "full",
}
FIRST_S = 0.5
"""How long a turn's ticks don't count yet: connecting and arming are no control [s]."""

SETTLE_S = 1.0
"""How long an arm that was stopped may take to come to rest before it is armed again [s]."""

VIDEO_HZ, VIDEO_FRAMES = 30, 90
DEFAULT_SWITCH_S = 0.005

CONFIG = """\
control_hz: {hz}
robot:
  type: so101
  port: emulated
  cameras:
    front: {{type: video, path: {front}}}
    wrist: {{type: video, path: {wrist}}}
  cell: {{blocks: [red, green, yellow]}}
  health: {{warn_voltage_v: 10.0}}
  guard: {{exit: release, record: ""}}
policy: {{url: standin, profile: standin}}
poses: {{up: [0.4, -1.0, 0.8, 1.0, 0.05, 0.6]}}
"""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the process does about its own punctuality.

    Attributes:
        switch_s: How long a thread may keep the interpreter from another [s].
        freeze: Whether what exists before the loop is kept out of every garbage collection.
        hybrid: Whether the clock's last millisecond is spun through.
        first: Whether the loop's thread has a real-time priority, and the threads beside it a lower one, where the
            system permits it.
    """

    switch_s: float = DEFAULT_SWITCH_S
    freeze: bool = False
    hybrid: bool = False
    first: bool = False


AS_IT_WAS = Settings()
AS_BT_RUN = Settings(SWITCH_S, freeze=True, hybrid=True, first=True)
STUDIED = {
    "Python's defaults": AS_IT_WAS,
    "threads switch after 0.5 ms": Settings(SWITCH_S),
    "gc.freeze()": Settings(freeze=True),
    "hybrid sleep": Settings(hybrid=True),
    "a real-time priority": Settings(first=True),
    "0.5 ms and gc.freeze()": Settings(SWITCH_S, freeze=True),
    "0.5 ms, gc.freeze() and priority": Settings(SWITCH_S, freeze=True, first=True),
    "all four, as `bt-run` has them": AS_BT_RUN,
}


@contextmanager
def in_force(settings: Settings) -> Iterator[Callable[[float], WatchedClock]]:
    """Put settings in force; yields what makes a clock of a period [s]."""
    switch_s = sys.getswitchinterval()
    sys.setswitchinterval(settings.switch_s)
    if settings.freeze:
        gc.collect()
        gc.freeze()
    beside: list[int] = []
    if settings.first:
        before_others(CONTROL_LOOP)
        beside = threads_before_others(BESIDE_THE_LOOP)
    try:
        yield lambda period_s: WatchedClock(period_s, sleep_punctually if settings.hybrid else time.sleep)
    finally:
        threads_like_others(beside)
        like_others()
        sys.setswitchinterval(switch_s)
        if settings.freeze:
            gc.unfreeze()


@dataclass(frozen=True, slots=True)
class Turn:
    """How a loop kept time for a while.

    Attributes:
        p50_s: Median lateness of a tick [s].
        p99_s: Its 99th percentile [s].
        max_s: The latest tick's [s].
        own_p99_s: 99th percentile of what is left of the lateness without the time in which the thread was ready and
            no core was free [s]: late timers, and other threads of this process that kept the interpreter.
        work_p99_s: 99th percentile of the time from the beginning of a tick until the loop waits for the next, likewise
            without waiting for a core [s].
        skipped: Steps that were missed altogether.
        cpu_s: CPU time of this process per tick [s].
    """

    p50_s: float
    p99_s: float
    max_s: float
    own_p99_s: float
    work_p99_s: float
    skipped: float
    cpu_s: float


class WatchedClock(WallClock):
    """The clock of real robots, which keeps how late each tick was."""

    def __init__(self, period_s: float, sleep: Callable[[float], None]) -> None:
        """Count steps of `period_s`."""
        super().__init__(period_s, sleep=sleep)
        # What the kernel keeps of this thread: time on a core, time ready and waiting for one [ns], slices.
        self._kernel = Path("/proc/thread-self/schedstat").open("rb", buffering=0)  # noqa: SIM115 (`result` closes it)
        self._began_waited_s = 0.0
        self._late_s: list[float] = []
        self._own_s: list[float] = []
        self._work_s: list[float] = []
        self._skipped = 0
        self._cpu_s = 0.0

    def next_tick(self) -> Tick:
        """Wait until the next step, and keep how late it is."""
        work_s, before_s = self.spent_s(), self._waited_s()
        work_s -= before_s - self._began_waited_s
        tick = super().next_tick()
        self._began_waited_s = self._waited_s()
        if tick.time_s < FIRST_S:
            self._cpu_s = time.process_time()
            return tick
        self._work_s.append(work_s)
        self._late_s.append(tick.lateness_s)
        self._own_s.append(max(0.0, tick.lateness_s - (self._began_waited_s - before_s)))
        self._skipped += tick.skipped
        return tick

    def _waited_s(self) -> float:
        self._kernel.seek(0)
        return int(self._kernel.read().split()[1]) * 1e-9

    def result(self) -> Turn:
        """Return what was seen."""
        self._kernel.close()
        p50_s, p99_s, max_s = (float(x) for x in np.percentile(self._late_s, (50, 99, 100)))
        own_s, work_s = float(np.percentile(self._own_s, 99)), float(np.percentile(self._work_s, 99))
        cpu_s = (time.process_time() - self._cpu_s) / len(self._late_s)
        return Turn(p50_s, p99_s, max_s, own_s, work_s, self._skipped, cpu_s)


def empty(session: Session, settings: Settings) -> Turn:
    """Run the clock with nothing to do."""
    job = session.job
    assert job.max_time_s is not None
    return alone(job.period_s, job.max_time_s, settings)


def alone(period_s: float, duration_s: float, settings: Settings) -> Turn:
    """Run the clock with nothing to do."""
    with in_force(settings) as clock_of:
        clock = clock_of(period_s)
        for _ in range(round(duration_s / period_s)):
            clock.next_tick()
    return clock.result()


def full(session: Session, settings: Settings, others: Sequence[Sink] = ()) -> Turn:
    """Run the loop until its time is over, with its summary and a terminal.

    Args:
        session: The run.
        settings: What the process does about its punctuality.
        others: What else is told of it.

    Raises:
        Spoilt: It ended early.
    """
    time.sleep(SETTLE_S)
    clocks: list[WatchedClock] = []
    before = session_module._clock, session_module.undisturbed
    with Path(os.devnull).open("w") as nowhere:
        screen = Console(file=nowhere, force_terminal=True, width=80, height=24)
        terminal = LiveTerminal(session.plans.tree.nodes, session.job.spec.name, screen)
        try:
            with in_force(settings) as clock_of:
                session_module._clock = lambda job: clocks.append(clock_of(job.period_s)) or clocks[0]
                session_module.undisturbed = nullcontext  # what it does is what is studied
                ending = session.run([Tally(), Recording(), terminal, *others])
        except RobotRefused as refusal:
            raise Spoilt(str(refusal)) from refusal
        finally:
            terminal.close()
            session_module._clock, session_module.undisturbed = before
    if "time limit" not in ending.reason:
        raise Spoilt(ending.reason)
    return clocks[0].result()


class Spoilt(Exception):
    """A turn that came to nothing because the emulated servos did not get a core in time."""


Measurement = Callable[[Session, Settings], Turn]


def in_turns(
    hz: float, folder: Path, duration_s: float, plan: Sequence[tuple[str, Measurement, Settings]], turns: int
) -> dict[str, Turn]:
    """Measure several things in turns in one program, which is started again when a turn is spoilt."""
    found: dict[str, list[Turn]] = {name: [] for name, _, _ in plan}
    left = [each for _ in range(turns) for each in plan]
    for _ in range(TRIES):
        try:
            with program(hz, folder, duration_s) as session:
                while left:
                    name, measure, settings = left[0]
                    found[name].append(measure(session, settings))
                    left.pop(0)
        except (Spoilt, RobotRefused) as spoilt:
            sys.stderr.write(f"a turn is repeated: {spoilt}\n")
        if not left:
            return {name: middle(each) for name, each in found.items()}
    raise SystemExit("the machine is too busy to emulate the servos in real time; try again later")


def middle(turns: Sequence[Turn]) -> Turn:
    """Return the median over turns of each figure; the greatest of `max_s`, and all that were skipped."""
    rows = [asdict(turn) for turn in turns]
    figures = {key: float(np.median([row[key] for row in rows])) for key in rows[0]}
    figures["max_s"] = max(row["max_s"] for row in rows)
    figures["skipped"] = sum(row["skipped"] for row in rows)
    return Turn(**figures)


@contextmanager
def program(hz: float, folder: Path, duration_s: float) -> Iterator[Session]:
    """Start everything, up to the point where the loop would begin."""
    config = folder / f"{hz:g}.yaml"
    config.write_text(CONFIG.format(hz=hz, front=folder / "front.avi", wrist=folder / "wrist.avi"), encoding="utf-8")
    settings, spec = load_settings(str(config)), load_task(str(TREE))
    with (
        policy_server(settings, spec) as urls,
        open_session(Job(settings, spec, urls, max_time_s=duration_s)) as session,
    ):
        yield session


def record_videos(folder: Path) -> None:
    """Write what the cameras play: the work cell with the noise of a sensor, so that no two frames are alike."""
    robot = SimRobot(SimSettings(image_width=640, image_height=480), 0, 1.0 / VIDEO_HZ)
    robot.connect()
    frames = robot.observe(0, 0.0).frames
    noise = np.random.default_rng(0)
    for name in ("front", "wrist"):
        rgb = frames[name].image
        height, width = rgb.shape[:2]
        writer = cv2.VideoWriter(
            str(folder / f"{name}.avi"), cv2.VideoWriter.fourcc(*"MJPG"), VIDEO_HZ, (width, height)
        )
        for _ in range(VIDEO_FRAMES):
            grain = noise.integers(-6, 7, rgb.shape)
            writer.write(cv2.cvtColor(np.clip(rgb + grain, 0, 255).astype(np.uint8), cv2.COLOR_RGB2BGR))
        writer.release()
    robot.close()


def by_rate(hz: int, folder: Path, turns: int, duration_s: float) -> dict[str, Turn]:
    """Measure the loop at a rate, and the empty loop in turns with it, before and after it."""
    idle = [alone(1.0 / hz, duration_s, AS_IT_WAS)]
    plan = [("beside", empty, AS_IT_WAS), ("punctual", empty, AS_BT_RUN), ("full", full, AS_BT_RUN)]
    found = in_turns(hz, folder, duration_s, plan, turns)
    idle.append(alone(1.0 / hz, duration_s, AS_IT_WAS))
    return {"alone": middle(idle), **found}


def by_setting(folder: Path, turns: int, duration_s: float) -> dict[str, Turn]:
    """Measure the full loop with each of the settings."""
    plan = [(name, full, settings) for name, settings in STUDIED.items()]
    return in_turns(STUDIED_HZ, folder, duration_s, plan, turns)


def collection_s(folder: Path) -> tuple[float, float]:
    """Return what a full garbage collection takes in a program that is ready, without and with `gc.freeze` [s]."""

    def taken_s() -> float:
        began_s = time.thread_time()
        gc.collect()
        return time.thread_time() - began_s

    with program(STUDIED_HZ, folder, 1.0):
        thawed_s = [taken_s() for _ in range(6)][1:]
        gc.freeze()
        frozen_s = [taken_s() for _ in range(5)]
        gc.unfreeze()
    return float(np.median(thawed_s)), float(np.median(frozen_s))


def cells(turn: Turn) -> str:
    """Return a turn's figures as cells of a table."""
    times = " / ".join(f"{1e3 * time_s:.2f}" for time_s in (turn.p50_s, turn.p99_s, turn.max_s))
    others = " | ".join(f"{1e3 * time_s:.2f} ms" for time_s in (turn.own_p99_s, turn.work_p99_s, turn.cpu_s))
    return f"{times} ms | {others} | {turn.skipped:.0f}"


HEAD = "lateness p50 / p99 / max | p99, less waiting for a core | work p99, less that | CPU per tick | skipped |"


def print_rates(rates: Mapping[int, Mapping[str, Turn]]) -> bool:
    """Print the first table; return whether the bound is kept."""
    kept = True
    print(f"| rate | loop | {HEAD} p99, against beside | bound | |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for hz, loops in rates.items():
        for name, turn in loops.items():
            ratio = turn.p99_s / loops["beside"].p99_s
            good = ratio <= BOUND
            verdict = f"{ratio:.2f} × | {BOUND:g} × | {'kept' if good else '**missed**'}" if name == "full" else "| |"
            print(f"| {hz} Hz | {WORDS[name]} | {cells(turn)} | {verdict} |")
            kept = kept and (good or name != "full")
    return kept


def print_settings(found: Mapping[str, Turn]) -> None:
    """Print the second table."""
    print(f"\n| {STUDIED_HZ} Hz, the full loop with | {HEAD}")
    print("|---|---|---|---|---|---|")
    for name, turn in found.items():
        print(f"| {name} | {cells(turn)} |")


def main() -> int:
    """Print the tables; return 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter turns: coarse, and over in 2 minutes")
    parser.add_argument("--record", type=Path, metavar="FILE", help="also write the figures, as JSON")
    arguments = parser.parse_args()
    turns, duration_s = (2, 3.0) if arguments.quick else (7, 5.0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record_videos(folder)
        rates = {hz: by_rate(hz, folder, turns, duration_s) for hz in RATES_HZ}
        kept = print_rates(rates)
        sys.stdout.flush()
        studied = by_setting(folder, turns, duration_s)
        print_settings(studied)
        thawed_s, frozen_s = collection_s(folder)
        print(f"\nA full garbage collection: {1e3 * thawed_s:.1f} ms; after gc.freeze(): {1e3 * frozen_s:.2f} ms.")
    if arguments.record:
        record: dict[str, Any] = {
            "machine": {"python": platform.python_version(), "cores": len(os.sched_getaffinity(0))},
            "rates": {hz: {name: asdict(turn) for name, turn in loops.items()} for hz, loops in rates.items()},
            "settings": {name: asdict(turn) for name, turn in studied.items()},
            "collection_s": {"thawed": thawed_s, "frozen": frozen_s},
        }
        arguments.record.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
