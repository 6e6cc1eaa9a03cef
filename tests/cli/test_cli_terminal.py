"""A run on a real terminal: of any size, resized, stopped by Ctrl-Z, in the background, of few characters."""

import fcntl
import os
import pty
import re
import select
import shlex
import signal
import struct
import sys
import termios
import time
from pathlib import Path

import pytest

BT_RUN = str(Path(sys.executable).parent / "bt-run")
TAKEN, GIVEN_BACK, CLEARED = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[2J"
LONGEST_S = 60.0

NAP = """
tree: nap
root:
  sequence:
    - wait: {name: short, duration_s: 0.3}
    - sequence: {name: stages, children: [CHILDREN]}
"""


def plain(seen):
    """What was written without colours and other commands."""
    return re.sub(r"\x1b\[[?\d;]*[A-Za-z]|\r", "", seen.decode(errors="replace"))


class Terminal:
    """A command with a terminal of its own, and what it wrote there."""

    def __init__(self, command, width, height, **environment):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            self._resize(0, width, height)
            clean = {name: value for name, value in os.environ.items() if name[:3] not in ("LC_", "LAN", "COL", "LIN")}
            os.execvpe(command[0], command, {**clean, "TERM": "xterm-256color", **environment})
        self.seen = b""

    def resize(self, width, height):
        self._resize(self.fd, width, height)

    @staticmethod
    def _resize(fd, width, height):
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def read(self):
        """Take what is there, for a moment at most; False when nobody has the terminal any more."""
        if select.select([self.fd], [], [], 0.1)[0]:
            try:
                self.seen += os.read(self.fd, 65536)
            except OSError:
                return False
        return True

    def wait_for(self, words, times=1):
        self.wait_until(lambda: self.seen.count(words) >= times)

    def wait_for_text(self, words):
        self.wait_until(lambda: words in plain(self.seen))

    def wait_until(self, happened):
        until_s = time.monotonic() + LONGEST_S
        while not happened() and time.monotonic() < until_s and self.read():
            pass
        assert happened(), plain(self.seen)

    def wait_for_the_end(self):
        """Return the exit code."""
        until_s = time.monotonic() + LONGEST_S
        while time.monotonic() < until_s and self.read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def wait_for_stop(self):
        until_s = time.monotonic() + LONGEST_S
        while not (stopped := os.waitpid(self.pid, os.WUNTRACED | os.WNOHANG))[0] and time.monotonic() < until_s:
            self.read()
        assert os.WIFSTOPPED(stopped[1])
        self.read()

    @property
    def left_behind(self):
        """What stands on the terminal once its screen was given back, without colours."""
        return plain(self.seen.rsplit(GIVEN_BACK, 1)[-1]).splitlines()


@pytest.fixture
def run(tmp_path):
    """A function that starts a run of a number of naps on a terminal."""
    terminals = []

    def start(*flags, naps=3, nap_s=0.4, width=80, height=24, around="", program=BT_RUN, **environment):
        tree = tmp_path / "nap.yaml"
        children = ", ".join(f"{{wait: {{name: nap_{i}, duration_s: {nap_s}}}}}" for i in range(naps))
        tree.write_text(NAP.replace("CHILDREN", children))
        command = [*shlex.split(program), str(tree), "--config", "fake", "--no-artifacts", *flags]
        if around:
            command = ["bash", "--norc", "-c", around.replace("RUN", " ".join(command))]
        terminals.append(Terminal(command, width, height, **environment))
        return terminals[-1]

    yield start
    for terminal in terminals:
        try:
            os.killpg(terminal.pid, signal.SIGKILL)
            os.waitpid(terminal.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass  # it has ended, as it should
        os.close(terminal.fd)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 10), (200, 60)])
def test_the_live_view_fits_shows_what_runs_and_leaves_its_last_state_and_the_summary_behind(run, width, height):
    terminal = run(naps=60, nap_s=0.03, width=width, height=height)
    assert terminal.wait_for_the_end() == 0
    assert terminal.seen.count(TAKEN) == terminal.seen.count(GIVEN_BACK) == 1
    drawn = terminal.seen.split(TAKEN)[1].split(GIVEN_BACK)[0]
    assert max(int(row) for row in re.findall(rb"\x1b\[(\d+);1H", drawn)) <= height
    assert "▶ nap_" in plain(drawn)
    lines = terminal.left_behind
    summary = next(i for i, line in enumerate(lines) if line.startswith("SUCCESS  nap"))
    assert any("✓ nap (sequence)" in line for line in lines[:summary])
    assert not any("✓" in line or "▶" in line for line in lines[summary:])


def test_a_window_that_changes_its_size_is_drawn_anew_and_no_old_line_stays(run):
    terminal = run(naps=60, nap_s=0.2, width=80, height=24)
    terminal.wait_for(TAKEN)
    terminal.resize(40, 10)
    terminal.wait_for(CLEARED, times=2)
    narrow = len(terminal.seen.rsplit(CLEARED, 1)[0])
    terminal.wait_until(lambda: "▶ nap_5" in plain(terminal.seen[narrow:]))
    assert max(int(row) for row in re.findall(rb"\x1b\[(\d+);1H", terminal.seen[narrow:])) <= 10
    terminal.resize(120, 40)
    terminal.wait_for(CLEARED, times=3)
    os.kill(terminal.pid, signal.SIGINT)
    assert terminal.wait_for_the_end() == 130
    assert terminal.seen.count(TAKEN) == terminal.seen.count(GIVEN_BACK) == 1


def test_ctrl_z_gives_the_screen_back_before_the_run_stops_and_it_is_taken_again(run):
    terminal = run(nap_s=2.0)
    terminal.wait_for_text("▶ nap_0")
    os.write(terminal.fd, b"\x1a")
    terminal.wait_for_stop()
    assert terminal.seen.count(TAKEN) == terminal.seen.count(GIVEN_BACK) == 1
    os.kill(terminal.pid, signal.SIGCONT)
    terminal.wait_for(TAKEN, times=2)
    os.write(terminal.fd, b" ")  # keys are still listened to
    assert terminal.wait_for_the_end() == 1
    assert any("emergency stop: space pressed" in line for line in terminal.left_behind)


def test_keys_are_taken_without_enter_again_when_a_shell_had_the_terminal(run):
    terminal = run(nap_s=5.0)
    terminal.wait_for_text("▶ nap_0")
    modes = termios.tcgetattr(terminal.fd)
    modes[3] |= termios.ICANON | termios.ECHO
    termios.tcsetattr(terminal.fd, termios.TCSANOW, modes)
    until_s = time.monotonic() + LONGEST_S
    while termios.tcgetattr(terminal.fd)[3] & termios.ICANON and time.monotonic() < until_s:
        terminal.read()
    os.write(terminal.fd, b" ")
    assert terminal.wait_for_the_end() == 1
    assert any("emergency stop: space pressed" in line for line in terminal.left_behind)


def test_in_the_background_lines_are_written_instead_of_a_screen_taken_from_the_shell(run):
    terminal = run(around="set -m; RUN & wait")
    assert terminal.wait_for_the_end() == 0
    assert TAKEN not in terminal.seen
    lines = terminal.left_behind
    assert [line.split("  ")[-1] for line in lines[:2]] == ["▶ nap RUNNING", "▶ nap/short RUNNING"]
    assert lines.index(next(line for line in lines if line.startswith("SUCCESS"))) > lines.index(
        next(line for line in lines if "✓ nap SUCCESS" in line)
    )


def test_a_dumb_terminal_gets_lines(run):
    terminal = run(TERM="dumb")
    assert terminal.wait_for_the_end() == 0
    assert b"\x1b" not in terminal.seen
    assert "✓ nap SUCCESS" in terminal.seen.decode()


@pytest.mark.parametrize("environment", [{"LC_ALL": "C"}, {"LANG": "C"}, {"PYTHONIOENCODING": "ascii"}])
def test_a_terminal_of_ascii_gets_ascii(run, environment):
    terminal = run(**environment)
    assert terminal.wait_for_the_end() == 0
    assert terminal.seen.isascii()
    assert any(line.startswith("+ nap (sequence)") for line in terminal.left_behind)


def test_a_locale_that_was_left_open_is_no_wish_for_ascii(run):
    terminal = run()
    assert terminal.wait_for_the_end() == 0
    assert any(line.startswith("✓ nap (sequence)") for line in terminal.left_behind)


def test_a_terminal_without_colours_shows_the_statuses_all_the_same(run):
    terminal = run(NO_COLOR="1")
    assert terminal.wait_for_the_end() == 0
    assert not re.search(rb"\x1b\[[\d;]*3\d[;m]", terminal.seen)
    assert "▶ nap (sequence)" in plain(terminal.seen)


_TALKATIVE = """
import sys, threading, time
from bt_robot.cli.run import main
from bt_robot.telemetry.writer import BackgroundWriter
put = BackgroundWriter._put
def put_late(writer, text):
    time.sleep(0.3 if "?1049l" in text else 0.0)  # a slow terminal, just when its screen is given back
    put(writer, text)
BackgroundWriter._put = put_late
def talk():
    while True:
        sys.stderr.write("words of a library\\n")
        time.sleep(0.05)
threading.Thread(target=talk, daemon=True).start()
raise SystemExit(main())
"""


def test_what_is_written_past_the_log_is_shown_among_the_events_and_again_afterwards(run):
    terminal = run(program=f"{sys.executable} -c {shlex.quote(_TALKATIVE)}")
    assert terminal.wait_for_the_end() == 0
    drawn = terminal.seen.split(TAKEN)[1].split(GIVEN_BACK)[0]
    rows = [plain(row) for row in re.split(rb"\x1b\[\d+;1H", drawn)]
    told = [row for row in rows if "words of a library" in row]
    assert told
    assert all(re.match(r" *\d+\.\d\d s  words of a library$", row.rstrip()) for row in told)
    assert "words of a library" in terminal.left_behind
