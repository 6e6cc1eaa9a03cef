"""The typed ports of a leaf, and the blackboard slots that they are bound to.

A port is a class attribute of a leaf. On the leaf itself it reads and writes like a plain attribute
of its type; behind it is a literal from the tree file, or a slot of the tree's blackboard. Slots are
found when the tree is built, so that nothing is looked up by name during a tick.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar, cast, overload

from bt_robot.config.values import Rule, kind_name
from bt_robot.errors import PortError
from bt_robot.tree.vocabulary.kinds import check_readable, narrowed

if TYPE_CHECKING:
    from typing_extensions import TypeForm  # types that are no classes: float | None, Literal["a", "b"]

T = TypeVar("T")


class _Required:
    """The type of REQUIRED."""


REQUIRED: Final = _Required()
"""The default of an input that has none."""


class Slot:
    """One value of a tree's blackboard.

    Attributes:
        key: The key, as written in the tree file.
    """

    __slots__ = ("_value", "_written", "key")

    def __init__(self, key: str) -> None:
        self.key = key
        self._value: Any = None
        self._written = False

    def read(self) -> Any:
        """Return what was written last.

        Raises:
            PortError: Nothing was written yet.
        """
        if not self._written:
            raise PortError(f"nothing was written to the key '{self.key}' yet")
        return self._value

    def write(self, value: object) -> None:
        """Keep a value."""
        self._value = value
        self._written = True


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

    @property
    def expected(self) -> str:
        """The values that the port takes, in words."""
        return kind_name(self.kind)


class Input(Port[T]):
    """A value that a leaf reads.

    Attributes:
        default: The value when the tree file gives none, or REQUIRED.
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
    ) -> None:
        """Declare an input; without a default it must be given.

        Args:
            kind: bool, int, float, str, Literal, `tuple[X, ...]`, or one of them `| None`.
            doc: What the value means, with its unit.
            default: The value when none is given.
            minimum: Lowest number allowed.
            maximum: Highest number allowed.
            length: Exact number of list items.

        Raises:
            TypeError: The type can't be written in a tree file.
        """
        super().__init__(kind, Rule(doc=doc, minimum=minimum, maximum=maximum, length=length))
        self.default = default
        self._range = (minimum, maximum)

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
            PortError: Nothing was written to the slot yet, or a number outside the port's range.
        """
        if leaf is None:
            return self
        value = leaf.__dict__[self.attribute]
        return cast(T, self._from_slot(value)) if type(value) is Slot else value

    def __set__(self, leaf: object, value: T) -> None:
        """Refuse.

        Raises:
            AttributeError: Always; a leaf does not change its inputs.
        """
        raise AttributeError(f"'{self.name}' is an input: it can't be set")

    def _from_slot(self, slot: Slot) -> Any:
        value = slot.read()
        low, high = self._range
        numbers = value if isinstance(value, tuple) else (value,)
        if any(isinstance(n, (int, float)) and not low <= n <= high for n in numbers):
            raise PortError(f"the key '{slot.key}' holds {value}, but {self.name} is {self.expected}")
        return value


class Output(Port[T]):
    """A value that a leaf writes; the tree file may bind it to a key or leave it."""

    def __init__(self, kind: TypeForm[T], *, doc: str) -> None:
        """Declare an output.

        Args:
            kind: bool, int, float, str, Literal, `tuple[X, ...]`, or one of them `| None`.
            doc: What the value means, with its unit.

        Raises:
            TypeError: The type can't be written in a tree file, so no input could read it.
        """
        super().__init__(kind, Rule(doc=doc))

    @overload
    def __get__(self, leaf: None, owner: type) -> Self: ...
    @overload
    def __get__(self, leaf: object, owner: type) -> T: ...
    def __get__(self, leaf: object | None, owner: type) -> Self | T:
        """Return what was written last.

        Raises:
            PortError: Nothing was written yet.
        """
        return self if leaf is None else cast(Slot, leaf.__dict__[self.attribute]).read()

    def __set__(self, leaf: object, value: T) -> None:
        """Write a value to the bound slot."""
        cast(Slot, leaf.__dict__[self.attribute]).write(value)
