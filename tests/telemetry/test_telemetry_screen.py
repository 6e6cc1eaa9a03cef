"""A terminal that is drawn in place: it shows the newest lines, whatever it showed before, and is given back."""

import io
import re

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from bt_robot.telemetry.screen import Screen

TAKEN, GIVEN_BACK, CLEARED = "\x1b[?1049h", "\x1b[?1049l", "\x1b[2J"


class Window:
    """A terminal's window that can be resized, and what is written to it."""

    def __init__(self, width=40, height=5):
        self.console = Console(file=io.StringIO(), force_terminal=True, width=width, height=height)
        self.time_s = 0.0
        self.screen = Screen(self.console, lambda: self.time_s)
        self.rows = {}

    def resize(self, width, height):
        self.console.size = width, height

    def draw(self, *lines):
        self.screen.draw([Text(line, no_wrap=True, overflow="ellipsis") for line in lines])
        return self.written()

    def written(self):
        """What was written since the last look; the rows are kept as the terminal shows them."""
        text = self.console.file.getvalue()
        self.console.file.seek(0)
        self.console.file.truncate()
        if CLEARED in text:
            self.rows = {}
        for row, erases, line in re.findall(r"\x1b\[(\d+);1H(?:\x1b\[2K|(\x1b\[J))([^\x1b]*)", text):
            if erases:
                self.rows = {known: line for known, line in self.rows.items() if known < int(row)}
            else:
                self.rows[int(row)] = line
        return text

    @property
    def shown(self):
        return [self.rows.get(row, "") for row in range(1, max(self.rows, default=0) + 1)]


def test_only_lines_that_changed_are_written():
    window = Window()
    assert TAKEN in window.draw("one", "two", "three")
    again = window.draw("one", "2", "three")
    assert "2" in again
    assert not {TAKEN, CLEARED} & {code for code in (TAKEN, CLEARED) if code in again}
    assert "one" not in again
    assert "three" not in again
    assert window.shown == ["one", "2", "three"]


def test_what_others_wrote_into_the_picture_is_gone_a_second_later():
    window = Window()
    window.draw("one", "two")
    window.time_s = 0.9
    assert "one" not in window.draw("one", "two")
    window.time_s = 1.1
    again = window.draw("one", "two")
    assert "one" in again
    assert "two" in again


def test_a_window_that_changed_its_size_is_cleared_and_drawn_anew():
    window = Window()
    window.draw("one", "two", "a line that is longer than the new window")
    window.resize(20, 2)
    assert CLEARED in window.draw("one", "two", "a line that is longer than the new window")
    assert window.shown == ["one", "two"]
    window.resize(20, 3)
    window.draw("one", "two", "a line that is longer than the new window")
    assert window.shown == ["one", "two", "a line that is long…"]


@given(st.lists(st.lists(st.text("ab 漢", max_size=9), max_size=7), min_size=1, max_size=8))
def test_whatever_was_shown_before_the_newest_lines_stand_there_and_nothing_else(frames):
    window = Window()
    for lines in frames:
        window.draw(*lines)
        shown = [line.rstrip() for line in window.shown]
        expected = [line.rstrip() for line in lines[:5]]
        assert shown + [""] * (5 - len(shown)) == expected + [""] * (5 - len(expected))


def test_the_screen_is_given_back_once_and_taken_again_by_the_next_drawing():
    window = Window()
    window.screen.leave()
    assert window.written() == ""
    window.draw("one")
    window.screen.leave()
    window.screen.leave()
    assert window.written().count(GIVEN_BACK) == 1
    assert TAKEN in window.draw("one")
    assert window.shown == ["one"]
