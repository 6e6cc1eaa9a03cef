"""What may stand where a value is expected, as JSON Schema: a literal in its range, `$name`, or a quoted `"{key}"`."""

from __future__ import annotations

import math
import types
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from bt_robot.config.values import Rule
from bt_robot.tree.vocabulary.ports import Input, Output
from bt_robot.tree.vocabulary.words import KEY, REFERENCE

Schema = dict[str, Any]

_PRINTABLE: Final = "^[^\\u0000-\\u0008\\u000b-\\u001f]*$"
_TYPES: Final = {bool: "boolean", int: "integer", float: "number"}


def pattern(*expressions: str) -> str:
    """Return the pattern of a whole string that one of the expressions of `words` matches."""
    bare = [expression.removesuffix("\\Z") for expression in expressions]
    return f"^({'|'.join(bare)})$" if len(bare) > 1 else f"^{bare[0]}$"


def text_schema() -> Schema:
    """Return what text may be; keys and parameters are text, too."""
    return {"type": "string", "pattern": _PRINTABLE}


def port_schema(port: Input[Any] | Output[Any], *, keyed: bool, only_key: bool = False) -> Schema:
    """Return what may be given to a port.

    Args:
        port: The port.
        keyed: Whether it may be bound to a key.
        only_key: Whether it must be; outputs and some inputs always must.
    """
    only_key = only_key or isinstance(port, Output) or port.only_key
    schema = {"type": "string", "pattern": _stands_for(keyed=True)} if only_key else kind_schema(port.kind, keyed=keyed)
    if isinstance(port, Input) and not port.required and port.default is not None:
        default: Any = list(port.default) if isinstance(port.default, tuple) else port.default  # pyright: ignore
        # JSON has no word for a default without end.
        if all(math.isfinite(each) for each in _listed(default) if isinstance(each, float)):
            schema["default"] = default
    return {"description": port.doc, **schema} if port.doc else schema


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def kind_schema(kind: Any, *, keyed: bool) -> Schema:
    """Return what may be written for a type annotation of a port.

    Args:
        kind: The annotation, narrowed by rules.
        keyed: Whether a key may stand for it.
    """
    choices = [_one(choice, keyed) for choice in _alternatives(kind)]
    return choices[0] if len(choices) == 1 else {"anyOf": choices}


def _stands_for(*, keyed: bool) -> str:
    return pattern(REFERENCE.pattern, KEY.pattern) if keyed else pattern(REFERENCE.pattern)


def _alternatives(kind: Any) -> list[Any]:
    """Return the types of which one is meant, each with its own rule."""
    inner = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if get_origin(inner) in (Union, types.UnionType):
        return [choice for part in get_args(inner) for choice in _alternatives(part)]
    return [kind]


def _one(kind: Any, keyed: bool) -> Schema:
    rule, stands_for = _rule(kind), _stands_for(keyed=keyed)
    inner = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if inner is types.NoneType:
        return {"type": "null"}
    if inner is str:
        return text_schema() if keyed else {**text_schema(), "not": {"pattern": pattern(KEY.pattern)}}
    if get_origin(inner) is Literal:
        return {"anyOf": [{"enum": list(get_args(inner))}, {"type": "string", "pattern": stands_for}]}
    if get_origin(inner) is tuple:
        length = {} if rule.length is None else {"minItems": rule.length, "maxItems": rule.length}
        items = kind_schema(get_args(inner)[0], keyed=False)
        return {"type": ["array", "string"], "items": items, "pattern": stands_for, **length}
    low = {"minimum": rule.minimum} if rule.minimum > -math.inf else {}
    high = {"maximum": rule.maximum} if rule.maximum < math.inf else {}
    # The pattern is for strings only, the limits are for numbers only: one schema says both in one message.
    return {"type": [_TYPES[inner], "string"], "pattern": stands_for, **low, **high}


def _rule(kind: Any) -> Rule:
    extras = get_args(kind)[1:] if get_origin(kind) is Annotated else ()
    return next((extra for extra in extras if isinstance(extra, Rule)), Rule())
