"""How `$parameters` and `"{keys}"` are told from plain text."""

from __future__ import annotations

import pytest

from bt_robot.config.source import Problems, SourceNode, parse
from bt_robot.tree.vocabulary.words import NAME, key_name, reference, references, unquoted_key


def node(text: str) -> SourceNode:
    problems = Problems()
    parsed = parse(text, "p", problems)
    assert parsed is not None
    assert problems.found == []
    return parsed


@pytest.mark.parametrize(
    ("text", "name"),
    [("$time_s", "time_s"), ("'$a'", "a"), ("$5", None), ("$a b", None), ("a$b", None), ("[$a]", None)],
)
def test_a_parameter_is_a_whole_word_with_a_dollar(text, name):
    assert reference(node(text)) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [('"{a_b}"', "a_b"), ("'{a}'", "a"), ('"{a b}"', None), ('"x{a}"', None), ("{a}", None), ('"{}"', None)],
)
def test_a_key_is_a_quoted_word_in_braces(text, name):
    assert key_name(node(text)) == name


def test_a_key_without_quotes_is_noticed():
    assert unquoted_key(node("{a}")) == "a"
    assert unquoted_key(node("{a: 1}")) is None


def test_all_parameters_in_a_node_are_found():
    assert references(node("{a: [$x, {b: $y}], $z: $x}")) == {"x", "y"}
    assert references(None) == set()


@pytest.mark.parametrize(
    ("text", "right"), [("a", 1), ("pick-2_b", 1), ("Pick", 0), ("2a", 0), ("a" * 65, 0), ("a\n", 0)]
)
def test_names_are_short_and_plain(text, right):
    assert bool(NAME.match(text)) == bool(right)
