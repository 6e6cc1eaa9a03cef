"""One value of a tree's blackboard, with the time and the number of its writes."""

from __future__ import annotations

import math
from typing import Any, Final, Protocol

from bt_robot.errors import PortError


class RunClock(Protocol):
    """What tells the time of a run; it stands still during a tick."""

    @property
    def now_s(self) -> float:
        """The run's clock [s]."""
        ...


class _StandsStill:
    """The clock of a slot that belongs to no run."""

    now_s = 0.0


_STANDS_STILL: Final = _StandsStill()


class Slot:
    """One value of a tree's blackboard.

    Attributes:
        key: The key, as written in the tree file.
        written: Whether it holds a value.
        written_s: The run's clock at the latest write [s]; minus infinity before the first one.
        sequence: How often it was written; a write of an equal value counts, too.
        changes: The same with the times that it was unset.
    """

    __slots__ = ("_clock", "_value", "changes", "key", "sequence", "written", "written_s")

    def __init__(self, key: str, clock: RunClock = _STANDS_STILL) -> None:
        """Start empty.

        Args:
            key: The key.
            clock: What the writes are stamped with.
        """
        self.key = key
        self.written = False
        self.written_s = -math.inf
        self.sequence = 0
        self.changes = 0
        self._clock = clock
        self._value: Any = None

    def read(self) -> Any:
        """Return what was written last.

        Raises:
            PortError: Nothing was written yet, or not since it was unset.
        """
        if not self.written:
            gone = f"the key '{self.key}' was unset, and not written again"
            raise PortError(gone if self.sequence else f"nothing was written to the key '{self.key}' yet")
        return self._value

    def write(self, value: object) -> None:
        """Keep a value."""
        self._value = value
        self.written = True
        self.written_s = self._clock.now_s
        self.sequence += 1
        self.changes += 1

    def unset(self) -> None:
        """Hold nothing any more, as before the first write; the writes stay counted."""
        self._value = None
        self.written = False
        self.changes += 1
