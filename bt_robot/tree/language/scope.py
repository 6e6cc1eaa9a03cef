"""What `$name` and `"{key}"` stand for in one place of a tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bt_robot.config.source import ListNode, MapNode, ScalarNode, SourceNode
from bt_robot.tree.language.keys import Keys
from bt_robot.tree.language.parameters import Parameter
from bt_robot.tree.spec import Key
from bt_robot.tree.vocabulary.words import key_name, reference


@dataclass(frozen=True, slots=True)
class Argument:
    """What a parameter stands for in one call.

    Attributes:
        parameter: Its declaration.
        value: What the call gives; None while a subtree is checked by itself, after a problem, and for an output that
            the call leaves.
        scope: Where the value was written, so that its own keys and parameters mean what they mean there.
    """

    parameter: Parameter
    value: SourceNode | None
    scope: Scope


@dataclass(slots=True)
class Scope:
    """One instance of a subtree, or the tree itself: its arguments and its keys.

    Attributes:
        path: The path of the instance.
        arguments: What each parameter stands for.
        keys: The uses of all keys of the tree.
    """

    path: str
    arguments: Mapping[str, Argument] = field(default_factory=dict[str, Argument])
    keys: Keys = field(default_factory=Keys)

    def key(self, name: str) -> Key:
        """Return the key of a name here."""
        return Key(self.path, name)

    def mention(self, node: SourceNode) -> None:
        """Note every key in a node as possibly written."""
        if isinstance(node, ListNode):
            for item in node.items:
                self.mention(item)
        elif isinstance(node, MapNode):
            for _, value in node.entries:
                self.mention(value)
        elif name := key_name(node):
            self.keys.mentioned.add(self.key(name))
        elif (argument := self.arguments.get(reference(node) or "")) and isinstance(argument.value, ScalarNode):
            argument.scope.mention(argument.value)

    def without_arguments(self) -> Scope:
        """Return a scope with the same keys, in which no `$name` stands for anything."""
        return Scope(self.path, {}, self.keys)

    def apart(self) -> Scope:
        """Return a scope in which everything means the same, and whose uses of keys do not count."""
        return Scope(self.path, self.arguments)
