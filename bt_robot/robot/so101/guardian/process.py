"""The guardian as a process: it alone owns the port, and it outlives the controller by as long as the arm needs.

It is started with one end of a socket pair as a file descriptor; the first message is its setup. It ends when the arm
is at rest.
"""

from __future__ import annotations

import fcntl
import gc
import math
import os
import select
import signal
import socket
import sys
import termios
import time
from pathlib import Path
from typing import Final

from bt_robot.errors import RobotRefused
from bt_robot.robot.priority import GUARDIAN, before_others
from bt_robot.robot.so101.bus import Bus
from bt_robot.robot.so101.guardian.box import FlightRecorder
from bt_robot.robot.so101.guardian.core import Core
from bt_robot.robot.so101.guardian.cycle import BusCycle
from bt_robot.robot.so101.guardian.lock import ArmLock
from bt_robot.robot.so101.guardian.messages import Goal, Word, pack_report, pack_word, unpack
from bt_robot.robot.so101.guardian.setup import GuardianSetup, setup_from_json
from bt_robot.robot.so101.look import look_at
from bt_robot.robot.so101.port import PortLost, SerialPort

MESSAGE_BYTES: Final = 65536
REOPEN_EVERY_S: Final = 1.0
_SETUP_WITHIN_S: Final = 10.0
_GONE_WITHIN_S: Final = 10.0
_MOST_UNREAD: Final = 65536
_SWITCH_S: Final = 0.0005
"""How long a Python thread may keep the interpreter from another one; the default of 5 ms is half a bus cycle."""


class Guardian:
    """A core, a port, and a line to the controller."""

    def __init__(self, line: socket.socket, setup: GuardianSetup) -> None:
        """Take the arm, without a write to the bus.

        Args:
            line: To the controller.
            setup: What to do.

        Raises:
            RobotRefused: The port or the servos are not what they should be.
        """
        self._line: socket.socket | None = line
        self._setup = setup
        self._core = Core(setup.plan)
        self._box = FlightRecorder(Path(setup.box_folder) if setup.box_folder else None)
        self._asked_to_end = False
        self._emergency = False
        self._lost_s = -math.inf
        self._lock = ArmLock(setup.port)
        try:
            self._port: SerialPort | None = SerialPort(setup.port)
            self._cycle = BusCycle(self._core, Bus(self._port, latency_s=setup.plan.latency_s), setup.plan)
            self.warnings = self._look()
        except BaseException:
            self._lock.close()
            raise
        self._retry_s = 0.0
        if setup.rescue:
            self._core.rescue()

    def _look(self) -> tuple[str, ...]:
        """Compare the servos with what they should be; return what a person should know.

        Raises:
            RobotRefused: They must not be armed.
        """
        assert self._port is not None, "looked at while it is open"
        findings = look_at(self._cycle.bus, self._port, self._setup.expected)
        if findings.refusals and not self._setup.rescue:
            self._port.close()
            raise RobotRefused("\n".join(findings.refusals))
        return findings.warnings

    def run(self) -> None:
        """Work until the arm is at rest."""
        core, cycle_s = self._core, self._setup.plan.cycle_s
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGUSR1, self._stop_all)
        due_s = time.monotonic()
        while not core.finished:
            self._listen(due_s)
            if self._emergency:
                self._emergency = False
                core.emergency("signal SIGUSR1")
            if self._asked_to_end:
                self._asked_to_end = False
                core.leave(time.monotonic(), "asked to end")
                core.hurry()
            self._run_cycle()
            self._tell()
            # A cycle that came late is not made up for: the next one is due on the grid again.
            now_s = time.monotonic()
            due_s += cycle_s * max(1, math.ceil((now_s - due_s) / cycle_s))
        self._tell()

    def _end(self, *_: object) -> None:
        self._asked_to_end = True

    def _stop_all(self, *_: object) -> None:
        self._emergency = True

    def _run_cycle(self) -> None:
        now_s = time.monotonic()
        if self._port is None:
            self._try_to_reopen(now_s)
            return
        try:
            self._cycle.run()
        except PortLost as error:
            self._core.port_lost(str(error))
            self._port.close()
            self._port, self._lost_s, self._retry_s = None, now_s, now_s + REOPEN_EVERY_S

    def _try_to_reopen(self, now_s: float) -> None:
        """Look for the port again, once a second; what was lost stays latched until a person re-arms."""
        if now_s < self._retry_s:
            return
        self._retry_s = now_s + REOPEN_EVERY_S
        try:
            port = SerialPort(self._setup.port)
        except RobotRefused:
            if self._core.doing and now_s - self._lost_s > _GONE_WITHIN_S:
                self._core.give_up("the port did not come back; switch the supply off if the arm is stiff")
            return
        self._port = port
        self._cycle = BusCycle(self._core, Bus(port, latency_s=self._setup.plan.latency_s), self._setup.plan)

    # the line to the controller -----------------------------------------------------------------------------

    def _listen(self, due_s: float) -> None:
        """Take what the controller says until the next cycle is due."""
        while True:
            wait_s = due_s - time.monotonic()
            if self._line is None:
                if wait_s > 0.0:
                    time.sleep(wait_s)
                return
            if not select.select([self._line], [], [], max(0.0, wait_s))[0]:
                return
            try:
                data = self._line.recv(MESSAGE_BYTES)
            except OSError:
                data = b""
            if not data:
                self._line.close()
                self._line = None
                _let_go_of_the_terminal()
                self._core.leave(time.monotonic(), "the controller is gone")
                return
            self._take(data)
            if wait_s <= 0.0:
                return

    def _take(self, data: bytes) -> None:
        now_s = time.monotonic()
        self._core.heard(now_s)
        try:
            message = unpack(data, len(self._setup.plan.joints))
        except ValueError:  # a controller that talks nonsense is no reason to leave the arm alone
            return
        if isinstance(message, Goal):
            self._core.goal(message, now_s)
        elif isinstance(message, Word):
            self._obey(message, now_s)

    def _obey(self, word: Word, now_s: float) -> None:
        core = self._core
        if word.kind == "arm":
            refusal = core.arm(now_s)
            if refusal:
                self._send(pack_word("refused", text=refusal))
        elif word.kind == "stop":
            core.stop(word.text)
        elif word.kind == "emergency":
            core.emergency(word.text)
        elif word.kind == "reset":
            core.reset()
        elif word.kind == "leave":
            core.leave(now_s)
        elif word.kind == "stand_still":
            core.stand_still()

    def _tell(self) -> None:
        core = self._core
        saved = self._box.save(core.latched or core.cause, self._cycle.bus.history)
        for text in [*core.take_events(), *([saved] if saved else [])]:
            self._send(pack_word("event", text=text))
        if self._unread_bytes() < _MOST_UNREAD:  # what nobody reads must not take the room of the last words
            self._send(pack_report(core.report()))
        if core.finished:
            self._send(pack_word("finished", stuck=list(core.stuck)))

    def _unread_bytes(self) -> int:
        """How much a controller that does not listen has still to read."""
        if self._line is None:
            return 0
        return int.from_bytes(fcntl.ioctl(self._line, termios.TIOCOUTQ, bytes(4)), sys.byteorder)

    def _send(self, data: bytes) -> None:
        if self._line is None:
            return
        try:
            self._line.send(data, socket.MSG_DONTWAIT)
        except (BlockingIOError, BrokenPipeError, ConnectionError):
            return  # a controller that does not listen must not make the arm wait

    def close(self) -> None:
        """Let go of the port and the line."""
        if self._port is not None:
            self._port.close()
        self._lock.close()
        if self._line is not None:
            self._line.close()


def _let_go_of_the_terminal() -> None:
    """Write nowhere from now on: whoever waits for the controller's output to end must not wait for this process."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stderr.fileno())
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def main(argv: list[str] | None = None) -> int:
    """Run a guardian on the socket whose file descriptor is the only argument."""
    given = int((sys.argv[1:] if argv is None else argv)[0])
    line = socket.socket(fileno=os.dup(given))  # a low number, which select() wants
    os.close(given)
    line.settimeout(_SETUP_WITHIN_S)
    setup = setup_from_json(line.recv(MESSAGE_BYTES).decode())
    line.settimeout(None)
    sys.setswitchinterval(_SWITCH_S)
    before_others(GUARDIAN)
    try:
        guardian = Guardian(line, setup)
    except (RobotRefused, PortLost) as error:
        line.send(pack_word("refused", text=str(error)))
        line.close()
        return 3
    try:
        line.send(pack_word("ready", warnings=list(guardian.warnings), pid=os.getpid()))
    except OSError:
        guardian.close()
        return 0
    gc.collect()
    gc.freeze()
    gc.disable()  # nothing in a cycle refers to itself, and a collection would cost several cycles
    try:
        guardian.run()
    finally:
        guardian.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
