"""What the wire formats share: words safe for a terminal, and actions that are numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.policy.wire.checks import MAX_ERROR_CHARS, checked_actions, escape, kinds, server_error, server_words


def test_terminal_codes_and_line_ends_are_written_as_escapes():
    assert escape("a\x1b[31m\nü\u202eb") == "a\\x1b[31m\\nü\\u202eb"


@given(st.text(max_size=2000))
def test_a_servers_words_are_printable_and_short_whatever_it_says(text):
    words = server_words(text)
    assert words.isprintable()
    assert 0 < len(words) <= MAX_ERROR_CHARS


def test_a_traceback_is_told_by_its_last_line():
    text = 'Traceback (most recent call last):\n  File "a.py", line 3\n    g()\nRuntimeError: CUDA out of memory\n'
    assert server_words(text) == "RuntimeError: CUDA out of memory"


def test_other_text_is_told_by_its_first_and_last_line():
    assert server_words("model not loaded\nsome\nmore\ntry later") == "model not loaded … try later"


def test_a_megabyte_of_text_is_told_by_its_ends():
    assert server_words("begin\n" + "x\n" * 500_000 + "end") == "begin … end"


def test_long_lines_are_cut():
    assert server_words("y" * 1000) == "y" * (MAX_ERROR_CHARS - 1) + "…"


def test_checked_actions_never_share_memory_with_the_message():
    array = np.zeros((2, 3))
    checked = checked_actions(array)
    array[0, 0] = 7.0
    assert checked[0, 0] == 0.0


def test_half_precision_infinity_is_not_finite():
    with pytest.raises(ValueError, match="hold inf at step 0, joint 1"):
        checked_actions(np.array([[1.0, np.inf]], np.float16))


def test_the_keys_of_a_message_are_cut_and_escaped():
    assert kinds(["a", "b\n"]) == "a, b\\n"
    assert len(kinds(["k" * 500])) == 120


def test_the_keys_of_a_message_are_not_all_looked_at():
    asked = []

    def names():
        for i in range(10**9):
            asked.append(i)
            yield f"k{i}"

    assert kinds(names()).startswith("k0, k1, ")
    assert len(asked) < 100


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("out of memory", "out of memory"),
        (b"out\xff of memory", "out\ufffd of memory"),
        ({"code": 3, "message": "out of memory"}, "out of memory"),
        ({"code": 3}, "an error that is a dict"),
        ([["x"] * 9] * 9, "an error that is a list"),
        (np.zeros(3), "an error that is a ndarray"),
        (7, "an error that is a int"),
    ],
)
def test_an_error_is_told_by_its_words_whatever_holds_them(said, words):
    assert str(server_error(said)) == f"the policy server reports: {words}"
    assert not server_error(said).open
    assert server_error(said, open=True).open
