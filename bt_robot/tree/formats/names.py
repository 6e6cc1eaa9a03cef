"""What names mean in an XML tree, where node arguments of other files stand among a subtree's own nodes.

BehaviorTree.CPP's subtrees take values, not nodes. So a subtree that takes nodes is written once as a template, and
once more for each set of nodes that it is called with, with these nodes in place. Such a node may use the caller's keys
and parameters; inside it they are called `<parameter>-<name>`, and the call hands them in under this name. In the same
way a parameter that is needed in another scale, such as milliseconds, is handed in as `<name>-msec`. Names of this
language have no `-`, so what was added is known from what was there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bt_robot.config.source import SourceNode
from bt_robot.tree.formats.counterparts import Scale
from bt_robot.tree.formats.remarks import Anchors
from bt_robot.tree.formats.yaml_text import flow
from bt_robot.tree.language.header import Definition


@dataclass(frozen=True, slots=True)
class Extra:
    """A name that a written tree needs besides its parameters.

    Attributes:
        path: The node parameters through which the user of the name came here, the outermost call last.
        name: The parameter or key, where it was written.
        scale: The scale in which it is needed; None for as it is.
    """

    path: tuple[str, ...]
    name: str
    scale: Scale | None = None

    @property
    def full(self) -> str:
        """How it is called."""
        return "-".join((*self.path, self.name, *((self.scale.suffix,) if self.scale else ())))


@dataclass(frozen=True, slots=True)
class Frame:
    """A definition, with the nodes that it was called with.

    Attributes:
        definition: The tree or subtree.
        nodes: The nodes given for its parameters.
    """

    definition: Definition
    nodes: Mapping[str, Given] = field(default_factory=dict[str, "Given"])

    def key(self) -> tuple[object, ...]:
        """Return what is the same for frames in which the same is written."""
        given = ((name, flow(node.source), node.path, node.frame.key()) for name, node in self.nodes.items())
        return (self.definition.name, *given)


@dataclass(frozen=True, slots=True)
class Given:
    """A node argument: its source, where that was written, and the way from there."""

    source: SourceNode
    frame: Frame
    path: tuple[str, ...] = ()


@dataclass(slots=True)
class Sheet:
    """One `<BehaviorTree>` while it is written.

    Attributes:
        anchors: The comments that go into it; none into what is written again with other nodes.
        extras: The names that it needs from its calls.
    """

    anchors: Anchors | None = None
    extras: dict[Extra, None] = field(default_factory=dict[Extra, None])


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node is written: whose names it uses, how they are called here, and the tree it goes into."""

    frame: Frame
    sheet: Sheet
    path: tuple[str, ...] = ()

    def name(self, name: str, scale: Scale | None = None) -> str:
        """Return a parameter or key as an attribute says it, and note if the tree needs it from its calls."""
        extra = Extra(self.path, name, scale)
        if self.path or scale:
            self.sheet.extras.setdefault(extra)
        return f"{{{extra.full}}}"

    def inside(self, given: Given) -> Place:
        """Return the place of a node argument's nodes."""
        return Place(given.frame, self.sheet, (*self.path, *given.path))
