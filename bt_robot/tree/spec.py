"""A tree as loaded: checked, complete, and independent of any run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bt_robot.config.problems import Mark
from bt_robot.tree.vocabulary.leaf import Leaf

Case = str | int | bool
"""What chooses a child of a `switch`."""


@dataclass(frozen=True, slots=True)
class Key:
    """A place on the blackboard.

    Attributes:
        scope: Path of the subtree instance (or of the tree) that the key belongs to.
        name: The key, as written.
    """

    scope: str
    name: str


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One node, with everything that is known before a run.

    Attributes:
        path: Stable path from the root; unique in a tree.
        type: Its type; the subtree's name for a call.
        name: The last part of the path.
        kind: `composite`, `decorator`, `subtree`, `action` or `condition`.
        values: Its parameters or ports; a Key stands for a place on the blackboard.
        children: The nodes below it, in order.
        prompt: The prompt in force at it; empty if none is set.
        detail: Its parameters in a few words.
        leaf: The class of a leaf; None for other kinds.
        slots: Where the type names its children, their names in the order of `children`, e.g. `condition`, `then`;
            the cases of a `switch` are called `case red`, the last one may be `default`.
        cases: The values of the cases of a `switch`, in the order of `children`; its `default` has none.
        mark: Where its type is written; None for a node that was made in Python. Two nodes may be equal all the same.
    """

    path: str
    type: str
    name: str
    kind: str
    values: Mapping[str, object] = field(default_factory=dict[str, object])
    children: tuple[NodeSpec, ...] = ()
    prompt: str = ""
    detail: str = ""
    leaf: type[Leaf] | None = None
    slots: tuple[str, ...] = ()
    cases: tuple[Case, ...] = ()
    mark: Mark | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TreeSpec:
    """A whole tree file with its subtrees put in place.

    Attributes:
        name: The tree's name.
        root: Its root node.
        description: What the task is, for people.
        expects: What a simulation checks at the end, e.g. `{"in_container": ("red",)}`.
        files: Every file that was read, the tree's own first.
        texts: What was in each of them.
    """

    name: str
    root: NodeSpec
    description: str = ""
    expects: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    files: tuple[Path, ...] = ()
    texts: tuple[str, ...] = field(default=(), compare=False, repr=False)


def detail(values: Mapping[str, object], outputs: Collection[str]) -> str:
    """Say a node's parameters in a few words, for drawings.

    Args:
        values: The parameters.
        outputs: The names of those that are written to.
    """
    shown = {name: value for name, value in values.items() if name != "prompt"}
    parts: list[str] = []
    for name, value in shown.items():
        text = f'"{{{value.name}}}"' if isinstance(value, Key) else _short(value)
        arrow = "→" if name in outputs else "="
        parts.append(f"{name}{arrow}{text}")
    return " ".join(parts)


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        items = [_short(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
        return "[" + ", ".join(items[:6] + (["…"] if len(items) > 6 else [])) + "]"
    text = str(value)
    return text if len(text) <= 40 else text[:39] + "…"
