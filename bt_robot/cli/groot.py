"""What a run tells Groot2 and the programs that speak its protocol while it goes on."""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from bt_robot.errors import UsageError
from bt_robot.messages import NodeInfo, Status, TickRecord
from bt_robot.runtime.steering import Helm
from bt_robot.telemetry.groot2.hooks import Hooks
from bt_robot.tree import Tree
from bt_robot.tree.formats.running import running_tree_xml

if TYPE_CHECKING:
    from bt_robot.cli.watching import TreeOf
    from bt_robot.telemetry.groot2.server import Groot2Server

logger = logging.getLogger(__name__)

OWNER: Final = "groot2"
"""Whose hooks they are."""


class LiveTree:
    """A sink that shows the tree to clients and installs the hooks they set, between two ticks.

    Attributes:
        server: What it passes the ticks on to; set once both are there.
    """

    server: Groot2Server

    def __init__(self, hooks: Hooks, tree_of: TreeOf) -> None:
        """Start without hooks."""
        self._hooks = hooks
        self._tree_of = tree_of
        self._layout: Sequence[NodeInfo] = ()
        self._tree: Tree | None = None
        self._hooked: set[int] = set()

    def publish(self, record: TickRecord) -> None:
        """Pass a tick on, and hook the nodes that clients want to hold."""
        if record.layout is not self._layout:
            tree = self._tree_of(record.layout)[1]
            if tree is not self._tree:  # else a prompt or a parameter is another one; what holds goes on holding
                self._install(set())
                self._hooks.settle(())
            self._layout, self._tree = record.layout, tree
        self.server.publish(record)
        layout, places = self._hooks.places
        if places and self._tree_of(layout)[1] is self._tree:
            self._hooks.settle(record.nodes)
            self._install(places)
        else:  # none, or the server has not heard yet that another tree runs
            self._install(set())

    def blackboard(self) -> dict[str, dict[str, object]]:
        """Return what is on the tree's blackboard now; any thread may ask."""
        return self._tree_of(self._layout)[1].blackboard()

    def _install(self, wanted: set[int]) -> None:
        if wanted == self._hooked:
            return
        tree = self._tree
        assert tree is not None, "hooks are for the nodes of a tick"
        for uid in self._hooked - wanted:
            path = self._layout[uid - 1].path
            tree.unhook(path, OWNER)
            logger.warning("a viewer lets %s go", path)
        for uid in wanted - self._hooked:
            path = self._layout[uid - 1].path
            tree.hook(path, before=partial(self._hooks.before, uid), after=partial(self._after, uid), owner=OWNER)
            logger.warning("a viewer holds or replaces %s", path)
        self._hooked = wanted

    def _after(self, uid: int, said: Status) -> Status | None:
        return None if said is Status.RUNNING else self._hooks.after(uid, said)


@contextmanager
def live_server(address: tuple[str, int], tree_of: TreeOf, helm: Helm) -> Generator[LiveTree]:
    """Serve clients of Groot2's protocol while a run goes on.

    Args:
        address: Where to listen.
        tree_of: Finds the tree of a tick.
        helm: Has the tree's clock stand still while a node holds.

    Raises:
        UsageError: The extra is not installed, or the address can't be listened on.
    """
    try:
        from bt_robot.telemetry.groot2.server import Groot2Server
    except ImportError as error:
        raise UsageError(f"--groot2 needs {error.name}; try: pip install 'bt-robot[groot2]'") from error
    hooks = Hooks()
    live = LiveTree(hooks, tree_of)
    server = Groot2Server(partial(_xml, tree_of), hooks, live.blackboard, host=address[0], port=address[1])
    live.server = server
    helm.heed(lambda: hooks.holding)
    logger.warning("Groot2 and its kin may connect to %s, port %d", *address)
    try:
        yield live
    finally:
        server.close()


def _xml(tree_of: TreeOf, layout: Sequence[NodeInfo]) -> str:
    return running_tree_xml(tree_of(layout)[0])
