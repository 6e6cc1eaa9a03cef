"""The msgpack codec: openpi_client's bytes exactly, and WireError as its only failure."""

from __future__ import annotations

import contextlib
import math

import hypothesis.extra.numpy as hnp
import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.errors import WireError
from bt_robot.policy.wire.msgpack_numpy import pack, unpack
from tests.scale import examples

GOLDEN = bytes.fromhex(
    "81 a161 84 c40b5f5f6e6461727261795f5f c3 c40464617461 c40c 000000000000803f00000040"
    "c4056474797065 a33c6634 c4057368617065 9103"
)
GOLDEN_SCALAR = bytes.fromhex("83 c40d5f5f6e7067656e657269635f5f c3 c40464617461 05 c4056474797065 a33c6932")
DTYPES = st.sampled_from(["|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8"])
ARRAYS = DTYPES.flatmap(
    lambda code: hnp.arrays(np.dtype(code), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)
PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    PLAIN | ARRAYS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def array(data=b"\0" * 12, dtype="<f4", shape=(3,), **extra):
    fields = {b"__ndarray__": True, b"data": data, b"dtype": dtype, b"shape": list(shape)}
    fields.update({key.encode(): value for key, value in extra.items()})
    return msgpack.packb({"actions": fields})


def scalar(data, dtype):
    return msgpack.packb({b"__npgeneric__": True, b"data": data, b"dtype": dtype})


def same(a, b):
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and (a == b or (isinstance(a, float) and math.isnan(a) and math.isnan(b)))


def test_an_array_is_written_as_openpi_client_writes_it():
    assert pack({"a": np.arange(3, dtype="f4")}) == GOLDEN


def openpi_pack(value):
    """Do what openpi_client.msgpack_numpy.packb does (policy-wire.md 1.2)."""

    def plain(item):
        if isinstance(item, np.ndarray):
            return {b"__ndarray__": True, b"data": item.tobytes(), b"dtype": item.dtype.str, b"shape": item.shape}
        if isinstance(item, np.generic):
            return {b"__npgeneric__": True, b"data": item.item(), b"dtype": item.dtype.str}
        return item

    return msgpack.packb(value, default=plain)


@settings(max_examples=examples(200))
@given(VALUES | st.sampled_from([np.float32(1.5), np.float64(2), np.int8(-3), np.bool_(True)]))
def test_whatever_both_can_write_is_written_the_same(value):
    assert pack(value) == openpi_pack(value)


def test_an_observation_is_written_as_openpi_client_writes_it():
    image = np.arange(2 * 4 * 3, dtype=np.uint8).reshape(2, 4, 3)
    observation = {
        "observation/image": image,
        "images": {"cam_high": image.transpose(2, 0, 1)},
        "observation/state": np.linspace(-1, 1, 6, dtype=np.float32),
        "gripper": np.float64(0.5),
        "step": np.int64(3),
        "prompt": "pick up the red block, größer",
        "rtc": {"prev_actions": np.zeros((50, 6), np.float32), "inference_delay": 4, "enabled": True},
    }
    assert pack(observation) == openpi_pack(observation)


@pytest.mark.parametrize(
    ("dtype", "code"), [("u1", "7c7531"), ("f4", "3c6634"), ("f8", "3c6638"), ("i8", "3c6938"), ("?", "7c6231")]
)
def test_the_dtypes_of_openpi_are_written_as_numpys_codes(dtype, code):
    packed = pack(np.zeros(1, dtype)).hex()
    data = b"\0".hex() * np.dtype(dtype).itemsize
    assert packed == (
        "84c40b5f5f6e6461727261795f5fc3c40464617461"
        f"c4{len(data) // 2:02x}{data}c4056474797065a3{code}c40573686170659101"
    )


def test_the_golden_bytes_read_back():
    assert same(unpack(GOLDEN), {"a": np.arange(3, dtype="f4")})


def test_a_numpy_scalar_is_written_as_openpi_client_writes_it_and_read_as_a_number():
    assert pack(np.int16(5)) == GOLDEN_SCALAR
    assert unpack(GOLDEN_SCALAR) == 5


def test_an_array_that_is_not_contiguous_is_written_by_its_values():
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert same(unpack(pack(image.transpose(2, 0, 1))), np.ascontiguousarray(image.transpose(2, 0, 1)))


@settings(max_examples=examples(200))
@given(VALUES)
def test_what_is_written_reads_back_the_same(value):
    assert same(unpack(pack(value)), value)


def test_a_read_array_owns_its_memory_and_can_be_written_to():
    read = unpack(pack(np.zeros(3)))
    read[0] = 1.0
    assert read.flags.owndata
    assert read.flags.writeable


@pytest.mark.parametrize("value", [np.array(["a"], object), np.zeros(2, complex), np.zeros(2, "V3"), {1, 2}, 2**70])
def test_what_has_no_place_in_the_format_is_refused_when_writing(value):
    with pytest.raises(WireError, match="can't be written as msgpack"):
        pack({"a": value})


HOSTILE = {
    "object dtype": (array(b"\0" * 8, "|O", (1,)), "dtype '|O' is not allowed"),
    "structured object dtype": (array(b"\0" * 16, "O,i8", (1,)), "dtype 'O,i8' is not allowed"),
    "void dtype": (array(b"\0" * 8, "|V8", (1,)), "dtype '|V8' is not allowed"),
    "empty strings, 2**40 of them": (array(b"", "|S0", (2**40,)), "dtype '|S0' is not allowed"),
    "datetime": (array(b"\0" * 8, "<M8[s]", (1,)), "dtype '<M8[s]' is not allowed"),
    "complex": (array(b"\0" * 16, "<c16", (1,)), "dtype '<c16' is not allowed"),
    "big-endian": (array(dtype=">f4"), "dtype '>f4' is not allowed"),
    "a dtype that is no text": (array(dtype=[["f", "O"]]), "dtype that is a list is not allowed"),
    "a long dtype": (array(dtype="f4," * 9999), "dtype 'f4,f4,"),
    "negative side": (array(shape=(-1,)), "no list of sizes"),
    "a side that is true": (array(b"\0" * 4, shape=(True,)), "no list of sizes"),
    "a side that is a float": (array(shape=(3.0,)), "no list of sizes"),
    "a huge side": (array(b"", shape=(0, 2**62)), "no list of sizes"),
    "five dimensions": (array(b"\0" * 4, shape=(1,) * 5), "5 dimensions, at most 4"),
    "too few bytes": (array(b"\0" * 11), "has 11 bytes, expected 12"),
    "too many bytes": (array(b"\0" * 13), "has 13 bytes, expected 12"),
    "data that is text": (array("abc"), "data is a str, expected bytes"),
    "an extra field": (array(order="F"), "exactly data, dtype and shape"),
    "no data": (msgpack.packb({b"__ndarray__": True, b"dtype": "<f4", b"shape": [1]}), "exactly data, dtype and shape"),
    "a flag that is not true": (
        msgpack.packb({b"__ndarray__": 1, b"data": b"", b"dtype": "<f4", b"shape": [0]}),
        "true",
    ),
    "a gigabyte of text scalar": (scalar(10**9, "|S1"), "dtype '|S1' is not allowed"),
    "a gigabyte of void scalar": (scalar(10**9, "|V1"), "dtype '|V1' is not allowed"),
    "a scalar of the wrong kind": (scalar("1.0", "<f8"), "holds a str, expected a float"),
    "bytes of four billion": (b"\xc6\xff\xff\xff\xff", "not msgpack: "),
    "number keys": (msgpack.packb({1: 2}), "not allowed for map key"),
    "bytes keys": (msgpack.packb({b"a": 2}), "keys of bytes"),
    "the same key twice": (b"\x82\xa1a\x01\xa1a\x02", "the same key twice"),
    "an extension": (b"\xd4\x05\x00", "max_ext_len"),
    "an extension of nothing": (b"\xc7\x00\x05", "an extension of type 5 has no place in it"),
    "a timestamp": (b"\xd6\xff\x00\x00\x00\x00", "max_ext_len"),
    "text that is not UTF-8": (b"\xa2\xff\xfe", "not msgpack: "),
    "a truncated message": (GOLDEN[:-1], "not msgpack: "),
    "trailing bytes": (GOLDEN + b"\xc0", "not msgpack: "),
    "a reserved byte": (b"\xc1", "not msgpack: FormatError"),
    "nothing": (b"", "not msgpack: "),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_message_is_refused(name):
    data, words = HOSTILE[name]
    with pytest.raises(WireError) as refused:
        unpack(data)
    assert words in str(refused.value)
    assert len(str(refused.value)) < 200


def test_a_message_longer_than_the_limit_is_not_looked_at():
    with pytest.raises(WireError, match="the message has 101 bytes, at most 100 are read"):
        unpack(b"\xc1" * 101, max_bytes=100)


SEEDS = [GOLDEN, GOLDEN_SCALAR, pack({"actions": np.ones((5, 6), "f4"), "server_timing": {"infer_ms": 3.0}})]


@settings(max_examples=examples(1000))
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255), st.sampled_from("=+-")), min_size=1, max_size=6),
)
def test_a_mutated_message_raises_nothing_but_wire_error(seed, edits):
    data = bytearray(seed)
    for place, value, kind in edits:
        place %= len(data) + 1
        if kind == "+":
            data.insert(place, value)
        elif kind == "-":
            del data[place : place + 1]
        else:
            data[place : place + 1] = bytes([value])
    with contextlib.suppress(WireError):
        unpack(bytes(data))


@settings(max_examples=examples(300))
@given(st.binary(max_size=64))
def test_any_bytes_raise_nothing_but_wire_error(data):
    with contextlib.suppress(WireError):
        unpack(data)
