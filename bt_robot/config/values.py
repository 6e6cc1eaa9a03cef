"""Source nodes as typed values: strict, with every problem noted at its place.

A type annotation says what is expected, `Annotated[float, Rule(minimum=0.0)]` narrows it. Numbers are
decimal and finite: `.nan`, `0x10`, `010` and `1:30` are refused instead of guessed at. Text that
looks like a number or a truth value must be quoted where text is expected.
"""

from __future__ import annotations

import dataclasses
import math
import re
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from bt_robot.config.problems import Mark, Problems
from bt_robot.config.source import ListNode, MapNode, ScalarNode, SourceNode
from bt_robot.errors import Code, PluginError

T = TypeVar("T")

_INT = re.compile(r"[+-]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[+-]?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][+-]?[0-9]+)?\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_RESERVED = frozenset({"true", "false", "yes", "no", "on", "off"}) | {n.lower() for n in _NULLS}


class _Invalid:
    """The type of INVALID."""

    def __bool__(self) -> bool:
        return False


INVALID: Final = _Invalid()
"""Returned instead of a value when a problem was noted; never a legal value."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What narrows a type, and the words that explain a value.

    Attributes:
        doc: What the value means, with its unit.
        minimum: Lowest number allowed.
        maximum: Highest number allowed.
        length: Exact number of list items.
        aliases: Other words for the key, e.g. those of an older config.
        words: What is expected, where the type would say it clumsily.
    """

    doc: str = ""
    minimum: float = -math.inf
    maximum: float = math.inf
    length: int | None = None
    aliases: tuple[str, ...] = ()
    words: str = ""


_NO_RULE: Final = Rule()


@dataclass(frozen=True, slots=True)
class Tagged:
    """Chooses a dataclass by the word under a key, e.g. `type: sim`.

    Attributes:
        key: The key that holds the word.
        choices: The dataclass for each word.
        default: The word meant when the key is missing; empty if it must be there.
    """

    key: str
    choices: Mapping[str, type]
    default: str = ""


def kind_name(kind: Any) -> str:
    """Say what is expected for a type annotation, as a person would."""
    if (tagged := _tagged(kind)) is not None:
        return f"a mapping with {tagged.key}: {' or '.join(tagged.choices)}"
    whole = kind
    kind, rule = _unwrap(kind)
    if rule.words:
        return rule.words
    origin = get_origin(kind)
    if origin is Literal:
        words = [str(choice) for choice in get_args(kind)]
        return f"one of {', '.join(words)}" if len(words) > 1 else f"'{words[0]}'"
    if origin in (Union, types.UnionType):
        return " or ".join(kind_name(choice) for choice in _alternatives(whole))
    if origin is tuple:
        count = "" if rule.length is None else f"{rule.length} "
        return f"a list of {count}{_plural(get_args(kind)[0])}"
    if dataclasses.is_dataclass(kind) or origin in (dict, Mapping):
        return "a mapping"
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    text = names.get(kind, getattr(kind, "__name__", str(kind)))
    return text + _range_text(rule)


def _plural(kind: Any) -> str:
    return {float: "numbers", int: "whole numbers", str: "texts"}.get(_unwrap(kind)[0], "values")


def _range_text(rule: Rule) -> str:
    if rule.minimum > -math.inf and rule.maximum < math.inf:
        return f" from {rule.minimum:g} to {rule.maximum:g}"
    if rule.minimum > -math.inf:
        return f" of at least {rule.minimum:g}"
    return f" of at most {rule.maximum:g}" if rule.maximum < math.inf else ""


def _unwrap(kind: Any) -> tuple[Any, Rule]:
    if get_origin(kind) is Annotated:
        return kind.__origin__, _extra(kind, Rule) or _NO_RULE
    return kind, _NO_RULE


def _extra(kind: Any, wanted: type[T]) -> T | None:
    """Return what a type is annotated with, of one class; a plain loop, as reading values is most of a load."""
    for extra in kind.__metadata__ if get_origin(kind) is Annotated else ():
        if isinstance(extra, wanted):
            return extra
    return None


def read_value(node: SourceNode, kind: Any, problems: Problems, what: str = "value") -> Any:
    """Read a node as a value of a type, or note why it can't be and return INVALID.

    Args:
        node: What was written.
        kind: A type annotation: bool, int, float, str, Literal, Optional or union, `tuple[X, ...]`,
            `Mapping[str, X]`, a dataclass, or any of them in `Annotated[…, Rule(…)]`.
        problems: Where problems are noted.
        what: The name of the value in messages.
    """
    if (tagged := _tagged(kind)) is not None:
        return _read_tagged(node, tagged, problems, what)
    inner, rule = _unwrap(kind)
    origin = get_origin(inner)
    if origin in (Union, types.UnionType):
        return _read_union(node, kind, problems, what)
    if dataclasses.is_dataclass(inner) and isinstance(inner, type):
        return bind(inner, node, problems, what)
    if origin is tuple:
        return _read_list(node, kind, get_args(inner)[0], rule, problems, what)
    if origin in (dict, Mapping):
        return _read_mapping(node, kind, get_args(inner)[1], problems, what)
    return _read_scalar(node, kind, problems, what)


def _wrong(
    node: SourceNode, kind: Any, problems: Problems, what: str, hint: str = "", code: Code = Code.WRONG_TYPE
) -> _Invalid:
    problems.add(node.mark, f"{what}: {describe(node)}", expected=kind_name(kind), hint=hint, code=code)
    return INVALID


def describe(node: SourceNode) -> str:
    """Say what was written, shortened."""
    if isinstance(node, ListNode):
        return f"a list of {len(node.items)}"
    if isinstance(node, MapNode):
        return "a mapping"
    if node.plain and node.text in _NULLS:
        return "nothing"
    return repr(node.text if len(node.text) <= 60 else node.text[:57] + "...")


def is_null(node: SourceNode) -> bool:
    """Whether a node is an empty value."""
    return isinstance(node, ScalarNode) and node.plain and node.text in _NULLS


def _tagged(kind: Any) -> Tagged | None:
    return _extra(kind, Tagged)


def _read_tagged(node: SourceNode, tagged: Tagged, problems: Problems, what: str) -> Any:
    if not isinstance(node, MapNode):
        return _wrong(node, dict[str, Any], problems, what)
    word = node.get(tagged.key)
    text = tagged.default if word is None else word.text if isinstance(word, ScalarNode) else describe(word)
    if text not in tagged.choices:
        problems.unknown(word.mark if word else node.mark, f"{what}.{tagged.key}", text, tagged.choices)
        return INVALID
    try:
        chosen = tagged.choices[text]
    except PluginError as error:
        problems.add(word.mark if word else node.mark, str(error))
        return INVALID
    rest = MapNode(tuple(entry for entry in node.entries if entry[0].text != tagged.key), node.mark)
    return bind(chosen, rest, problems, what)


def _alternatives(kind: Any) -> list[Any]:
    """Return the types of a union but None, each narrowed by the rule of the whole."""
    inner, rule = _unwrap(kind)
    kinds = [choice for choice in get_args(inner) if choice is not type(None)]
    return kinds if rule == _NO_RULE else [Annotated[choice, rule] for choice in kinds]


def _read_union(node: SourceNode, kind: Any, problems: Problems, what: str) -> Any:
    kinds = _alternatives(kind)
    if len(kinds) < len(get_args(_unwrap(kind)[0])) and is_null(node):
        return None
    if len(kinds) == 1:
        return read_value(node, kinds[0], problems, what)
    hint, code = "", Code.WRONG_TYPE
    likely = [choice for choice in kinds if _looks_like(node, choice)]
    for choice in (*likely, *(choice for choice in kinds if choice not in likely)):  # the others have the better hints
        trial = Problems()
        value = read_value(node, choice, trial, what)
        if not trial.found:
            return value
        hint = hint or (trial.found[0].hint if isinstance(node, ScalarNode) else "")
        code = Code.OUT_OF_RANGE if trial.found[0].code is Code.OUT_OF_RANGE else code
    return _wrong(node, kind, problems, what, hint, code)


def _looks_like(node: SourceNode, kind: Any) -> bool:
    """Whether a value may be of a type, at a glance."""
    inner, _ = _unwrap(kind)
    if not isinstance(node, ScalarNode):
        return inner not in (bool, int, float, str)
    if inner in (int, float):
        return node.plain and node.text[:1] in "+-.0123456789"
    return node.text in ("true", "false") if inner is bool else get_origin(inner) is not tuple


def _read_list(node: SourceNode, kind: Any, item: Any, rule: Rule, problems: Problems, what: str) -> Any:
    if not isinstance(node, ListNode):
        return _wrong(node, kind, problems, what)
    if rule.length is not None and len(node.items) != rule.length:
        return _wrong(node, kind, problems, what, code=Code.OUT_OF_RANGE)
    values = [read_value(n, item, problems, f"{what}[{i}]") for i, n in enumerate(node.items)]
    return INVALID if any(value is INVALID for value in values) else tuple(values)


def _read_mapping(node: SourceNode, kind: Any, item: Any, problems: Problems, what: str) -> Any:
    if not isinstance(node, MapNode):
        return _wrong(node, kind, problems, what)
    values = {key.text: read_value(n, item, problems, f"{what}.{key.text}") for key, n in node.entries}
    return INVALID if any(value is INVALID for value in values.values()) else values


def _read_scalar(node: SourceNode, kind: Any, problems: Problems, what: str) -> Any:
    if not isinstance(node, ScalarNode):
        return _wrong(node, kind, problems, what)
    inner, rule = _unwrap(kind)
    if get_origin(inner) is Literal:
        return _read_choice(node, inner, problems, what)
    if inner is str:
        return _read_text(node, kind, problems, what)
    if inner is bool:
        if node.plain and node.text in ("true", "false"):
            return node.text == "true"
        hint = "write true or false" if node.text.lower() in _RESERVED else ""
        return _wrong(node, kind, problems, what, hint)
    if inner not in (int, float):
        raise TypeError(f"no rule reads {inner!r}")
    pattern = _INT if inner is int else _FLOAT
    digits = any(char.isdigit() for char in node.text)
    if not (node.plain and digits and pattern.match(node.text)):
        hint = "remove the quotes" if not node.plain and pattern.match(node.text) and digits else ""
        return _wrong(node, kind, problems, what, hint)
    # As a float first: a whole number of hundreds of digits is none that Python calculates with, or even reads.
    if not (math.isfinite(float(node.text)) and rule.minimum <= (number := inner(node.text)) <= rule.maximum):
        return _wrong(node, kind, problems, what, code=Code.OUT_OF_RANGE)
    return number


def _read_choice(node: ScalarNode, kind: Any, problems: Problems, what: str) -> Any:
    choices = {str(choice): choice for choice in get_args(kind)}
    if node.text in choices:
        return choices[node.text]
    problems.unknown(node.mark, what, node.text, list(choices))
    return INVALID


def _read_text(node: ScalarNode, kind: Any, problems: Problems, what: str) -> Any:
    if node.plain and (node.text.lower() in _RESERVED or _FLOAT.match(node.text)):
        return _wrong(node, kind, problems, what, "" if is_null(node) else "quote it if it is meant as text")
    if _CONTROL.search(node.text):
        message = f"{what} holds a control character"
        problems.add(node.mark, message, expected="printable text", code=Code.WRONG_TYPE)
        return INVALID
    return node.text


def bind(cls: type[T], node: SourceNode, problems: Problems, what: str = "value") -> T | _Invalid:
    """Read a mapping as a frozen dataclass: unknown, missing and wrong fields are all noted.

    Args:
        cls: A dataclass; its annotations say what each key must be, its defaults what may be missing.
        node: What was written.
        problems: Where problems are noted.
        what: The name of the mapping in messages.
    """
    hints = get_type_hints(cls, include_extras=True)
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}  # type: ignore[arg-type]
    if not isinstance(node, MapNode):
        return _wrong(node, cls, problems, what)
    values: dict[str, Any] = {}
    meant: set[str] = set()
    aliases = {alias: name for name in fields for alias in _unwrap(hints[name])[1].aliases}
    for key, value in node.entries:
        name = aliases.get(key.text, key.text)
        if name not in fields:
            meant.add(problems.unknown(key.mark, "key", key.text, list(fields), code=Code.UNKNOWN_KEY))
        elif name in values and key.mark.file == node.mark.file:  # a --set of the other word replaces the file's value
            message = f"'{key.text}' is another word for '{name}', which is given, too"
            problems.add(key.mark, message, expected="one", code=Code.DUPLICATE_KEY)
        else:
            values[name] = read_value(value, hints[name], problems, key.text)
    missing = [name for name, f in fields.items() if name not in values and _required(f)]
    for name in missing:
        if name not in meant:  # it is there, but misspelt, which is told
            message = f"{what}: '{name}' is missing"
            problems.add(node.mark, message, expected=kind_name(hints[name]), code=Code.MISSING_KEY)
    if missing or any(value is INVALID for value in values.values()):
        return INVALID
    # A value that --set replaced is the one to look at, not the place where the mapping begins.
    mark = next((value.mark for _, value in node.entries if value.mark.file != node.mark.file), node.mark)
    return _construct(cls, values, mark, problems, what)


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _construct(cls: type[T], values: dict[str, Any], mark: Mark, problems: Problems, what: str) -> T | _Invalid:
    try:
        return cls(**values)
    except ValueError as error:  # a dataclass checks in __post_init__ what concerns several fields
        problems.add(mark, f"{what}: {error}")
        return INVALID
