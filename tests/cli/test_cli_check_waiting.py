"""A long wait is told on a terminal, and leaves no trace."""

from __future__ import annotations

import io
import threading

from bt_robot.cli.checking.waiting import waiting


class Terminal(io.StringIO):
    """Notices when something was written."""

    def __init__(self):
        super().__init__()
        self.told = threading.Event()

    def write(self, text):
        self.told.set()
        return super().write(text)


def test_it_tells_how_long_it_waits_and_clears_the_line():
    terminal = Terminal()
    with waiting(terminal, lambda s: f"first answer: {s:.0f} s so far", every_s=0.001):
        assert terminal.told.wait(20.0)
    assert terminal.getvalue().startswith("\r\x1b[Kfirst answer: 0 s so far")
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_a_short_wait_writes_nothing():
    terminal = Terminal()
    with waiting(terminal, str, every_s=60.0):
        pass
    assert terminal.getvalue() == ""


def test_without_a_terminal_nothing_is_started():
    before = threading.active_count()
    with waiting(None, str):
        assert threading.active_count() == before
