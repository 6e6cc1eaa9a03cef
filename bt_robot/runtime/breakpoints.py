"""The nodes of a running tree at which a person wants it to wait, or for which a person answers."""

from __future__ import annotations

from typing import Final

from bt_robot.messages import Status
from bt_robot.messages.steering import Breakpoint
from bt_robot.tree import Tree

OWNER: Final = "steering"
"""Whose hooks they are."""

ANY: Final = "any"


class _Point:
    """One node. It waits before it begins, for RUNNING, or before it tells its parent how it ended."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.at: set[str] = set()
        self.answer: Status | None = None  # what it will say instead of being ticked, once
        self.waits: Status | None = None
        self.passing = False
        self._tree: Tree | None = None

    def install(self, tree: Tree) -> None:
        """Hook the node in a tree.

        Raises:
            InputError: It has no such node.
        """
        tree.hook(self.path, before=self._before, after=self._after, owner=OWNER)
        self._tree, self.waits = tree, None

    @property
    def needed(self) -> bool:
        """Whether there is anything left to do."""
        return bool(self.at) or self.answer is not None or self.reached

    @property
    def reached(self) -> bool:
        """Whether the node waits; one that was halted meanwhile does not."""
        return self.waits is not None and self._tree is not None and self._tree.status_of(self.path) is Status.RUNNING

    def _wants(self, status: Status | None) -> bool:
        return status in self.at or ANY in self.at

    def _before(self) -> Status | None:
        if self.answer is not None:
            answer, self.answer, self.waits = self.answer, None, None
            return answer
        if self.reached:
            waits = self.waits
            if not self.passing and self._wants(waits):
                return Status.RUNNING
            self.waits = None
            return None if waits is Status.RUNNING else waits
        self.waits = None
        begins = self._tree is not None and self._tree.status_of(self.path) is not Status.RUNNING
        if begins and self._wants(Status.RUNNING):
            self.waits = Status.RUNNING
            return Status.RUNNING
        return None

    def _after(self, said: Status) -> Status | None:
        if said is Status.RUNNING or not self._wants(said):
            return None
        self.waits = said
        return Status.RUNNING


class Breakpoints:
    """The breakpoints and the pending answers of a run, whatever tree it runs.

    Attributes:
        listed: The breakpoints, for any thread to look at.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._points: dict[str, _Point] = {}
        self._known: dict[str, Status | None] = {}
        self.listed: tuple[Breakpoint, ...] = ()

    def add(self, tree: Tree, path: str, status: str) -> None:
        """Let a node wait at a status, RUNNING, SUCCESS, FAILURE or `any`."""
        self._point(tree, path).at.add(status)

    def remove(self, path: str, status: str) -> bool:
        """Let a node wait no more at a status, or at `any`; return whether it would have waited."""
        point = self._points.get(path)
        if point is None or not (point.at if status == ANY else status in point.at):
            return False
        if status == ANY:
            point.at.clear()
        else:
            point.at.discard(status)
        return True

    def answer(self, tree: Tree, path: str, status: Status) -> None:
        """Let a node say something at its next turn, without being ticked."""
        self._point(tree, path).answer = status

    def let_pass(self, passing: bool) -> None:
        """Let the nodes that wait go on in the next tick, or no more."""
        for point in self._points.values():
            point.passing = passing

    def settle(self, tree: Tree) -> list[str]:
        """Look at what a tick, or a person, has done; return what a person should read of it."""
        if not self._points and not self.listed:
            return []
        for point in list(self._points.values()):
            if not point.needed:
                del self._points[point.path]
                tree.unhook(point.path, OWNER)
        reached = {point.path: point.waits for point in self._points.values() if point.reached}
        news = [
            f"breakpoint: {path} waits before it begins"
            if at is Status.RUNNING
            else f"breakpoint: {path} waits with {at}"
            for path, at in reached.items()
            if path not in self._known or self._known[path] is not at
        ]
        self._known = reached
        self.listed = tuple(
            Breakpoint(path, status, path in self._known)
            for path, point in self._points.items()
            for status in sorted(point.at)
        )
        return news

    def adopt(self, tree: Tree) -> list[str]:
        """Move to an edited tree; return what a person should read of it."""
        paths = {node.path for node in tree.nodes}
        gone = [path for path in self._points if path not in paths]
        for path in gone:
            del self._points[path]
        for point in self._points.values():
            point.install(tree)
        self._known = {}
        return [f"breakpoint: the edited tree has no node '{path}'; the one there is gone" for path in gone]

    @property
    def waiting(self) -> bool:
        """Whether any node waited in the latest tick."""
        return bool(self._known)

    def _point(self, tree: Tree, path: str) -> _Point:
        point = self._points.get(path)
        if point is None:
            point = _Point(path)
            point.install(tree)
            self._points[path] = point
        return point
