"""Other values for parameters and prompts of a tree that runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast, get_args, get_origin

from bt_robot.config.problems import Mark, Problems
from bt_robot.config.source import ScalarNode, SourceNode, parse
from bt_robot.config.values import INVALID, read_value
from bt_robot.errors import InputError, did_you_mean
from bt_robot.messages import NodeInfo, Setup
from bt_robot.tree.engine.leaf_node import LeafNode
from bt_robot.tree.engine.node import Node
from bt_robot.tree.spec import Key, detail
from bt_robot.tree.vocabulary.built_in import BUILT_IN
from bt_robot.tree.vocabulary.kinds import kind_of
from bt_robot.tree.vocabulary.ports import Input, Output
from bt_robot.tree.vocabulary.words import key_name

MAX_PROMPT: Final = 1000
"""The longest prompt [characters]."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that can be changed.

    Attributes:
        words: What, from what to what.
        nodes: The tree's nodes as they are told afterwards.
        apply: Changes it.
    """

    words: str
    nodes: tuple[NodeInfo, ...]
    apply: Callable[[], None]


def prompt_change(nodes: Sequence[Node], infos: Sequence[NodeInfo], top: Node, text: str) -> Change:
    """Prepare another prompt for the policy queries at and below a node; one that has its own deeper down keeps it.

    Args:
        nodes: All nodes of the tree.
        infos: What there is to know about them.
        top: The node.
        text: The prompt.

    Raises:
        InputError: No such prompt can be in force there.
    """
    before = infos[top.index].prompt
    below = _below(infos, top.index)
    if not before:
        places = [infos[i].path for i in below if infos[i].prompt]
        where = f"; there are some below, e.g. at {places[0]}" if places else ""
        raise InputError(f"no prompt is in force at '{top.path}'{where}")
    text = text.strip()
    if not text or len(text) > MAX_PROMPT or not text.isprintable():
        raise InputError(f"prompt: {text[:40]!r}; expected a line of 1 to {MAX_PROMPT} characters")
    meant = [i for i in below if infos[i].prompt == before]
    asking = [node for i in meant if isinstance(node := nodes[i], LeafNode) and node.given.get("prompt") == before]
    if not asking:
        bound = any(isinstance(nodes[i].given.get("prompt"), Key) for i in meant)
        why = f"the prompt comes from the key {before}" if bound else "no policy is asked there"
        raise InputError(f"the prompt at '{top.path}' can't be changed: {why}")
    changed = list(infos)
    for i in meant:
        changed[i] = replace(infos[i], prompt=text)

    def apply() -> None:
        for node in asking:
            _bind(node, "prompt", text)

    return Change(f"prompt of {top.path}: '{before}' → '{text}'", tuple(changed), apply)


def parameter_change(node: Node, infos: Sequence[NodeInfo], name: str, text: str, setup: Setup | None) -> Change:
    """Prepare another value for a parameter of a node.

    Args:
        node: The node.
        infos: What there is to know about the tree's nodes.
        name: The parameter.
        text: The value, as it would be written in a tree file.
        setup: What the tree runs with, if that is known.

    Raises:
        InputError: It can't have this value.
    """
    info = infos[node.index]
    ports = _ports(node, info)
    port = ports.get(name)
    if not isinstance(port, Input):
        hint = did_you_mean(name, [each for each, port in ports.items() if isinstance(port, Input)])
        what = "a key that it writes" if port else "no parameter of it"
        raise InputError(f"'{node.path}' ({info.type}): '{name}' is {what}" + (f"; {hint}" if hint else ""))
    before = node.given.get(name, port.default)
    if isinstance(before, Key) or port.only_key:
        raise InputError(f"'{node.path}': '{name}' comes from the blackboard; it can't be given another value")
    if not isinstance(node, LeafNode) and name not in node.adjustable:
        raise InputError(f"'{node.path}' ({info.type}): '{name}' can't be changed while the tree runs; edit the file")
    value = _read(text, port, name)
    given = {**node.given, name: value}
    _require_fitting(node, info, given, setup)
    written = [each for each, port in ports.items() if isinstance(port, Output)]
    changed = list(infos)
    changed[node.index] = replace(info, detail=detail(given, written))

    def apply() -> None:
        if isinstance(node, LeafNode):
            _bind(node, name, value)
        else:
            node.adjust(name, value)
            node.given = given

    return Change(f"{name} of {node.path}: {before} → {value}", tuple(changed), apply)


def _bind(node: LeafNode, name: str, value: object) -> None:
    node.leaf.ports[name].bind(node.leaf, value)
    node.given = {**node.given, name: value}


def _ports(node: Node, info: NodeInfo) -> Mapping[str, Input[Any] | Output[Any]]:
    if isinstance(node, LeafNode):
        return node.leaf.ports
    if info.kind == "subtree":
        raise InputError(f"'{node.path}' is a call of a subtree; change the nodes in it")
    return BUILT_IN[info.type].ports


def _below(infos: Sequence[NodeInfo], top: int) -> list[int]:
    """Return the places of a node and of all below it, which follow it."""
    end = top + 1
    while end < len(infos) and infos[end].depth > infos[top].depth:
        end += 1
    return list(range(top, end))


def _read(text: str, port: Input[Any], name: str) -> object:
    """Read a value that a person typed: a text as it is, everything else as in a tree file.

    Raises:
        InputError: It is none that the port takes.
    """
    problems = Problems()
    node: SourceNode | None = ScalarNode(text, plain=not _is_text(port.kind), mark=Mark(name))
    if text.strip() and not _is_text(port.kind):
        node = parse(text, name, problems)
    value = INVALID if node is None or problems.found else read_value(node, port.kind, problems, name)
    if node is None or value is INVALID or key_name(node):
        raise InputError(f"{name}: {text[:40]!r}; expected {port.expected}")
    return value


def _is_text(kind: Any) -> bool:
    return (get_args(kind)[0] if get_args(kind) and get_origin(kind) is not None else kind) is str


def _require_fitting(node: Node, info: NodeInfo, given: Mapping[str, object], setup: Setup | None) -> None:
    """Hold all values of a node against each other, and those of a leaf against what it runs with.

    Raises:
        InputError: They don't go together.
    """
    known = {name: value for name, value in given.items() if not isinstance(value, Key)}
    if not isinstance(node, LeafNode):
        wrong = BUILT_IN[info.type].amiss(known, len(node.nodes))
    else:
        kind = type(node.leaf)
        values: dict[str, object] = {name: port.default for name, port in kind.ports.items() if isinstance(port, Input)}
        known = {name: value for name, value in (values | {**given}).items() if not isinstance(value, Key)}
        wrong = kind.amiss(known, {name: kind_of(value) for name, value in known.items()})
    if wrong is not None:
        name, expected = wrong
        raise InputError(f"'{node.path}': {name}: {known.get(name)}; expected {expected}")
    if isinstance(node, LeafNode) and setup is not None:
        bound = {name: node.leaf.__dict__[port.attribute] for name, port in node.leaf.ports.items()}
        literal = {name: value for name, value in given.items() if not isinstance(value, Key)}
        why = LeafNode(info.name, type(node.leaf)(**cast("dict[str, Any]", bound | literal))).why_not(setup)
        if why:
            raise InputError(f"'{node.path}': {why}")
