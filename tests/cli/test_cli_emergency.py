"""The emergency stop: the space bar and SIGUSR1, from inside a terminal and without one."""

import os
import pty
import select
import signal
import sys
import textwrap
import time

import pytest

from bt_robot.cli.emergency import emergency_stop

_PROGRAM = textwrap.dedent("""
    import sys, time
    from bt_robot.cli.emergency import emergency_stop
    stopped = []
    with emergency_stop(stopped.append) as listening:
        sys.stdout.write(f"listening {listening}\\n"); sys.stdout.flush()
        until_s = time.monotonic() + 20.0
        while not stopped and time.monotonic() < until_s:
            time.sleep(0.01)
    sys.stdout.write(f"stopped {stopped}\\n")
    sys.stdout.write(input("type: ") + "\\n")
""")


class Terminal:
    """A program with a terminal of its own, and a person at it."""

    def __init__(self):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.execv(sys.executable, [sys.executable, "-c", _PROGRAM])
        self.seen = b""

    def wait_for(self, words, timeout_s=20.0):
        until_s = time.monotonic() + timeout_s
        while words not in self.seen and time.monotonic() < until_s:
            if select.select([self.fd], [], [], 0.2)[0]:
                self.seen += os.read(self.fd, 4096)
        assert words in self.seen, self.seen

    def type(self, keys):
        os.write(self.fd, keys)

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


@pytest.fixture
def terminal():
    terminal = Terminal()
    yield terminal
    terminal.close()


def test_the_space_bar_stops_without_enter_and_the_terminal_is_given_back(terminal):
    terminal.wait_for(b"listening True")
    terminal.type(b"x")
    terminal.type(b" ")
    terminal.wait_for(b"stopped ['space pressed']")
    terminal.wait_for(b"type: ")
    terminal.type(b"a line\n")  # in lines again, and shown as it is typed
    terminal.wait_for(b"a line\r\na line\r\n")


def test_a_signal_stops_as_well(terminal):
    terminal.wait_for(b"listening True")
    os.kill(terminal.pid, signal.SIGUSR1)
    terminal.wait_for(b"stopped ['signal SIGUSR1']")


def test_without_a_terminal_only_the_signal_is_listened_to(monkeypatch):
    with open(os.devnull, encoding="ascii") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        before, stopped = signal.getsignal(signal.SIGUSR1), []
        with emergency_stop(stopped.append) as listening:
            assert not listening
            os.kill(os.getpid(), signal.SIGUSR1)
            until_s = time.monotonic() + 10.0
            while not stopped and time.monotonic() < until_s:
                time.sleep(0.01)
        assert stopped == ["signal SIGUSR1"]
        assert signal.getsignal(signal.SIGUSR1) == before
