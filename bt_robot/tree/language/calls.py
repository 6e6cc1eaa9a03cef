"""Calls of subtrees: what each parameter stands for in them, and calls in circles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bt_robot.config.problems import Mark, Problems
from bt_robot.config.source import SourceNode
from bt_robot.config.values import INVALID
from bt_robot.errors import Code
from bt_robot.tree.language.given import GivenReader
from bt_robot.tree.language.header import Definition
from bt_robot.tree.language.parameters import Parameter
from bt_robot.tree.language.place import Found
from bt_robot.tree.language.scope import Argument, Scope
from bt_robot.tree.language.values import ValueReader
from bt_robot.tree.vocabulary.ports import Output


@dataclass(slots=True)
class Call:
    """A subtree as it is called.

    Attributes:
        inner: Its own scope, with the arguments.
        values: The arguments that are values or keys, for those who look at the call.
        nodes: The arguments that are nodes.
        prompt: The source of the prompt that is given, with the scope it is written in; None if none is.
    """

    inner: Scope
    values: dict[str, object] = field(default_factory=dict[str, object])
    nodes: list[SourceNode] = field(default_factory=list[SourceNode])
    prompt: tuple[SourceNode, Scope] | None = None


class CallReader:
    """Reads the arguments of calls."""

    def __init__(self, given: GivenReader, values: ValueReader, problems: Problems) -> None:
        self._given = given
        self._values = values
        self._problems = problems

    def read(
        self, found: Found, callee: Definition, body: SourceNode | None, scope: Scope, inner: Scope, *, whole: bool
    ) -> Call:
        """Read a call.

        Args:
            found: The call.
            callee: The subtree.
            body: What is written under its name.
            scope: Where that is written.
            inner: The scope of the called subtree, which gets the arguments.
            whole: Whether the tree is expanded, so that a prompt that is not set anywhere is missing.
        """
        allowed = {"name", "prompt", *callee.parameters}
        entries: dict[str, SourceNode] = {}
        required = [name for name, parameter in callee.parameters.items() if parameter.required]
        for key, node in self._given.entries(found, body, required or list(callee.parameters)):
            entries[key.text] = node
            if key.text not in allowed:
                self._given.unknown_key(found, key, allowed)
                scope.mention(node)
        call = Call(inner)
        inner.arguments = {
            name: self._argument(found, parameter, entries.get(name), scope, call, whole)
            for name, parameter in callee.parameters.items()
        }
        if declared := inner.arguments.get("prompt"):
            call.prompt = (declared.value, declared.scope) if declared.value is not None else None
        elif "prompt" in entries:
            call.prompt = (entries["prompt"], scope)
        return call

    def _argument(
        self, found: Found, parameter: Parameter, node: SourceNode | None, scope: Scope, call: Call, whole: bool
    ) -> Argument:
        unknown = Argument(parameter, None, scope)
        if node is None and parameter.name == "prompt" and found.inside.prompt:
            node, scope = found.inside.prompt.node, found.inside.prompt.scope
        if not parameter.is_node and parameter.value is None:  # declared wrongly, and noted there
            return unknown
        if node is None:
            return self._left_out(found, parameter, call.inner, unknown, whole)
        if parameter.value is None:
            call.nodes.append(node)
            return Argument(parameter, node, scope)
        # Apart, because the keys in it are used where the subtree uses them, not here.
        ports = [parameter.value] if parameter.direction != "out" else []
        ports += [Output(parameter.value.kind, doc=parameter.doc)] if parameter.direction != "in" else []
        values = [self._values.read(node, scope.apart(), port, f"{found.type}.{parameter.name}") for port in ports]
        value = values[-1]
        if any(value is INVALID for value in values):
            return unknown
        call.values[parameter.name] = value
        return Argument(parameter, node, scope)

    def _left_out(self, found: Found, parameter: Parameter, inner: Scope, unknown: Argument, whole: bool) -> Argument:
        if parameter.default is not None:
            return Argument(parameter, parameter.default, inner.without_arguments())
        missing = parameter.required and parameter.name not in found.meant
        if missing and (parameter.name != "prompt" or whole):
            message = f"'{found.type}': '{parameter.name}' is missing"
            self._problems.add(
                found.mark, message, expected=parameter.expected, hint=parameter.doc, code=Code.MISSING_KEY
            )
        return unknown


def note_cycles(calls: Mapping[str, Sequence[tuple[str, Mark]]], problems: Problems) -> bool:
    """Note subtrees that call each other in a circle; return whether there are any.

    Args:
        calls: Which subtrees each subtree calls, and where.
        problems: Where the circles are noted.
    """
    done: set[str] = set()
    found = False
    for start in calls:
        chain: list[str] = [start]
        rest = [iter(calls[start])] if start not in done else []
        while rest:
            callee, mark = next(rest[-1], ("", None))
            if mark is None:
                done.add(chain.pop())
                rest.pop()
            elif callee in chain:
                circle = " → ".join((*chain[chain.index(callee) :], callee))
                problems.add(mark, f"subtree cycle: {circle}", expected="subtrees that end", code=Code.CYCLE)
                found = True
            elif callee not in done:
                chain.append(callee)
                rest.append(iter(calls.get(callee, ())))
    return found
