"""Node types as JSON Schema: what each takes, where its children stand, and what it does, in its own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bt_robot.tree.language.header import Definition
from bt_robot.tree.language.parameters import Parameter
from bt_robot.tree.schema.values import Schema, pattern, port_schema, text_schema
from bt_robot.tree.vocabulary.built_in import ALIASES, BUILT_IN
from bt_robot.tree.vocabulary.leaf import Leaf
from bt_robot.tree.vocabulary.node_type import BuiltIn
from bt_robot.tree.vocabulary.registry import Registry
from bt_robot.tree.vocabulary.words import NAME, REFERENCE

_NAME: Final = {
    "description": "What the node is called in paths; its type by default.",
    "type": "string",
    "pattern": pattern(NAME.pattern, REFERENCE.pattern),
}
_PROMPT: Final = {"description": "What the policy queries below are asked, unless they say it themselves."}
_CASES: Final = {
    "description": "The node to run for each value.",
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"pattern": "^[^${]"},
}


class NodeSchemas:
    """The definitions of all node types, and of any node.

    Attributes:
        node: What refers to the definition of any node.
        definitions: The schemas by name.
    """

    def __init__(
        self, registry: Registry, subtrees: Mapping[str, Definition], *, open_: bool, suffix: str = ""
    ) -> None:
        """Describe the node types.

        Args:
            registry: The leaves.
            subtrees: The subtrees that may be called.
            open_: Whether other words may be called, too, because includes may bring them.
            suffix: What is added to the names of definitions that lead to `node`.
        """
        self.node: Schema = {"$ref": f"#/definitions/node{suffix}"}
        self._bare: list[str] = []
        self._typed: Schema = {}
        self.definitions: Schema = {}
        for built_in in BUILT_IN.values():
            self._add(built_in.type + suffix, self._built_in(built_in), built_in.type)
        for alias, word in ALIASES.items():
            self._typed[alias] = {"$ref": f"#/definitions/{word}{suffix}"}
        for word, leaf in registry.leaves.items():
            self._add(word, _leaf(leaf), word, *(alias for alias, of in registry.aliases.items() if of == word))
        for word, subtree in subtrees.items():
            self._add(word + suffix, self._call(subtree), word)
        self.definitions[f"node{suffix}"] = self._any(open_)

    def _add(self, name: str, schema: Schema, *words: str) -> None:
        self.definitions[name] = schema
        self._typed |= {word: {"$ref": f"#/definitions/{name}"} for word in words}
        if "null" in schema.get("type", ()):
            self._bare += words

    def _any(self, open_: bool) -> Schema:
        called = {"description": "A subtree that an included file declares.", "type": ["object", "null"]}
        words: Schema = {"enum": self._bare}
        if open_:
            never_bare = [word for word in self._typed if word not in self._bare]
            words = {"type": "string", "pattern": pattern(NAME.pattern), "not": {"enum": never_bare}}
        return {
            "description": "A node: the word for its type, or one type with its parameters or children.",
            "anyOf": [
                words,
                {"type": "string", "pattern": pattern(REFERENCE.pattern)},
                {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": 1,
                    "propertyNames": {"pattern": pattern(NAME.pattern)},
                    "properties": self._typed,
                    "additionalProperties": called if open_ else False,
                },
            ],
        }

    def _built_in(self, built_in: BuiltIn) -> Schema:
        form = built_in.children
        children = {"type": "array", "items": self.node, "minItems": 1}
        properties: Schema = {"name": _NAME, "prompt": {**_PROMPT, **text_schema()}}
        for word in form.words:
            properties[word] = self.node
        if form.form == "list":
            properties["children"] = children
        if form.form == "cases":
            properties["cases"] = {**_CASES, "additionalProperties": self.node}
        for name, port in built_in.ports.items():
            properties[name] = port_schema(port, keyed=name in built_in.keyed)
        required = [word for word in form.words if word not in form.optional]
        required += [name for name, port in built_in.ports.items() if port.required]
        body = _body(properties, required)
        words = {"description": f"{built_in.doc}\n\nWhen halted: {built_in.on_halt}"}
        if form.form == "list" and required == ["children"]:
            return {**words, "anyOf": [children, body]}
        return {**words, **body}

    def _call(self, subtree: Definition) -> Schema:
        properties: Schema = {"name": _NAME, "prompt": {**_PROMPT, **text_schema()}}
        required: list[str] = []
        for name, parameter in subtree.parameters.items():
            properties[name] = self._argument(parameter)
            if parameter.required and name != "prompt":  # a prompt may come from above
                required.append(name)
        return {"description": subtree.description, **_body(properties, required)}

    def _argument(self, parameter: Parameter) -> Schema:
        words = {"description": parameter.doc} if parameter.doc else {}
        if parameter.is_node:
            return {**words, "allOf": [self.node]}
        if parameter.value is None:
            return words
        return port_schema(parameter.value, keyed=True, only_key=parameter.direction != "in")


def _leaf(leaf: type[Leaf]) -> Schema:
    properties: Schema = {"name": _NAME}
    for name, port in leaf.ports.items():
        properties[name] = port_schema(port, keyed=True)
    required = [name for name, port in leaf.ports.items() if port.required and name != "prompt"]
    return {"description": _paragraphs(leaf.__doc__ or ""), **_body(properties, required)}


def _body(properties: Schema, required: list[str]) -> Schema:
    """Return what is written under a type; nothing has to be when nothing is required."""
    schema: Schema = {"type": "object" if required else ["object", "null"], "properties": properties}
    return {**schema, "additionalProperties": False, **({"required": required} if required else {})}


def _paragraphs(docstring: str) -> str:
    return "\n\n".join(" ".join(block.split()) for block in docstring.strip().split("\n\n"))
