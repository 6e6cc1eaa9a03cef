"""Frozen values as JSON and back, and as JSON Schema, driven by the annotations of their dataclasses.

What is None is left out. A number that is not finite is a word, as in protobuf's JSON mapping: `NaN`, `Infinity`,
`-Infinity`. The schemas use what Foxglove's reader knows: one type per value, objects with named properties, arrays of
one level (source: foxglove/studio, `packages/mcap-support/src/parseJsonSchema.ts`).
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, cast

import numpy as np
import orjson

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Codec:
    """How values of one type are written and read, and the schema of what is written."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    schema: Mapping[str, Any]
    optional: bool = False


def to_json(value: object) -> bytes:
    """Return a dataclass as JSON."""
    plain = _codec(type(value)).write(value)
    try:
        return orjson.dumps(plain)
    except TypeError:  # text with lone surrogates, or a whole number of more than 64 bits
        return json.dumps(plain).encode()


def from_json(kind: type[Value], data: bytes | str) -> Value:
    """Return what `to_json` wrote.

    Args:
        kind: The dataclass.
        data: Its JSON; keys that it does not know are passed over.

    Raises:
        ValueError: It is no JSON, or not of this dataclass.
    """
    try:
        try:
            plain = orjson.loads(data)
        except orjson.JSONDecodeError:
            plain = json.loads(data)
        return cast(Value, _codec(kind).read(plain))
    except (TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"this is no {kind.__name__}: {error}") from error


def schema_of(kind: type) -> dict[str, Any]:
    """Return the JSON Schema of a dataclass, with the words of its docstring."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": kind.__name__, **_codec(kind).schema}


@cache
def _codec(hint: Any) -> _Codec:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        (inner,) = [each for each in arguments if each is not type(None)]
        return dataclasses.replace(_codec(inner), optional=True)
    if origin is typing.Literal:
        return _Codec(_same, _one_of(arguments), {"type": "string", "enum": list(arguments)})
    if origin is tuple:
        return _tuple(_codec(arguments[0]))
    if origin is np.ndarray:
        return _Codec(_array_to_plain, _array_from_plain, {"type": "array", "items": {"type": "number"}})
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(_codec(arguments[1]))
    if hint is float:
        return _Codec(_float_to_plain, float, {"type": "number"})
    if dataclasses.is_dataclass(hint):
        return _dataclass(cast(type, hint))
    if hint is datetime:
        return _Codec(datetime.isoformat, datetime.fromisoformat, {"type": "string", "format": "date-time"})
    if issubclass(hint, StrEnum):
        return _Codec(str, hint, {"type": "string", "enum": [str(each) for each in hint]})
    return _Codec(_same, _exactly(hint), {"type": {str: "string", bool: "boolean", int: "integer"}[hint]})


def _same(value: Any) -> Any:
    return value


def _exactly(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"expected {kind.__name__}, not {type(value).__name__}")
        return value

    return read


def _one_of(words: tuple[Any, ...]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if value not in words:
            raise TypeError(f"expected one of {', '.join(map(str, words))}")
        return value

    return read


def _float_to_plain(value: float) -> float | str:
    value = float(value)  # NumPy's are no JSON
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _array_to_plain(values: Any) -> list[Any]:
    found: list[Any] = values.tolist()
    return found if np.isfinite(values).all() else [_float_to_plain(value) for value in found]


def _array_from_plain(values: list[Any]) -> Any:
    return np.array([float(value) for value in values], dtype=np.float64)


def _tuple(item: _Codec) -> _Codec:
    write, read = item.write, item.read

    def write_all(values: Any) -> list[Any]:
        return [write(value) for value in values]

    def read_all(values: Any) -> tuple[Any, ...]:
        return tuple([read(value) for value in values])

    return _Codec(write_all, read_all, {"type": "array", "items": item.schema})


def _mapping(item: _Codec) -> _Codec:
    write, read = item.write, item.read

    def write_all(values: Any) -> dict[str, Any]:
        return {key: write(value) for key, value in values.items()}

    def read_all(values: Any) -> dict[str, Any]:
        return {key: read(value) for key, value in values.items()}

    return _Codec(write_all, read_all, {"type": "object", "properties": {}, "additionalProperties": item.schema})


def _dataclass(kind: type) -> _Codec:
    hints = typing.get_type_hints(kind)
    codecs = {field.name: _codec(hints[field.name]) for field in dataclasses.fields(kind)}
    writers = [(name, codec.write, codec.optional) for name, codec in codecs.items()]
    readers = {name: codec.read for name, codec in codecs.items()}
    absent = {name: None for name, codec in codecs.items() if codec.optional}

    def write(value: Any) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for name, write_one, optional in writers:
            given = getattr(value, name)
            if given is not None or not optional:
                plain[name] = write_one(given)
        return plain

    def read(plain: Any) -> Any:
        given = {name: readers[name](value) for name, value in plain.items() if name in readers}
        return kind(**(absent | given))

    words = _words_of_fields(kind)
    properties = {
        name: {**codec.schema, **({"description": words[name]} if name in words else {})}
        for name, codec in codecs.items()
    }
    required = [name for name, codec in codecs.items() if not codec.optional]
    about = {"description": (kind.__doc__ or "").partition("\n")[0]}
    return _Codec(write, read, {"type": "object", **about, "properties": properties, "required": required})


def _words_of_fields(kind: type) -> dict[str, str]:
    """Return what a docstring says of each field."""
    _, _, listed = (kind.__doc__ or "").partition("Attributes:")
    found = re.findall(r"^        (\w+): (.*(?:\n {9,}.*)*)", listed, re.MULTILINE)
    return {name: " ".join(words.split()) for name, words in found}
