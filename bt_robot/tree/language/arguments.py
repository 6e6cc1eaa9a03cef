"""`$name` where a value stands: what it stands for, and whether that may stand there."""

from __future__ import annotations

from typing import Any

from bt_robot.config.problems import Problems
from bt_robot.config.source import SourceNode
from bt_robot.config.values import kind_name
from bt_robot.errors import Code
from bt_robot.tree.language.parameters import Parameter
from bt_robot.tree.language.scope import Argument, Scope
from bt_robot.tree.vocabulary.kinds import fits, may_fit
from bt_robot.tree.vocabulary.ports import Input, Output
from bt_robot.tree.vocabulary.units import unit_of
from bt_robot.tree.vocabulary.words import reference


class ArgumentReader:
    """Looks parameters up, and notes what is wrong with their use."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def read(self, node: SourceNode, scope: Scope) -> Argument | None:
        """Return what `$name` stands for; None (with a problem) when nothing has that name."""
        name = reference(node) or ""
        if name in scope.arguments:
            return scope.arguments[name]
        code = Code.UNKNOWN_PARAMETER
        if scope.arguments:
            known = [f"${known}" for known in scope.arguments]
            self._problems.unknown(node.mark, "parameter", f"${name}", known, code=code)
        else:
            expected = "none, as none is declared here"
            self._problems.add(node.mark, f"unknown parameter '${name}'", expected=expected, code=code)
        return None

    def fitting(self, node: SourceNode, scope: Scope, kind: Any, what: str) -> Argument | None:
        """Return what `$name` stands for; None (with a problem) when it can't be of a type.

        Args:
            node: What was written.
            scope: Where it was written.
            kind: The type; None if anything but a node will do.
            what: The name of the value in messages.
        """
        argument = self.read(node, scope)
        if argument is None:
            return None
        parameter = argument.parameter
        if parameter.is_node or (parameter.value and kind and not may_fit(parameter.value.kind, kind)):
            message = f"{what}: '${parameter.name}' is {parameter.expected}"
            expected = kind_name(kind) if kind else "a value"
            self._problems.add(node.mark, message, expected=expected, code=Code.PARAMETER_TYPE)
            return None
        return argument

    def for_port(self, node: SourceNode, scope: Scope, port: Input[Any] | Output[Any], what: str) -> Argument | None:
        """Return what `$name` stands for; None (with a problem) when a port can't take or write it."""
        argument = self.fitting(node, scope, port.kind, what)
        if argument is None:
            return None
        parameter = argument.parameter
        if not self._note_direction(node, parameter, port, what):
            return None
        declared = parameter.value.kind if parameter.value else port.kind
        if isinstance(port, Output) and not (port.like or port.item_of) and not fits(port.kind, declared):
            message = f"{what}: it writes {port.expected}, and '${parameter.name}' is {parameter.expected}"
            self._problems.add(
                node.mark, message, expected=f"a parameter that is {port.expected}", code=Code.PARAMETER_TYPE
            )
            return None
        here, there = unit_of(what.rpartition(".")[2]), unit_of(parameter.name)
        if here and there and here != there:
            message = f"{what}: '${parameter.name}' is in {there}"
            self._problems.add(node.mark, message, expected=f"a parameter in {here}", code=Code.PARAMETER_TYPE)
            return None
        return argument

    def _note_direction(
        self, node: SourceNode, parameter: Parameter, port: Input[Any] | Output[Any], what: str
    ) -> bool:
        """Return whether a parameter is declared for what a port does with it; note it if not."""
        wanted = "out" if isinstance(port, Output) else "in"
        if parameter.direction in (wanted, "inout"):
            return True
        does = "writes" if wanted == "out" else "reads"
        message = f"{what} {does} '${parameter.name}', which has direction: {parameter.direction}"
        expected = f"a parameter with direction: {wanted} or inout"
        self._problems.add(node.mark, message, expected=expected, code=Code.PARAMETER_TYPE)
        return False


def follow(node: SourceNode, scope: Scope) -> tuple[SourceNode | None, Scope]:
    """Return what a chain of `$name` ends at; None when that is not known."""
    while name := reference(node):
        argument = scope.arguments.get(name)
        if argument is None or argument.value is None:
            return None, scope
        node, scope = argument.value, argument.scope
    return node, scope
