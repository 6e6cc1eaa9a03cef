"""What is written as YAML is read back as what it was."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.config.source import Problems, parse
from bt_robot.config.values import read_value
from bt_robot.config.writing import as_yaml

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12)


def read(text: str, kind: object) -> object:
    problems = Problems()
    node = parse(f"value: {text}", "t.yaml", problems)
    found = node.get("value")
    value = read_value(found, kind, problems)
    problems.raise_if_any()
    return value


@given(NUMBERS)
def test_numbers(value):
    assert read(as_yaml(value), float) == value


@given(st.integers(-(2**53), 2**53))
def test_whole_numbers(value):
    assert read(as_yaml(value), int) == value


@given(TEXTS)
def test_texts(value):
    assert read(as_yaml(value), str) == value


@pytest.mark.parametrize(
    "value", ["", "on", "No", "null", "~", "1e5", "0x10", "-", "a: b", "# a", "{a}", "é", "a\nb", '"']
)
def test_texts_that_yaml_takes_for_something_else(value):
    assert read(as_yaml(value), str) == value


@given(st.lists(TEXTS, max_size=4).map(tuple))
def test_lists(value):
    assert read(as_yaml(value), tuple[str, ...]) == value


@given(st.dictionaries(st.from_regex(r"[a-z_][a-z0-9_.]{0,8}", fullmatch=True), NUMBERS, max_size=4))
def test_mappings(value):
    assert read(as_yaml(value), dict[str, float]) == value


@dataclass(frozen=True)
class Inner:
    size_m: float = 0.1
    names: tuple[str, ...] = ("a", "on")


@dataclass(frozen=True)
class Outer:
    inner: Inner = field(default_factory=Inner)
    flag: bool = True
    nothing: float | None = None


def test_dataclasses():
    assert as_yaml(Outer()) == '{inner: {size_m: 0.1, names: [a, "on"]}, flag: true, nothing: null}'
    assert read(as_yaml(Outer(flag=False)), Outer) == Outer(flag=False)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_number_that_is_none_is_refused(value):
    with pytest.raises(ValueError, match="can't be written in YAML: it is not finite"):
        as_yaml(value)


def test_what_no_file_can_say_is_refused():
    with pytest.raises(TypeError, match="can't be written in YAML"):
        as_yaml(object())
