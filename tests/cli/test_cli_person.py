"""The person at the terminal: y and n answer a question that has been there for a moment, and nothing else does."""

import os
import pty
import re
import select
import signal
import sys
import time

import pytest

from bt_robot.cli.person import SETTLE_S, Keyboard, people_of
from bt_robot.runtime.people import Board


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def board(clock):
    return Board(clock)


@pytest.mark.parametrize(
    ("keys", "yes"), [(b"y", True), (b"Y", True), (b"n", False), (b"xN", False), (b"\xff y", True)]
)
def test_a_key_answers_the_oldest_question(board, clock, keys, yes):
    keyboard = Keyboard(board, clock)
    ticket, other = board.ask("ready?"), board.ask("sure?")
    assert keyboard.asking() == "ready?"
    clock.now_s += SETTLE_S
    keyboard.press(keys)
    assert board.poll(ticket).yes is yes
    assert board.poll(ticket).who.endswith(" at the terminal")
    assert board.poll(other) is None
    assert keyboard.asking() == "sure?"


def test_among_several_questions_the_one_that_a_key_answers_says_which_node_asks(board, clock):
    keyboard = Keyboard(board, clock)
    ticket, _ = board.ask("ready?", "t/left/confirm"), board.ask("ready?", "t/right/confirm")
    assert keyboard.asking() == "ready? (t/left/confirm)"
    board.withdraw(ticket)
    assert keyboard.asking() == "ready?"


def test_a_key_that_was_meant_for_something_else_is_no_answer(board, clock):
    keyboard = Keyboard(board, clock)
    keyboard.press(b"y")  # before there is a question
    ticket = board.ask("ready?")
    keyboard.press(b"y")  # when it has just appeared
    clock.now_s += SETTLE_S
    keyboard.press(b" xq\r\n")
    assert board.poll(ticket) is None
    assert Keyboard(Board()).asking() == ""


def test_who_answers_is_decided_before_the_run(board):
    assert people_of("ask", board) is board
    assert people_of("ask", None) is None
    assert people_of("yes", None).poll(0).yes is True
    assert people_of("no", board).poll(0).who == "--confirm no"


TREE = """\
tree: t
root:
  sequence:
    - confirm: {question: Is the table clear?}
    - wait: {duration_s: 0.1}
"""


class Terminal:
    """`bt-run` in a terminal of its own."""

    def __init__(self, folder, *arguments):
        (folder / "t.yaml").write_text(TREE)
        command = [sys.executable, "-c", "from bt_robot.cli.run import main; raise SystemExit(main())"]
        command += [str(folder / "t.yaml"), "--config", "fake", "--no-artifacts", *arguments]
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.execve(sys.executable, command, {**os.environ, "COLUMNS": "80", "LINES": "24", "TERM": "xterm"})
        self.seen = ""

    def wait_for(self, pattern, timeout_s=30.0):
        until_s = time.monotonic() + timeout_s
        while not re.search(pattern, self.seen) and time.monotonic() < until_s:
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    self.seen += os.read(self.fd, 65536).decode(errors="replace")
                except OSError:
                    break
        assert re.search(pattern, self.seen), self.seen

    def type_until(self, key, pattern):
        """Press a key again and again, as an impatient person does."""
        for _ in range(100):
            os.write(self.fd, key)
            if select.select([self.fd], [], [], 0.2)[0]:
                self.seen += os.read(self.fd, 65536).decode(errors="replace")
            if re.search(pattern, self.seen):
                return
        raise AssertionError(self.seen)

    def end(self):
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture
def terminal(tmp_path):
    opened = []

    def start(*arguments):
        opened.append(Terminal(tmp_path, *arguments))
        return opened[-1]

    yield start
    for one in opened:
        try:
            os.kill(one.pid, signal.SIGKILL)
            os.waitpid(one.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(one.fd)


@pytest.mark.parametrize(("key", "code"), [(b"y", 0), (b"n", 1)])
@pytest.mark.parametrize("view", [(), ("-v",)], ids=["live", "plain"])
def test_a_run_in_a_terminal_asks_and_takes_a_key(terminal, view, key, code):
    run = terminal(*view)
    run.wait_for("Is the table clear\\?")
    said = "yes" if key == b"y" else "no"
    run.type_until(key, f"answered {said} by .* at the terminal")
    run.wait_for("SUCCESS  t" if code == 0 else "FAILURE  t")
    assert run.end() == code


def test_ctrl_c_ends_a_run_that_waits_for_a_person(terminal):
    run = terminal()
    run.wait_for("Is the table clear\\?")
    os.write(run.fd, b"\x03")
    run.wait_for("interrupted")
    assert run.end() == 130


def test_space_is_still_the_emergency_stop(terminal):
    run = terminal()
    run.wait_for("Is the table clear\\?")
    os.write(run.fd, b" ")
    run.wait_for("space pressed")
