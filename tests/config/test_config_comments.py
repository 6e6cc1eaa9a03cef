"""Comments are found where a parser finds nothing."""

from __future__ import annotations

import pytest

from bt_robot.config.comments import Comment, comments_in


def test_comments_with_their_lines():
    text = "# top\na: 1  # behind\n\n  # alone\nb: [1, # in a list\n 2]\n"
    assert comments_in(text) == [
        Comment(1, "top", True),
        Comment(2, "behind", False),
        Comment(4, "alone", True),
        Comment(5, "in a list", False),
    ]


@pytest.mark.parametrize("value", ["a#b", "'x # y'", '"x # y"', "|\n  x # y\n  z", "http://x/#y"])
def test_a_hash_in_a_value_is_no_comment(value):
    assert comments_in(f"a: {value}\n") == []


def test_text_beyond_ascii_does_not_move_them():
    text = "ä: ö # ü\n# ß\n'🤖 # no': \"🦾 # no\" # 🤏\n"
    assert comments_in(text) == [Comment(1, "ü", False), Comment(2, "ß", True), Comment(3, "🤏", False)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x85", "\u2028", "\u2029"])
def test_a_comment_ends_where_yaml_ends_the_line(end):
    text = f"a: 1 # behind{end}# alone{end}b: 2{end}"
    assert comments_in(text) == [Comment(1, "behind", False), Comment(2, "alone", True)]
