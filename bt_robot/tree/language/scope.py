"""What `$name` and `"{key}"` stand for in one place of a tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from bt_robot.config.source import ListNode, MapNode, Mark, Problems, ScalarNode, SourceNode
from bt_robot.config.values import kind_name
from bt_robot.errors import did_you_mean
from bt_robot.tree.language.parameters import Parameter
from bt_robot.tree.vocabulary.kinds import fits
from bt_robot.tree.vocabulary.words import key_name, reference

_MAX_CHOICES = 100
"""Among how many keys the nearest one is looked for."""


@dataclass(frozen=True, slots=True)
class Argument:
    """What a parameter stands for in one call.

    Attributes:
        parameter: Its declaration.
        value: What the call gives; None while a subtree is checked by itself, or after a problem.
        scope: Where the value was written, so that its own keys and parameters mean what they mean there.
    """

    parameter: Parameter
    value: SourceNode | None
    scope: Scope


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A port that reads or writes a key."""

    key: str
    port: str
    kind: Any
    mark: Mark


@dataclass(slots=True)
class Scope:
    """One instance of a subtree, or the tree itself: its arguments and its keys.

    Attributes:
        path: The path of the instance.
        arguments: What each parameter stands for.
        reads: Ports that read one of its keys.
        writes: Ports that write one of its keys.
        mentioned: Keys that may be written by something that could not be checked.
    """

    path: str
    arguments: Mapping[str, Argument] = field(default_factory=dict[str, Argument])
    reads: list[KeyUse] = field(default_factory=list[KeyUse])
    writes: list[KeyUse] = field(default_factory=list[KeyUse])
    mentioned: set[str] = field(default_factory=set[str])

    def mention(self, node: SourceNode) -> None:
        """Note every key in a node as possibly written."""
        if isinstance(node, ListNode):
            for item in node.items:
                self.mention(item)
        elif isinstance(node, MapNode):
            for _, value in node.entries:
                self.mention(value)
        elif key := key_name(node):
            self.mentioned.add(key)
        elif (argument := self.arguments.get(reference(node) or "")) and isinstance(argument.value, ScalarNode):
            argument.scope.mention(argument.value)

    def without_arguments(self) -> Scope:
        """Return a scope with the same keys, in which no `$name` stands for anything."""
        return Scope(self.path, {}, self.reads, self.writes, self.mentioned)

    def check_keys(self, problems: Problems) -> None:
        """Note keys that are read but never written, and keys whose types clash."""
        written: dict[str, dict[Any, KeyUse]] = {}
        for write in self.writes:
            written.setdefault(write.key, {}).setdefault(write.kind, write)
        for read in self.reads:
            if read.key not in written and read.key not in self.mentioned:
                problems.add(
                    read.mark,
                    f"{read.port}: the key '{read.key}' is read here, but never written",
                    expected="a key that an output is bound to",
                    hint="" if problems.full else did_you_mean(read.key, islice(written, _MAX_CHOICES)),
                )
            for kind, write in written.get(read.key, {}).items():
                if not fits(kind, read.kind):
                    problems.add(
                        read.mark,
                        f"{read.port}: the key '{read.key}' holds {kind_name(kind)}, "
                        f"written by {write.port} on line {write.mark.line} of {write.mark.file}",
                        expected=kind_name(read.kind),
                    )
