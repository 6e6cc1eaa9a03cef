"""What the leaves of a tree see in a tick, and whose command is executed at its end.

A proposal belongs to the leaf that made it. It is taken back when that leaf fails or is halted in
the same tick, so that nothing is executed on behalf of a node that has given up. A leaf that has
succeeded gives way to the next one; two leaves that are both RUNNING contradict each other, and
neither is executed.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from bt_robot.errors import ProposalError
from bt_robot.messages import Joints, TickContext


class Proposer(Protocol):
    """A leaf in a running tree."""

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        ...


class LeafContext:
    """A tick's context as the leaves of one tree reach it: all of it, with proposals kept apart.

    Attributes:
        leaf: Whose hook is being called; None while a leaf is being halted.
    """

    __slots__ = ("_conflict", "_ctx", "_owner", "_proposal", "leaf")

    def __init__(self, ctx: TickContext) -> None:
        """Show a tick's context."""
        self._ctx = ctx
        self.leaf: Proposer | None = None
        self._owner: Proposer | None = None
        self._proposal: Joints | None = None
        self._conflict = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ctx, name)

    def propose(self, positions: Joints) -> None:
        """Propose a command for this tick, (n,).

        What a leaf proposes while it is being halted is dropped.

        Raises:
            ProposalError: The same leaf, or another one that is RUNNING, has proposed one already.
            TypeError: They are no numbers.
            ValueError: They are no vector.
        """
        vector = np.array(positions)
        if vector.dtype.kind not in "fiu":
            raise TypeError(f"a command of {vector.dtype.name}; expected a number per joint")
        if self.leaf is None:
            return
        owner = self._owner
        if owner is not None and (owner is self.leaf or owner.running):
            self._conflict = True
            raise ProposalError("a second command in the same tick; only one node at a time can command the arm")
        self._owner, self._proposal = self.leaf, vector.astype(np.float64)

    def withdraw(self, leaf: Proposer) -> None:
        """Take back what a leaf has proposed."""
        if self._owner is leaf:
            self._owner = self._proposal = None

    def hand_over(self) -> None:
        """Propose to the tick's own context what the leaves agree on."""
        if self._proposal is not None and not self._conflict:
            self._ctx.propose(self._proposal)
