"""Nodes of tree files as XML elements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bt_robot.config.problems import Mark, Problems
from bt_robot.config.source import ListNode, MapNode, ScalarNode, SourceNode
from bt_robot.config.values import INVALID, is_null, read_value
from bt_robot.tree.formats.counterparts import COUNTERPARTS, LOOP_PORTS, SWITCHES, Counterpart, Scale
from bt_robot.tree.formats.element import Element, can_be_written
from bt_robot.tree.formats.model import Port, element_kind, node_model, port_type, with_cases
from bt_robot.tree.formats.names import Extra, Frame, Given, Place
from bt_robot.tree.formats.remarks import last_line
from bt_robot.tree.formats.values import EXACT, read_back, same, written
from bt_robot.tree.formats.xml_reader import MAX_ELEMENTS
from bt_robot.tree.formats.yaml_text import flow
from bt_robot.tree.language.header import Definition
from bt_robot.tree.language.parameters import Parameter
from bt_robot.tree.vocabulary.built_in import ALIASES, BUILT_IN
from bt_robot.tree.vocabulary.leaf import Leaf
from bt_robot.tree.vocabulary.node_type import BuiltIn
from bt_robot.tree.vocabulary.registry import Registry
from bt_robot.tree.vocabulary.words import key_name, reference

Called = Callable[[Definition, Mapping[str, Given]], tuple[str, tuple[Extra, ...]]]

_SWITCH, _LOOP = "switch", "for_each"
_LOOP_OVER = {"std::vector<double>": "LoopDouble", "std::vector<std::string>": "LoopString"}


class NodeWriter:
    """Writes nodes, and notes which types the file's model has to tell about.

    Attributes:
        left_out: (subtree, parameter) where some call gives nothing and there is no default.
    """

    def __init__(
        self, registry: Registry, subtrees: Mapping[str, Definition], called: Called, problems: Problems
    ) -> None:
        """Start with nothing written.

        Args:
            registry: The leaves.
            subtrees: The subtrees.
            called: Returns the ID of a subtree with some nodes in place, and the names that it needs.
            problems: Where problems are noted.
        """
        self.left_out: set[tuple[str, str]] = set()
        self._registry = registry
        self._subtrees = subtrees
        self._called = called
        self._problems = problems
        self._count = 0
        self._cases: dict[str, int] = {}
        self._used: dict[str, BuiltIn | type[Leaf]] = {}

    def is_type(self, word: str) -> bool:
        """Whether a word is a node type."""
        return word in BUILT_IN or word in ALIASES or word in self._registry.leaves

    def models(self) -> Iterator[Element]:
        """Return the model's entries for the types that BehaviorTree.CPP does not have."""
        for word, meaning in sorted(self._used.items()):
            ports: Mapping[str, Port] = meaning.ports
            if word == _SWITCH:
                ports = with_cases(ports, max(self._cases.values(), default=0))
            doc = meaning.doc if isinstance(meaning, BuiltIn) else (meaning.__doc__ or "").strip().split("\n\n")[0]
            yield node_model(element_kind(meaning.kind), word, " ".join(doc.split()), ports)

    def write(self, source: SourceNode, place: Place) -> Element:
        """Return a node as an element.

        Raises:
            LoadError: There are too many of them.
        """
        self._count += 1
        if self._count > MAX_ELEMENTS:
            message = f"the XML would have more than {MAX_ELEMENTS} elements"
            self._problems.add(source.mark, message, expected="fewer calls with nodes of their own")
            self._problems.raise_if_any()
        if name := reference(source):
            return self._argument(name, place)
        word, body = (source.entries[0]) if isinstance(source, MapNode) else (source, None)
        assert isinstance(word, ScalarNode), "it was loaded"
        if body is not None and is_null(body):
            body = None
        before, beside = self._remarks(word, body, place)
        return replace(self._typed(word.text, body, place), before=before, beside=beside)

    def _remarks(self, word: ScalarNode, body: SourceNode | None, place: Place) -> tuple[tuple[str, ...], str]:
        """Take the comments that belong to a node, but not those of its children."""
        if place.sheet.anchors is None or place.path:
            return (), ""
        built_in = BUILT_IN.get(ALIASES.get(word.text, word.text))
        if built_in is None:
            own = [body] if body else []
        else:
            entries = body.entries if isinstance(body, MapNode) else ()
            own = [value for key, value in entries if key.text not in built_in.children.words]
        return place.sheet.anchors.around(word.mark.line, last_line(own))

    def _argument(self, name: str, place: Place) -> Element:
        given = place.frame.nodes.get(name)
        if given is None:
            return Element("AlwaysSuccess", {"_node": f"${name}"})
        element = self.write(given.source, place.inside(given))
        return replace(element, attributes={**element.attributes, "_node": f"${name}"})

    def _typed(self, word: str, body: SourceNode | None, place: Place) -> Element:
        word = self._registry.aliases.get(word) or ALIASES.get(word, word)
        options = body if isinstance(body, MapNode) else MapNode((), body.mark if body else Mark(""))
        if word in self._subtrees:
            return self._call(self._subtrees[word], options, place)
        if leaf := self._registry.leaves.get(word):
            return self._node(word, leaf, options, place)
        built_in = BUILT_IN[word]
        if word == _SWITCH:
            return self._switch(built_in, options, place)
        return self._node(word, built_in, options, place, self._children(built_in, body))

    @staticmethod
    def _children(built_in: BuiltIn, body: SourceNode | None) -> tuple[SourceNode, ...]:
        """Return the sources of the children, in the order in which the node has them."""
        if isinstance(body, ListNode):
            return body.items
        assert isinstance(body, MapNode), "it was loaded"
        found = [body.get(word) for word in built_in.children.words]
        return tuple(item for node in found if node for item in (node.items if isinstance(node, ListNode) else (node,)))

    def _node(
        self,
        word: str,
        meaning: BuiltIn | type[Leaf],
        options: MapNode,
        place: Place,
        children: tuple[SourceNode, ...] = (),
    ) -> Element:
        counterpart = self._counterpart(word, meaning, options, place)
        if counterpart is None:
            self._used[word] = meaning
        attributes = {"_type": word} if counterpart and counterpart.marked else {}
        attributes |= self._name(options) | (dict(counterpart.fixed) if counterpart else {})
        for key, value in options.entries:
            if port := meaning.ports.get(key.text):
                names, scales = (counterpart.ports, counterpart.scales) if counterpart else (None, {})
                name = key.text if names is None else names.get(key.text)
                said = self.value(name, key.text, value, port.kind, scales.get(key.text), place)
                if counterpart and key.text in counterpart.bare and name:
                    said[name] = said[name].strip("{}")
                attributes |= said
        if isinstance(meaning, BuiltIn):
            attributes |= self._prompt(options, place)
        below = tuple(self.write(child, place) for child in children)
        return Element(counterpart.tag if counterpart else word, attributes, below)

    def _counterpart(
        self, word: str, meaning: BuiltIn | type[Leaf], options: MapNode, place: Place
    ) -> Counterpart | None:
        """Return what a node is in BehaviorTree.CPP; None if nothing there does the same with these values."""
        if word == _LOOP:
            return self._loop(options, place)
        counterpart = COUNTERPARTS.get(word)
        if counterpart is None:
            return None
        given = {key.text: value for key, value in options.entries if key.text in meaning.ports}
        if not isinstance(meaning, BuiltIn) and not (meaning.ports.keys() <= counterpart.ports.keys()):
            return None  # a leaf that is only called the same
        for name, value in given.items():
            text = value.text if isinstance(value, ScalarNode) else ""
            scale = counterpart.scales.get(name)
            if counterpart.unless.get(name) == text:
                return None
            if reference(value) and (name in counterpart.unless or name in counterpart.bare):
                return None
            if scale and not reference(value) and (key_name(value) or written(value, scale) is None):
                return None
        return counterpart

    def _loop(self, options: MapNode, place: Place) -> Counterpart | None:
        """Return the loop for the items of a list; None where the type of the items is not known here."""
        items = options.get("items")
        if isinstance(items, ListNode) and items.items and written(items, None):
            numbers = all(isinstance(item, ScalarNode) and _is_number(item) for item in items.items)
            return Counterpart("LoopDouble" if numbers else "LoopString", "Decorator", LOOP_PORTS)
        parameter = place.frame.definition.parameters.get(reference(items) or "") if items else None
        tag = _LOOP_OVER.get(_type_word(parameter))
        return Counterpart(tag, "Decorator", LOOP_PORTS) if tag else None

    def _switch(self, built_in: BuiltIn, options: MapNode, place: Place) -> Element:
        cases, default, value = options.get("cases"), options.get("default"), options.get("value")
        assert isinstance(cases, MapNode), "it was loaded"
        assert value is not None, "it was loaded"
        kind = built_in.ports["value"].kind
        tag = SWITCHES.get(len(cases.entries))
        if any(written(case, None) is None for case, _ in cases.entries):
            tag = None
        if tag is None:
            self._used[_SWITCH] = built_in
            self._cases[_SWITCH] = max(self._cases.get(_SWITCH, 0), len(cases.entries))
        attributes = self._name(options) | self._prompt(options, place)
        attributes |= self.value("variable" if tag else "value", "value", value, kind, None, place)
        for number, (case, _) in enumerate(cases.entries, 1):
            attributes |= self.value(f"case_{number}", f"case_{number}", case, kind, None, place)
        children = [self.write(node, place) for _, node in cases.entries]
        if default is not None:
            children.append(self.write(default, place))
        elif tag:
            children.append(Element("AlwaysFailure", {"_implied": "default"}))
        return Element(tag or _SWITCH, attributes, tuple(children))

    # Calls of subtrees

    def _call(self, callee: Definition, options: MapNode, place: Place) -> Element:
        given = dict[str, Given]()
        attributes = self._name(options)
        for parameter in callee.parameters.values():
            value = options.get(parameter.name)
            if value is None:
                if parameter.is_node and parameter.default is not None:
                    given[parameter.name] = Given(parameter.default, Frame(callee))
                elif parameter.default is None:
                    self.left_out.add((callee.name, parameter.name))
            elif parameter.is_node:
                given[parameter.name] = Given(value, place.frame, (parameter.name, *place.path))
                attributes[f"{EXACT}{parameter.name}"] = flow(value, "'")
            else:
                kind = parameter.value.kind if parameter.value else str
                attributes |= self.value(parameter.name, parameter.name, value, kind, None, place)
        if "prompt" not in callee.parameters:
            attributes |= self._prompt(options, place)
        name, extras = self._called(callee, given)
        for extra in extras:
            attributes[extra.full] = self._handed_in(extra, callee, options, place)
        of = {"_of": callee.name} if name != callee.name else {}
        return Element("SubTree", {"ID": name, **of, **attributes})

    def _handed_in(self, extra: Extra, callee: Definition, options: MapNode, place: Place) -> str:
        """Return what a call gives for a name that the subtree needs besides its parameters."""
        if extra.path:
            return replace(place, path=extra.path[1:]).name(extra.name, extra.scale)
        assert extra.scale is not None, "a name from the subtree itself is needed in another scale only"
        value = options.get(extra.name) or callee.parameters[extra.name].default
        assert value is not None, "it was loaded"
        if name := reference(value):
            return place.name(name, extra.scale)
        return written(value, extra.scale) or ""

    # Values

    def value(
        self, attribute: str | None, name: str, value: SourceNode, kind: Any, scale: Scale | None, place: Place
    ) -> dict[str, str]:
        """Return a value as one or two attributes.

        Args:
            attribute: What it is called there; None if there is nothing for it.
            name: What it is called here.
            value: What was written.
            kind: The type of what it is for.
            scale: How it is written there.
            place: Where it stands.
        """
        exact = {f"{EXACT}{name}": flow(value, "'")}
        if attribute is None:
            return exact
        parameters = place.frame.definition.parameters
        if given := reference(value):
            parameter = parameters.get(given)
            plain = scale is None or _type_word(parameter) in scale.plain
            return {attribute: place.name(given, None if plain else scale)}
        if key := key_name(value):
            if key in parameters:
                message = f"the key '{key}' and the parameter '${key}' are one name in XML"
                self._problems.add(value.mark, message, expected="another name for the key")
            return {attribute: place.name(key)}
        text = written(value, scale)
        if text is None:
            return exact
        there = read_back(text, kind, scale, value.mark)
        return {attribute: text} if same(value, there, kind) else {attribute: text, **exact}

    @staticmethod
    def _name(options: MapNode) -> dict[str, str]:
        name = options.get("name")
        if name is None:
            return {}
        if isinstance(name, ScalarNode) and not reference(name) and can_be_written(name.text):
            return {"name": name.text}
        return {f"{EXACT}name": flow(name, "'")}

    def _prompt(self, options: MapNode, place: Place) -> dict[str, str]:
        prompt = options.get("prompt")
        return self.value("_prompt", "prompt", prompt, str, None, place) if prompt else {}


def _is_number(node: ScalarNode) -> bool:
    return node.plain and read_value(node, float, Problems()) is not INVALID


def _type_word(parameter: Parameter | None) -> str:
    return port_type(parameter.value.kind) if parameter and parameter.value else ""
