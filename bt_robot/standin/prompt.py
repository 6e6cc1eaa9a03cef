"""What a prompt asks for: a colour, and picking, placing or resting."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bt_robot.arm.workcell import BLOCK_COLOURS

_PICK = frozenset({"pick", "grab", "grasp", "lift", "take"})
_PLACE = frozenset({"place", "put", "drop", "release", "sort"})
_REST = frozenset({"home", "rest", "reset"})


class UnknownPrompt(ValueError):
    """A prompt asks for nothing this policy can do."""

    def __init__(self, prompt: str) -> None:
        """Say what would be understood."""
        super().__init__(
            f"unknown prompt {prompt!r}; expected a pick ({', '.join(sorted(_PICK))}), a place "
            f"({', '.join(sorted(_PLACE))}) or a rest ({', '.join(sorted(_REST))}), "
            f"with one of the colours {', '.join(BLOCK_COLOURS)} for a pick"
        )


@dataclass(frozen=True, slots=True)
class Task:
    """What a prompt asks for; neither pick nor place means rest.

    Attributes:
        colour: The block's colour; empty when the prompt names none.
        pick: Whether to pick the block up.
        place: Whether to place what is held into the container.
    """

    colour: str
    pick: bool
    place: bool


def understand(prompt: str) -> Task:
    """Return the task of a prompt.

    Raises:
        UnknownPrompt: It names no action, more than one colour, or a pick without a colour.
    """
    words = set(re.findall(r"[a-z]+", prompt.lower()))
    colours = [colour for colour in BLOCK_COLOURS if colour in words]
    pick, place = bool(words & _PICK), bool(words & _PLACE)
    if len(colours) > 1 or (pick and not colours) or not (pick or place or words & _REST):
        raise UnknownPrompt(prompt)
    return Task(colours[0] if colours else "", pick, place)
