"""Where a node stands in the tree that is being made, and what is known about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bt_robot.config.problems import Mark
from bt_robot.config.source import ScalarNode, SourceNode
from bt_robot.tree.language.scope import Scope


@dataclass(frozen=True, slots=True)
class Prompt:
    """The prompt in force: its value, and its source for those who pass it on."""

    value: object
    node: SourceNode
    scope: Scope


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands: the path of its parent, and what its surroundings decide."""

    path: str
    depth: int = 0
    prompt: Prompt | None = None
    taken: dict[str, int] = field(default_factory=dict[str, int])

    def claim(self, name: str) -> str:
        """Return the name, or the first of name_2, name_3, … that no sibling has."""
        free, count = name, self.taken.get(name, 1)
        while free in self.taken:
            count += 1
            free = f"{name}_{count}"
        self.taken[name] = count  # names are never given back, so the next search begins here
        self.taken.setdefault(free, 1)
        return free


@dataclass(slots=True)
class Found:
    """One node as far as it is understood.

    Attributes:
        type: Its type, aliases resolved.
        kind: Its kind, as in NodeSpec.
        mark: Where its type is written.
        name: The last part of its path.
        path: Its path.
        inside: The place of its children.
        meant: What its unknown keys were meant to be, most likely: it is not told that they are missing.
    """

    type: str
    kind: str
    mark: Mark
    name: str
    path: str
    inside: Place
    meant: set[str] = field(default_factory=set[str])

    def set_prompt(self, value: object) -> None:
        """Put a prompt in force at the node that nothing below it takes its source from."""
        source = ScalarNode("", plain=False, mark=self.mark)
        self.inside = replace(self.inside, prompt=Prompt(value, source, Scope(self.path)))
