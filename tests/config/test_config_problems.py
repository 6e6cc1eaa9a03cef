"""What is noted is short, harmless to a terminal, and knows its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.config.problems import Mark, Problems, cut
from bt_robot.config.source import parse
from bt_robot.errors import Code


@given(st.text(max_size=2_000), st.text(max_size=2_000), st.text(max_size=2_000))
def test_any_words_become_one_printable_line(message, expected, hint):
    problems = Problems()
    problems.add(Mark("t.yaml", 1, 1), message, expected=expected, hint=hint)
    (found,) = problems.found
    assert str(found).isprintable()
    assert max(len(found.message), len(found.expected), len(found.hint)) <= 600 * len("\\U0001f600")


def test_a_long_word_is_cut():
    assert cut("x" * 60) == "x" * 60
    assert cut("x" * 61) == "x" * 59 + "…"


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\x85", "\u2028"])
def test_the_line_is_shown_that_yaml_counts(line_break):
    problems = Problems()
    parse(line_break.join(["a: 1", "b: 2", "a: 3", "c: 4"]), "t.yaml", problems)
    (found,) = problems.found
    assert (found.line, found.column, found.end_column, found.source_line) == (3, 1, 2, "a: 3")
    assert found.code is Code.DUPLICATE_KEY


def test_each_file_has_its_own_lines():
    problems = Problems()
    parse("a: &x 1", "one.yaml", problems)
    parse("b: &y 2", "two.yaml", problems)
    problems.add(Mark("three.yaml", 1, 1), "not read")
    assert [found.source_line for found in problems.found] == ["a: &x 1", "b: &y 2", ""]
    assert [(found.column, found.end_column) for found in problems.found] == [(4, 8), (4, 8), (1, 0)]
