"""The base classes of the leaves: what a node type that does something looks like."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from bt_robot.messages import Setup, TickContext
from bt_robot.tree.vocabulary.outcome import Outcome, success
from bt_robot.tree.vocabulary.ports import Input, Output
from bt_robot.tree.vocabulary.slot import Slot
from bt_robot.tree.vocabulary.words import IDENTIFIER, PORT_WORDS


class Leaf(ABC):
    """A node that does something or looks at something; derive from Action or Condition.

    A leaf keeps its own state between ticks and reaches the robot only through the tick context.
    Whatever it raises becomes its FAILURE.

    Attributes:
        type_name: The word for it in tree files.
        kind: `action` or `condition`.
        aliases: Other words for it, e.g. those of other libraries.
        btcpp: Its counterpart in BehaviorTree.CPP 4.10; empty if there is none.
        py_trees: Its counterpart in py_trees 2.6; empty if there is none.
        ports: Its ports by the words for them in tree files, in the order declared.
        leave_at_most_s: How long it may need to let go when it is halted [s]; then it is cut off.
    """

    type_name: ClassVar[str] = ""
    kind: ClassVar[str] = ""
    aliases: ClassVar[tuple[str, ...]] = ()
    btcpp: ClassVar[str] = ""
    py_trees: ClassVar[str] = ""
    ports: ClassVar[Mapping[str, Input[Any] | Output[Any]]] = MappingProxyType({})
    leave_at_most_s: ClassVar[float] = 1.0

    def __init_subclass__(cls) -> None:
        """Collect the ports.

        Raises:
            TypeError: The type's name or the name of a port can't be used in tree files.
        """
        super().__init_subclass__()
        own = [port for port in vars(cls).values() if isinstance(port, (Input, Output))]
        for port in own:
            if hasattr(Leaf, port.attribute) or port.name in PORT_WORDS or not IDENTIFIER.match(port.name):
                raise TypeError(f"{cls.__name__}: a port can't be called '{port.attribute}'")
        for word in (cls.type_name, *cls.aliases) if cls.type_name else ():
            if not IDENTIFIER.match(word):
                raise TypeError(f"{cls.__name__}: the type name '{word}' is not a word like 'move_to'")
        cls.ports = MappingProxyType({**cls.ports, **{port.name: port for port in own}})
        for name, port in cls.ports.items():
            like = (port.like or port.item_of) if isinstance(port, Output) else ""
            if like and not isinstance(cls.ports.get(like), Input):
                raise TypeError(f"{cls.__name__}: the output '{name}' is like '{like}', which is no input of it")

    def __init__(self, **values: object) -> None:
        """Bind the ports: an input to a value or a Slot, an output to a Slot or to nothing.

        Raises:
            TypeError: A value has no port, or a required input has no value.
        """
        for name in values:
            if name not in self.ports and name not in (port.attribute for port in self.ports.values()):
                raise TypeError(f"'{self.type_name}' has no port '{name}'")
        for name, port in self.ports.items():
            if name in values:
                value = values[name]
            elif port.attribute in values:
                value = values[port.attribute]
            elif isinstance(port, Output):
                value = Slot(name)
            elif port.required:
                raise TypeError(f"'{self.type_name}' needs a value for its port '{name}'")
            else:
                value = port.default
            port.bind(self, value)

    @classmethod
    def amiss(cls, values: Mapping[str, object], kinds: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return the port whose value does not go with the others, and what was expected; called at load.

        Args:
            values: The values that are known, defaults included; a port that is bound to a key is not among them.
            kinds: The type of what each port is given, e.g. `float` for 0.5 and for a key that a float is written to;
                a port that is not given, or whose type can't be known yet, is not among them.
        """
        return None

    def why_not(self, setup: Setup) -> str:
        """Return why the leaf can't work in this setup, or an empty string; called before anything is opened.

        A port that is bound to a key has no value yet; reading it here is no mistake and ends the check.
        """
        return ""

    def on_start(self, ctx: TickContext) -> None:  # noqa: B027 - may be left out
        """Begin: called in the tick in which the leaf becomes active, before `on_tick`."""

    @abstractmethod
    def on_tick(self, ctx: TickContext) -> Outcome:
        """Do one tick's work without waiting, and say how it stands."""

    def on_halt(self, ctx: TickContext | None) -> Outcome | None:
        """Let go: called when the leaf is interrupted while RUNNING.

        Args:
            ctx: The tick in which it happens; None when the whole tree is halted between ticks.

        Returns:
            None when it is done. `running(...)` when it needs more ticks: then `on_leaving` is called in each of
            the next ones, and nothing else of the tree is ticked, until the leaf is done or its time is over.
        """
        return None

    def on_leaving(self, ctx: TickContext) -> Outcome:
        """Go on letting go: called in the ticks after an `on_halt` that was RUNNING; it may propose commands.

        Returns:
            `running(...)` while it needs more ticks, `success()` once it has let go.
        """
        return success()


class Action(Leaf):
    """A leaf that does something, for one tick or for many."""

    kind = "action"


class Condition(Leaf):
    """A leaf that looks at something and answers at once; its failure means "does not apply now"."""

    kind = "condition"
