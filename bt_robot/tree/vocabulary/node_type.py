"""What is known about a composite or decorator of the language before any tree is made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bt_robot.tree.vocabulary.ports import Input, Output


@dataclass(frozen=True, slots=True)
class Children:
    """How a node type takes its children.

    Attributes:
        form: `list` under `children`; `one` under `child`; `named`: each under a word of its own; `cases`: under
            `cases` a mapping from values to nodes, and one under `default`.
        names: The words of `named` children, in the order in which the node has them.
        optional: Those that may be left out.
    """

    form: Literal["list", "one", "named", "cases"]
    names: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()

    @property
    def words(self) -> tuple[str, ...]:
        """The keys under which a tree file has the children."""
        return {"list": ("children",), "one": ("child",), "named": self.names, "cases": ("cases", "default")}[self.form]


LIST = Children("list")
ONE = Children("one")
CASES = Children("cases", optional=frozenset({"default"}))


def named(*names: str, optional: tuple[str, ...] = ()) -> Children:
    """Return children that have a word each."""
    return Children("named", names, frozenset(optional))


def nothing_amiss(values: Mapping[str, object], count: int) -> None:
    """Accept all values, for node types whose ports do not depend on each other."""


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A node type of the language.

    Attributes:
        type: The word for it in tree files.
        kind: `composite` or `decorator`.
        children: How it takes its children.
        doc: What it does, in a sentence or two.
        on_halt: What happens when it is interrupted.
        ports: What it takes besides its name, its prompt and its children.
        keyed: The ports that may be bound to a blackboard key.
        aliases: Other words for it.
        btcpp: Its counterpart in BehaviorTree.CPP 4.10; empty if there is none.
        py_trees: Its counterpart in py_trees 2.6; empty if there is none.
        amiss: Called with the values that are known when a tree is loaded and the number of children: names the port
            whose value does not go with the rest, and says what was expected; None when all is well.
    """

    type: str
    kind: Literal["composite", "decorator"]
    children: Children
    doc: str
    on_halt: str = "Its children are halted."
    ports: Mapping[str, Input[Any] | Output[Any]] = field(default_factory=dict[str, "Input[Any] | Output[Any]"])
    keyed: frozenset[str] = frozenset()
    aliases: tuple[str, ...] = ()
    btcpp: str = ""
    py_trees: str = ""
    amiss: Callable[[Mapping[str, object], int], tuple[str, str] | None] = nothing_amiss

    def __post_init__(self) -> None:
        """Tell the ports their names."""
        for name, port in self.ports.items():
            port.__set_name__(BuiltIn, name)
