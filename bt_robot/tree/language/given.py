"""What a node is given by its file: the parameters of the language's own types and the ports of leaves."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bt_robot.config.problems import Problems
from bt_robot.config.source import ListNode, MapNode, ScalarNode, SourceNode
from bt_robot.config.values import INVALID, describe, kind_name
from bt_robot.errors import Code, did_you_mean
from bt_robot.tree.language.children import Child
from bt_robot.tree.language.keys import KindOfKey, Kinds, kind_in
from bt_robot.tree.language.node_types import NodeTypes
from bt_robot.tree.language.place import Found
from bt_robot.tree.language.scope import Scope
from bt_robot.tree.language.values import ValueReader
from bt_robot.tree.spec import Key
from bt_robot.tree.vocabulary.kinds import Value, choices_of, item_kind, may_be
from bt_robot.tree.vocabulary.leaf import Leaf
from bt_robot.tree.vocabulary.node_type import BuiltIn
from bt_robot.tree.vocabulary.ports import Input, Output
from bt_robot.tree.vocabulary.units import unit_of
from bt_robot.tree.vocabulary.words import IDENTIFIER, reference

Ports = Mapping[str, Input[Any] | Output[Any]]
Entries = Iterable[tuple[ScalarNode, SourceNode]]

_SHORT: Final = re.compile(r"[\w.+$-]{1,40}")
"""A value that is the same between braces."""


@dataclass(slots=True)
class Given:
    """What is given to the ports of one node.

    Attributes:
        values: The values and keys, INVALID where there was a problem.
        kinds: The types of what the inputs were given, as `ValueReader.kind_of` has them.
        nodes: Where each is written.
    """

    values: dict[str, object] = field(default_factory=dict[str, object])
    kinds: dict[str, Any] = field(default_factory=dict[str, Any])
    nodes: dict[str, SourceNode] = field(default_factory=dict[str, SourceNode])

    @property
    def known(self) -> dict[str, object]:
        """The values that are known when the tree is loaded."""
        return {n: v for n, v in self.values.items() if not isinstance(v, Key) and v is not INVALID}

    def written_by(self, port: Output[Any]) -> Any:
        """Return the type that an output writes here, or None if it always writes the same or can't be known."""
        kind = self.kinds.get(port.like or port.item_of)
        if not port.item_of or kind is None:
            return kind
        return replace(kind, item=True) if isinstance(kind, KindOfKey) else item_kind(kind)


class GivenReader:
    """Reads what is written under the type of a node, children apart."""

    def __init__(self, types: NodeTypes, values: ValueReader, problems: Problems) -> None:
        self._types = types
        self._values = values
        self._problems = problems

    def parameters(self, found: Found, built_in: BuiltIn, body: SourceNode | None, scope: Scope) -> Given:
        """Read the parameters of a composite or decorator, with the defaults of those that are left out."""
        entries = body.entries if isinstance(body, MapNode) else ()
        ports, words = built_in.ports, built_in.children.words
        given = self._read(found, entries, ports, scope, {"name", "prompt", *words}, built_in.keyed)
        right = body is None or isinstance(body, MapNode) or (isinstance(body, ListNode) and words == ("children",))
        if right:  # or it is noted with the children
            self.note_missing(found, ports, given.values)
        for name, port in ports.items():
            if isinstance(port, Input) and not port.required:
                given.values.setdefault(name, port.default)
        return given

    def ports(self, found: Found, leaf: type[Leaf], body: SourceNode | None, scope: Scope) -> Given:
        """Read the ports of a leaf that are given."""
        required = [name for name, port in leaf.ports.items() if port.required]
        entries = self.entries(found, body, required or list(leaf.ports))
        return self._read(found, entries, leaf.ports, scope, {"name"}, leaf.ports)

    def _read(
        self, found: Found, entries: Entries, ports: Ports, scope: Scope, besides: set[str], keyed: Collection[str]
    ) -> Given:
        given = Given()
        later: list[tuple[str, SourceNode, Output[Any]]] = []
        for key, node in entries:
            name, what = key.text, f"{found.type}.{key.text}"
            port = ports.get(name)
            if port is None:
                if name not in besides:
                    self.unknown_key(found, key, {*besides, *ports})
                    scope.mention(node)
                continue
            given.nodes[name] = node
            if isinstance(port, Output):
                later.append((name, node, port))
                continue
            read = self._values.read if name in keyed else self._values.read_fixed
            given.values[name] = read(node, scope, port, what)
            given.kinds[name] = self._values.kind_of(node, scope, given.values[name])
        for name, node, port in later:
            writes = given.written_by(port)
            given.values[name] = self._values.read(node, scope, port, f"{found.type}.{name}", writes)
        return given

    def note_amiss(self, found: Found, built_in: BuiltIn, given: Given, count: int) -> None:
        """Note a value that does not go with the others, or with the number of children."""
        if amiss := built_in.amiss(given.known, count):
            self._note_amiss(found, given, *amiss)

    def check_leaf(self, found: Found, leaf: type[Leaf], given: Given, scope: Scope) -> None:
        """Let a leaf look at its values and their types as soon as those of all keys are known."""
        self._check_units(found, leaf, given)
        if leaf.amiss.__func__ is Leaf.amiss.__func__:
            return

        def check(known: Kinds) -> None:
            kinds = {name: kind_in(kind, known) for name, kind in given.kinds.items()}
            values = {n: p.default for n, p in leaf.ports.items() if isinstance(p, Input) and n not in given.values}
            kinds = {name: kind for name, kind in kinds.items() if kind is not None}
            if amiss := leaf.amiss({**values, **given.known}, kinds):
                self._note_amiss(found, given, *amiss)

        scope.keys.checks.append(check)

    def check_cases(self, found: Found, given: Given, children: Sequence[Child], scope: Scope) -> None:
        """Note cases that the key of a `switch` can never hold, and a value that is none of the cases."""
        if not isinstance(given.kinds.get("value"), KindOfKey):
            self._check_choice(found, given, [child.case for child in children])
            return

        def check(known: Kinds) -> None:
            kind = kind_in(given.kinds.get("value"), known)
            for child in children if kind is not None else ():
                if child.case is not None and not may_be(kind, child.case):
                    message = f"{found.type}.cases: '{child.slot.removeprefix('case ')}'"
                    hint = did_you_mean(str(child.case), choices_of(kind))
                    self._problems.add(
                        child.mark or found.mark, message, expected=kind_name(kind), hint=hint, code=Code.KEY_TYPE
                    )

        scope.keys.checks.append(check)

    def _check_choice(self, found: Found, given: Given, cases: Sequence[object]) -> None:
        """Note a plain value of a `switch` that is none of its cases: a key without its braces, most likely."""
        node, value = given.nodes.get("value"), given.known.get("value")
        if node is None or value is None or reference(node) or value in cases:
            return
        hint = f'did you mean "{{{value}}}"?' if isinstance(value, str) and IDENTIFIER.match(value) else ""
        message = f"{found.type}.value: {describe(node)} is none of the cases"
        self._problems.add(node.mark, message, expected='a key such as "{colour}"', hint=hint, code=Code.INVALID)

    def _check_units(self, found: Found, leaf: type[Leaf], given: Given) -> None:
        """Note a leaf that copies or compares whatever it is given, and is given keys in different units."""
        keys = {
            name: given.values[name] for name, port in leaf.ports.items() if port.kind == Value and name in given.nodes
        }
        units = {name: (unit_of(key.name), key) for name, key in keys.items() if isinstance(key, Key)}
        known = [(name, unit, key) for name, (unit, key) in units.items() if unit]
        for name, unit, key in known[1:]:
            if unit != known[0][1]:
                message = f"{found.type}.{name}: the key '{key.name}' is in {unit}, and '{known[0][2].name}' is not"
                mark = given.nodes[name].mark
                self._problems.add(mark, message, expected=f"a key in {known[0][1]}", code=Code.KEY_TYPE)

    def _note_amiss(self, found: Found, given: Given, name: str, expected: str) -> None:
        node = given.nodes.get(name)
        what = describe(node) if node else "left out"
        mark = node.mark if node else found.mark
        self._problems.add(mark, f"{found.type}.{name}: {what}", expected=expected, code=Code.INVALID)

    def entries(
        self, found: Found, body: SourceNode | None, likely: Sequence[str]
    ) -> tuple[tuple[ScalarNode, SourceNode], ...]:
        """Return what is given to a leaf or in a call.

        Args:
            found: The node.
            body: What is written under its type.
            likely: The parameters of which one is meant by a value without its name.
        """
        if isinstance(body, MapNode):
            return body.entries
        if body is not None:
            message = f"'{found.type}' takes parameters, not {describe(body)}"
            hint = "it has no children" if isinstance(body, ListNode) else ""
            if isinstance(body, ScalarNode) and len(likely) == 1 and _SHORT.fullmatch(body.text):
                hint = f"write {{{likely[0]}: {body.text}}}"
            found.meant.update(likely)
            expected = f"a mapping such as {{{likely[0] if likely else 'name'}: …}}"
            self._problems.add(body.mark, message, expected=expected, hint=hint, code=Code.WRONG_TYPE)
        return ()

    def unknown_key(self, found: Found, key: ScalarNode, allowed: Collection[str]) -> None:
        """Note a key that the type of a node does not take."""
        if key.text in ("child", "children") and found.kind in ("action", "condition"):
            self._problems.add(
                key.mark,
                f"'{found.type}' is a leaf: it has no {key.text}",
                expected="its parameters",
                code=Code.CHILDREN,
            )
        elif key.text in self._types:
            below = next((word for word in ("child", "children") if word in allowed), "")
            hint = f"write it under '{below}'" if below else ""
            message = f"'{found.type}' has no parameter '{key.text}', which is a node"
            self._problems.add(
                key.mark, message, expected=f"one of {', '.join(sorted(allowed))}", hint=hint, code=Code.UNKNOWN_KEY
            )
        else:
            what = f"parameter of '{found.type}':"
            found.meant.add(self._problems.unknown(key.mark, what, key.text, allowed, code=Code.UNKNOWN_KEY))

    def note_missing(self, found: Found, ports: Ports, given: Collection[str]) -> None:
        """Note the ports that must be given and are not, but for those that an unknown key was meant to be."""
        for name, port in ports.items():
            if port.required and name not in given and name not in found.meant:
                message = f"'{found.type}': '{name}' is missing"
                self._problems.add(
                    found.mark, message, expected=port.expected_as(name), hint=port.doc, code=Code.MISSING_KEY
                )
