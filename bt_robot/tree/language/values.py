"""Values in tree files: literals, `$name` parameters and `"{key}"` blackboard keys."""

from __future__ import annotations

from itertools import islice
from typing import Any

from bt_robot.config.problems import Problems
from bt_robot.config.source import ListNode, ScalarNode, SourceNode
from bt_robot.config.values import INVALID, describe, kind_name, read_value
from bt_robot.errors import Code, did_you_mean
from bt_robot.tree.language.arguments import ArgumentReader, follow
from bt_robot.tree.language.keys import MAX_CHOICES, KeyUse, KindOfKey, Kinds
from bt_robot.tree.language.scope import Scope
from bt_robot.tree.spec import Key
from bt_robot.tree.vocabulary.kinds import item_kind, kind_of, may_be
from bt_robot.tree.vocabulary.ports import Input, Output
from bt_robot.tree.vocabulary.units import in_unit, unit_of
from bt_robot.tree.vocabulary.words import (
    is_almost_key,
    key_name,
    looks_like_number,
    names_inside,
    reference,
    unquoted_key,
)

_MAX_INSIDE = 100
"""How many words in the middle of a text are looked at."""

_MAX_COMPARED = 50
"""For how many such words, in all texts together, the nearest name is looked for."""


class ValueReader:
    """Reads values for ports, and notes what is wrong with them."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._compared = 0
        self._arguments = ArgumentReader(problems)
        self.argument = self._arguments.read

    def read(
        self, node: SourceNode, scope: Scope, port: Input[Any] | Output[Any], what: str, writes: Any = None
    ) -> Any:
        """Read the value of a port.

        Args:
            node: What was written.
            scope: Where it was written.
            port: What is expected.
            what: The name of the value in messages.
            writes: The type that an output has here which is like an input; None if it can't be known.

        Returns:
            The value or a Key; INVALID after a problem, and while a subtree is checked by itself.
        """
        if reference(node):
            argument = self._arguments.for_port(node, scope, port, what)
            if argument is None or argument.value is None:
                return INVALID
            return self._read(argument.value, argument.scope, port, what, writes)
        if key := key_name(node):
            self._check_unit(node, key, port, what)
        return self._read(node, scope, port, what, writes)

    def _read(self, node: SourceNode, scope: Scope, port: Input[Any] | Output[Any], what: str, writes: Any) -> Any:
        """Read what is at the end of all parameters; units and directions were looked at on the way."""
        if reference(node):
            argument = self._arguments.fitting(node, scope, port.kind, what)
            if argument is None or argument.value is None:
                return INVALID
            return self._read(argument.value, argument.scope, port, what, writes)
        if name := key_name(node):
            return self._use(scope.key(name), node, scope, port, what, writes)
        unquoted = unquoted_key(node)
        if unquoted or isinstance(port, Output) or port.only_key:
            expected = port.expected_as(what.rpartition(".")[2])
            hint = f'quote the key: "{{{unquoted}}}"' if unquoted else ""
            message = f"{what}: {describe(node)}"
            self._problems.add(node.mark, message, expected=expected, hint=hint, code=Code.WRONG_TYPE)
            return INVALID
        return self._literal(node, scope, port.kind, what)

    def read_fixed(self, node: SourceNode, scope: Scope, port: Input[Any], what: str) -> Any:
        """Read a value that must be known when the tree is loaded: like `read`, but a key is a problem."""
        end, _ = follow(node, scope)
        if end is not None and key_name(end):
            self._refuse_key(end, port.kind, what, "it must be known when the tree is loaded")
            return INVALID
        return self.read(node, scope, port, what)

    def kind_of(self, node: SourceNode, scope: Scope, value: object) -> Any:
        """Return the type of what was read: that of a value, KindOfKey, or None if it can't be known.

        Args:
            node: What was written.
            scope: Where it was written.
            value: What `read` made of it.
        """
        if isinstance(value, Key):
            return KindOfKey(value)
        if value is not INVALID:
            return kind_of(value)
        argument = scope.arguments.get(reference(node) or "")
        return argument.parameter.value.kind if argument and argument.parameter.value else None

    def _use(
        self, key: Key, node: SourceNode, scope: Scope, port: Input[Any] | Output[Any], what: str, writes: Any
    ) -> Key:
        if isinstance(port, Output) and not port.unsets:
            kind = writes if port.like or port.item_of else port.kind
            scope.keys.writes.append(KeyUse(key, what, kind, node.mark, scope.keys.path))
        else:
            done = "unset" if isinstance(port, Output) else "read"
            scope.keys.reads.append(KeyUse(key, what, port.kind, node.mark, scope.keys.path, done))
        return key

    def _check_unit(self, node: SourceNode, key: str, port: Input[Any] | Output[Any], what: str) -> None:
        """Note a key that is in another unit than the port, as their names say."""
        here, there = unit_of(what.rpartition(".")[2]), unit_of(key)
        if here and there and here != there:
            message = f"{what}: the key '{key}' is in {there}"
            hint = f"what writes it has to give {here}, to a key such as '{in_unit(key, here)}'"
            self._problems.add(node.mark, message, expected=f"a key in {here}", hint=hint, code=Code.KEY_TYPE)

    def _literal(self, node: SourceNode, scope: Scope, kind: Any, what: str) -> Any:
        if not isinstance(node, ListNode):
            value = read_value(node, kind, self._problems, what)
            if isinstance(value, str) and isinstance(node, ScalarNode):
                return self._text(node, value, scope, kind, what)
            return value
        item = item_kind(kind)
        items: list[SourceNode] = []
        for entry in node.items:
            if reference(entry) and self._arguments.fitting(entry, scope, item, what) is None:
                return INVALID
            value, _ = follow(entry, scope)
            if value is None:
                return INVALID
            if key_name(value):
                self._refuse_key(value, item, what, "a list can't hold keys")
                return INVALID
            items.append(value)
        return read_value(ListNode(tuple(items), node.mark), kind, self._problems, what)

    def _text(self, node: ScalarNode, text: str, scope: Scope, kind: Any, what: str) -> Any:
        """Refuse a text that was meant as something that is put in place; nothing inside of a text is."""
        if is_almost_key(text):
            message = f"{what}: '{text}' is no key"
            self._problems.add(node.mark, message, expected='a key such as "{width}"', code=Code.BAD_KEY)
            return INVALID
        if node.plain and looks_like_number(text) and may_be(kind, 1):
            hint = "quote it if it is meant as text"
            self._problems.add(
                node.mark, f"{what}: '{text}'", expected=kind_name(kind), hint=hint, code=Code.WRONG_TYPE
            )
            return INVALID
        inside = list(dict.fromkeys(islice(names_inside(text), _MAX_INSIDE)))
        for sort, name in inside:
            if sort == "parameter" and name in scope.arguments:
                self._note_inside(node, f"${name}", what)
                return INVALID
        if inside:
            scope.keys.checks.append(lambda known: self._check_inside(node, inside, scope, known, what))
        return text

    def _check_inside(
        self, node: ScalarNode, inside: list[tuple[str, str]], scope: Scope, known: Kinds, what: str
    ) -> None:
        """Note words in the middle of a text that are keys, or nearly the name of a key or parameter."""
        for sort, name in inside:
            taken = name in scope.arguments or scope.key(name) in known
            nearly = "" if taken else self._nearest(name, scope, known)
            if taken or nearly:
                self._note_inside(node, f"${name}" if sort == "parameter" else f"{{{name}}}", what, nearly)

    def _nearest(self, name: str, scope: Scope, known: Kinds) -> str:
        """Return the nearest name in words; a file full of them does not get more than a moment's look."""
        self._compared += 1
        if self._compared > _MAX_COMPARED:
            return ""
        own = scope.key("").scope
        keys = (key.name for key in known if key.scope == own)
        return did_you_mean(name, islice((*scope.arguments, *keys), MAX_CHOICES))

    def _note_inside(self, node: ScalarNode, word: str, what: str, nearly: str = "") -> None:
        message = f"{what}: '{word}' in the middle of a text"
        hint = "nothing is put into a text; let a parameter or a key hold all of it"
        hint = f"{nearly.removesuffix('?')}; {hint}" if nearly else hint
        self._problems.add(node.mark, message, expected="the whole value", hint=hint, code=Code.BAD_KEY)

    def _refuse_key(self, node: SourceNode, kind: Any, what: str, hint: str) -> None:
        expected = kind_name(kind) if kind else "a value"
        message = f"{what}: {describe(node)} is a blackboard key"
        self._problems.add(node.mark, message, expected=expected, hint=hint, code=Code.KEY_NOT_ALLOWED)
