"""The parameters that a subtree declares."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from bt_robot.config.problems import Mark, Problems
from bt_robot.config.source import MapNode, ScalarNode, SourceNode
from bt_robot.config.values import INVALID, describe, kind_name, read_value
from bt_robot.errors import Code
from bt_robot.tree.vocabulary.kinds import Value
from bt_robot.tree.vocabulary.ports import Input
from bt_robot.tree.vocabulary.words import IDENTIFIER, PORT_WORDS, key_name, reference

Direction = Literal["in", "out", "inout"]
_TypeName = Literal["str", "float", "int", "bool", "joints", "numbers", "texts", "value", "node"]
TYPES: dict[str, Any] = {
    "str": str,
    "float": float,
    "int": int,
    "bool": bool,
    "joints": tuple[float, ...],
    "numbers": tuple[float, ...],
    "texts": tuple[str, ...],
    "value": Value,
    "node": None,
}
LIMITED = ("float", "int", "joints", "numbers")
"""The types that a `minimum` and a `maximum` make sense for."""
MAX_PARAMETERS = 64

_KEYS = ("type", "direction", "default", "minimum", "maximum", "doc")


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a subtree takes under one name.

    Attributes:
        name: Its name, without the `$`.
        mark: Where it is declared.
        value: The type and range of a value; None when it is a node, or was declared wrongly.
        is_node: Whether a node is taken instead of a value.
        default: What stands for it when a call gives nothing; None when it must be given.
        doc: What it means, with its unit.
        direction: Whether the subtree reads what is given, writes it, or does both; what is written is a key.
    """

    name: str
    mark: Mark
    value: Input[Any] | None
    is_node: bool
    default: SourceNode | None = None
    doc: str = ""
    direction: Direction = "in"

    @property
    def expected(self) -> str:
        """What a call may give, in words."""
        return self.value.expected if self.value else "a node"

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.default is None and self.direction != "out"


def read_parameters(node: SourceNode | None, problems: Problems) -> dict[str, Parameter]:
    """Read the `parameters` of a subtree file; one that is declared wrongly still has its name."""
    if node is None:
        return {}
    if not isinstance(node, MapNode):
        problems.add(
            node.mark,
            f"parameters: {describe(node)}",
            expected="a mapping from names to {type: …}",
            code=Code.WRONG_TYPE,
        )
        return {}
    if len(node.entries) > MAX_PARAMETERS:
        problems.add(
            node.mark, f"{len(node.entries)} parameters", expected=f"at most {MAX_PARAMETERS}", code=Code.TOO_LARGE
        )
        return {}
    found: dict[str, Parameter] = {}
    for key, value in node.entries:
        if not IDENTIFIER.match(key.text) or key.text in PORT_WORDS:
            problems.add(
                key.mark,
                f"a parameter can't be called '{key.text}'",
                expected="a name like 'time_limit_s'",
                code=Code.BAD_NAME,
            )
        found[key.text] = _read_parameter(key, value, problems)
    return found


def _read_parameter(key: ScalarNode, node: SourceNode, problems: Problems) -> Parameter:
    wrong = Parameter(key.text, key.mark, None, is_node=False)
    what = f"parameter '{key.text}'"
    if not isinstance(node, MapNode):
        hint = f"write {{type: {node.text}}}" if isinstance(node, ScalarNode) and node.text in TYPES else ""
        problems.add(
            node.mark, f"{what}: {describe(node)}", expected="a mapping with a type", hint=hint, code=Code.WRONG_TYPE
        )
        return wrong
    meant = [
        problems.unknown(entry.mark, "key", entry.text, _KEYS, code=Code.UNKNOWN_KEY)
        for entry, _ in node.entries
        if entry.text not in _KEYS
    ]
    type_node, default, doc_node = node.get("type"), node.get("default"), node.get("doc")
    doc = (read_value(doc_node, str, problems, "doc") or "") if doc_node else ""
    if type_node is None:
        if "type" not in meant:
            problems.add(node.mark, f"{what}: 'type' is missing", expected=kind_name(_TypeName), code=Code.MISSING_KEY)
        return wrong
    type_name = read_value(type_node, _TypeName, problems, "type")
    if type_name is INVALID:
        return wrong
    kind = TYPES[type_name]
    low, high = _read_limits(node, type_name, problems)
    value: Input[Any] | None = Input(kind, doc=doc, minimum=low, maximum=high) if kind else None
    if key.text == "prompt" and kind is not str:
        problems.add(type_node.mark, f"the parameter 'prompt' is {type_name}", expected="str", code=Code.WRONG_TYPE)
        return wrong
    if value:
        value.name = key.text
    direction = _read_direction(key.text, node, type_name, problems)
    if default is not None and direction != "in":
        message = f"{what}: a default, and direction: {direction}"
        problems.add(default.mark, message, expected="no default: a key is written", code=Code.UNKNOWN_KEY)
        return wrong
    if default is not None and not _default_is_right(default, value, problems):
        return wrong
    return Parameter(key.text, key.mark, value, kind is None, default, doc, direction)


def _read_direction(name: str, node: MapNode, type_name: str, problems: Problems) -> Direction:
    given = node.get("direction")
    direction: Direction = read_value(given, Direction, problems, "direction") if given else "in"
    if given and direction in ("out", "inout") and type_name == "node":
        problems.add(given.mark, "'direction' is for values, and the type is node", code=Code.UNKNOWN_KEY)
    if given and direction in ("out", "inout") and name == "prompt":
        message = f"the parameter 'prompt' has direction: {direction}"
        problems.add(
            given.mark, message, expected="no direction: it is the prompt below the call", code=Code.UNKNOWN_KEY
        )
    return direction or "in"


def _read_limits(node: MapNode, type_name: str, problems: Problems) -> tuple[float, float]:
    limits = {"minimum": -math.inf, "maximum": math.inf}
    for key in ("minimum", "maximum"):
        limit = node.get(key)
        if limit is None:
            continue
        if type_name not in LIMITED:
            problems.add(limit.mark, f"'{key}' is for numbers, and the type is {type_name}", code=Code.UNKNOWN_KEY)
            continue
        number = read_value(limit, float, problems, key)
        if number is not INVALID:
            limits[key] = number
    low, high = limits["minimum"], limits["maximum"]
    if low > high:
        problems.add(node.mark, f"minimum {low:g} is more than maximum {high:g}", code=Code.INVALID)
    return low, high


def _default_is_right(default: SourceNode, value: Input[Any] | None, problems: Problems) -> bool:
    text = default.text if isinstance(default, ScalarNode) else ""
    if reference(default) or key_name(default):
        problems.add(default.mark, f"default: '{text}'", expected="a plain value", code=Code.WRONG_TYPE)
        return False
    return value is None or read_value(default, value.kind, problems, "default") is not INVALID
