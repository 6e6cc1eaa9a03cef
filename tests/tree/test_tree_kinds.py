"""Types of ports: which values fit where."""

from __future__ import annotations

import math
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.config.source import Problems, parse
from bt_robot.config.values import Rule, kind_name, read_value
from bt_robot.tree.vocabulary.kinds import check_readable, fits, may_fit, narrowed

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
