"""`bt-run --watch`: loads a tree again when one of its files was edited, while the old one runs."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from bt_robot.errors import BtRobotError, UsageError
from bt_robot.messages import NodeInfo
from bt_robot.tree import Tree, TreeSpec

logger = logging.getLogger(__name__)

POLL_S = 0.25
"""How often the files are looked at; an edit counts when they have stayed the same for one look."""

MOST_TOLD = 3
"""Mistakes of an edit that are told while the tree runs; bt-check tells all of them, with their lines."""

Stamp = tuple[int, int, int]

TreeOf = Callable[[Sequence[NodeInfo]], tuple[TreeSpec, Tree]]
"""Finds the tree whose nodes a tick tells of."""


class Watcher:
    """Looks for edits in a thread of its own and keeps the newest tree that may take over.

    An edit with mistakes is told as an event of the run, as `bt-check` tells it, and changes nothing. Files that an
    edit may come to include are watched, too: all YAML files beside the known ones.

    Attributes:
        spec: The tree that runs, or ran last.
        taken: The edits that have taken over, or are about to, and the trees made of them.
    """

    def __init__(self, spec: TreeSpec, load: Callable[[], tuple[TreeSpec, Tree]]) -> None:
        """Watch the files of a tree.

        Args:
            spec: The tree as it was loaded.
            load: Loads and checks it again; raises what is wrong with it.
        """
        self.spec = spec
        self.taken: list[tuple[TreeSpec, Tree]] = []
        self._load = load
        self._known = spec
        self._seen = self._stamps()
        self._loaded = self._seen
        self._lock = threading.Lock()
        self._edit: tuple[TreeSpec, Tree] | None = None
        self._amiss: tuple[str, ...] = ()
        self._left: tuple[str, ...] = ()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="tree files", daemon=True)

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the thread."""
        self._closing.set()
        self._thread.join()

    def take(self) -> Tree | tuple[str, ...] | None:
        """Return an edited tree that no one has taken yet, or why an edit changes nothing, in lines. Never waits."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            edit, self._edit = self._edit, None
            if edit is None:
                amiss, self._amiss = self._amiss, ()
                return amiss or None
        finally:
            self._lock.release()
        self.spec, tree = edit
        self.taken.append(edit)
        return tree

    def remind(self) -> None:
        """Log the mistakes that are still in the files, once the run is over: its events may have scrolled away."""
        with self._lock:
            left = self._left
        for line in left:
            logger.warning("%s", line)

    def look(self) -> None:
        """Look at the files once; load the tree if they were edited and have stayed the same since the last look."""
        stamps, before = self._stamps(), self._seen
        self._seen = stamps
        if stamps == self._loaded or stamps != before:
            return
        self._loaded = stamps
        try:
            spec, tree = self._load()
        except BtRobotError as error:
            folder = f"{self._known.files[0].parent}/"
            lines = [line.removeprefix(folder) for line in str(error).splitlines()[:MOST_TOLD]]
            with self._lock:
                self._amiss = self._left = ("the edit changes nothing:", *lines)
            return
        except Exception:  # a tree that was edited must not end the run of the one that runs
            logger.exception("the edited tree could not be loaded")
            return
        with self._lock:
            self._amiss = self._left = ()
            if spec == self._known:
                return
            self._known = spec
            self._edit = (spec, tree)
        self._seen = self._loaded = self._stamps()  # it may include other files now

    def _watch(self) -> None:
        while not self._closing.wait(POLL_S):
            self.look()

    def _stamps(self) -> dict[Path, Stamp]:
        files = self._known.files
        beside = {path for folder in {file.parent for file in files} for path in _yaml_files(folder)}
        stamps = ((path, _stamp(path)) for path in {*files, *beside})
        return {path: stamp for path, stamp in stamps if stamp is not None}


def _yaml_files(folder: Path) -> Iterable[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if entry.name.endswith((".yaml", ".yml"))]
    except OSError:  # the folder is gone, for the moment or for good
        return ()


def _stamp(path: Path) -> Stamp | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def require_watchable(tree: str | None, *, fast: bool) -> None:
    """Refuse what can't be watched.

    Raises:
        UsageError: There is no file to edit, or simulated time would be over before anybody could.
    """
    if tree is None:
        raise UsageError("--watch needs a tree file that can be edited; --prompt has none")
    if fast:
        raise UsageError("--watch is for runs that a person looks at; leave --fast out")
