"""A problem is shown with its line and a caret under the word, in as many cells as there are."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bt_robot.cli.problems import MAX_SHOWN, problem_json, problems_for, problems_text
from bt_robot.config.problems import LONGEST_LINE, Mark, Problems
from bt_robot.errors import Code, Problem


def problem(line: str, column: int, end: int = 0, **words: str) -> Problem:
    """Return a problem in a line of a file."""
    problems = Problems()
    problems.show("t.yaml", "\n" * 8 + line)
    problems.add(Mark("t.yaml", 9, column, end), words.pop("message", "wrong"), **words)
    return problems.found[0]


def test_all_there_is_to_say():
    found = problem(
        "    - wiat: 1", 7, 11, message="unknown node type 'wiat'", expected="a node type", hint="look it up"
    )
    assert problems_text([found]).splitlines() == [
        "t.yaml:9:7: unknown node type 'wiat'",
        "   9 |     - wiat: 1",
        "     |       ^^^^",
        "     expected a node type",
        "     look it up",
    ]


def test_a_problem_with_a_whole_file_has_no_line():
    assert problems_text([Problem("t.yaml", 0, 0, "the file is empty")]) == "t.yaml: the file is empty"


def test_large_line_numbers_have_room():
    found = Problem("t.yaml", 123_456, 1, "wrong", source_line="ab", end_column=3)
    assert problems_text([found]).splitlines()[1:] == [" 123456 | ab", "        | ^^"]


@pytest.mark.parametrize(
    ("line", "column", "end", "shown"),
    [
        ("\tab: x", 2, 4, ["   9 | →ab: x", "     |  ^^"]),
        ("赤い: 箱 x", 5, 6, ["   9 | 赤い: 箱 x", "     |       ^^"]),
        ("e\u0301a: x", 6, 7, ["   9 | e\u0301a: x", "     |     ^"]),
        ("a\x1b[2Jb", 6, 7, ["   9 | a�[2Jb", "     |      ^"]),
        ("ab", 3, 0, ["   9 | ab", "     |   ^"]),
        ("ab", 1, 99, ["   9 | ab", "     | ^^"]),
        ("ab", 99, 0, ["   9 | ab", "     |   ^"]),
    ],
)
def test_the_caret_stands_under_the_word(line, column, end, shown):
    assert problems_text([problem(line, column, end)]).splitlines()[1:] == shown


LINES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=300)


@given(LINES, st.integers(1, 320), st.integers(0, 40), st.integers(30, 120))
def test_nothing_is_wider_than_the_terminal_and_the_word_is_in_sight(line, column, length, width):
    found = problem(line, min(column, len(line)), min(column, len(line)) + length)
    head, *excerpt = problems_text([found], width=width).splitlines()
    assert head == f"t.yaml:9:{min(column, len(line))}: wrong"
    if not excerpt:
        assert not line.strip()
        return
    shown, carets = excerpt
    assert max(cell_len(shown), cell_len(carets)) <= width
    before = carets.index("^")
    cells = 0
    for char in shown:
        if cells == before and cell_len(char):
            break
        cells += cell_len(char)
    assert cells == before or cell_len(shown) <= before  # a caret begins where a character does, or behind the line


def test_a_long_line_is_cut_on_both_sides_of_the_word():
    line = "[" + "observe, " * 100 + "obsreve, " + "observe, " * 100 + "]"
    column = line.index("obsreve") + 1
    _, shown, carets = problems_text([problem(line, column, column + 7)]).splitlines()
    assert len(shown) <= 80
    assert shown[7] == shown[-1] == "…"
    assert shown[carets.index("^") : carets.rindex("^") + 1] == "obsreve"


def test_only_a_part_of_an_endless_line_is_kept():
    found = problem("x" * 1_000_000, 500_000, 500_003)
    assert len(found.source_line) == LONGEST_LINE
    assert found.source_offset == 500_000 - 1 - LONGEST_LINE // 2


def test_words_are_wrapped_in_a_terminal_and_kept_together_in_a_pipe():
    found = problem("ab", 1, 3, message="wrong " * 40, expected="this or that " * 20, hint="look " * 40)
    assert max(len(line) for line in problems_text([found], width=60).splitlines()) <= 60
    assert len(problems_text([found]).splitlines()) == 5


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_colours_unless_they_are_turned_off(monkeypatch):
    found = [problem("ab", 1, 3, hint="look it up")]
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = problems_for(Terminal(), found)
    assert "\x1b[1;31m^^\x1b[0m" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    plain = problems_for(Terminal(), found)
    assert plain == problems_for(io.StringIO(), found) == re.sub(r"\x1b\[[0-9;]*m", "", coloured)


def test_too_many_are_counted():
    found = [problem("ab", 1) for _ in range(MAX_SHOWN + 12)]
    assert problems_text(found).splitlines()[-1] == "… and 12 more (--json tells all of them)"
    assert problems_text(found[:MAX_SHOWN]).count("t.yaml:9:1") == MAX_SHOWN


def test_what_editors_get():
    assert problem_json(problem("  ab: 1", 3, 5, expected="b", hint="c")) == {
        "file": "t.yaml",
        "line": 9,
        "column": 3,
        "end_column": 5,
        "severity": "error",
        "code": Code.INVALID,
        "message": "wrong",
        "expected": "b",
        "hint": "c",
        "source_line": "  ab: 1",
        "source_offset": 0,
    }
