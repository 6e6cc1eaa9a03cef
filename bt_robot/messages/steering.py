"""What a person may do to a run from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Mode = Literal["running", "held", "stepping", "ended"]
"""How a run goes on; a recording has ended."""

Act = Literal[
    "hold",
    "resume",
    "step",
    "step_to_change",
    "breakpoint",
    "unbreak",
    "force",
    "skip",
    "prompt",
    "parameter",
    "confirm",
]


@dataclass(frozen=True, slots=True)
class Wish:
    """Something that a person wants; what an act does not need is empty.

    Attributes:
        act: What to do.
        path: The node it is about.
        status: RUNNING, SUCCESS, FAILURE or `any` of a breakpoint; SUCCESS or FAILURE to force.
        name: A parameter's name.
        text: A prompt, or a parameter's value as it was typed.
        number: A question's number.
        yes: Its answer.
    """

    act: Act
    path: str = ""
    status: str = ""
    name: str = ""
    text: str = ""
    number: int = 0
    yes: bool = False


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """Where a node is to wait for a person.

    Attributes:
        path: The node.
        status: The status it waits at: RUNNING, SUCCESS, FAILURE or `any`.
        reached: Whether it waits there now.
    """

    path: str
    status: str
    reached: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that waits for a person.

    Attributes:
        number: Its number.
        path: The node that asks; empty if that is not known.
        text: The question.
    """

    number: int
    path: str
    text: str


class Steering(Protocol):
    """The run, as far as a person may change it.

    In the run's own process any thread may call, and nothing waits; elsewhere a wish waits for its answer.
    """

    @property
    def mode(self) -> Mode:
        """How the run goes on."""
        ...

    @property
    def breakpoints(self) -> Sequence[Breakpoint]:
        """Where nodes are to wait."""
        ...

    @property
    def questions(self) -> Sequence[Asked]:
        """What waits for an answer."""
        ...

    def wish(self, wish: Wish, who: str) -> str:
        """Have something done at the next tick; return why it can't be, or an empty string.

        Args:
            wish: What to do.
            who: Who wants it, for the record.
        """
        ...

    def stop(self, who: str) -> None:
        """Stop the robot, now."""
        ...

    def let_go(self, who: str) -> None:
        """Take note that whoever steered is gone; a run that was being stepped is held."""
        ...
