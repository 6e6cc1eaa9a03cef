"""XML elements as nodes of tree files."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bt_robot.config.problems import Mark, Problems
from bt_robot.config.source import ListNode, MapNode, ScalarNode, SourceNode
from bt_robot.errors import Code
from bt_robot.tree.formats.attributes import Attributes, scalar
from bt_robot.tree.formats.counterparts import (
    BY_TAG,
    COUNTERPARTS,
    INSTEAD,
    LOOP_PORTS,
    LOOPS,
    SWITCHES,
    Counterpart,
    Scale,
)
from bt_robot.tree.formats.element import Element
from bt_robot.tree.formats.foreign import Names, snake_case
from bt_robot.tree.formats.values import EXACT, pointer, read_back, written
from bt_robot.tree.language.parameters import Parameter
from bt_robot.tree.vocabulary.built_in import BUILT_IN
from bt_robot.tree.vocabulary.leaf import Leaf
from bt_robot.tree.vocabulary.node_type import BuiltIn
from bt_robot.tree.vocabulary.registry import Registry
from bt_robot.tree.vocabulary.words import reference

_EXPLICIT = ("Action", "Condition", "Control", "Decorator")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_CASE = re.compile(r"case_[0-9]+\Z")
_UNKNOWN = None
"""The type of what nothing is known about; the loader refuses it."""

Entry = tuple[ScalarNode, SourceNode]


class NodeReader:
    """Reads the nodes of one `<BehaviorTree>`.

    Attributes:
        calls: The subtrees called, by the ID in the file, with the names that they are given.
        before: Comments above nodes, by their places.
        beside: Comments behind nodes.
    """

    def __init__(
        self,
        registry: Registry,
        subtrees: Mapping[str, tuple[str, Mapping[str, Parameter]]],
        parameters: Collection[str],
        names: Names,
        problems: Problems,
    ) -> None:
        """Start a tree.

        Args:
            registry: The leaves.
            subtrees: Name and parameters of every subtree, by the ID in the file.
            parameters: The names of the tree's own parameters.
            names: Turns other people's names into ours.
            problems: Where problems are noted.
        """
        self.calls: dict[str, None] = {}
        self.before: dict[Mark, tuple[str, ...]] = {}
        self.beside: dict[Mark, str] = {}
        self._registry = registry
        self._subtrees = subtrees
        self._parameters = parameters
        self._names = names
        self._problems = problems

    def read(self, element: Element) -> SourceNode:
        """Return an element as a node; when too much is wrong already, it is not looked at."""
        if self._problems.full:
            return scalar("", element.mark)
        if element.before:
            self.before[element.mark] = element.before
        if element.beside:
            self.beside[element.mark] = element.beside
        if element.text:
            self._problems.add(element.mark, f"text in <{element.tag}>", expected="attributes and elements")
        attributes = Attributes(element, self._problems)
        gap = attributes.take("_node")
        if gap is not None:
            return self._gap(element, gap, attributes)
        if element.tag == "SubTree":
            return self._call(element, attributes)
        tag = element.tag
        if tag in _EXPLICIT:
            tag = attributes.take("ID") or ""
            if not tag:
                self._problems.add(element.mark, f"<{element.tag}> has no ID", expected="the name of a node type")
                return scalar("", element.mark)
        if tag in INSTEAD and tag not in self._registry.leaves:
            self._problems.add(element.mark, f"<{tag}> has no counterpart here", expected="nodes", hint=INSTEAD[tag])
            for child in element.children:
                self.read(child)
            return scalar(tag, element.mark)
        if tag in SWITCHES.values():
            return self._switch(element, tag, attributes)
        return self._typed(element, tag, attributes)

    def _gap(self, element: Element, gap: str, attributes: Attributes) -> SourceNode:
        """Read what stands for a node parameter."""
        node = scalar(gap, attributes.mark("_node"))
        if not reference(node) or element.tag != "AlwaysSuccess" or element.children:
            message = f'_node="{gap}" on <{element.tag}>'
            self._problems.add(node.mark, message, expected='<AlwaysSuccess _node="$name"/> for a node parameter')
        attributes.refuse_rest(known="_node")
        return ScalarNode(gap, True, element.mark)

    def _word(self, tag: str, attributes: Attributes) -> tuple[str, Counterpart | None]:
        """Return our word for a node, and how its ports are called in the file."""
        marked = attributes.take("_type")
        if marked is not None:
            counterpart = COUNTERPARTS.get(marked)
            if counterpart is None or counterpart.tag != tag:
                known = [word for word, known in COUNTERPARTS.items() if known.marked and known.tag == tag]
                self._problems.unknown(attributes.mark("_type"), f"kind of <{tag}>:", marked, known)
                return marked, None
            return marked, counterpart
        if tag in LOOPS:
            return "for_each", Counterpart(tag, "Decorator", LOOP_PORTS)
        if tag in BY_TAG:
            return BY_TAG[tag], COUNTERPARTS[BY_TAG[tag]]
        snake = snake_case(tag)
        if tag not in self._registry.leaves and (snake in self._registry.leaves or snake in BUILT_IN):
            if snake != tag:
                self._names.notes.setdefault(f"<{tag}> is taken for '{snake}'")
            return snake, None
        return tag, None

    def _typed(self, element: Element, tag: str, attributes: Attributes) -> SourceNode:
        word, counterpart = self._word(tag, attributes)
        if word == "switch":
            count = sum(1 for name in element.attributes if _CASE.match(name))
            entries = [*self._name(attributes), *self._prompt(attributes)]
            return self._cases(element, "value", count, entries, attributes)
        meaning: BuiltIn | type[Leaf] | None = BUILT_IN.get(word) or self._registry.leaves.get(word)
        entries = list(self._name(attributes))
        if isinstance(meaning, BuiltIn):
            entries += self._prompt(attributes)
        entries += self._ports(element, counterpart, meaning, attributes)
        children = element.children
        if counterpart:
            self._fixed(element, tag, counterpart, attributes)
        if meaning is not None:
            known = [counterpart.ports.get(name, "") for name in meaning.ports] if counterpart else [*meaning.ports]
            attributes.refuse_rest(known=", ".join(["name", *filter(None, known)]))
        if not isinstance(meaning, BuiltIn):
            below = [_below("children", self.read(child), child) for child in children[:1]]  # which the loader refuses
            return _node(word, [*entries, *below], element.mark)
        if word == "try_catch" and len(children) > 2:
            *first, last = children
            inner = Element("Sequence", children=tuple(first), mark=replace(first[0].mark, column=0))
            below = [_below("try", self.read(inner), inner), _below("catch", self.read(last), last)]
            return _node(word, [*entries, *below], element.mark)
        return self._with_children(element, word, meaning, entries)

    def _with_children(self, element: Element, word: str, meaning: BuiltIn, entries: list[Entry]) -> SourceNode:
        form, children = meaning.children, element.children
        if form.form == "list":
            if not entries:
                return MapNode(((scalar(word, element.mark), self._list(children, element.mark)),), element.mark)
            below = _below("children", self._list(children, element.mark), element)
            return _node(word, [*entries, below], element.mark)
        if len(children) > len(form.words):
            message = f"<{element.tag}> has {len(children)} children"
            self._problems.add(
                children[len(form.words)].mark, message, expected=f"at most {len(form.words)}", code=Code.CHILDREN
            )
        below = [_below(key, self.read(child), child) for key, child in zip(form.words, children, strict=False)]
        return _node(word, [*entries, *below], element.mark)

    def _list(self, children: tuple[Element, ...], mark: Mark) -> ListNode:
        return ListNode(tuple(self.read(child) for child in children), mark)

    def _fixed(self, element: Element, tag: str, counterpart: Counterpart, attributes: Attributes) -> None:
        for name, value in counterpart.fixed.items():
            given = attributes.take(name)
            if given != value:
                what = f"<{tag}> without {name}" if given is None else f'<{tag} {name}="{given}">'
                self._problems.add(
                    attributes.mark(name), what, expected=f'{name}="{value}"', hint="there is no status SKIPPED here"
                )
        if tag in LOOPS:
            empty = attributes.take("if_empty")
            if empty not in (None, "SUCCESS"):
                message = f'<{tag} if_empty="{empty}">'
                self._problems.add(attributes.mark("if_empty"), message, expected='if_empty="SUCCESS"')

    # Attributes

    def _name(self, attributes: Attributes) -> Iterator[Entry]:
        exact = attributes.exact("name")
        name = attributes.take("name")
        if exact is not None:
            yield _entry("name", exact)
        elif name is not None:
            yield _entry("name", scalar(self._names.own(name), attributes.mark("name")))

    def _prompt(self, attributes: Attributes) -> list[Entry]:
        node = self._value("_prompt", "prompt", str, None, attributes)
        return [_entry("prompt", node)] if node else []

    def _ports(
        self,
        element: Element,
        counterpart: Counterpart | None,
        meaning: BuiltIn | type[Leaf] | None,
        attributes: Attributes,
    ) -> Iterator[Entry]:
        ports = meaning.ports if meaning else {}
        here = {there: name for name, there in counterpart.ports.items()} if counterpart else {}
        scales = counterpart.scales if counterpart else {}
        fixed = counterpart.fixed if counterpart else {}
        for attribute in attributes.rest():
            exact = attribute.removeprefix(EXACT) if attribute.startswith(EXACT) else ""
            name = exact or here.get(attribute, "" if counterpart else attribute)
            unknown = meaning is None and not attribute.startswith("_")
            if (name in ports and attribute not in fixed) or unknown:
                kind = ports[name].kind if name in ports else _UNKNOWN
                there = counterpart.ports.get(name, "") if counterpart else name
                if counterpart and name in counterpart.bare and not exact:
                    yield _entry(name, self._bare(there, attributes))
                elif node := self._value(there, name, kind, scales.get(name), attributes):
                    yield _entry(name, node)

    def _bare(self, attribute: str, attributes: Attributes) -> SourceNode:
        """Take a key that stands by its name."""
        name = attributes.take(attribute) or ""
        if not _KEY.match(name):
            expected = "the name of a key, without braces"
            self._problems.add(attributes.mark(attribute), f'{attribute}="{name}"', expected=expected)
        return scalar(f"{{{name}}}", attributes.mark(attribute), plain=False)

    def _value(
        self, attribute: str, name: str, kind: Any, scale: Scale | None, attributes: Attributes
    ) -> SourceNode | None:
        """Take a value: what the attribute says, or the YAML behind it as long as it agrees with the attribute."""
        exact, text = attributes.exact(name), attributes.take(attribute)
        if text is None:
            return exact
        mark = attributes.mark(attribute)
        if exact is not None and written(exact, scale) == text:
            return exact
        key = pointer(text)
        if key is not None:
            return self._pointer(key, attribute, scale, mark)
        return read_back(text, kind, scale, mark) if kind is not None else scalar(text, mark)

    def _pointer(self, key: str, attribute: str, scale: Scale | None, mark: Mark) -> SourceNode:
        key = attribute if key == "=" else key
        plain = key.removesuffix(f"-{scale.suffix}") if scale else key
        if plain in self._parameters:
            return scalar(f"${plain}", mark)
        if key.startswith("@"):
            hint = "hand it in through a port of each subtree on the way"
            self._problems.add(
                mark, f"'{{{key}}}' is a key of the whole tree", expected="a key of this tree", hint=hint
            )
        elif not _KEY.match(key):
            self._problems.add(mark, f"the key '{key}'", expected="letters, digits and _, e.g. {block_width}")
        elif scale and plain == key:
            expected = "a fixed value, or a parameter of the subtree"
            self._problems.add(mark, f"'{{{key}}}' is not known when the tree is loaded", expected=expected)
        return scalar(f"{{{key}}}", mark, plain=False)

    # Nodes of their own kind

    def _switch(self, element: Element, tag: str, attributes: Attributes) -> SourceNode:
        count = int(tag.removeprefix("Switch"))
        entries = [*self._name(attributes), *self._prompt(attributes)]
        return self._cases(element, "variable", count, entries, attributes)

    def _cases(
        self, element: Element, variable: str, count: int, entries: list[Entry], attributes: Attributes
    ) -> SourceNode:
        kind = BUILT_IN["switch"].ports["value"].kind
        value = self._value(variable, "value", kind, None, attributes)
        if value:
            entries.append(_entry("value", value))
        cases: list[Entry] = []
        for number, child in zip(range(1, count + 1), element.children, strict=False):
            case = self._value(f"case_{number}", f"case_{number}", kind, None, attributes)
            if isinstance(case, ScalarNode):
                cases.append((case, self.read(child)))
            else:
                self._problems.add(
                    element.mark, f"<{element.tag}> has no case_{number}", expected="a value for a child"
                )
        entries.append(_below("cases", MapNode(tuple(cases), element.mark), element))
        if len(element.children) > count:
            default = element.children[count]
            if default.attributes.get("_implied") != "default":
                entries.append(_below("default", self.read(default), default))
        attributes.refuse_rest(known=f"name, {variable}, case_1 …")
        if not count <= len(element.children) <= count + 1:
            message = f"<{element.tag}> has {len(element.children)} children"
            self._problems.add(element.mark, message, expected=f"{count} and one for the default", code=Code.CHILDREN)
        return _node("switch", entries, element.mark)

    def _call(self, element: Element, attributes: Attributes) -> SourceNode:
        name_there = attributes.take("ID") or ""
        of = attributes.take("_of") or name_there
        self.calls.setdefault(of)
        for child in element.children:
            self._problems.add(
                child.mark,
                f"<{child.tag}> in a <SubTree>",
                expected="no children; it has its ports",
                code=Code.CHILDREN,
            )
        word, parameters = self._subtrees.get(of, (of, {}))
        if element.attributes.get("_autoremap") in ("false", "0"):
            attributes.take("_autoremap")
        entries = [*self._name(attributes), *(() if "prompt" in parameters else self._prompt(attributes))]
        for attribute in attributes.rest():
            name = attribute.removeprefix(EXACT)
            if "-" in attribute:  # written anew; that it is the same is checked afterwards
                attributes.take(attribute)
            elif not attribute.startswith("_") or (attribute.startswith(EXACT) and name in parameters):
                declared = parameters.get(name)
                kind = declared.value.kind if declared and declared.value else _UNKNOWN
                node = self._value(name, name, kind, None, attributes)
                if node:
                    entries.append(_entry(name, node))
        attributes.refuse_rest(known=", ".join(["name", *parameters]))
        return _node(word, entries, element.mark)


def _entry(key: str, value: SourceNode) -> Entry:
    return scalar(key, value.mark), value


def _below(key: str, value: SourceNode, element: Element) -> Entry:
    """Return an entry for what is an element in the file; comments belong to the element, not to the key."""
    return scalar(key, replace(element.mark, column=element.mark.column + 1)), value


def _node(word: str, entries: list[Entry], mark: Mark) -> SourceNode:
    if not entries:
        return scalar(word, mark)
    return MapNode(((scalar(word, mark), MapNode(tuple(entries), mark)),), mark)
