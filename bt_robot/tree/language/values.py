"""Values in tree files: literals, `$name` parameters and `"{key}"` blackboard keys."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from bt_robot.config.source import ListNode, Problems, SourceNode
from bt_robot.config.values import INVALID, describe, kind_name, read_value
from bt_robot.tree.language.scope import Argument, KeyUse, Scope
from bt_robot.tree.spec import Key
from bt_robot.tree.vocabulary.kinds import may_fit
from bt_robot.tree.vocabulary.ports import Input, Output
from bt_robot.tree.vocabulary.words import key_name, reference, unquoted_key


class ValueReader:
    """Reads values for ports, and notes what is wrong with them."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def argument(self, node: SourceNode, scope: Scope) -> Argument | None:
        """Return what `$name` stands for; None (with a problem) when nothing has that name."""
        name = reference(node) or ""
        if name in scope.arguments:
            return scope.arguments[name]
        if scope.arguments:
            self._problems.unknown(node.mark, "parameter", f"${name}", [f"${known}" for known in scope.arguments])
        else:
            self._problems.add(node.mark, f"unknown parameter '${name}'", expected="none, as none is declared here")
        return None

    def read(self, node: SourceNode, scope: Scope, port: Input[Any] | Output[Any], what: str) -> Any:
        """Read the value of a leaf's port.

        Args:
            node: What was written.
            scope: Where it was written.
            port: What is expected.
            what: The name of the value in messages.

        Returns:
            The value or a Key; INVALID after a problem, and while a subtree is checked by itself.
        """
        if reference(node):
            argument = self._fitting_argument(node, scope, port.kind, what)
            if argument is None:
                return INVALID
            return INVALID if argument.value is None else self.read(argument.value, argument.scope, port, what)
        if key := key_name(node):
            uses = scope.reads if isinstance(port, Input) else scope.writes
            uses.append(KeyUse(key, what, port.kind, node.mark))
            return Key(scope.path, key)
        name = unquoted_key(node)
        if name or isinstance(port, Output):
            expected = f'a blackboard key such as "{{{port.name}}}"' if isinstance(port, Output) else port.expected
            hint = f'quote the key: "{{{name}}}"' if name else ""
            self._problems.add(node.mark, f"{what}: {describe(node)}", expected=expected, hint=hint)
            return INVALID
        return self._literal(node, scope, port.kind, what)

    def read_fixed(self, node: SourceNode, scope: Scope, port: Input[Any], what: str) -> Any:
        """Read a value that must be known when the tree is loaded: like `read`, but a key is a problem."""
        end, _ = _follow(node, scope)
        if end is not None and key_name(end):
            self._refuse_key(end, port.kind, what, "it must be known when the tree is loaded")
            return INVALID
        return self.read(node, scope, port, what)

    def _literal(self, node: SourceNode, scope: Scope, kind: Any, what: str) -> Any:
        if not isinstance(node, ListNode):
            return read_value(node, kind, self._problems, what)
        item_kind = _item_kind(kind)
        items: list[SourceNode] = []
        for item in node.items:
            if reference(item) and self._fitting_argument(item, scope, item_kind, what) is None:
                return INVALID
            value, _ = _follow(item, scope)
            if value is None:
                return INVALID
            if key_name(value):
                self._refuse_key(value, item_kind, what, "a list can't hold keys")
                return INVALID
            items.append(value)
        return read_value(ListNode(tuple(items), node.mark), kind, self._problems, what)

    def _fitting_argument(self, node: SourceNode, scope: Scope, kind: Any, what: str) -> Argument | None:
        argument = self.argument(node, scope)
        if argument is None:
            return None
        parameter = argument.parameter
        if parameter.is_node or (parameter.value and kind and not may_fit(parameter.value.kind, kind)):
            message = f"{what}: '${parameter.name}' is {parameter.expected}"
            self._problems.add(node.mark, message, expected=kind_name(kind) if kind else "a value")
            return None
        return argument

    def _refuse_key(self, node: SourceNode, kind: Any, what: str, hint: str) -> None:
        message = f"{what}: {describe(node)} is a blackboard key"
        self._problems.add(node.mark, message, expected=kind_name(kind) if kind else "a value", hint=hint)


def _follow(node: SourceNode, scope: Scope) -> tuple[SourceNode | None, Scope]:
    """Return what a chain of `$name` ends at; None when that is not known."""
    while name := reference(node):
        argument = scope.arguments.get(name)
        if argument is None or argument.value is None:
            return None, scope
        node, scope = argument.value, argument.scope
    return node, scope


def _item_kind(kind: Any) -> Any:
    if get_origin(kind) is tuple:
        return get_args(kind)[0]
    return next((item for part in get_args(kind) if (item := _item_kind(part)) is not None), None)
