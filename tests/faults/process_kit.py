"""The whole path as processes: a program, its guardian, and an emulated arm on a tty whose packet log is the witness.

Run as a program it is `bt-run` with a few leaves that misbehave; each tick is a line of JSON on stdout.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import pty
import resource
import select
import signal
import subprocess
import sys
import termios
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from bt_robot.arm.so101 import REST, to_rad
from bt_robot.cli.arguments import Parser, run_command, say
from bt_robot.cli.robots import make_robot
from bt_robot.cli.session import Job, open_session
from bt_robot.cli.settings import load_settings
from bt_robot.messages import Status
from bt_robot.nodes import standard_registry
from bt_robot.robot.emulator.process import EmulatorProcess
from bt_robot.robot.so101.assembly import calibration_of
from bt_robot.robot.so101.guardian.lock import holder_of
from bt_robot.robot.so101.planning import guardian_plan
from bt_robot.tree import Action, Input, Registry, load_tree, running

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
IDS = (1, 2, 3, 4, 5, 6)
PAN = 1
REFUSED = 3  # exit code
MIDDLE = 2047
RAD_PER_TICK = 2 * np.pi / 4096
LONGEST_S = 60.0
"""Longest wait for anything; only ever over when a test fails."""

LINGER_S = 0.3

SWAY = """\
tree: sway
root:
  repeat:
    times: 1000
    child:
      sequence:
        - force_success: {child: {move_to: {joints: [0.8, -1.55, 1.35, 1.2, 0.05, 0.3], speed: 0.3}}}
        - force_success: {child: {move_to: {joints: [-0.8, -1.55, 1.35, 1.2, 0.05, 0.3], speed: 0.3}}}
"""
"""Turns the shoulder there and back, at 0.9 rad/s in the middle; on a busy machine the arm may be stopped meanwhile."""

TROUBLE = """\
tree: trouble
root:
  fallback:
    - sway_and: {do: DO, at_s: 0.8}
    - hold_position
"""

BLIND = """\
description: A policy that needs no pictures.
protocol: openpi
images: {}
joints: [shoulder_pan, shoulder_lift, elbow_flex, wrist_flex, wrist_roll, gripper]
horizon: 50
state_key: observation.state
joint_unit: degrees
gripper: {closed: 0, open: 100}
rate_hz: 30
"""

PAUSE_S = 0.15
BLOCK_S = 1.0


class Bench(EmulatorProcess):
    """An emulated arm, a config for it, and the programs that were started on it.

    Attributes:
        bus_hz: Half the usual rate, so that a machine has to be very busy before three replies are lost in a row.
    """

    def __init__(self, folder, bus_hz=50):
        super().__init__(physics="lag", link_path=str(folder / "arm"))
        self.folder = folder
        self.bus_hz = bus_hz
        self.programs = []

    def config(self, policy=None, **guard):
        """Write a config of a real arm for it; return its path."""
        guard = {"linger_s": LINGER_S, "record": str(self.folder / "faults"), **guard}
        robot = {
            "type": "so101",
            "port": self.port,
            "calibration": self.calibration_path,
            "torque": {"normal": 0.3, "gripper": 0.3, "stopped": 0.25},  # weak, because to let go of it takes less time
            "health": {"warn_voltage_v": 10.0},
            "guard": guard,
            "bus_hz": self.bus_hz,
        }
        path = self.folder / "arm.yaml"
        path.write_text(json.dumps({"control_hz": 30, "robot": robot, "policy": policy or {}}))  # JSON is YAML, too
        return path

    def tree(self, text=SWAY):
        path = self.folder / "tree.yaml"
        path.write_text(text)
        return path

    def run(self, *flags, tree=SWAY, config=None, **options):
        """Start `bt-run` on the arm."""
        config = config or self.config()
        return self.start_program(BIN / "bt-run", self.tree(tree), "--config", config, "-v", *flags, **options)

    def control(self, tree, *flags, config=None):
        """Start the program of this file on the arm; its stdout has a line per tick."""
        config = config or self.config()
        return self.start_program(sys.executable, "-m", __name__, self.tree(tree), "--config", config, "-v", *flags)

    def start_program(self, *arguments, **options):
        program = Program(self.folder / f"program-{len(self.programs)}", arguments, **options)
        self.programs.append(program)
        return program

    @property
    def guardian(self):
        """The process that has the arm; None if none has."""
        return holder_of(self.port)

    def await_goal(self, above_rad):
        """Wait until the shoulder's goal is beyond an angle on its way out.

        A program that is refused the arm, because the emulator of a busy machine did not answer in time, starts again.
        """
        (*_, program) = self.programs

        def moves():
            if program.process.poll() == REFUSED:
                program.start()
            return self.pan_rad() > above_rad or program.process.poll() is not None

        await_true(moves, "the motion")
        assert program.process.poll() is None, program.err

    def pan_rad(self):
        """Where the shoulder's goal is [rad]."""
        return (self.registers(PAN)["goal_position"] - MIDDLE) * RAD_PER_TICK

    def await_rest(self):
        """Wait until no process has the arm any more; return its packet log."""
        await_true(lambda: self.guardian is None, "the guardian's end")
        return self.log()

    @property
    def plan(self):
        """What `bt-run` tells its guardian to keep."""
        settings = load_settings(str(self.folder / "arm.yaml"))
        calibration, _ = calibration_of(settings.robot)
        safety = settings.limits.envelope(make_robot(settings, 0).limits)
        return guardian_plan(settings.robot, calibration, safety, settings.control_hz)

    def torque(self):
        return [self.registers(i)["torque_enable"] for i in IDS]

    def close(self):
        for program in self.programs:
            program.close()
        if self.guardian is not None:
            os.kill(self.guardian, signal.SIGKILL)


@contextmanager
def bench_in(folder, **options):
    """An arm on a tty, whose lock and calibration are in a folder where nothing else is."""
    with pytest.MonkeyPatch.context() as patch, Bench(folder, **options) as bench:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("COLUMNS", "80")
        try:
            for joint, angle_rad in enumerate(to_rad(REST)):
                bench.inject("place", servo_id=IDS[joint], position_rad=float(angle_rad))
            yield bench
        finally:
            bench.close()


class Program:
    """A command as a process of its own, on a terminal or not; what it says is kept."""

    def __init__(self, place, arguments, *, terminal=False, full_disk=False):
        """Start it.

        Args:
            place: Its folder.
            arguments: The command line.
            terminal: Whether it has a terminal, in whose foreground it is; otherwise what it says goes into files.
            full_disk: Whether no file can grow.
        """
        place.mkdir()
        self._place = place
        self._files = place / "out", place / "err"
        self._arguments = list(map(str, arguments))
        self._terminal, self._full_disk = terminal, full_disk
        self._master = -1
        self.start()

    def start(self):
        self._heard = b""
        if self._master >= 0:
            self.hang_up()
        self._master, tty = pty.openpty() if self._terminal else (-1, subprocess.DEVNULL)
        with self._files[0].open("wb") as out, self._files[1].open("wb") as err:
            self.process = subprocess.Popen(
                self._arguments,
                stdin=tty,
                stdout=tty if self._terminal else out,
                stderr=tty if self._terminal else err,
                cwd=self._place,
                start_new_session=True,
                preexec_fn=self._prepare if self._terminal or self._full_disk else None,
            )
        if self._terminal:
            os.close(tty)

    def _prepare(self):
        if self._terminal:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        if self._full_disk:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    @property
    def pid(self):
        return self.process.pid

    @property
    def out(self):
        return self._said(self._files[0])

    @property
    def err(self):
        return self._said(self._files[1])

    def _said(self, path):
        while self._master >= 0 and select.select([self._master], [], [], 0)[0]:
            try:
                part = os.read(self._master, 65536)
            except OSError:  # nobody has the other end any more
                break
            self._heard += part
        return (self._heard or path.read_bytes()).decode(errors="replace")

    @property
    def told(self):
        """Everything that the program of this file told."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def ticks(self):
        """What the program of this file told of each tick."""
        return [told for told in self.told if "step" in told]

    @property
    def events(self):
        return [event for tick in self.ticks for event in tick["events"]]

    def await_event(self, words):
        await_true(lambda: any(words in event for event in self.events), words)

    def hear(self, *words):
        """Wait until it has said some words."""
        await_true(lambda: all(word in self.err for word in words) or self.process.poll() is not None, words)
        assert all(word in self.err for word in words), f"it ended without {words}: {self.err}"

    def send(self, *numbers):
        """Send it signals, one right after the other; return when [s]."""
        before_s = time.monotonic()
        for number in numbers:
            os.kill(self.pid, number)
        return before_s

    def press(self, keys):
        """Press keys at its terminal; return when [s]."""
        before_s = time.monotonic()
        os.write(self._master, keys.encode())
        return before_s

    def hang_up(self):
        """Close its terminal, as the end of an ssh connection does; return when [s]."""
        before_s = time.monotonic()
        os.close(self._master)
        self._master = -1
        return before_s

    def kill(self, number=signal.SIGKILL):
        """End it by a signal; return when it was dead for certain [s]."""
        dead_s = kill(self.pid, number)
        assert self.process.wait(LONGEST_S) == -number
        return dead_s

    def end(self):
        """Wait for its end; return the exit code and the last JSON object that it said."""
        code = self.process.wait(LONGEST_S)
        lines = [line for line in self.out.splitlines() if line.startswith("{")]
        return code, json.loads(lines[-1]) if lines else None

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self._master >= 0:
            self.hang_up()


def kill(pid, number=signal.SIGKILL):
    """End a process by a signal; return when it was dead for certain [s]."""
    process = os.pidfd_open(pid)
    try:
        os.kill(pid, number)
        assert select.select([process], [], [], LONGEST_S)[0]
        return time.monotonic()
    finally:
        os.close(process)


def await_true(condition, what="it"):
    until_s = time.monotonic() + LONGEST_S
    while not condition():
        assert time.monotonic() < until_s, f"waited in vain for {what}"
        time.sleep(0.005)


# a program that misbehaves --------------------------------------------------------------------------------------


class SwayAnd(Action):
    """Turn the shoulder there and back, and misbehave once."""

    type_name = "sway_and"
    do = Input(str, doc="raise, or block")
    at_s = Input(float, doc="when [s]")

    def on_start(self, ctx):
        self._begin_s, self._begin = ctx.now_s, ctx.last_command.positions
        self._done = False

    def on_tick(self, ctx):
        spent_s = ctx.now_s - self._begin_s
        goal = self._begin.copy()
        goal[0] += 0.6 * np.sin(1.2 * spent_s)
        ctx.propose(goal)
        if spent_s >= self.at_s and not self._done:
            self._done = True
            if self.do == "raise":
                raise RuntimeError("the left hand does not know")
            if self.do == "block":
                time.sleep(BLOCK_S)
        return running(f"swaying for {spent_s:.1f} s")


class Trace:
    """A sink that tells each tick, and when its work was over."""

    def publish(self, record):
        tick = {
            "step": record.step,
            "skipped": record.skipped,
            "over_s": time.monotonic(),
            "held": record.verdict.held,
            "stopped": record.observation.health.stopped,
            "events": list(record.events),
        }
        say(json.dumps(tick) + "\n")


def _pause(*_):
    """Stop every thread of this process, as a long garbage collection does, and tell when that began."""
    os.write(1, json.dumps({"paused_s": time.monotonic()}).encode() + b"\n")
    ctypes.PyDLL(None).usleep(int(1e6 * PAUSE_S))  # keeps the interpreter's lock


def _parser():
    parser = Parser(prog="control")
    parser.add_argument("tree")
    parser.add_argument("--config")
    parser.add_argument("-v", "--verbose", action="count", default=0)
    return parser


def _control(arguments):
    signal.signal(signal.SIGUSR2, _pause)
    registry = Registry([*standard_registry().leaves.values(), SwayAnd])
    job = Job(load_settings(arguments.config), load_tree(arguments.tree, registry), ())
    with open_session(job) as session:
        with arguments.interrupt.asked_politely():
            ending = session.run([Trace()], arguments.interrupt)
        say(json.dumps({"reason": ending.reason, "ended_s": time.monotonic()}) + "\n")
    return 0 if ending.status is Status.SUCCESS else 1


if __name__ == "__main__":
    sys.exit(run_command(_control, _parser(), None))
