"""Schemas for editors say the same as the loader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest
from jsonschema import Draft202012Validator

from bt_robot.config.schema import attribute_docs, json_schema
from bt_robot.config.values import Rule, Tagged


@dataclass(frozen=True)
class Inner:
    """An inner one."""

    size: Annotated[int, Rule(minimum=1, maximum=9)]


@dataclass(frozen=True)
class Other:
    """Another one."""

    name: str = ""


@dataclass(frozen=True)
class Thing:
    """A thing.

    Attributes:
        kind: Which one it is, told in words
            that take two lines.
        inner: What is inside.
    """

    kind: Literal["a", "b"]
    inner: Inner
    ratio: Annotated[float | None, Rule(doc="a share", minimum=0.0, aliases=("share",))] = None
    names: Annotated[tuple[str, ...], Rule(length=2)] = ("x", "y")
    extras: Mapping[str, bool] = field(default_factory=dict)
    part: Annotated[Inner | Other, Tagged("type", {"inner": Inner, "other": Other}, default="other")] = Other()


SCHEMA = json_schema(Thing)
GOOD = {"kind": "a", "inner": {"size": 3}}


def valid(value):
    return Draft202012Validator(SCHEMA).is_valid(value)


def test_it_is_a_schema_of_the_2020_draft():
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"].endswith("2020-12/schema")


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"ratio": 0.5},
        {"share": 2},
        {"ratio": None},
        {"names": ["x", "y"]},
        {"extras": {"any": True}},
        {"part": {"type": "inner", "size": 1}},
        {"part": {"name": "x"}},
    ],
)
def test_accepted(more):
    assert valid({**GOOD, **more})


@pytest.mark.parametrize(
    "more",
    [
        {"kind": "c"},
        {"inner": {"size": 0}},
        {"inner": {"size": 10}},
        {"inner": {"size": 1.5}},
        {"inner": {}},
        {"inner": {"size": 1, "x": 1}},
        {"ratio": -0.1},
        {"names": ["x"]},
        {"names": [1, 2]},
        {"extras": {"any": 1}},
        {"part": {"type": "none"}},
        {"part": {"type": "other", "size": 1}},
        {"part": {"size": 1}},
        {"unknown": 1},
    ],
)
def test_refused(more):
    assert not valid({**GOOD, **more})


def test_what_is_missing_is_refused():
    assert not valid({"kind": "a"})


def test_the_docstrings_words_are_the_descriptions():
    assert attribute_docs(Thing) == {
        "kind": "Which one it is, told in words that take two lines.",
        "inner": "What is inside.",
    }
    assert SCHEMA["description"] == "A thing."
    assert SCHEMA["properties"]["kind"]["description"].startswith("Which one it is")
    assert SCHEMA["properties"]["share"]["description"] == "a share"


def test_what_the_loader_cannot_read_has_no_schema():
    @dataclass(frozen=True)
    class Odd:
        value: bytes

    with pytest.raises(TypeError, match="no schema for <class 'bytes'>"):
        json_schema(Odd)
