"""The `TreeNodesModel` of a file: what an editor has to know about the nodes that BehaviorTree.CPP does not have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any, Literal, get_args, get_origin

from bt_robot.config.problems import Mark
from bt_robot.config.source import ListNode, ScalarNode, SourceNode
from bt_robot.config.writing import as_yaml
from bt_robot.tree.formats.element import Element, can_be_written
from bt_robot.tree.formats.values import written
from bt_robot.tree.language.parameters import Parameter
from bt_robot.tree.vocabulary.ports import Input, Output

Port = Input[Any] | Output[Any]

_TYPES = {bool: "bool", int: "int", float: "double", str: "std::string"}
_DIRECTIONS = {"in": "input", "out": "output", "inout": "inout"}
_ANY = "BT::AnyTypeAllowed"


def node_model(kind: str, word: str, doc: str, ports: Mapping[str, Port]) -> Element:
    """Return the entry of a node type.

    Args:
        kind: `Action`, `Condition`, `Control` or `Decorator`.
        word: Its name.
        doc: What it does.
        ports: Its ports.
    """
    description = {"_description": doc} if doc and can_be_written(doc) else {}
    return Element(kind, {"ID": word, **description}, tuple(_port(name, port) for name, port in ports.items()))


def subtree_model(name: str, parameters: Iterable[Parameter]) -> Element:
    """Return the entry of a subtree.

    Args:
        name: Its name.
        parameters: What every call of it gives, or what has a default.
    """
    return Element("SubTree", {"ID": name}, tuple(_parameters(parameters)))


def _parameters(parameters: Iterable[Parameter]) -> Iterator[Element]:
    for parameter in parameters:
        if parameter.value is None:
            continue
        attributes = {"name": parameter.name, "type": port_type(parameter.value.kind)}
        if parameter.default is not None:
            default = written(parameter.default, None)
            if not default:  # an empty default would make the port one that must be given
                continue
            attributes["default"] = default
        yield Element(f"{_DIRECTIONS[parameter.direction]}_port", attributes, text=_words(parameter.doc))


def _port(name: str, port: Port) -> Element:
    attributes = {"name": name, "type": port_type(port.kind)}
    if isinstance(port, Output):
        return Element("output_port", attributes, text=_words(port.doc))
    if not port.required and (default := _default(port.default)) is not None:
        attributes["default"] = default
    return Element("input_port", attributes, text=_words(port.doc))


def _default(value: object) -> str | None:
    if value is None:
        return None
    return written(as_source(value), None)


def as_source(value: object) -> SourceNode:
    """Return a value as a source node, as if it had been written."""
    if isinstance(value, tuple):
        return ListNode(tuple(as_source(item) for item in value), Mark(""))  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, str):
        return ScalarNode(value, False, Mark(""))
    endless = isinstance(value, float) and not isfinite(value)  # no tree file can say it, but a leaf's default may
    return ScalarNode(str(value) if endless else as_yaml(value), True, Mark(""))


def _words(text: str) -> str:
    return text if can_be_written(text) else ""


def port_type(kind: Any) -> str:
    """Return the C++ type for a port's type."""
    args = get_args(kind)
    if hasattr(kind, "__metadata__"):
        return port_type(args[0])
    if get_origin(kind) is Literal:
        return port_type(type(args[0])) if len({type(arg) for arg in args}) == 1 else _ANY
    if get_origin(kind) is tuple:
        return f"std::vector<{port_type(args[0])}>"
    if args:
        types = {port_type(arg) for arg in args if arg is not type(None)}
        return types.pop() if len(types) == 1 else _ANY
    return _TYPES.get(kind, _ANY)


_KINDS = {"composite": "Control", "decorator": "Decorator", "action": "Action", "condition": "Condition"}


def element_kind(kind: str) -> str:
    """Return the name of the element for a node kind of ours."""
    return _KINDS[kind]


def with_cases(ports: Mapping[str, Port], most: int) -> dict[str, Port]:
    """Return the ports of a switch with that many cases."""
    return {**ports, **{f"case_{i}": Input(str, doc="what chooses the child", default="") for i in range(1, most + 1)}}
