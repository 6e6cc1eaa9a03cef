"""Definitions as trees of nodes: types looked up, subtrees put in place, values read.

The same code runs in two ways. To *check* a definition by itself, its parameters stand for unknown
values and calls are compared with what the callee declares. To *expand* a tree, every call is
replaced by its subtree. Both note the same problems in the same words, so that a problem that both
find is reported once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bt_robot.config.problems import Mark, Problems
from bt_robot.config.source import ListNode, MapNode, ScalarNode, SourceNode
from bt_robot.config.values import INVALID, describe, is_null
from bt_robot.errors import Code, did_you_mean
from bt_robot.tree.language.calls import CallReader
from bt_robot.tree.language.children import Child, find_children, likely_children
from bt_robot.tree.language.files import Library
from bt_robot.tree.language.given import GivenReader
from bt_robot.tree.language.header import Definition
from bt_robot.tree.language.keys import Keys
from bt_robot.tree.language.node_types import NodeTypes, kind_of, word_of
from bt_robot.tree.language.order import check_order
from bt_robot.tree.language.parameters import Parameter
from bt_robot.tree.language.place import Found, Place, Prompt
from bt_robot.tree.language.scope import Argument, Scope
from bt_robot.tree.language.values import ValueReader
from bt_robot.tree.spec import Key, NodeSpec, detail
from bt_robot.tree.vocabulary.built_in import BUILT_IN
from bt_robot.tree.vocabulary.leaf import Leaf
from bt_robot.tree.vocabulary.node_type import BuiltIn
from bt_robot.tree.vocabulary.ports import Input, Output
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
        self._registry = registry
        self._types = NodeTypes(registry, library)
        self._library = library
        self._problems = problems
        self._values = ValueReader(problems)
        self._given = GivenReader(self._types, self._values, problems)
        self._calls = CallReader(self._given, self._values, problems)
        self._keys = Keys()
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
        self._keys = Keys()
        scope = Scope(definition.name, {}, self._keys)
        scope.arguments = {name: Argument(p, None, scope) for name, p in definition.parameters.items()}
        for parameter in definition.parameters.values():
            if parameter.is_node and parameter.default is not None:
                self._node(parameter.default, scope.without_arguments(), Place("default"))
        self._root(definition, scope)
        self._keys.check(self._problems)

    def expand(self, definition: Definition) -> NodeSpec | None:
        """Return the tree of a definition; None when problems were noted.

        The subtrees must not call each other in circles.
        """
        self._whole, self._kind, self._count = True, "tree", 0
        try:
            self._keys = Keys()
            root = self._root(definition, Scope(definition.name, {}, self._keys))
        except _Stop:
            return None
        self._keys.check(self._problems)
        if root is not None:
            check_order(root, self._keys, self._problems)
        return root

    def _root(self, definition: Definition, scope: Scope) -> NodeSpec | None:
        prompt = self._prompt(definition.prompt, scope) if definition.prompt else None
        if definition.root is None:
            return None
        called = (definition.name or definition.kind) if definition.kind == "tree" else ""
        return self._node(definition.root, scope, Place("", prompt=prompt), called)

    # One node

    def _node(self, source: SourceNode, scope: Scope, place: Place, called: str = "") -> NodeSpec | None:
        """Make a node.

        Args:
            source: What was written.
            scope: Where it was written.
            place: Where it stands in the tree.
            called: What it is called in its path if it gives itself no name; its type by default.
        """
        if self._problems.full:
            raise _Stop
        if reference(source):
            return self._node_argument(source, scope, place, called)
        if isinstance(source, ScalarNode) and not is_null(source):
            return self._typed(source, None, scope, place, called)
        if isinstance(source, MapNode) and len(source.entries) == 1:
            word, body = source.entries[0]
            return self._typed(word, None if is_null(body) else body, scope, place, called)
        what, hint = describe(source), ""
        if isinstance(source, MapNode):
            keys = ", ".join(f"'{key.text}'" for key, _ in source.entries[:6])
            what = f"a mapping with {len(source.entries)} keys ({keys})" if keys else "an empty mapping"
            types = [key for key, _ in source.entries if key.text in self._types]
            hint = "put them into a sequence" if len(types) > 1 else "put its parameters one level deeper"
            hint = hint if keys else ""
        elif isinstance(source, ListNode) and source.items:
            hint = "put them into a sequence" if len(source.items) > 1 else "write it without the dash"
        self._problems.add(source.mark, f"not a node: {what}", expected=_NODE, hint=hint, code=Code.NOT_A_NODE)
        scope.mention(source)
        if isinstance(source, ListNode):  # their own mistakes are told, too
            below = Place(place.path or called, place.depth + 1, place.prompt)
            for item in source.items:
                self._node(item, scope, below)
        return None

    def _node_argument(self, source: SourceNode, scope: Scope, place: Place, called: str) -> NodeSpec | None:
        argument = self._values.argument(source, scope)
        if argument is None:
            return None
        parameter = argument.parameter
        if not parameter.is_node and parameter.value:
            self._problems.add(
                source.mark, f"'${parameter.name}' is {parameter.expected}", expected="a node", code=Code.PARAMETER_TYPE
            )
            return None
        return None if argument.value is None else self._node(argument.value, argument.scope, place, called)

    def _typed(
        self, word: ScalarNode, body: SourceNode | None, scope: Scope, place: Place, called: str
    ) -> NodeSpec | None:
        meaning = self._types.find(word.text)
        if meaning is None:
            self._unknown_type(word, body, scope, place)
            return None
        if place.depth >= MAX_DEPTH:
            self._problems.add(
                word.mark, f"'{word.text}' is too deep in the tree", expected=f"{MAX_DEPTH} levels", code=Code.TOO_LARGE
            )
            return None
        self._count_node(word)
        given = self._given_name(body, scope)
        is_root = not place.path and called
        if is_root and given:
            mark = body.mark if body else word.mark
            self._problems.add(
                mark, f"the root can't be named '{given}'", expected="no name: it has the tree's", code=Code.BAD_NAME
            )
        name = called if is_root else place.claim(given or called or word_of(meaning))
        path = f"{place.path}/{name}" if place.path else name
        inside = Place(path, place.depth + 1, place.prompt)
        found = Found(word_of(meaning), kind_of(meaning), word.mark, name, path, inside)
        self._keys.path = path
        if isinstance(meaning, BuiltIn):
            return self._built_in(found, meaning, body, scope)
        if isinstance(meaning, Definition):
            return self._call(found, meaning, body, scope)
        return self._leaf(found, meaning, body, scope)

    def _unknown_type(self, word: ScalarNode, body: SourceNode | None, scope: Scope, place: Place) -> None:
        if word.text.startswith("$"):
            self._problems.add(
                word.mark,
                f"'{word.text}' takes no parameters",
                expected="the parameter by itself",
                code=Code.NOT_A_NODE,
            )
        elif refusal := self._types.refusal(word.text):
            self._problems.add(word.mark, f"node type '{word.text}': {refusal}", code=Code.UNKNOWN_NODE)
        elif word.text[:1] != "*" and word.text not in self._library.unloaded:  # or it is noted: an alias, an include
            hint = self._library.include_hint(word.text, word.mark.file)
            self._problems.unknown(
                word.mark,
                "node type",
                word.text,
                self._types.words,
                expected="a node type; 'bt-nodes' lists them",
                hint=hint,
                code=Code.UNKNOWN_NODE,
            )
        if body is None:
            return
        scope.mention(body)
        if did_you_mean(word.text, BUILT_IN):
            below = Place(place.path, place.depth + 1, place.prompt)
            for item in likely_children(body):
                self._node(item, scope, below)

    def _count_node(self, word: ScalarNode) -> None:
        self._count += 1
        if self._count > MAX_NODES:
            message = f"the {self._kind} has more than {MAX_NODES} nodes"
            self._problems.add(word.mark, message, expected="a smaller tree", code=Code.TOO_LARGE)
            raise _Stop

    def _given_name(self, body: SourceNode | None, scope: Scope) -> str:
        node = body.get("name") if isinstance(body, MapNode) else None
        value = self._values.read_fixed(node, scope, _TEXT, "name") if node else ""
        if not isinstance(value, str):
            return ""
        if node and not NAME.match(value):
            self._problems.add(node.mark, f"name: {value!r}", expected=NAME_EXPECTED, code=Code.BAD_NAME)
            return ""
        return value

    def _prompt(self, node: SourceNode, scope: Scope) -> Prompt:
        return Prompt(self._values.read(node, scope, _TEXT, "prompt"), node, scope)

    # The three sorts of nodes

    def _built_in(self, found: Found, built_in: BuiltIn, body: SourceNode | None, scope: Scope) -> NodeSpec | None:
        options = body if isinstance(body, MapNode) else None
        given = self._given.parameters(found, built_in, body, scope)
        if options and (prompt := options.get("prompt")):
            found.inside = replace(found.inside, prompt=self._prompt(prompt, scope))
        brood = find_children(found, built_in, body, self._problems)
        nodes = [(child, self._node(child.source, scope, found.inside, child.name)) for child in brood.children]
        children = [(child, node) for child, node in nodes if node is not None]
        if brood.complete:
            self._given.note_amiss(found, built_in, given, len(nodes))
        if brood.complete and built_in.children.form == "cases":
            self._given.check_cases(found, given, brood.children, scope)
        if not brood.complete or len(children) != len(nodes):
            return None
        return self._spec(found, given.values, children, built_in.ports)

    def _leaf(self, found: Found, leaf: type[Leaf], body: SourceNode | None, scope: Scope) -> NodeSpec | None:
        before = self._problems.noted
        given = self._given.ports(found, leaf, body, scope)
        prompt = leaf.ports.get("prompt")
        if isinstance(prompt, Input):
            self._fill_prompt(found, prompt, given.values)
        self._given.note_missing(found, {n: p for n, p in leaf.ports.items() if n != "prompt"}, given.values)
        if self._problems.noted > before:
            if body is not None:
                scope.mention(body)
            return None
        self._given.check_leaf(found, leaf, given, scope)
        return self._spec(found, given.values, (), leaf.ports, leaf)

    def _fill_prompt(self, found: Found, port: Input[Any], values: dict[str, object]) -> None:
        if "prompt" in values:
            found.set_prompt(values["prompt"])
        elif found.inside.prompt:
            values["prompt"] = found.inside.prompt.value
        elif port.required and self._whole and "prompt" not in found.meant:
            hint = "write 'prompt: …' on it, or on a node above it"
            self._problems.add(
                found.mark,
                f"'{found.type}': no prompt is set here",
                expected="text",
                hint=hint,
                code=Code.MISSING_PROMPT,
            )

    def _call(self, found: Found, callee: Definition, body: SourceNode | None, scope: Scope) -> NodeSpec | None:
        if not self._whole:
            self.calls.setdefault(self._caller, []).append((callee.name, found.mark))
            if body is not None:
                scope.mention(body)
        call = self._calls.read(found, callee, body, scope, Scope(found.path, {}, self._keys), whole=self._whole)
        if not self._whole:
            for node in call.nodes:
                self._node(node, scope, found.inside)
        if call.prompt:
            found.inside = replace(found.inside, prompt=self._prompt(*call.prompt))
        elif "prompt" in callee.parameters:
            found.set_prompt(INVALID)  # it is missing, which is noted at the call
        if not self._whole or callee.root is None:
            return None
        root = self._node(callee.root, call.inner, found.inside)
        return self._spec(found, call.values, [(Child(callee.root), root)], callee.parameters) if root else None

    def _spec(
        self,
        found: Found,
        values: Mapping[str, object],
        children: Sequence[tuple[Child, NodeSpec]],
        ports: Mapping[str, Input[Any] | Output[Any] | Parameter],
        leaf: type[Leaf] | None = None,
    ) -> NodeSpec:
        known = {name: value for name, value in values.items() if value is not INVALID}
        prompt = found.inside.prompt.value if found.inside.prompt else ""
        return NodeSpec(
            path=found.path,
            type=found.type,
            name=found.name,
            kind=found.kind,
            values=known,
            children=tuple(node for _, node in children),
            prompt=prompt if isinstance(prompt, str) else f'"{{{prompt.name}}}"' if isinstance(prompt, Key) else "",
            detail=detail(known, [name for name in known if _is_written(ports.get(name))]),
            leaf=leaf,
            slots=tuple(child.slot for child, _ in children if child.slot),
            cases=tuple(child.case for child, _ in children if child.case is not None),
            mark=found.mark,
        )


def _is_written(port: Input[Any] | Output[Any] | Parameter | None) -> bool:
    return isinstance(port, Output) or (isinstance(port, Parameter) and port.direction != "in")
