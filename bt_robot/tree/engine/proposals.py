"""What the leaves of a tree see in a tick, and whose command is executed at its end.

A proposal belongs to the leaf that made it. It is taken back when that leaf fails or is halted in
the same tick, so that nothing is executed on behalf of a node that has given up. A leaf that has
succeeded gives way to the next one; two leaves that are both RUNNING contradict each other, and
neither is executed.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Protocol

import numpy as np

from bt_robot.errors import ProposalError
from bt_robot.messages import Joints, TickContext


class Proposer(Protocol):
    """A leaf in a running tree.

    Attributes:
        path: Its path.
    """

    path: str

    @property
    def unbroken(self) -> int:
        """How many nodes above it were RUNNING before this tick."""
        ...

    @property
    def running(self) -> bool:
        """Whether it has been started, or is still letting go, and has not ended."""
        ...


class LeafContext:
    """The tick's context as the leaves of one tree reach it: all of it, with proposals kept apart.

    There is one for a tree, which shows the context of the tick in progress. A leaf that kept it can't
    mistake an older tick for this one, and reaches nothing between ticks.

    Attributes:
        leaf: Whose hook is being called; None while a leaf is being halted.
        current: The context of the tick in progress; None between ticks.
        owner: Whose proposal there is; None if there is none.
        contested: Whether leaves contradict each other, so that nothing is executed.
    """

    __slots__ = ("_proposal", "contested", "current", "leaf", "owner")

    def __init__(self) -> None:
        """Show nothing before the first tick."""
        self.current: TickContext | None = None
        self.leaf: Proposer | None = None
        self.owner: Proposer | None = None
        self._proposal: Joints | None = None
        self.contested = False

    def __getattr__(self, name: str) -> Any:
        if self.current is None:
            raise RuntimeError(f"'{name}' of the tick's context was asked for after the tick")
        return getattr(self.current, name)

    @property
    def path(self) -> str:
        """The path of the leaf."""
        return self.leaf.path if self.leaf else ""

    @property
    def unbroken(self) -> int:
        """How many nodes above the leaf were RUNNING before this tick: a node that begins anew is not RUNNING yet."""
        return self.leaf.unbroken if self.leaf else 0

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
        owner = self.owner
        if owner is not None and (owner is self.leaf or owner.running):
            self.contested = True
            raise ProposalError("a second command in the same tick; only one node at a time can command the arm")
        self.owner, self._proposal = self.leaf, vector.astype(np.float64)

    def withdraw(self, leaf: Proposer) -> None:
        """Take back what a leaf has proposed."""
        if self.owner is leaf:
            self.owner = None

    def keep_only(self, leaves: Container[Proposer]) -> None:
        """Take back what any other leaf has proposed."""
        if self.owner is not None and self.owner not in leaves:
            self.owner = None

    def hand_over(self) -> None:
        """Propose to the tick's own context what the leaves agree on."""
        if self.owner is not None and self._proposal is not None and not self.contested and self.current is not None:
            self.current.propose(self._proposal)

    def forget(self) -> None:
        """Forget who has proposed what."""
        self.owner = self._proposal = None
        self.contested = False
