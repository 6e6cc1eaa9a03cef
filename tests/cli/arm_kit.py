"""`bt-arm` against an emulated arm: one emulator per test module, and a person who presses keys."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from bt_robot.arm.so101 import GRIPPER, RANGES_RAD
from bt_robot.errors import RobotError
from bt_robot.robot.emulator.log import PacketLog
from bt_robot.robot.emulator.process import EmulatorProcess
from bt_robot.robot.so101.wire.registers import REGISTERS

BT_ARM = Path(sys.executable).parent / "bt-arm"
IDS = (1, 2, 3, 4, 5, 6)
READING = {"ping", "read", "sync_read", "reply"}
LONGEST_S = 30.0

REST_RAD = (0.0, -1.6, 1.35, 1.2, 0.0487, 0.3)
MIDDLES_RAD = (0.0, 0.0, 0.0, 0.0, 0.0, sum(RANGES_RAD[GRIPPER]) / 2)
"""Where LeRobot's calibration finds the middles; `wrist_roll` is calibrated as a whole turn, not by its stops."""


class Arm(EmulatorProcess):
    """An emulated arm, with a lag instead of physics."""

    def __init__(self, folder):
        super().__init__(physics="lag", link_path=str(folder / "arm"))
        self.seen = self._turn = 0

    @property
    def flags(self):
        """Which arm, and a config that fits it."""
        return ("--port", self.port, "--config", "so101_emulated")

    def news(self):
        """The packets since the last call: the whole log is long after a few seconds with a guardian."""
        self._command("flush")
        with open(self._child.greeting["log"], encoding="utf-8") as file:
            file.seek(self.seen)
            text = file.read()
        whole = text[: text.rfind("\n") + 1]
        self.seen += len(whole.encode())
        return PacketLog.from_lines(whole)

    def kinds(self):
        return {packet.kind for packet in self.news()}

    def written(self):
        """(register, id, value) of every single write since the last call."""
        return [
            (register.name, servo_id, packet.value(register, servo_id))
            for packet in self.news()
            for servo_id in packet.values
            for register in REGISTERS.values()
            if packet.value(register, servo_id) is not None
        ]

    def torque(self):
        return [self.registers(servo_id)["torque_enable"] for servo_id in IDS]

    def poke(self, servo_id, register, value):
        """Set a register, and wait until it is."""
        self.inject("poke", servo_id=servo_id, register=register, value=value)
        self.settle()

    def settle(self):
        """Wait until everything that was injected is done: `clear` would forget it."""
        self._turn = (self._turn + 1) % 1000
        there = next(i for i in range(254) if self._goal_time(i) is not None)
        self.inject("poke", servo_id=there, register="goal_time", value=self._turn)
        await_true(lambda: self._goal_time(there) == self._turn, "what was injected")

    def _goal_time(self, servo_id):
        try:
            return self.registers(servo_id)["goal_time"]
        except RobotError:
            return None

    def energise(self):
        """Leave the arm as a program does that died: torque on, at the goal."""
        for servo_id in IDS:
            position = self.registers(servo_id)["present_position"]
            self.inject("poke", servo_id=servo_id, register="goal_position", value=position)
            self.inject("poke", servo_id=servo_id, register="torque_enable", value=1)
        self.settle()

    def hold(self):
        """Hold every joint where it is, as hands do."""
        for servo_id in IDS:
            self.inject("freeze", servo_id=servo_id)

    def place(self, angles_rad):
        for servo_id, angle_rad in zip(IDS, angles_rad, strict=True):
            self.inject("place", servo_id=servo_id, position_rad=angle_rad)
        self.settle()

    def silence_all_but(self, *ids):
        for servo_id in IDS:
            self.inject("silence", servo_id=servo_id, count=0 if servo_id in ids else None)

    def rest(self):
        """Make it good again: no faults, no torque, the rest pose."""
        self.settle()
        self.inject("clear")
        for servo_id in IDS:
            self.inject("reboot", servo_id=servo_id)
        self.place(REST_RAD)
        self.news()


@contextmanager
def emulated_arm(tmp_path_factory):
    """An arm for a module, in a folder where nothing else is."""
    folder = tmp_path_factory.mktemp("arm")
    with pytest.MonkeyPatch.context() as patch, Arm(folder) as arm:
        patch.chdir(folder)
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        patch.setenv("HF_LEROBOT_CALIBRATION", str(folder / "calibration"))
        patch.setenv("COLUMNS", "80")
        yield arm


class Session:
    """`bt-arm` as a process of its own, with a person at its keys; stderr is collected as it comes."""

    def __init__(self, *arguments, terminal=False):
        self._master, slave = pty.openpty() if terminal else (-1, subprocess.PIPE)
        self.process = subprocess.Popen(
            [BT_ARM, *map(str, arguments)],
            stdin=slave,
            stdout=slave if terminal else subprocess.PIPE,
            stderr=slave if terminal else subprocess.PIPE,
            start_new_session=True,
        )
        if terminal:
            os.close(slave)
        self._read_fd = self._master if terminal else self.process.stderr.fileno()
        self.heard = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        if self._master >= 0:
            os.close(self._master)

    def hear(self, *words):
        """Wait until it has said something since it was last waited for; return that."""
        until_s = time.monotonic() + LONGEST_S
        said = ""
        while not all(" ".join(word.split()) in " ".join(said.split()) for word in words):
            left_s = until_s - time.monotonic()
            assert select.select([self._read_fd], [], [], max(0.0, left_s))[0], f"not heard: {words}; heard: {said}"
            try:
                part = os.read(self._read_fd, 65536)
            except OSError:
                part = b""
            assert part, f"it ended without {words}; heard: {said}"
            said += part.decode(errors="replace")
        self.heard += said
        return said

    def press(self, keys="\n"):
        if self._master >= 0:
            os.write(self._master, keys.encode())
        else:
            self.process.stdin.write(keys.encode())
            self.process.stdin.flush()

    def hang_up(self):
        self.process.stdin.close()

    def end(self):
        """Wait for its end; return the exit code and what it said since."""
        if self._master >= 0:
            said = b""
            while True:
                try:
                    part = os.read(self._master, 65536)
                except OSError:  # nobody has the other end any more
                    part = b""
                if not part:
                    break
                said += part
            return self.process.wait(LONGEST_S), said.decode(errors="replace"), ""
        if self.process.stdin is not None:
            self.process.stdin.close()
        out = self.process.stdout.read()
        code = self.process.wait(LONGEST_S)
        os.set_blocking(self.process.stderr.fileno(), False)  # a guardian may still have it
        err = self.process.stderr.read() or b""
        return code, out.decode(), err.decode()


@contextmanager
def typed_keys(monkeypatch):
    """Where a person types, for a command in this process."""
    reader, writer = os.pipe()
    with os.fdopen(reader) as stdin, os.fdopen(writer, "wb", buffering=0) as keys:
        monkeypatch.setattr("sys.stdin", stdin)
        yield keys


def fits(text):
    """Whether text keeps to 80 columns; paths that have to stay whole may not."""
    return all(len(line) <= 80 or "/" in line for line in text.splitlines())


def last_json(text):
    return json.loads(text.splitlines()[-1])


def await_true(condition, what="it"):
    """Wait until something is so."""
    until_s = time.monotonic() + LONGEST_S
    while not condition():
        assert time.monotonic() < until_s, f"{what} did not happen"
        time.sleep(0.01)
