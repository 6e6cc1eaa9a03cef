"""A tree or subtree file as read: what it declares, and the source of its root node."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bt_robot.config.problems import Mark, Problems
from bt_robot.config.source import ListNode, MapNode, ScalarNode, SourceNode
from bt_robot.config.values import INVALID, describe, is_null, read_value
from bt_robot.errors import Code
from bt_robot.tree.language.parameters import Parameter, read_parameters
from bt_robot.tree.vocabulary.words import NAME, NAME_EXPECTED, references

_KEYS = {
    "tree": ("tree", "description", "include", "prompt", "expects", "root"),
    "subtree": ("subtree", "description", "include", "parameters", "root"),
}
_ALL_KEYS = sorted({*_KEYS["tree"], *_KEYS["subtree"]})


@dataclass(frozen=True, slots=True)
class Definition:
    """A tree or a subtree as its file declares it.

    Attributes:
        kind: `tree` or `subtree`.
        name: Its name; empty when the file gives none that can be used.
        mark: Where it is named.
        root: The source of its root node; None when it is missing.
        description: What it is for.
        prompt: The source of the tree-wide prompt, or None.
        parameters: What a subtree takes.
        expects: What a simulation of a tree checks at the end.
        includes: The files to include, each with its place.
    """

    kind: str
    name: str
    mark: Mark
    root: SourceNode | None
    description: str = ""
    prompt: SourceNode | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict[str, Parameter])
    expects: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    includes: tuple[tuple[str, Mark], ...] = ()


def read_definition(node: SourceNode, taken: Collection[str], problems: Problems) -> Definition | None:
    """Read a file's header; None when the file is no mapping (the problem is noted).

    Args:
        node: The whole file.
        taken: Words that a subtree can't be called by, because they are node types.
        problems: Where problems are noted.
    """
    if not isinstance(node, MapNode):
        problems.add(
            node.mark,
            f"the file is {describe(node)}",
            expected="a mapping with 'tree: name' and 'root'",
            code=Code.WRONG_TYPE,
        )
        return None
    if node.get("robot") and node.get("policy"):
        hint = "it goes to --config"
        problems.add(node.mark, "the file is a config", expected="a tree", hint=hint, code=Code.WRONG_TYPE)
        return None
    kinds = [key for key, _ in node.entries if key.text in _KEYS]
    kind = kinds[0].text if kinds else "subtree" if node.get("parameters") else "tree"
    meant: set[str] = set()
    for key, _ in node.entries:
        if key.text not in _ALL_KEYS:
            known = _KEYS[kind] if kinds else _ALL_KEYS
            meant.add(problems.unknown(key.mark, "key", key.text, known, code=Code.UNKNOWN_KEY))
        elif key.text not in (*_KEYS[kind], "tree", "subtree"):
            problems.add(
                key.mark,
                f"a {kind} has no '{key.text}'",
                expected=f"one of {', '.join(_KEYS[kind])}",
                code=Code.UNKNOWN_KEY,
            )
    if kinds[1:] or not (kinds or meant & _KEYS.keys()):
        _note_kind(kinds, node, problems)
    root = node.get("root")
    if root is None or is_null(root):
        if root is not None or "root" not in meant:
            mark = root.mark if root else node.mark
            problems.add(mark, "'root' is missing", expected="a node", code=Code.MISSING_KEY)
        root = None
    named = node.get(kind)
    parameters = read_parameters(node.get("parameters"), problems) if kind == "subtree" else {}
    used = references(root)
    for parameter in parameters.values():
        # A declared prompt reaches the leaves below it without being named.
        if root is not None and parameter.name not in used and parameter.name != "prompt":
            problems.add(
                parameter.mark,
                f"parameter '{parameter.name}' is not used",
                expected=f"'${parameter.name}'",
                code=Code.UNUSED,
            )
    return Definition(
        kind=kind,
        name=_read_name(named, kind, taken, problems) if named else "",
        mark=named.mark if named else node.mark,
        root=root,
        description=_text(node, "description", problems),
        prompt=node.get("prompt") if kind == "tree" else None,
        parameters=parameters,
        expects=_read_expects(node, problems) if kind == "tree" else {},
        includes=_read_includes(node, problems),
    )


def _note_kind(given: Sequence[ScalarNode], node: MapNode, problems: Problems) -> None:
    what = "both 'tree' and 'subtree' are given" if given else "neither 'tree' nor 'subtree' is given"
    problems.add(
        given[1].mark if given else node.mark,
        what,
        expected="either 'tree: name' or 'subtree: name'",
        code=Code.MISSING_KEY,
    )


def _read_name(node: SourceNode, kind: str, taken: Collection[str], problems: Problems) -> str:
    if not isinstance(node, ScalarNode) or is_null(node) or not NAME.match(node.text):
        problems.add(node.mark, f"{kind}: {describe(node)}", expected=NAME_EXPECTED, code=Code.BAD_NAME)
        return ""
    if read_value(node, str, problems, kind) is INVALID:  # on, true: words that are no text to YAML
        return ""
    if kind == "subtree" and node.text in taken:
        problems.add(
            node.mark, f"subtree: '{node.text}' is a node type already", expected="another name", code=Code.BAD_NAME
        )
        return ""
    return node.text


def _text(node: MapNode, key: str, problems: Problems) -> str:
    value = node.get(key)
    return (read_value(value, str, problems, key) or "") if value else ""


def _read_expects(node: MapNode, problems: Problems) -> dict[str, tuple[str, ...]]:
    value = node.get("expects")
    expects = read_value(value, Mapping[str, tuple[str, ...]], problems, "expects") if value else {}
    return {} if expects is INVALID else expects


def _read_includes(node: MapNode, problems: Problems) -> tuple[tuple[str, Mark], ...]:
    value = node.get("include")
    if isinstance(value, ListNode):
        names = [read_value(item, str, problems, f"include[{i}]") for i, item in enumerate(value.items)]
        marks = [item.mark for item in value.items]
        return tuple((name, mark) for name, mark in zip(names, marks, strict=True) if name is not INVALID)
    files = value.text.replace(",", " ").split() if isinstance(value, ScalarNode) else []
    if value is not None and files and all(file.endswith(".yaml") for file in files):
        hint = f"write [{', '.join(files)}]"
        problems.add(
            value.mark, f"include: {describe(value)}", expected="a list of texts", hint=hint, code=Code.WRONG_TYPE
        )
        return tuple((file, value.mark) for file in files)  # what is meant is clear, so its own mistakes are found too
    if value is not None:
        read_value(value, tuple[str, ...], problems, "include")
    return ()
