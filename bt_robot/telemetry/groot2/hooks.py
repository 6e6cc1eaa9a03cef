"""Breakpoints and forced results, as clients of Groot2's protocol set them and nodes heed them.

In BehaviorTree.CPP a breakpoint makes the tick wait for a person. Here the node that has one stays RUNNING without
being ticked: the arm holds, and whatever guards it goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bt_robot.messages import NodeInfo, NodeState, Status
from bt_robot.telemetry.groot2.protocol import Forced, HookWish, Position, Unlock

MAX_HOOKS = 1000


@dataclass(slots=True)
class _Hook:
    wish: HookWish
    holds: bool = False
    let_go: Unlock | None = None
    result: Status | None = None  # what the node said, while it holds after its end


class Hooks:
    """The hooks of one tree. The client's thread sets them, the tree asks them; none of them waits.

    Attributes:
        heeded: Whether the hooks work; the server switches them off while no client is there.
    """

    def __init__(self) -> None:
        """Start without hooks."""
        self.heeded = True
        self._layout: Sequence[NodeInfo] = ()
        self._hooks: dict[tuple[int, Position], _Hook] = {}
        self._reached: list[int] = []
        self._owed: dict[int, Status] = {}  # what nodes said that held after their end when their hook was removed
        self._lock = threading.Lock()

    # The client's side

    def adopt(self, layout: Sequence[NodeInfo], *, same: bool) -> None:
        """Note whose nodes the hooks are from now on; those of another tree are dropped, with all they know."""
        with self._lock:
            self._layout = layout
            if not same:
                self._hooks.clear()
                self._owed.clear()

    def insert(self, wishes: Iterable[HookWish]) -> bool:
        """Set hooks, each in place of one at the same node and position; return whether there was room for all."""
        with self._lock:
            for wish in wishes:
                place = (wish.uid, wish.position)
                if place not in self._hooks and len(self._hooks) >= MAX_HOOKS:
                    return False
                self._hooks[place] = _Hook(wish)
            return True

    def remove(self, uid: int, position: Position) -> bool:
        """Remove a hook; return whether there was one."""
        with self._lock:
            return self._drop((uid, position))

    def remove_all(self) -> None:
        """Remove every hook."""
        with self._lock:
            for place in tuple(self._hooks):
                self._drop(place)

    def disable_all(self) -> None:
        """Keep the hooks, but let none of them work."""
        with self._lock:
            for hook in self._hooks.values():
                hook.wish = replace(hook.wish, enabled=False)
                hook.holds = False

    def unlock(self, unlock: Unlock) -> bool:
        """Let a node go on; return whether it has a hook there."""
        with self._lock:
            hook = self._hooks.get((unlock.uid, unlock.position))
            if hook is not None:
                hook.let_go = unlock
            return hook is not None

    def dump(self) -> list[dict[str, object]]:
        """Return the hooks in the protocol's words."""
        with self._lock:
            return [hook.wish.to_json() for hook in self._hooks.values()]

    def take_reached(self) -> list[int]:
        """Return the numbers of the nodes that have begun to hold since the last call."""
        with self._lock:
            reached, self._reached = self._reached, []
            return reached

    @property
    def holding(self) -> bool:
        """Whether a node holds now."""
        with self._lock:
            return self.heeded and any(hook.holds and hook.wish.enabled for hook in self._hooks.values())

    @property
    def places(self) -> tuple[Sequence[NodeInfo], set[int]]:
        """The nodes that the hooks are for, and the numbers of those that have one, or owe what they said."""
        with self._lock:
            return self._layout, {uid for uid, _ in self._hooks} | self._owed.keys()

    # The tree's side

    def settle(self, states: Sequence[NodeState]) -> None:
        """Note how the nodes stand after a tick: one that was halted meanwhile holds no more, and owes nothing.

        Args:
            states: Of all nodes; of none if the tree is gone.
        """
        running = {uid for uid, state in enumerate(states, 1) if state.status is Status.RUNNING}
        with self._lock:
            for (uid, _), hook in self._hooks.items():
                if hook.holds and uid not in running:
                    hook.holds, hook.let_go, hook.result = False, None, None
            self._owed = {uid: said for uid, said in self._owed.items() if uid in running}

    def before(self, uid: int) -> Status | None:
        """Return what a node says instead of being ticked: RUNNING while it holds; None when it is to be ticked."""
        with self._lock:
            if (owed := self._owed.pop(uid, None)) is not None:
                return owed
            after = self._hooks.get((uid, "post"))
            if after is not None and after.holds:
                return self._held(uid, after)
            hook = self._hooks.get((uid, "pre"))
            return None if hook is None else self._asked(uid, hook)

    def after(self, uid: int, said: Status) -> Status | None:
        """Return what a node that has ended says instead; None when it says what it said."""
        with self._lock:
            hook = self._hooks.get((uid, "post"))
            if hook is None:
                return None
            hook.result = said
            return self._asked(uid, hook)

    def _drop(self, place: tuple[int, Position]) -> bool:
        hook = self._hooks.pop(place, None)
        if hook is not None and hook.holds and hook.result is not None:
            self._owed[place[0]] = hook.result
        return hook is not None

    def _asked(self, uid: int, hook: _Hook) -> Status | None:
        if not (self.heeded and hook.wish.enabled):
            hook.holds, hook.let_go = False, None
            return None
        if hook.wish.hold:
            if not hook.holds:
                hook.holds, hook.let_go = True, None
                self._reached.append(uid)
            return self._held(uid, hook)
        if hook.wish.once:
            del self._hooks[uid, hook.wish.position]
        return _status(hook.wish.result)

    def _held(self, uid: int, hook: _Hook) -> Status | None:
        released = not (self.heeded and hook.wish.enabled)
        if not released and hook.let_go is None:
            return Status.RUNNING
        hook.holds = False
        let_go, hook.let_go = hook.let_go, None
        if let_go and (let_go.remove or hook.wish.once):
            self._hooks.pop((uid, hook.wish.position), None)
        said, hook.result = hook.result, None
        return _status(let_go.result) if let_go and let_go.result else said


def _status(result: Forced | None) -> Status | None:
    return None if result is None else Status(result)
