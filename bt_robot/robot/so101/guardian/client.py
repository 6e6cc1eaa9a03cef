"""The controller's end of the line to its guardian; nothing here waits, but what says so."""

from __future__ import annotations

import math
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from bt_robot.errors import RobotError, RobotRefused
from bt_robot.robot.so101.guardian.messages import Goal, Report, State, Word, pack_goal, pack_word, unpack
from bt_robot.robot.so101.guardian.process import MESSAGE_BYTES
from bt_robot.robot.so101.guardian.setup import GuardianSetup

START_WITHIN_S: Final = 15.0
ARM_WITHIN_S: Final = 5.0
_NOTES_KEPT: Final = 100
_LEAVING_GRACE_S: Final = 10.0


class GuardianClient:
    """A guardian process and the line to it.

    Attributes:
        warnings: What it found at the start that a person should know.
        report: How things stood last; None before the first report.
        dead: Why the guardian is gone; empty while it lives.
        finished: Whether it said that the arm is at rest for good.
        stuck: Servos whose torque could not be switched off in the end.
        pid: Its process id.
    """

    def __init__(self, setup: GuardianSetup) -> None:
        """Start a guardian and wait until it has looked at the servos; nothing is written to them.

        Args:
            setup: What it is to do.

        Raises:
            RobotRefused: It refused the arm, with its reasons.
        """
        self._setup = setup
        self._joints = len(setup.plan.joints)
        self._notes: deque[str] = deque(maxlen=_NOTES_KEPT)
        self._number = 0
        self._refusal = ""
        self.warnings: tuple[str, ...] = ()
        self.report: Report | None = None
        self.dead = ""
        self.finished = False
        self.stuck: tuple[int, ...] = ()
        self.pid = 0
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._readable = select.poll()
        self._readable.register(self._line, select.POLLIN)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "bt_robot.robot.so101.guardian.process", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # whoever reads ours need not wait for the guardian's end
                start_new_session=True,  # Ctrl-C is for the controller; the guardian still has to park the arm
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
        except OSError as error:
            self._line.close()
            raise RobotRefused(f"the guardian could not be started: {error}") from error
        finally:
            theirs.close()
        self._line.send(setup.as_json().encode())
        try:
            self._wait_until_ready()
        except BaseException:
            self.close()
            raise

    def _wait_until_ready(self) -> None:
        until_s = time.monotonic() + START_WITHIN_S
        while not (self.pid and self._has_seen_the_arm()):
            if self._refusal or self.dead:
                raise RobotRefused(self._refusal or f"the guardian did not start: {self.dead}")
            if time.monotonic() > until_s:
                what = "said nothing" if self.report is None else "did not hear from every servo"
                raise RobotRefused(f"the guardian {what} for {START_WITHIN_S:g} s")
            self._hear(until_s - time.monotonic())

    def _has_seen_the_arm(self) -> bool:
        """Whether each joint was measured; a reply may get lost in the very first cycle, too."""
        return self.report is not None and all(math.isfinite(joint.position) for joint in self.report.joints)

    # hearing ------------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Take everything that the guardian has said, without waiting."""
        while self._hear(0.0):
            pass

    def _hear(self, wait_s: float) -> bool:
        """Take one message; return whether there was one."""
        if self.dead or not self._readable.poll(max(0.0, 1e3 * wait_s)):
            return False
        try:
            data = self._line.recv(MESSAGE_BYTES)
        except OSError as error:
            data, why = b"", f" ({error.strerror or error})"
        else:
            why = ""
        if not data:
            self.finished = self.finished or self._process.poll() == 0  # its last words did not fit into a full line
            self.dead = "the guardian has ended" if self.finished else f"the guardian process died{why}"
            return False
        message = unpack(data, self._joints)
        if isinstance(message, Report):
            self.report = message
        elif isinstance(message, Word):
            self._take(message)
        return True

    def _take(self, word: Word) -> None:
        if word.kind == "event":
            self._notes.append(word.text)
        elif word.kind == "refused":
            self._refusal = word.text
        elif word.kind == "ready":
            self.warnings, self.pid = tuple(word.values["warnings"]), int(word.values["pid"])
        elif word.kind == "finished":
            self.finished, self.stuck = True, tuple(word.values["stuck"])

    def notes(self) -> tuple[str, ...]:
        """Return what a person should read since the last call."""
        notes = tuple(self._notes)
        self._notes.clear()
        return notes

    @property
    def energised(self) -> bool:
        """Whether the arm was switched on, and not let go yet, as far as is known."""
        return self.report is not None and self.report.state not in (State.DISARMED, State.RELEASED)

    # saying -------------------------------------------------------------------------------------------------

    def send_goal(self, positions: Sequence[float], period_s: float) -> None:
        """Say where the joints are to be one control period from now, [ticks].

        Raises:
            RobotError: The guardian is gone.
        """
        self._number += 1
        self._send(pack_goal(Goal(self._number, time.monotonic(), period_s, tuple(positions))))

    def order(self, kind: str, text: str = "") -> None:
        """Give an order: `stop`, `emergency`, `reset`, `alive`, `stand_still`; a guardian that is gone is no error."""
        try:
            self._send(pack_word(kind, text=text))
        except RobotError:
            return

    def _send(self, data: bytes) -> None:
        if self.dead:
            raise RobotError(f"{self.dead}; the servos hold their last goal")
        try:
            self._line.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return  # a guardian that is stopped finds stale goals, and drops them
        except OSError as error:
            self.drain()  # it may have said why before
            self.dead = self.dead or f"the guardian process died ({error.strerror or error})"
            raise RobotError(f"{self.dead}; the servos hold their last goal") from error

    def arm(self) -> None:
        """Energise the arm, and wait until it is.

        Raises:
            RobotRefused: It could not be armed; its torque is off.
        """
        self._refusal = ""
        self.order("arm")
        until_s = time.monotonic() + ARM_WITHIN_S
        while not (self.report and self.report.state is State.ARMED):
            self._hear(until_s - time.monotonic())
            failed = self.report.reason if self.report and self.report.latched else ""
            if self._refusal or failed or self.dead:
                raise RobotRefused(self._refusal or failed or self.dead)
            if time.monotonic() > until_s:
                raise RobotRefused(f"the arm was not armed within {ARM_WITHIN_S:g} s")

    def leave(self, unless: Callable[[], bool] = lambda: False) -> str:
        """Have the arm brought to rest, and wait until it is; return how that ended, in words.

        A KeyboardInterrupt, a second Ctrl-C, stops the parking: the arm holds where it is, and is let go softly later.

        Args:
            unless: When it says so, the arm is not waited for any longer.

        Raises:
            KeyboardInterrupt: As it came.
        """
        self.order("leave")
        plan = self._setup.plan
        longest_s = plan.park_s + plan.linger_s + _LEAVING_GRACE_S
        until_s = time.monotonic() + longest_s
        try:
            while not (self.finished or self.dead or unless()) and time.monotonic() < until_s:
                self._hear(0.2)
        except KeyboardInterrupt:
            self.order("stand_still")
            raise
        return self._notes[-1] if self.finished and self._notes else ""

    def close(self) -> None:
        """Hang up. A guardian that still has an arm to bring to rest goes on without us."""
        self._line.close()
        if self.finished or self.dead or self._refusal:
            try:
                self._process.wait(2.0)
            except subprocess.TimeoutExpired:
                return
        else:  # it lingers; somebody has to take note of its end
            threading.Thread(target=self._process.wait, name="guardian-end", daemon=True).start()
