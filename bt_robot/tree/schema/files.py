"""The JSON Schema of a whole tree file, made from the node types that there are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, get_args

from bt_robot.config.problems import Problems
from bt_robot.tree.language.files import Library
from bt_robot.tree.language.header import Definition
from bt_robot.tree.language.parameters import LIMITED, MAX_PARAMETERS, TYPES, Direction
from bt_robot.tree.schema.nodes import NodeSchemas
from bt_robot.tree.schema.values import Schema, kind_schema, pattern, text_schema
from bt_robot.tree.vocabulary.registry import Registry
from bt_robot.tree.vocabulary.words import IDENTIFIER, KEY, NAME, PORT_WORDS, REFERENCE

DIALECT: Final = "http://json-schema.org/draft-07/schema#"
"""The newest one that every editor's YAML support knows."""

TITLE: Final = "A behavior tree (bt_robot)"
_NAME: Final = {"type": "string", "pattern": pattern(NAME.pattern)}


def tree_schema(registry: Registry, subtrees: Mapping[str, Definition] | None = None) -> Schema:
    """Return the JSON Schema of tree files, draft 07.

    It says what the loader says of one file by itself. What it can't know is left to the loader: which keys are
    written and of what type they are, which parameters are declared, circles, and what included files hold.

    Args:
        registry: The leaves.
        subtrees: The subtrees that may be called; None if any word may be one in a file that includes others.
    """
    closed = NodeSchemas(registry, subtrees or {}, open_=False)
    rules, definitions = _file(closed.node, registry.words), closed.definitions
    if subtrees is None:
        including = NodeSchemas(registry, {}, open_=True, suffix="_or_call")
        rules = {"if": {"required": ["include"]}, "then": _file(including.node, registry.words), "else": rules}
        definitions |= including.definitions
    return {"$schema": DIALECT, "title": TITLE, "type": "object", **rules, "definitions": definitions}


def subtrees_in(folders: Sequence[Path], registry: Registry) -> dict[str, Definition]:
    """Return the subtrees that the YAML files in folders and below them declare; files with mistakes may be missing.

    Args:
        folders: Where to look.
        registry: The leaves, whose words no subtree can have.
    """
    library = Library(folders, registry.words, Problems())
    for folder in folders:
        for path in sorted(folder.rglob("*.yaml")):
            library.add_file(path)
    return library.subtrees


def schema_text(registry: Registry, subtrees: Mapping[str, Definition] | None = None) -> str:
    """Return the schema as it is kept in a file."""
    return json.dumps(tree_schema(registry, subtrees), indent=1, ensure_ascii=False) + "\n"


def _file(node: Schema, taken: Sequence[str]) -> Schema:
    return {"if": {"required": ["subtree"]}, "then": _subtree_file(node, taken), "else": _tree_file(node)}


def _tree_file(node: Schema) -> Schema:
    named = {"type": "object", "required": ["name"]}
    unnamed = {"not": {"type": "object", "minProperties": 1, "additionalProperties": named}}
    properties = {
        "tree": {"description": "The tree's name.", **_NAME},
        "prompt": {"description": "What all policy queries are asked, unless nodes below say it.", **text_schema()},
        "expects": {
            "description": "What a simulation checks at the end, e.g. in_container: [red].",
            "type": "object",
            "additionalProperties": {"type": "array", "items": text_schema()},
        },
        **_common(),
        "root": {"description": "The node that is run.", "allOf": [node, unnamed]},
    }
    return {"properties": properties, "required": ["tree", "root"], "additionalProperties": False}


def _subtree_file(node: Schema, taken: Sequence[str]) -> Schema:
    parameter = _parameter(node)
    declared = {
        "description": "What a call gives, as $name below.",
        "type": "object",
        "maxProperties": MAX_PARAMETERS,
        "propertyNames": {"pattern": pattern(IDENTIFIER.pattern), "not": {"enum": sorted(PORT_WORDS)}},
        "properties": {"prompt": {"allOf": [parameter, {"properties": {"type": {"const": "str"}}}]}},
        "additionalProperties": parameter,
    }
    properties = {
        "subtree": {"description": "The word that calls it.", **_NAME, "not": {"enum": list(taken)}},
        "parameters": declared,
        **_common(),
        "root": {"description": "The node that a call stands for.", "allOf": [node]},
    }
    return {"properties": properties, "required": ["subtree", "root"], "additionalProperties": False}


def _common() -> Schema:
    file = {"type": "string", "pattern": "\\.ya?ml$"}
    return {
        "description": {"description": "What it is for.", **text_schema()},
        "include": {
            "description": "Files whose subtrees are called, relative to this one or to the built-in trees.",
            "type": "array",
            "items": file,
        },
    }


def _parameter(node: Schema) -> Schema:
    properties = {
        "type": {"description": "What is taken.", "enum": list(TYPES)},
        "direction": {
            "description": "Whether the subtree reads what is given, writes it, or both; a key where it writes.",
            "enum": list(get_args(Direction)),
            "default": "in",
        },
        "default": {
            "description": "What stands for it when a call gives nothing.",
            "not": {"type": "string", "pattern": pattern(REFERENCE.pattern, KEY.pattern)},
        },
        "minimum": {"description": "The lowest number allowed.", "type": "number"},
        "maximum": {"description": "The highest number allowed.", "type": "number"},
        "doc": {"description": "What it means, with its unit.", **text_schema()},
    }
    written = {"properties": {"direction": {"enum": ["out", "inout"]}}, "required": ["direction"]}
    return {
        "type": "object",
        "properties": properties,
        "required": ["type"],
        "additionalProperties": False,
        "if": written,
        "then": {"not": {"required": ["default"]}},
        "allOf": [_of_type(word, kind, node, written) for word, kind in TYPES.items()],
    }


def _of_type(word: str, kind: object, node: Schema, written: Schema) -> Schema:
    """Return what holds for a parameter of one type."""
    refused = [] if word in LIMITED else [{"required": ["minimum"]}, {"required": ["maximum"]}]
    if kind is None:
        refused.append(written)
    default = node if kind is None else kind_schema(kind, keyed=True)
    then = {"properties": {"default": default}, **({"not": {"anyOf": refused}} if refused else {})}
    return {"if": {"properties": {"type": {"const": word}}, "required": ["type"]}, "then": then}
