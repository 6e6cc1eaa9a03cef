"""Definitions as trees of nodes: types looked up, subtrees put in place, values read.

The same code runs in two ways. To *check* a definition by itself, its parameters stand for unknown
values and calls are compared with what the callee declares. To *expand* a tree, every call is
replaced by its subtree. Both note the same problems in the same words, so that a problem that both
find is reported once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from bt_robot.config.source import ListNode, MapNode, Mark, Problems, ScalarNode, SourceNode
from bt_robot.config.values import INVALID, describe, is_null
from bt_robot.errors import did_you_mean
from bt_robot.tree.language.files import Library
from bt_robot.tree.language.header import Definition
from bt_robot.tree.language.parameters import Parameter
from bt_robot.tree.language.place import Found, Place, Prompt, detail
from bt_robot.tree.language.scope import Argument, Scope
from bt_robot.tree.language.values import ValueReader
from bt_robot.tree.spec import Key, NodeSpec
from bt_robot.tree.vocabulary.built_in import ALIASES, BUILT_IN
from bt_robot.tree.vocabulary.leaf import Leaf
from bt_robot.tree.vocabulary.node_type import BuiltIn
from bt_robot.tree.vocabulary.ports import Input
from bt_robot.tree.vocabulary.registry import Registry
from bt_robot.tree.vocabulary.words import NAME, NAME_EXPECTED, reference

MAX_NODES = 10_000
MAX_DEPTH = 100

_TEXT: Input[str] = Input(str, doc="")
_NODE = "a node: a type's name, or one type with its parameters"


class _Stop(Exception):
    """Going on makes no sense: there are too many nodes, or too many problems."""


class Expander:
    """Turns definitions into node specs."""

    def __init__(self, registry: Registry, library: Library, problems: Problems) -> None:
        """Start with the node types that files may name.

        Args:
            registry: The leaves.
            library: The subtrees of all files.
            problems: Where problems are noted.
        """
        self.calls: dict[str, list[tuple[str, Mark]]] = {}
        self._leaves = registry.leaves
        self._library = library
        self._subtrees = library.subtrees
        self._problems = problems
        self._values = ValueReader(problems)
        self._scopes: list[Scope] = []
        self._whole = False
        self._count = 0
        self._caller = ""
        self._kind = "tree"

    def check(self, definition: Definition) -> bool:
        """Note what is wrong with a definition by itself, and which subtrees it calls.

        Returns:
            Whether it was checked to its end; if not, there is too much of it, or too much wrong with it.
        """
        try:
            self._check(definition)
        except _Stop:
            return False
        return True

    def _check(self, definition: Definition) -> None:
        self._caller = definition.name if definition.kind == "subtree" else f"tree {definition.name}"
        self._kind, self._count = definition.kind, 0
        scope = self._scope(definition.name)
        scope.arguments = {name: Argument(p, None, scope) for name, p in definition.parameters.items()}
        for parameter in definition.parameters.values():
            if parameter.is_node and parameter.default is not None:
                self._node(parameter.default, scope.without_arguments(), Place("default"))
        self._root(definition, scope)
        self._check_keys()

    def expand(self, definition: Definition) -> NodeSpec | None:
        """Return the tree of a definition; None when problems were noted.

        The subtrees must not call each other in circles.
        """
        self._whole, self._kind, self._count = True, "tree", 0
        try:
            root = self._root(definition, self._scope(definition.name))
        except _Stop:
            return None
        self._check_keys()
        return root

    def _root(self, definition: Definition, scope: Scope) -> NodeSpec | None:
        prompt = self._prompt(definition.prompt, scope) if definition.prompt else None
        if definition.root is None:
            return None
        root_name = (definition.name or definition.kind) if definition.kind == "tree" else ""
        return self._node(definition.root, scope, Place("", prompt=prompt), root_name)

    def _scope(self, path: str) -> Scope:
        scope = Scope(path)
        self._scopes.append(scope)
        return scope

    def _check_keys(self) -> None:
        for scope in self._scopes:
            scope.check_keys(self._problems)
        self._scopes.clear()

    # One node

    def _node(self, source: SourceNode, scope: Scope, place: Place, root_name: str = "") -> NodeSpec | None:
        if self._problems.full:
            raise _Stop
        if reference(source):
            return self._node_argument(source, scope, place)
        if isinstance(source, ScalarNode) and not is_null(source):
            return self._typed(source, None, scope, place, root_name)
        if isinstance(source, MapNode) and len(source.entries) == 1:
            word, body = source.entries[0]
            return self._typed(word, None if is_null(body) else body, scope, place, root_name)
        what = describe(source)
        if isinstance(source, MapNode):
            keys = ", ".join(f"'{key.text}'" for key, _ in source.entries[:6])
            what = f"a mapping with {len(source.entries)} keys ({keys})" if keys else "an empty mapping"
        hint = "put its parameters one level deeper" if isinstance(source, MapNode) and source.entries else ""
        self._problems.add(source.mark, f"not a node: {what}", expected=_NODE, hint=hint)
        scope.mention(source)
        return None

    def _node_argument(self, source: SourceNode, scope: Scope, place: Place) -> NodeSpec | None:
        argument = self._values.argument(source, scope)
        if argument is None:
            return None
        parameter = argument.parameter
        if not parameter.is_node and parameter.value:
            self._problems.add(source.mark, f"'${parameter.name}' is {parameter.expected}", expected="a node")
            return None
        return None if argument.value is None else self._node(argument.value, argument.scope, place)

    def _typed(
        self, word: ScalarNode, body: SourceNode | None, scope: Scope, place: Place, root_name: str
    ) -> NodeSpec | None:
        type_name = ALIASES.get(word.text, word.text)
        built_in, leaf, subtree = BUILT_IN.get(type_name), self._leaves.get(type_name), self._subtrees.get(type_name)
        if not (built_in or leaf or subtree):
            self._unknown_type(word, body, scope, place)
            return None
        if place.depth >= MAX_DEPTH:
            self._problems.add(word.mark, f"'{word.text}' is too deep in the tree", expected=f"{MAX_DEPTH} levels")
            return None
        self._count_node(word)
        kind = built_in.kind if built_in else leaf.kind if leaf else "subtree"
        given = self._given_name(body, scope)
        if root_name and given:
            mark = body.mark if body else word.mark
            self._problems.add(mark, f"the root can't be named '{given}'", expected="no name: it has the tree's")
        name = root_name or place.claim(given or type_name)
        path = f"{place.path}/{name}" if place.path else name
        found = Found(type_name, kind, word.mark, name, path, Place(path, place.depth + 1, place.prompt))
        if built_in:
            return self._built_in(found, built_in, body, scope)
        if leaf:
            return self._leaf(found, leaf, body, scope)
        assert subtree is not None
        return self._call(found, subtree, body, scope)

    def _unknown_type(self, word: ScalarNode, body: SourceNode | None, scope: Scope, place: Place) -> None:
        if word.text.startswith("$"):
            self._problems.add(word.mark, f"'{word.text}' takes no parameters", expected="the parameter by itself")
        elif word.text not in self._library.unloaded:  # which is a problem of its include, and noted there
            choices = [*BUILT_IN, *self._leaves, *self._subtrees]
            hint = self._library.include_hint(word.text, word.mark.file)
            self._problems.unknown(word.mark, "node type", word.text, choices, hint=hint)
        if body is None:
            return
        scope.mention(body)
        if did_you_mean(word.text, BUILT_IN):
            children = body.get("children") if isinstance(body, MapNode) else body
            child = body.get("child") if isinstance(body, MapNode) else None
            below = Place(place.path, place.depth + 1, place.prompt)
            for item in (*(children.items if isinstance(children, ListNode) else ()), *((child,) if child else ())):
                self._node(item, scope, below)

    def _count_node(self, word: ScalarNode) -> None:
        self._count += 1
        if self._count > MAX_NODES:
            message = f"the {self._kind} has more than {MAX_NODES} nodes"
            self._problems.add(word.mark, message, expected="a smaller tree")
            raise _Stop

    def _given_name(self, body: SourceNode | None, scope: Scope) -> str:
        node = body.get("name") if isinstance(body, MapNode) else None
        value = self._values.read_fixed(node, scope, _TEXT, "name") if node else ""
        if not isinstance(value, str):
            return ""
        if node and not NAME.match(value):
            self._problems.add(node.mark, f"name: {value!r}", expected=NAME_EXPECTED)
            return ""
        return value

    def _prompt(self, node: SourceNode, scope: Scope) -> Prompt:
        return Prompt(self._values.read(node, scope, _TEXT, "prompt"), node, scope)

    # Composites and decorators

    def _built_in(self, found: Found, built_in: BuiltIn, body: SourceNode | None, scope: Scope) -> NodeSpec | None:
        single = built_in.kind == "decorator"
        below = "child" if single else "children"
        options: MapNode | None = body if isinstance(body, MapNode) else None
        values = self._parameters(found, built_in, options, scope, below)
        if options and (prompt := options.get("prompt")):
            found.inside = replace(found.inside, prompt=self._prompt(prompt, scope))
        source = options.get(below) if options else None if single else body
        items = self._items(found, source, single)
        if single and body is not None and options is None:
            message = f"'{found.type}' takes a mapping, not {describe(body)}"
            self._problems.add(body.mark, message, expected="its parameters and one 'child'")
            self._children(body.items if isinstance(body, ListNode) else (), scope, found.inside)
        elif items is None:
            message = f"'{found.type}' has no {below}"
            self._problems.add(found.mark, message, expected="one node" if single else "a list of nodes")
        children = self._children(items or (), scope, found.inside)
        if values is None or not items or len(children) != len(items):
            return None
        return self._spec(found, values, children)

    def _items(self, found: Found, source: SourceNode | None, single: bool) -> tuple[SourceNode, ...] | None:
        """Return the sources of the children; None when there are none."""
        if source is None or is_null(source):
            return None
        if single:
            if not isinstance(source, ListNode):
                return (source,)
            message = f"'{found.type}' has one child, not {describe(source)}"
            hint = "put them into a sequence" if len(source.items) > 1 else "write it without the dash"
            self._problems.add(source.mark, message, expected="one node", hint=hint)
            return source.items
        if isinstance(source, ListNode):
            return source.items or None
        message = f"the children of '{found.type}': {describe(source)}"
        self._problems.add(source.mark, message, expected="a list of nodes", hint="write '- ' before each")
        return (
            tuple(MapNode((entry,), entry[0].mark) for entry in source.entries) if isinstance(source, MapNode) else ()
        )

    def _children(self, items: Iterable[SourceNode], scope: Scope, inside: Place) -> tuple[NodeSpec, ...]:
        nodes = [self._node(item, scope, inside) for item in items]
        return tuple(node for node in nodes if node)

    def _parameters(
        self, found: Found, built_in: BuiltIn, options: MapNode | None, scope: Scope, below: str
    ) -> dict[str, object] | None:
        allowed = {"name", "prompt", below, *built_in.ports}
        inputs = {name: port for name, port in built_in.ports.items() if isinstance(port, Input)}
        values: dict[str, object] = {name: port.default for name, port in inputs.items() if not port.required}
        for key, node in options.entries if options else ():
            if port := inputs.get(key.text):
                values[key.text] = self._values.read_fixed(node, scope, port, f"{found.type}.{key.text}")
            elif key.text not in allowed:
                self._unknown_key(found, key, allowed)
                scope.mention(node)
        self._note_missing(found, inputs, values)
        return values if values.keys() >= inputs.keys() else None

    def _unknown_key(self, found: Found, key: ScalarNode, allowed: Collection[str]) -> None:
        word = ALIASES.get(key.text, key.text)
        if key.text in ("child", "children") and found.kind in ("action", "condition"):
            self._problems.add(key.mark, f"'{found.type}' is a leaf: it has no {key.text}", expected="its parameters")
        elif word in BUILT_IN or word in self._leaves or word in self._subtrees:
            below = "child" if "child" in allowed else "children"
            hint = f"write it under '{below}'" if below in allowed else ""
            message = f"'{found.type}' has no parameter '{key.text}', which is a node"
            self._problems.add(key.mark, message, expected=f"one of {', '.join(sorted(allowed))}", hint=hint)
        else:
            self._problems.unknown(key.mark, f"parameter of '{found.type}':", key.text, allowed)

    def _note_missing(self, found: Found, ports: Mapping[str, Input[Any]], given: Collection[str]) -> None:
        for name, port in ports.items():
            if port.required and name not in given:
                message = f"'{found.type}': '{name}' is missing"
                self._problems.add(found.mark, message, expected=port.expected, hint=port.doc)

    # Leaves

    def _leaf(self, found: Found, leaf: type[Leaf], body: SourceNode | None, scope: Scope) -> NodeSpec | None:
        before = self._problems.noted
        entries = self._entries(found, body)
        values: dict[str, object] = {}
        for key, node in entries:
            if port := leaf.ports.get(key.text):
                values[key.text] = self._values.read(node, scope, port, f"{found.type}.{key.text}")
            elif key.text != "name":
                self._unknown_key(found, key, {"name", *leaf.ports})
        prompt = leaf.ports.get("prompt")
        if isinstance(prompt, Input):
            self._fill_prompt(found, prompt, values)
        inputs = {name: port for name, port in leaf.ports.items() if isinstance(port, Input)}
        self._note_missing(found, {n: p for n, p in inputs.items() if n != "prompt"}, values)
        if self._problems.noted > before and body is not None:
            scope.mention(body)
        spec = self._spec(found, values, (), leaf)
        return spec if self._problems.noted == before else None

    def _fill_prompt(self, found: Found, port: Input[Any], values: dict[str, object]) -> None:
        if "prompt" in values:
            found.set_prompt(values["prompt"])
        elif found.inside.prompt:
            values["prompt"] = found.inside.prompt.value
        elif port.required and self._whole:
            hint = "write 'prompt: …' on it, or on a node above it"
            self._problems.add(found.mark, f"'{found.type}': no prompt is set here", expected="text", hint=hint)

    def _entries(self, found: Found, body: SourceNode | None) -> tuple[tuple[ScalarNode, SourceNode], ...]:
        if isinstance(body, MapNode):
            return body.entries
        if body is not None:
            message = f"'{found.type}' takes parameters, not {describe(body)}"
            hint = "it has no children" if isinstance(body, ListNode) else ""
            self._problems.add(body.mark, message, expected="a mapping such as {name: value}", hint=hint)
        return ()

    # Calls of subtrees

    def _call(self, found: Found, callee: Definition, body: SourceNode | None, scope: Scope) -> NodeSpec | None:
        if not self._whole:
            self.calls.setdefault(self._caller, []).append((callee.name, found.mark))
            if body is not None:
                scope.mention(body)
        entries: dict[str, SourceNode] = {}
        for key, node in self._entries(found, body):
            entries[key.text] = node
            if key.text not in ("name", "prompt", *callee.parameters):
                self._unknown_key(found, key, {"name", "prompt", *callee.parameters})
                scope.mention(node)
        inner = self._scope(found.path)
        values: dict[str, object] = {}
        inner.arguments = {
            name: self._argument(found, parameter, entries.get(name), scope, inner, values)
            for name, parameter in callee.parameters.items()
        }
        self._scope_prompt(found, entries.get("prompt"), scope, inner)
        if not self._whole or callee.root is None:
            return None
        root = self._node(callee.root, inner, found.inside)
        return self._spec(found, values, (root,)) if root else None

    def _scope_prompt(self, found: Found, given: SourceNode | None, scope: Scope, inner: Scope) -> None:
        """Put a call's prompt in force below it; that of a declared parameter may be its default."""
        declared = inner.arguments.get("prompt")
        if declared:
            given, scope = declared.value, declared.scope
        if given is not None:
            found.inside = replace(found.inside, prompt=self._prompt(given, scope))
        elif declared:
            found.set_prompt(INVALID)  # it is missing, which is noted at the call

    def _argument(
        self,
        found: Found,
        parameter: Parameter,
        node: SourceNode | None,
        scope: Scope,
        inner: Scope,
        values: dict[str, object],
    ) -> Argument:
        unknown = Argument(parameter, None, scope)
        if node is None and parameter.name == "prompt" and found.inside.prompt:
            node, scope = found.inside.prompt.node, found.inside.prompt.scope
        if not parameter.is_node and parameter.value is None:  # declared wrongly, and noted there
            return unknown
        if node is None:
            if parameter.default is not None:
                return Argument(parameter, parameter.default, inner.without_arguments())
            if parameter.name != "prompt" or self._whole:
                message = f"'{found.type}': '{parameter.name}' is missing"
                self._problems.add(found.mark, message, expected=parameter.expected, hint=parameter.doc)
            return unknown
        if parameter.is_node:
            if not self._whole:
                self._node(node, scope, found.inside)
        else:
            assert parameter.value is not None
            # A trial, because the keys in it are used where the subtree uses them, not here.
            trial = Scope(scope.path, scope.arguments)
            value = self._values.read(node, trial, parameter.value, f"{found.type}.{parameter.name}")
            if value is INVALID:
                return unknown
            values[parameter.name] = value
        return Argument(parameter, node, scope)

    # The result

    def _spec(
        self,
        found: Found,
        values: Mapping[str, object],
        children: tuple[NodeSpec, ...],
        leaf: type[Leaf] | None = None,
    ) -> NodeSpec:
        prompt = found.inside.prompt.value if found.inside.prompt else ""
        return NodeSpec(
            path=found.path,
            type=found.type,
            name=found.name,
            kind=found.kind,
            values={name: value for name, value in values.items() if value is not INVALID},
            children=children,
            prompt=prompt if isinstance(prompt, str) else f'"{{{prompt.name}}}"' if isinstance(prompt, Key) else "",
            detail=detail(values, leaf),
            leaf=leaf,
        )
