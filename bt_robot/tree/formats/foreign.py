"""Names of other people's trees, as they can be written here."""

from __future__ import annotations

import re

from bt_robot.tree.vocabulary.words import NAME

_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_NAME = re.compile(r"[^a-z0-9_-]+")


class Names:
    """Turns names into names of this language, and keeps account of it.

    Attributes:
        notes: What is called differently now, in words, each once.
    """

    def __init__(self) -> None:
        """Start with no name changed."""
        self.notes: dict[str, None] = {}

    def own(self, name: str) -> str:
        """Return a name as it is if it can be one here, and else the nearest one, noted."""
        if NAME.match(name):
            return name
        new = snake_case(name)
        self.notes.setdefault(f"'{name}' is called '{new}' now")
        return new


def snake_case(name: str) -> str:
    """Return the name of this language that is nearest to a name: `PickRed block` becomes `pick_red_block`."""
    text = _NO_NAME.sub("_", _WORD_BREAK.sub("_", name).lower()).strip("_")
    return (text if text[:1].isalpha() else f"n_{text}".rstrip("_"))[:64]
