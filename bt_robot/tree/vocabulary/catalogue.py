"""Every node type in one form, whatever it is made of: for lists, pages and other programs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bt_robot.tree.vocabulary.built_in import BUILT_IN
from bt_robot.tree.vocabulary.examples import example
from bt_robot.tree.vocabulary.leaf import Leaf
from bt_robot.tree.vocabulary.node_type import BuiltIn, Children
from bt_robot.tree.vocabulary.ports import Input, Output
from bt_robot.tree.vocabulary.registry import Registry

Kind = Literal["composite", "decorator", "action", "condition"]


@dataclass(frozen=True, slots=True)
class PortEntry:
    """One port of a node type.

    Attributes:
        name: Its key in tree files.
        direction: `input`, or `output` for one that the node writes.
        takes: Its type and range, in words.
        required: Whether it must be given, or bound to a key.
        default: What it is otherwise; None for an output, and where there is no default.
        doc: What it means, with its unit.
        keyed: Whether it may be bound to a key of the blackboard.
    """

    name: str
    direction: Literal["input", "output"]
    takes: str
    required: bool
    default: object
    doc: str
    keyed: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One node type.

    Attributes:
        type: The word for it.
        kind: What it is.
        origin: The installed package that brings it, e.g. `bt-grippers 1.2`; empty for the project itself.
        doc: What it does: a sentence, and perhaps more paragraphs behind an empty line.
        ports: Its ports, in order.
        example: How one would write it, as an item of `children`, in YAML.
        children: How it takes its children; None for a leaf.
        on_halt: What happens when it is interrupted; empty where nothing special does.
        aliases: Other words for it.
        btcpp: Its counterpart in BehaviorTree.CPP; empty if there is none.
        py_trees: Its counterpart in py_trees; empty if there is none.
    """

    type: str
    kind: Kind
    origin: str
    doc: str
    ports: tuple[PortEntry, ...]
    example: str
    children: Children | None = None
    on_halt: str = ""
    aliases: tuple[str, ...] = ()
    btcpp: str = ""
    py_trees: str = ""

    @property
    def summary(self) -> str:
        """The first sentence of what it does."""
        return re.split(r"(?<=[.])\s", self.doc, maxsplit=1)[0]


def entries(registry: Registry) -> Iterator[Entry]:
    """Yield every node type: composites, decorators, actions, conditions, each in the order of the registry.

    Leaves of installed packages are imported for it; those that can't be used are left out.
    """
    built_in = [_built_in(one) for one in BUILT_IN.values()]
    leaves = [_leaf(one, registry) for one in dict.fromkeys(registry.leaves.values())]
    for kind in ("composite", "decorator", "action", "condition"):
        yield from (entry for entry in (*built_in, *leaves) if entry.kind == kind)


def entry(registry: Registry, word: str) -> Entry | None:
    """Return the node type for a word, an alias or BehaviorTree.CPP's name; only its own package is imported."""
    for one in BUILT_IN.values():
        if word in (one.type, *one.aliases, one.btcpp):
            return _built_in(one)
    leaf = registry.leaves.get(registry.aliases.get(word, word))
    return None if leaf is None else _leaf(leaf, registry)


def _built_in(one: BuiltIn) -> Entry:
    return Entry(
        type=one.type,
        kind=one.kind,
        origin="",
        doc=one.doc,
        ports=_ports(one.ports, one.keyed),
        example=example(one),
        children=one.children,
        on_halt=one.on_halt,
        aliases=one.aliases,
        btcpp=one.btcpp,
        py_trees=one.py_trees,
    )


def _leaf(leaf: type[Leaf], registry: Registry) -> Entry:
    return Entry(
        type=leaf.type_name,
        kind="action" if leaf.kind == "action" else "condition",
        origin=registry.origin(leaf.type_name),
        doc="\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(leaf.__doc__ or "").split("\n\n")),
        ports=_ports(leaf.ports, leaf.ports),
        example=example(leaf),
        on_halt=_on_halt(leaf),
        aliases=leaf.aliases,
        btcpp=leaf.btcpp,
        py_trees=leaf.py_trees,
    )


def _on_halt(leaf: type[Leaf]) -> str:
    if leaf.on_halt is Leaf.on_halt:
        return ""
    return " ".join(inspect.cleandoc(leaf.on_halt.__doc__ or "").split("\n\n")[0].split())


def _ports(
    ports: Mapping[str, Input[Any] | Output[Any]], keyed: Mapping[str, Any] | frozenset[str]
) -> tuple[PortEntry, ...]:
    found: list[PortEntry] = []
    for name, port in ports.items():
        if isinstance(port, Output):
            found.append(PortEntry(name, "output", port.expected, port.required, None, port.doc, True))
        else:
            default = None if port.required else port.default
            found.append(PortEntry(name, "input", port.expected, port.required, default, port.doc, name in keyed))
    return tuple(found)
