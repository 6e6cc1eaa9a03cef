"""Types of ports: which values fit where."""

from __future__ import annotations

import math
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.config.source import Problems, parse
from bt_robot.config.values import Rule, kind_name, read_value
from bt_robot.tree.vocabulary.kinds import (
    Value,
    check_readable,
    choices_of,
    fits,
    item_kind,
    joined,
    kind_of,
    may_be,
    may_fit,
    narrowed,
)

SIMPLE = st.sampled_from([bool, int, float, str, Literal["a", "b"], Literal["a"], tuple[float, ...], tuple[int, ...]])
KINDS = st.one_of(SIMPLE, SIMPLE.map(lambda kind: kind | None))


@pytest.mark.parametrize(
    ("kind", "into", "answer"),
    [
        (int, float, True),
        (float, int, False),
        (bool, int, False),
        (float, float | None, True),
        (float | None, float, False),
        (Literal["a"], Literal["a", "b"], True),
        (Literal["a", "c"], Literal["a", "b"], False),
        (Literal["a"], str, True),
        (str, Literal["a"], False),
        (tuple[int, ...], tuple[float, ...], True),
        (tuple[str, ...], tuple[float, ...], False),
        (float, tuple[float, ...], False),
    ],
)
def test_a_type_fits_where_all_its_values_do(kind, into, answer):
    assert fits(kind, into) is answer


@given(KINDS)
def test_every_type_fits_itself(kind):
    assert fits(kind, kind)
    assert fits(narrowed(kind, Rule(minimum=1)), kind)


@given(KINDS, KINDS)
def test_what_fits_may_fit(kind, into):
    assert may_fit(kind, into) or not fits(kind, into)


@pytest.mark.parametrize(("kind", "into"), [(float, int), (str, Literal["a"]), (str, Literal["a"] | None)])
def test_a_wider_type_may_fit(kind, into):
    assert may_fit(kind, into)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (float, "3", "a number of at most 2"),
        (float | None, "3", "a number of at most 2"),
        (tuple[float, ...], "[1, 3]", "a number of at most 2"),
        (tuple[float, ...] | None, "[1, 3]", "a number of at most 2"),
    ],
)
def test_a_range_holds_wherever_the_number_stands(kind, text, expected):
    problems = Problems()
    node = parse(text, "p", problems)
    assert node is not None
    read_value(node, narrowed(kind, Rule(maximum=2)), problems)
    assert [problem.expected for problem in problems.found] == [expected]


def test_a_length_is_that_of_the_list():
    assert kind_name(narrowed(tuple[float, ...], Rule(length=6, minimum=-math.inf))) == "a list of 6 numbers"


@pytest.mark.parametrize("kind", [object, dict, list[float], tuple[float, float], bytes | None, type(None)])
def test_a_port_can_not_be_of_a_type_that_no_file_can_hold(kind):
    with pytest.raises(TypeError, match="a port can't be of type"):
        check_readable(kind)


SCALARS = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
LISTS = (
    st.lists(st.integers(), max_size=3) | st.lists(st.floats(), max_size=3) | st.lists(st.text(max_size=2), max_size=3)
)


@given(SCALARS | LISTS.map(tuple))
def test_the_type_of_a_value_is_one_that_it_may_be_and_that_any_value_may_have(value):
    kind = kind_of(value)
    assert may_be(kind, value)
    assert fits(kind, Value)


def test_an_empty_list_fits_where_any_list_does():
    assert fits(kind_of(()), tuple[float, ...])
    assert fits(kind_of(()), tuple[str, ...])
    assert fits(item_kind(kind_of(())), float)
    assert joined([item_kind(kind_of(())), float]) is float
    assert not fits(kind_of(()), str)


@given(st.lists(KINDS, min_size=1, max_size=4))
def test_all_types_fit_into_what_they_are_joined_to(kinds):
    assert all(fits(kind, joined(kinds)) for kind in kinds)


def test_a_whole_number_and_a_number_are_joined_to_a_number():
    assert joined([int, float]) is joined([float, int]) is float
    assert joined([]) is None


@pytest.mark.parametrize(
    ("kind", "value", "answer"),
    [
        (Literal["a", "b"], "a", True),
        (Literal["a", "b"], "c", False),
        (Literal["a"] | None, "a", True),
        (Literal[1], 1, True),
        (Literal[1], True, False),
        (float, 3, True),
        (int, 3.0, False),
        (int, True, False),
        (str, "a", True),
        (str | int, 3, True),
    ],
)
def test_what_a_type_may_be(kind, value, answer):
    assert may_be(kind, value) is answer


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        (tuple[float, ...], float),
        (tuple[float, ...] | None, float),
        (tuple[int, ...] | tuple[float, ...], float),
        (tuple[int, ...] | tuple[str, ...], int | str),
        (float, None),
        (Literal["a"], None),
    ],
)
def test_the_type_of_the_items_of_a_list(kind, item):
    assert item_kind(kind) == item


def test_the_words_of_a_choice():
    assert choices_of(Literal["a", "b"] | None) == ("a", "b")
    assert choices_of(str) == ()


def test_any_value_is_said_in_a_few_words():
    assert kind_name(Value) == "a value: text, a number, true or false, or a list of them"
    assert narrowed(Value, Rule(doc="x")) == Value
