"""Type annotations of ports: how a range narrows them, and which fits into which."""

from __future__ import annotations

import types
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Never, Union, get_args, get_origin

from bt_robot.config.values import Rule, kind_name

_List = tuple[bool, ...] | tuple[int, ...] | tuple[float, ...] | tuple[str, ...]
Value = Annotated[
    bool | int | float | str | _List, Rule(words="a value: text, a number, true or false, or a list of them")
]
"""The type of a port that takes whatever can be written in a tree file; its type is that of what it is given."""


def narrowed(kind: Any, rule: Rule) -> Any:
    """Return a type annotation with a rule at the place where `read_value` looks for it.

    Args:
        kind: bool, int, float, str, Literal, `tuple[X, ...]`, or a union of them and None.
        rule: The range of the numbers in it, and the number of list items.
    """
    if kind == Value:
        return kind
    if _is_union(kind):
        return Union[tuple(narrowed(member, rule) for member in get_args(kind))]  # noqa: UP007 - made at run time
    if kind is type(None):
        return kind
    if get_origin(kind) is tuple:
        item = Annotated[get_args(kind)[0], Rule(minimum=rule.minimum, maximum=rule.maximum)]
        return Annotated[tuple[item, ...], Rule(doc=rule.doc, length=rule.length)]
    return Annotated[kind, rule]


def check_readable(kind: Any) -> None:
    """Check that a port may have this type.

    Raises:
        TypeError: Values of the type can't be written in a tree file.
    """
    kind = _bare(kind)
    if _is_union(kind):
        for member in get_args(kind):
            if member is not type(None):
                check_readable(member)
    elif get_origin(kind) is tuple:
        arguments = get_args(kind)
        if len(arguments) != 2 or arguments[1] is not Ellipsis:
            raise TypeError(f"a port can't be of type {kind}; a list is tuple[X, ...]")
        check_readable(arguments[0])
    elif get_origin(kind) is not Literal and kind not in (bool, int, float, str):
        raise TypeError(f"a port can't be of type {kind}; use bool, int, float, str, Literal, tuple[X, ...] or | None")


def fits(kind: Any, into: Any) -> bool:
    """Whether every value of one type may stand where another is expected."""
    kind, into = _bare(kind), _bare(into)
    if kind is Never:  # an item of an empty list
        return True
    if _is_union(kind):
        return all(fits(member, into) for member in get_args(kind))
    if _is_union(into):
        return any(fits(kind, member) for member in get_args(into))
    if get_origin(kind) is Literal:
        choices = get_args(kind)
        if get_origin(into) is Literal:
            return set(choices) <= set(get_args(into))
        return all(type(choice) is into for choice in choices)
    if get_origin(kind) is tuple and get_origin(into) is tuple:
        return fits(get_args(kind)[0], get_args(into)[0])
    return kind == into or (kind is int and into is float)


def may_fit(kind: Any, into: Any) -> bool:
    """Whether some values of one type may stand where another is expected."""
    into = _bare(into)
    if _is_union(into):
        return any(may_fit(kind, member) for member in get_args(into))
    return fits(kind, into) or fits(into, kind)


def kind_of(value: object) -> Any:
    """Return the type of a value that was read from a tree file; the items of an empty list have none."""
    if isinstance(value, tuple):
        return tuple[type(value[0]) if value else Never, ...]  # pyright: ignore[reportUnknownArgumentType]
    return type(value)


def may_be(kind: Any, value: object) -> bool:
    """Whether something of a type may be equal to a value."""
    kind = _bare(kind)
    if _is_union(kind):
        return any(may_be(member, value) for member in get_args(kind))
    if get_origin(kind) is Literal:
        return any(type(choice) is type(value) and choice == value for choice in get_args(kind))
    return fits(kind_of(value), kind)


def in_words(kind: Any) -> str:
    """Say what is expected for a type, as a person would."""
    return kind_name(kind)


def choices_of(kind: Any) -> tuple[str, ...]:
    """Return the words that a type consists of; none for a type that is no choice of words."""
    kind = _bare(kind)
    if _is_union(kind):
        return tuple(word for member in get_args(kind) for word in choices_of(member))
    return tuple(str(choice) for choice in get_args(kind)) if get_origin(kind) is Literal else ()


def item_kind(kind: Any) -> Any:
    """Return the type of the items of a list, also of one that may be missing; None if it is no list."""
    kind = _bare(kind)
    if get_origin(kind) is tuple:
        return get_args(kind)[0]
    return joined(item for part in get_args(kind) if (item := item_kind(part)) is not None) if _is_union(kind) else None


def joined(kinds: Iterable[Any]) -> Any:
    """Return a type that all the types fit into; None for none."""
    whole: Any = None
    for kind in kinds:
        if whole is None or fits(whole, kind):
            whole = kind
        elif not fits(kind, whole):
            whole = _bare(whole) | _bare(kind)
    return whole


def _bare(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType)
