"""A node type as one would write it in a tree file, made from its ports: what must be given, and what its words name.

A value comes from the port's own words where they say "e.g. `rest`", and from its type and range otherwise.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from bt_robot.config.values import Rule
from bt_robot.tree.vocabulary.leaf import Leaf
from bt_robot.tree.vocabulary.node_type import BuiltIn, Children
from bt_robot.tree.vocabulary.ports import Input, Output

_CHILDREN: Final = ("observe", "move_to: {pose: rest}", "hold_position")
_CASES: Final = ("red", "blue")
_WORDS: Final = {"prompt": "pick up the red block"}
_IN_THE_WORDS: Final = re.compile(r"e\.g\. (?:`([^`]+)`|(\"[^\"]+\"))")


def example(node: BuiltIn | type[Leaf]) -> str:
    """Return a node type as an item of `children`, in YAML."""
    word = node.type if isinstance(node, BuiltIn) else node.type_name
    values = dict(_values(node.ports, outputs=isinstance(node, BuiltIn)))
    if not isinstance(node, BuiltIn):
        shown = ", ".join(f"{name}: {value}" for name, value in values.items())
        return f"- {word}: {{{shown}}}" if shown else f"- {word}"
    below = list(_below(node.children))
    if node.children.form == "list" and not values:
        return "\n".join([f"- {word}:", *(line[2:] for line in below[1:])])
    return "\n".join([f"- {word}:", *(f"    {name}: {value}" for name, value in values.items()), *below])


def _values(ports: Mapping[str, Input[Any] | Output[Any]], *, outputs: bool) -> Iterator[tuple[str, str]]:
    for name, port in ports.items():
        if isinstance(port, Output):
            if outputs or port.required:
                yield name, f'"{{{name}}}"'
        elif named := _IN_THE_WORDS.search(port.doc):
            yield name, named[1] or named[2]
        elif port.required and port.only_key:
            yield name, f'"{{{name}}}"'
        elif port.required:
            yield name, _WORDS.get(name) or _sample(port.kind)


def _sample(kind: Any, rule: Rule | None = None) -> str:
    """Return some value of a type, as it is written in YAML."""
    if get_origin(kind) is Annotated:
        inner, *extras = get_args(kind)
        return _sample(inner, next((extra for extra in extras if isinstance(extra, Rule)), rule))
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return str(arguments[0])
    if origin in (Union, types.UnionType):
        return _sample(arguments[0], rule)
    if origin is tuple:
        items = [_sample(arguments[0])] * ((rule.length if rule else None) or 1)
        return f"[{', '.join(items)}]"
    if kind is bool:
        return "true"
    if kind is str:
        return "red"
    low, high = (rule.minimum, rule.maximum) if rule else (0.0, 1.0)
    return f"{max(low, min(2.0, high)):g}"


def _below(children: Children) -> Iterator[str]:
    if children.form == "list":
        yield "    children:"
        yield from (f"      - {child}" for child in _CHILDREN[:2])
    elif children.form == "one":
        yield f"    child: {_inline(_CHILDREN[1])}"
    elif children.form == "named":
        for name, child in zip(children.names, _CHILDREN, strict=False):
            yield f"    {name}: {_inline(child)}"
    else:
        yield "    cases:"
        yield from (f"      {case}: {_inline(child)}" for case, child in zip(_CASES, _CHILDREN, strict=False))
        yield f"    default: {_CHILDREN[2]}"


def _inline(child: str) -> str:
    """Return a node as a value on the same line."""
    return f"{{{child}}}" if ":" in child else child
