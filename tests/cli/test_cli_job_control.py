"""Ctrl-Z in a program that fills a terminal, and who has a terminal's foreground; test_cli_terminal has real ones."""

import os
import signal

import pytest

from bt_robot.cli.job_control import in_background, in_foreground, stopped_by_ctrl_z


@pytest.fixture
def ctrl_z():
    """Press Ctrl-Z, or rather have its signal come; what it did before comes back."""
    before = signal.getsignal(signal.SIGTSTP)
    yield lambda: os.kill(os.getpid(), signal.SIGTSTP)
    signal.signal(signal.SIGTSTP, before)


def test_what_is_no_terminal_has_neither_foreground_nor_background():
    reading, writing = os.pipe()
    try:
        assert not in_foreground(reading)
        assert not in_background(reading)
    finally:
        os.close(reading)
        os.close(writing)


def test_ctrl_z_asks_for_the_screen_and_stops_nothing_before_it_is_given_back(ctrl_z):
    signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    asked, settled = [], []
    with stopped_by_ctrl_z(asked.append, lambda: settled.append(True)):
        ctrl_z()
        assert len(asked) == 1
        assert not settled
    assert signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL


def test_where_ctrl_z_is_ignored_it_stays_so(ctrl_z):
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    asked = []
    with stopped_by_ctrl_z(asked.append, lambda: None):
        ctrl_z()
        assert signal.getsignal(signal.SIGTSTP) is signal.SIG_IGN
    assert not asked
