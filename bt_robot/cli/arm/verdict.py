"""One line of a check: a mark, what it is about, and what was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from bt_robot.cli.arm.words import marked


class Mark(Enum):
    """How good something is."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was checked.

    Attributes:
        mark: How good it is.
        name: What it is about.
        text: What was found, and what to do.
    """

    mark: Mark
    name: str
    text: str

    def as_json(self) -> dict[str, str]:
        """Return it as a JSON object."""
        return {"mark": self.mark.value, "name": self.name, "text": self.text}


def lines_of(lines: Iterable[Line]) -> str:
    """Return lines for a person."""
    return "".join(marked(line.mark.value, line.name, line.text) for line in lines)
