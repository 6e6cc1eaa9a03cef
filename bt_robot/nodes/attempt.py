"""Whether what is asked now still belongs to the attempt that was asked about before."""

from __future__ import annotations

from bt_robot.messages import TickContext
from bt_robot.nodes.dwell import MAX_GAP_S


class Attempt:
    """Tells a leaf when something that it is a part of has ended and begun anew.

    A condition ends in every tick, so that it can't see by itself that the skill around it is tried again; evidence
    of the attempt before must not count.
    """

    def __init__(self) -> None:
        """Begin before the first attempt."""
        self._unbroken = 0
        self._last_s: float | None = None

    def begins(self, ctx: TickContext) -> bool:
        """Return whether this tick is the first of an attempt; to be asked in every tick of the leaf."""
        unbroken, last_s = self._unbroken, self._last_s
        self._unbroken, self._last_s = ctx.unbroken, ctx.now_s
        return last_s is None or ctx.now_s - last_s > MAX_GAP_S or self._unbroken < unbroken
