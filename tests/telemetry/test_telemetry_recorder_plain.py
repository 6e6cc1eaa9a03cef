"""Values survive JSON, and their schemas say what a reader finds."""

import json
import math
from dataclasses import dataclass
from typing import Literal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.messages import Status
from bt_robot.telemetry.recorder.messages import Changes, Chunk, RunInfo, Tick, Tree
from bt_robot.telemetry.recorder.plain import from_json, schema_of, to_json
from tests.telemetry.record_strategies import run_info, told


@dataclass(frozen=True, slots=True)
class Inner:
    """A thing in another.

    Attributes:
        number: How much,
            in two lines.
        words: What.
    """

    number: float
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outer:
    """A thing with others in it."""

    status: Status
    kind: Literal["a", "b"]
    count: int
    on: bool
    inner: tuple[Inner, ...]
    maybe: float | None = None
    one: Inner | None = None


@given(
    st.builds(Outer, count=st.integers(-(2**63), 2**63), status=..., kind=..., on=..., inner=..., maybe=..., one=...)
)
def test_a_value_survives(value):
    assert told(from_json(Outer, to_json(value))) == told(value)


def test_what_is_known_of_a_run_survives():
    assert told(from_json(RunInfo, to_json(run_info()))) == told(run_info())


@pytest.mark.parametrize(("value", "word"), [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity")])
def test_a_number_that_is_not_finite_is_a_word(value, word):
    assert json.loads(to_json(Inner(value)))["number"] == word


def test_what_is_none_is_left_out():
    plain = json.loads(to_json(Outer(Status.IDLE, "a", 1, True, ())))
    assert plain == {"status": "IDLE", "kind": "a", "count": 1, "on": True, "inner": []}


def test_keys_of_a_newer_version_are_passed_over():
    assert from_json(Inner, b'{"number": 1, "words": [], "colour": "red"}') == Inner(1.0)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b'{"words": []}', b'{"number": "much"}', b'{"number": {}}']
)
def test_what_is_something_else_is_refused(data):
    with pytest.raises(ValueError, match=r"."):
        from_json(Inner, data)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", '"1"'),
        ("count", "1.5"),
        ("count", "null"),
        ("count", "true"),
        ("count", "[" * 100_000 + "]" * 100_000),
        ("on", "1"),
        ("kind", '"c"'),
        ("kind", "[]"),
        ("status", '"AWAY"'),
        ("maybe", "9" * 401),
        ("inner", '[{"number": 1, "words": [1]}]'),
    ],
)
def test_values_of_other_types_are_refused(name, value):
    plain = {"status": '"IDLE"', "kind": '"a"', "count": "1", "on": "true", "inner": "[]", name: value}
    with pytest.raises(ValueError, match=r"."):
        from_json(Outer, "{" + ", ".join(f'"{key}": {each}' for key, each in plain.items()) + "}")


def test_a_schema_has_the_words_of_the_docstrings():
    schema = schema_of(Inner)
    assert schema["title"] == "Inner"
    assert schema["description"] == "A thing in another."
    assert schema["properties"]["number"] == {"type": "number", "description": "How much, in two lines."}
    assert schema["required"] == ["number", "words"]


@pytest.mark.parametrize("kind", [Tick, Tree, Chunk, Changes])
def test_the_schemas_of_a_recording_keep_to_what_foxglove_reads(kind):
    schema = schema_of(kind)
    jsonschema.Draft202012Validator.check_schema(schema)

    def check(part, place):
        assert part["type"] in ("object", "array", "string", "number", "integer", "boolean"), place
        if part["type"] == "object":
            for name, inner in part["properties"].items():
                assert inner.get("description"), f"{place}.{name} is not explained"
                check(inner, f"{place}.{name}")
        if part["type"] == "array":
            assert part["items"]["type"] != "array", place
            check({"description": "-", **part["items"]}, f"{place}[]")

    check(schema, kind.__name__)
