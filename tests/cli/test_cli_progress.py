"""How far a command is: told on a terminal, and nowhere else."""

import io
from types import SimpleNamespace

import pytest

from bt_robot.cli.progress import Told


class Screen(io.StringIO):
    """Stands for stderr, on a terminal or not."""

    def __init__(self, tty):
        super().__init__()
        self.tty = tty

    def isatty(self):
        return self.tty


@pytest.mark.parametrize(
    ("tty", "as_json", "shown"),
    [(True, False, "\rreplaying:  50 %\r\x1b[K"), (False, False, ""), (True, True, "")],
    ids=["terminal", "file", "json"],
)
def test_a_terminal_shows_how_far_it_is_and_is_left_clean(monkeypatch, tty, as_json, shown):
    screen = Screen(tty)
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr("bt_robot.cli.progress._TOLD_EVERY_S", 3600.0)
    with Told(SimpleNamespace(json=as_json, stderr=screen), "replaying", 10.0, 30.0) as progress:
        progress(20.0)
        progress(21.0)
    assert screen.getvalue() == shown


def test_a_recording_of_one_tick_is_no_division_by_zero(monkeypatch):
    screen = Screen(tty=True)
    monkeypatch.setattr("sys.stderr", screen)
    with Told(SimpleNamespace(json=False, stderr=screen), "replaying", 0.0, 0.0) as progress:
        progress(0.0)
    assert "  0 %" in screen.getvalue()
