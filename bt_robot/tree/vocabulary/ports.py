"""The typed ports of a leaf, and the blackboard slots that they are bound to.

A port is a class attribute of a leaf. On the leaf itself it reads and writes like a plain attribute
of its type; behind it is a literal from the tree file, or a slot of the tree's blackboard. Slots are
found when the tree is built, so that nothing is looked up by name during a tick.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar, overload

from bt_robot.config.values import Rule, kind_name
from bt_robot.errors import PortError
from bt_robot.tree.vocabulary.kinds import check_readable, narrowed
from bt_robot.tree.vocabulary.slot import Slot

if TYPE_CHECKING:
    from typing_extensions import TypeForm  # types that are no classes: float | None, Literal["a", "b"]

T = TypeVar("T")


class _Required:
    """The type of REQUIRED."""


REQUIRED: Final = _Required()
"""The default of an input that has none."""


class Port(Generic[T]):
    """What inputs and outputs have in common.

    Attributes:
        name: The key in tree files: the attribute's name, without the `_` that sets a Python word like `while_` apart.
        attribute: The attribute's name.
        kind: The type with its range, as `read_value` takes it.
        doc: What the value means, with its unit.
    """

    def __init__(self, kind: TypeForm[T], rule: Rule) -> None:
        check_readable(kind)
        self.attribute = ""
        self.name = ""
        self.kind: Any = narrowed(kind, rule)
        self.doc = rule.doc

    def __set_name__(self, owner: type, name: str) -> None:
        self.attribute = name
        self.name = name.removesuffix("_")

    def bind(self, leaf: object, value: object) -> None:
        """Put a literal or a Slot behind the port of one leaf."""
        leaf.__dict__[self.attribute] = value

    def slot(self, leaf: object) -> Slot | None:
        """Return what is behind the port of one leaf: when was it written, how often? None for a literal."""
        value = leaf.__dict__[self.attribute]
        return value if type(value) is Slot else None

    @property
    def expected(self) -> str:
        """The values that the port takes, in words."""
        return kind_name(self.kind)

    def expected_as(self, name: str) -> str:
        """Return what a tree file may give under a name."""
        return self.expected


class Input(Port[T]):
    """A value that a leaf reads.

    Attributes:
        default: The value when the tree file gives none, or REQUIRED.
        only_key: Whether the tree file must bind it to a key, and can't give a value.
    """

    def __init__(
        self,
        kind: TypeForm[T],
        *,
        doc: str,
        default: T | _Required = REQUIRED,
        minimum: float = -math.inf,
        maximum: float = math.inf,
        length: int | None = None,
        only_key: bool = False,
    ) -> None:
        """Declare an input; without a default it must be given.

        Args:
            kind: bool, int, float, str, Literal, `tuple[X, ...]`, one of them `| None`, or Value for any of them.
            doc: What the value means, with its unit.
            default: The value when none is given.
            minimum: Lowest number allowed.
            maximum: Highest number allowed.
            length: Exact number of list items.
            only_key: The leaf is about the key itself, e.g. whether it was written.

        Raises:
            TypeError: The type can't be written in a tree file.
        """
        super().__init__(kind, Rule(doc=doc, minimum=minimum, maximum=maximum, length=length))
        self.default = default
        self.only_key = only_key
        self._low, self._high, self._length = minimum, maximum, length

    def expected_as(self, name: str) -> str:
        """Return what a tree file may give under a name: a value, unless it must be a key."""
        return _key_such_as(name) if self.only_key else self.expected

    @property
    def required(self) -> bool:
        """Whether the tree file must give a value."""
        return self.default is REQUIRED

    @overload
    def __get__(self, leaf: None, owner: type) -> Self: ...
    @overload
    def __get__(self, leaf: object, owner: type) -> T: ...
    def __get__(self, leaf: object | None, owner: type) -> Self | T:
        """Return the value: the literal, or what the bound slot holds.

        Raises:
            PortError: Nothing was written to the slot yet, or something outside the port's range.
        """
        if leaf is None:
            return self
        value: Any = leaf.__dict__[self.attribute]
        if type(value) is not Slot:
            return value
        held = value.read()
        if (
            type(held) is float and self._low <= held <= self._high
        ):  # by far the most, and inputs are read in every tick
            return held  # pyright: ignore[reportReturnType]
        return self._checked(held, value)

    def __set__(self, leaf: object, value: T) -> None:
        """Refuse.

        Raises:
            AttributeError: Always; a leaf does not change its inputs.
        """
        raise AttributeError(f"'{self.name}' is an input: it can't be set")

    def _checked(self, held: Any, slot: Slot) -> Any:
        items = held if isinstance(held, tuple) else (held,)
        wrong = any(isinstance(n, (int, float)) and not self._low <= n <= self._high for n in items)
        if wrong or (isinstance(held, tuple) and self._length not in (None, len(held))):
            raise PortError(f"the key '{slot.key}' holds {held}, but {self.name} is {self.expected}")
        return held


class Output(Port[T]):
    """A value that a leaf writes; the tree file may bind it to a key or leave it.

    Attributes:
        required: Whether the tree file must bind it.
        like: The input whose type it has, among those that `kind` allows; empty for none.
        item_of: The input of whose items it has the type; empty for none.
        unsets: Whether the leaf takes the value away instead of writing one.
    """

    def __init__(
        self,
        kind: TypeForm[T],
        *,
        doc: str,
        required: bool = False,
        like: str = "",
        item_of: str = "",
        unsets: bool = False,
    ) -> None:
        """Declare an output.

        Args:
            kind: bool, int, float, str, Literal, `tuple[X, ...]`, one of them `| None`, or Value for any of them.
            doc: What the value means, with its unit.
            required: Whether the leaf is of no use without a key to write to.
            like: The name of an input of the same leaf: what is written has the type of what that was given.
            item_of: The same, but of one item of the list that it was given.
            unsets: The leaf makes the key one that nothing was written to.

        Raises:
            TypeError: The type can't be written in a tree file, so no input could read it.
        """
        super().__init__(kind, Rule(doc=doc))
        self.required = required
        self.like = like
        self.item_of = item_of
        self.unsets = unsets

    @overload
    def __get__(self, leaf: None, owner: type) -> Self: ...
    @overload
    def __get__(self, leaf: object, owner: type) -> T: ...
    def __get__(self, leaf: object | None, owner: type) -> Self | T:
        """Return what was written last.

        Raises:
            PortError: Nothing was written yet.
        """
        if leaf is None:
            return self
        slot: Slot = leaf.__dict__[self.attribute]
        return slot.read()

    def expected_as(self, name: str) -> str:
        """Return what a tree file may give under a name: a key."""
        return _key_such_as(name)

    def __set__(self, leaf: object, value: T) -> None:
        """Write a value to the bound slot."""
        slot: Slot = leaf.__dict__[self.attribute]
        slot.write(value)


def _key_such_as(name: str) -> str:
    return f'a blackboard key such as "{{{name}}}"'
