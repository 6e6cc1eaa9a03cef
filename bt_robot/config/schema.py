"""A JSON Schema from a dataclass, for editors that complete and check YAML while it is written, pure.

It says the same as `bt_robot.config.values.bind`: unknown and missing keys, types, ranges, choices. What only holds
between several keys is left to the loader.
"""

from __future__ import annotations

import dataclasses
import math
import re
import types
from collections.abc import Mapping
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from bt_robot.config.values import Rule, Tagged

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PRINTABLE: Final = "^[^\\u0000-\\u0008\\u000b-\\u001f]*$"
_SCALARS: Final[Mapping[type, str]] = {bool: "boolean", int: "integer", float: "number", str: "string"}


def json_schema(cls: type) -> dict[str, Any]:
    """Return the schema of a dataclass that is read from YAML, with its docstring's words.

    Args:
        cls: A dataclass as `bind` takes it.

    Raises:
        TypeError: An annotation is one that `bind` can't read either.
    """
    return {"$schema": DIALECT, **_object(cls)}


def attribute_docs(cls: type) -> dict[str, str]:
    """Return what a class says of each of its attributes in its docstring, in one line each."""
    _, _, attributes = (cls.__doc__ or "").partition("Attributes:\n")
    entries = re.findall(r"^ {8}(\w+): (.+(?:\n {9,}.+)*)", attributes, flags=re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries}


def _object(cls: type) -> dict[str, Any]:
    hints, docs = get_type_hints(cls, include_extras=True), attribute_docs(cls)
    properties: dict[str, Any] = {}
    required: list[str] = []
    for item in dataclasses.fields(cls):
        if not item.init:
            continue
        schema = _value(hints[item.name])
        doc = _rule(hints[item.name]).doc or docs.get(item.name, "")
        if doc:
            schema = {"description": doc, **schema}
        if item.default is not dataclasses.MISSING and isinstance(item.default, (bool, int, float, str)):
            schema = {**schema, "default": item.default}
        names = (item.name, *_rule(hints[item.name]).aliases)
        properties |= dict.fromkeys(names, schema)
        if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            required.append(item.name)
    found: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    summary = (cls.__doc__ or "").strip().partition("\n")[0]
    return {"description": summary, **found, **({"required": required} if required else {})}


def _value(kind: Any) -> dict[str, Any]:
    tagged = next((extra for extra in getattr(kind, "__metadata__", ()) if isinstance(extra, Tagged)), None)
    if tagged is not None:
        return {"anyOf": [_chosen(tagged, word, cls) for word, cls in tagged.choices.items()]}
    rule, inner = _rule(kind), _inner(kind)
    origin = get_origin(inner)
    if origin is Literal:
        return {"enum": list(get_args(inner))}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_narrowed(_value(choice), rule) for choice in get_args(inner)]}
    if inner is types.NoneType:
        return {"type": "null"}
    if dataclasses.is_dataclass(inner) and isinstance(inner, type):
        return _object(inner)
    if origin is tuple:
        length = {} if rule.length is None else {"minItems": rule.length, "maxItems": rule.length}
        return {"type": "array", "items": _value(get_args(inner)[0]), **length}
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": _value(get_args(inner)[1])}
    if inner not in _SCALARS:
        raise TypeError(f"no schema for {inner!r}")
    schema: dict[str, Any] = {"type": _SCALARS[inner]}
    return {**schema, "pattern": _PRINTABLE} if inner is str else _narrowed(schema, rule)


def _narrowed(schema: dict[str, Any], rule: Rule) -> dict[str, Any]:
    if schema.get("type") not in ("integer", "number"):
        return schema
    low = {"minimum": rule.minimum} if rule.minimum > -math.inf else {}
    high = {"maximum": rule.maximum} if rule.maximum < math.inf else {}
    return {**low, **high, **schema}  # the item's own limits win


def _chosen(tagged: Tagged, word: str, cls: type) -> dict[str, Any]:
    schema = _object(cls)
    schema["properties"] = {tagged.key: {"const": word}, **schema["properties"]}
    if word != tagged.default:
        schema["required"] = [tagged.key, *schema.get("required", [])]
    return schema


def _inner(kind: Any) -> Any:
    return get_args(kind)[0] if hasattr(kind, "__metadata__") else kind


def _rule(kind: Any) -> Rule:
    return next((extra for extra in getattr(kind, "__metadata__", ()) if isinstance(extra, Rule)), Rule())
