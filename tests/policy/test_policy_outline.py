"""A message is measured by its headers before anything is built from it."""

from __future__ import annotations

import tracemalloc

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.errors import WireError
from bt_robot.policy.wire.outline import MAX_DEPTH, MAX_VALUES, check_outline
from tests.scale import examples


def depth(value):
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def values(value):
    if isinstance(value, dict):
        return 1 + len(value) + sum(map(values, value.values()))
    return 1 + sum(map(values, value)) if isinstance(value, list) else 1


TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=300)
    | st.binary(max_size=300)
    | st.builds(msgpack.ExtType, st.integers(0, 127), st.binary(max_size=20)),
    lambda inner: st.lists(inner, max_size=40) | st.dictionaries(st.text(max_size=40), inner, max_size=20),
    max_leaves=25,
)


@settings(max_examples=examples(150))
@given(TREES)
def test_every_message_within_the_limits_passes(value):
    check_outline(msgpack.packb(value))


@settings(max_examples=examples(100))
@given(TREES, TREES)
def test_what_comes_after_a_value_is_found_where_it_is(value, other):
    # If any header were measured wrongly, the deep list behind it would not be seen.
    deep = b"\x91" * (MAX_DEPTH + 1) + b"\xc0"
    with pytest.raises(WireError, match="nested deeper than 16 levels"):
        check_outline(b"\x93" + msgpack.packb(value) + msgpack.packb(other) + deep)


@pytest.mark.parametrize("open_one", [b"\x91", b"\x81\xa1a", b"\xdc\x00\x01", b"\xdf\x00\x00\x00\x01\xa1a"])
def test_the_depth_is_counted_whatever_the_containers_are(open_one):
    check_outline(open_one * MAX_DEPTH + b"\xc0")
    with pytest.raises(WireError, match="nested deeper than 16 levels"):
        check_outline(open_one * (MAX_DEPTH + 1) + b"\xc0")


def test_the_values_are_counted_over_the_whole_message():
    half = b"\xdc" + (MAX_VALUES // 2 - 2).to_bytes(2, "big") + b"\xc0" * (MAX_VALUES // 2 - 2)
    check_outline(b"\x92" + half + half)
    with pytest.raises(WireError, match=f"announces {MAX_VALUES + 1} values, at most {MAX_VALUES} are read"):
        check_outline(b"\x94" + half + half + b"\x90" * 2)


@pytest.mark.parametrize(
    "data",
    [
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xdd\x00\x01\x86\xa0" * 800_000,
        b"\xdc\xff\xff" + b"\x80" * 3_999_997,
        b"\x91" * 4_000_000,
    ],
    ids=["a list of four billion", "a map of four billion", "lists in lists", "empty maps", "deep"],
)
def test_what_would_grow_is_refused_without_memory_for_it(data):
    tracemalloc.start()
    with pytest.raises(WireError):
        check_outline(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


@settings(max_examples=examples(150))
@given(st.binary(max_size=80))
def test_any_bytes_raise_nothing_but_wire_error(data):
    try:
        check_outline(data)
    except WireError:
        return
    try:
        value = msgpack.unpackb(data, strict_map_key=False)
    except (ValueError, TypeError, msgpack.UnpackException):
        return
    assert depth(value) <= MAX_DEPTH
    assert values(value) <= MAX_VALUES
