"""Who may steer: one at a time, for as long as it says that it is there."""

from __future__ import annotations

from typing import Final

ALIVE_S: Final = 0.1
"""How often who steers has to say so."""

EXPIRES_S: Final = 0.25
"""Silent for so long, and it is taken to be gone: a closed tab must not keep an arm in suspense."""


class Lease:
    """The right to steer."""

    def __init__(self) -> None:
        """Free."""
        self._holder: object | None = None
        self._heard_s = 0.0

    @property
    def holder(self) -> object | None:
        """Who has it; None if it is free."""
        return self._holder

    def take(self, who: object, now_s: float) -> bool:
        """Take it; return whether `who` has it now.

        Args:
            who: Who wants it.
            now_s: The time [s], as in all calls.
        """
        if self._holder is None:
            self._holder = who
        if self._holder is not who:
            return False
        self._heard_s = now_s
        return True

    def alive(self, who: object, now_s: float) -> bool:
        """Note that `who` is there; return whether it has the lease."""
        if self._holder is not who:
            return False
        self._heard_s = now_s
        return True

    def leave(self, who: object) -> bool:
        """Give it back; return whether `who` had it."""
        if self._holder is not who:
            return False
        self._holder = None
        return True

    def expire(self, now_s: float) -> object | None:
        """Free it if its holder has been silent for too long; return who lost it, or None."""
        if self._holder is None or now_s - self._heard_s <= EXPIRES_S:
            return None
        lost, self._holder = self._holder, None
        return lost
