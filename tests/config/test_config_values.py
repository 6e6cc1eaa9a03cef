"""Typed values: what is accepted, what is refused, and in which words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.config.source import Problems, parse
from bt_robot.config.values import INVALID, Rule, Tagged, bind, read_value


def read(text, kind):
    problems = Problems()
    node = parse(text, "x.yaml", problems)
    value = read_value(node, kind, problems, "speed")
    return value, [str(problem) for problem in problems.found]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("3", int, 3),
        ("-0", int, 0),
        ("3", float, 3.0),
        ("1e3", float, 1000.0),
        (".5", float, 0.5),
        ("true", bool, True),
        ("left", Literal["left", "right"], "left"),
        ("'3'", str, "3"),
        ("no way", str, "no way"),
        ("[1, 2.5]", tuple[float, ...], (1.0, 2.5)),
        ("{a: 1}", Mapping[str, int], {"a": 1}),
        ("~", float | None, None),
        ("2", float | None, 2.0),
    ],
)
def test_accepted(text, kind, value):
    got, problems = read(text, kind)
    assert problems == []
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (".nan", float, "'.nan'; expected a number"),
        (".inf", float, "'.inf'; expected a number"),
        ("1e999", float, "'1e999'; expected a number"),
        ("010", int, "'010'; expected a whole number"),
        ("0x10", int, "'0x10'; expected a whole number"),
        ("1:30", float, "'1:30'; expected a number"),
        ("1_000", int, "'1_000'; expected a whole number"),
        ("3x", int, "'3x'; expected a whole number"),
        ("2.0", int, "'2.0'; expected a whole number"),
        ("'3'", int, "'3'; expected a whole number (remove the quotes)"),
        ("yes", bool, "'yes'; expected true or false (write true or false)"),
        ("no", str, "'no'; expected text (quote it if it is meant as text)"),
        ("3", str, "'3'; expected text (quote it if it is meant as text)"),
        ("", str, "nothing; expected text"),
        ("[1]", float, "a list of 1; expected a number"),
        ("{a: 1}", str, "a mapping; expected text"),
        ("5", Annotated[float, Rule(minimum=0, maximum=1)], "'5'; expected a number from 0 to 1"),
        ("-1", Annotated[int, Rule(minimum=0)], "'-1'; expected a whole number of at least 0"),
        ("[1, 2]", Annotated[tuple[float, ...], Rule(length=6)], "a list of 2; expected a list of 6 numbers"),
        ("1", tuple[float, ...], "'1'; expected a list of numbers"),
        ("-1", Annotated[float | None, Rule(minimum=0)], "'-1'; expected a number of at least 0"),
        ("-1", Annotated[float, Rule(minimum=0)] | None, "'-1'; expected a number of at least 0"),
    ],
)
def test_refused(text, kind, message):
    value, problems = read(text or "~", kind)
    assert value is INVALID
    assert problems == [f"x.yaml:1:1: speed: {message}"]


@pytest.mark.parametrize("count", [400, 5000])
def test_a_whole_number_that_is_too_long_to_calculate_with_is_refused(count):
    value, problems = read("9" * count, int)
    assert value is INVALID
    assert problems == [f"x.yaml:1:1: speed: '{'9' * 57}...'; expected a whole number"]


def test_a_choice_that_does_not_exist_gets_the_nearest():
    _, problems = read("lefd", Literal["left", "right"])
    assert problems == ["x.yaml:1:1: unknown speed 'lefd'; expected one of left, right (did you mean 'left'?)"]


@dataclass(frozen=True)
class Inner:
    gain: Annotated[float, Rule(minimum=0)] = 1.0


@dataclass(frozen=True)
class Other:
    word: str = "x"


PART = Tagged("type", {"inner": Inner, "other": Other}, "inner")


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner = field(default_factory=Inner)
    part: Annotated[Inner | Other, Tagged("type", {"inner": Inner, "other": Other}, "inner")] = field(
        default_factory=Inner
    )

    def __post_init__(self):
        if self.name == "bad":
            raise ValueError("'bad' is no good name")


def bound(text):
    problems = Problems()
    value = bind(Outer, parse(text, "x.yaml", problems), problems, "config")
    return value, [str(problem) for problem in problems.found]


def test_a_mapping_becomes_a_dataclass_with_defaults():
    assert bound("name: a\ninner: {gain: 2}") == (Outer("a", Inner(2.0)), [])


def test_every_problem_of_a_mapping_is_told_at_once():
    _, problems = bound("nam: a\ninner: {gain: -1, gin: 2}\n")
    assert problems == [
        "x.yaml:1:1: unknown key 'nam'; expected one of inner, name, part (did you mean 'name'?)",
        "x.yaml:2:15: gain: '-1'; expected a number of at least 0",
        "x.yaml:2:19: unknown key 'gin'; expected one of gain (did you mean 'gain'?)",
    ]
    value, problems = bound("inner: {gan: 1}\n")
    assert value is INVALID
    assert problems == [
        "x.yaml:1:9: unknown key 'gan'; expected one of gain (did you mean 'gain'?)",
        "x.yaml:1:1: config: 'name' is missing; expected text",
    ]


def test_a_tag_chooses_the_dataclass():
    assert bound("name: a\npart: {type: other, word: y}")[0] == Outer("a", part=Other("y"))
    assert bound("name: a\npart: {gain: 3}")[0] == Outer("a", part=Inner(3.0))
    assert bound("name: a\npart: {type: othr}")[1] == [
        "x.yaml:2:14: unknown part.type 'othr'; expected one of inner, other (did you mean 'other'?)"
    ]


def test_what_concerns_several_fields_is_told_where_the_mapping_begins():
    assert bound("name: bad")[1] == ["x.yaml:1:1: config: 'bad' is no good name"]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_that_python_writes_is_read_back(number):
    assert read(repr(number), float) == (number, [])
