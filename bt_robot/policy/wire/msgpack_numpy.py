"""msgpack with numpy arrays, byte for byte as openpi_client writes it and much stricter in what it reads.

An array is a map with bytes keys, `{b"__ndarray__": True, b"data": …, b"dtype": "<f4", b"shape": [50, 6]}`,
a numpy scalar is `{b"__npgeneric__": True, b"data": 1.5, b"dtype": "<f8"}`. Reading builds an array only
from a listed dtype and only when its bytes are exactly as many as its shape asks for: with a dtype taken
from the wire unseen, 46 bytes can allocate a gigabyte and 59 can end the process.
"""

from __future__ import annotations

import math
from typing import Any, Final

import msgpack
import numpy as np
from numpy.typing import NDArray

from bt_robot.errors import WireError
from bt_robot.policy.wire.outline import MAX_VALUES, check_outline

MAX_BYTES: Final = 4_000_000
MAX_DIMENSIONS: Final = 4
MAX_SIDE: Final = 1 << 24

_CODES: Final = frozenset({"|b1", "|i1", "|u1", *(f"<{kind}{size}" for kind in "iu" for size in (2, 4, 8))}) | {
    "<f2",
    "<f4",
    "<f8",
}
_SCALARS: Final[dict[str, type]] = {"b": bool, "i": int, "u": int, "f": float}


def pack(value: Any) -> bytes:
    """Write a value as msgpack.

    Args:
        value: Built from dict, list, tuple, str, bytes, numbers, booleans, None, numpy arrays and scalars.

    Raises:
        WireError: It holds something the format has no place for.
    """
    try:
        packed: bytes | None = msgpack.packb(value, default=_plain)
    except (TypeError, ValueError, OverflowError) as error:
        raise WireError(f"can't be written as msgpack: {error}") from error
    assert packed is not None  # only an unfinished autoreset=False packer returns None
    return packed


def _plain(value: Any) -> Any:
    if not isinstance(value, (np.ndarray, np.generic)):
        raise TypeError(f"a {type(value).__name__} has no place in it")
    if value.dtype.kind in "VOc":
        raise ValueError(f"an array of {value.dtype} has no place in it")
    if isinstance(value, np.ndarray):
        return {b"__ndarray__": True, b"data": value.tobytes(), b"dtype": value.dtype.str, b"shape": value.shape}
    return {b"__npgeneric__": True, b"data": value.item(), b"dtype": value.dtype.str}


def unpack(data: bytes, max_bytes: int = MAX_BYTES) -> Any:
    """Read a msgpack value; arrays own their memory and can be written to, scalars become Python numbers.

    Args:
        data: One whole message.
        max_bytes: The longest message to look at.

    Raises:
        WireError: The bytes are no such message, for whatever reason.
    """
    if len(data) > max_bytes:
        raise WireError(f"the message has {len(data)} bytes, at most {max_bytes} are read")
    check_outline(data)
    try:
        return msgpack.unpackb(
            data,
            object_pairs_hook=_from_pairs,
            strict_map_key=True,
            max_array_len=MAX_VALUES,
            max_map_len=MAX_VALUES,
            max_ext_len=0,
            ext_hook=_no_extension,
        )
    except WireError:
        raise
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise WireError(f"not msgpack: {str(error) or type(error).__name__}") from error


def _no_extension(code: int, data: bytes) -> Any:
    raise WireError(f"an extension of type {code} has no place in it")


def _from_pairs(pairs: list[tuple[Any, Any]]) -> Any:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise WireError("a map has the same key twice")
    if b"__ndarray__" in fields:
        return _array(fields)
    if b"__npgeneric__" in fields:
        return _scalar(fields)
    if not all(isinstance(key, str) for key in fields):
        raise WireError("a map has keys of bytes, but is no array")
    return fields


def _dtype(fields: dict[Any, Any], tag: bytes) -> np.dtype[Any]:
    if fields[tag] is not True:
        raise WireError(f"{tag.decode()} is not true")
    code = fields.get(b"dtype")
    if not isinstance(code, str) or code not in _CODES:
        shown = repr(code[:40]) if isinstance(code, str) else f"that is a {type(code).__name__}"
        raise WireError(f"dtype {shown} is not allowed")
    return np.dtype(code)


def _array(fields: dict[Any, Any]) -> NDArray[Any]:
    if fields.keys() != {b"__ndarray__", b"data", b"dtype", b"shape"}:
        raise WireError("an array needs exactly data, dtype and shape")
    dtype = _dtype(fields, b"__ndarray__")
    data, shape = fields[b"data"], fields[b"shape"]
    if not isinstance(data, bytes):
        raise WireError(f"an array's data is a {type(data).__name__}, expected bytes")
    if not isinstance(shape, list) or not all(type(side) is int and 0 <= side <= MAX_SIDE for side in shape):
        raise WireError("an array's shape is no list of sizes")
    if len(shape) > MAX_DIMENSIONS:
        raise WireError(f"an array has {len(shape)} dimensions, at most {MAX_DIMENSIONS} are allowed")
    expected = math.prod(shape) * dtype.itemsize
    if len(data) != expected:
        raise WireError(f"an array of shape {tuple(shape)} {dtype} has {len(data)} bytes, expected {expected}")
    if dtype.kind == "b":
        return (np.frombuffer(data, np.uint8) != 0).reshape(shape)
    return np.frombuffer(data, dtype).reshape(shape).copy()


def _scalar(fields: dict[Any, Any]) -> bool | int | float:
    if fields.keys() != {b"__npgeneric__", b"data", b"dtype"}:
        raise WireError("a numpy scalar needs exactly data and dtype")
    kind = _SCALARS[_dtype(fields, b"__npgeneric__").kind]
    value = fields[b"data"]
    if type(value) is not kind:
        raise WireError(f"a numpy scalar holds a {type(value).__name__}, expected a {kind.__name__}")
    return value
