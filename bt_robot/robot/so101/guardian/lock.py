"""Who has which arm: a file per port with the guardian's process id, locked as long as that process lives."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from bt_robot.errors import RobotRefused

logger = logging.getLogger(__name__)


class ArmLock:
    """The right to an arm.

    Attributes:
        path: The lock file.
    """

    def __init__(self, port: str, folder: Path | None = None) -> None:
        """Take the right to the arm on a port.

        Args:
            port: The port's path.
            folder: Where lock files are kept; the user's runtime folder by default.

        Raises:
            RobotRefused: Another program has it.
        """
        self.path = lock_path(port, folder)
        self._file = self.path.open("a+", encoding="ascii")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.seek(0)
            holder = self._file.read().strip() or "unknown"
            self._file.close()
            raise RobotRefused(
                f"another program has the arm on {port} (guardian process {holder}); end it first, or let the arm go"
                f" with `bt-arm release`"
            ) from error
        try:
            self._file.truncate(0)
            self._file.write(f"{os.getpid()}\n")
            self._file.flush()
        except OSError as error:  # a full disk must not keep anybody from letting the arm go
            logger.warning("who has the arm can't be written into %s: %s", self.path, error.strerror or error)

    def close(self) -> None:
        """Give the right back."""
        with suppress(OSError):
            self._file.truncate(0)
        with suppress(OSError):  # what a full disk did not take is tried again
            self._file.close()


def lock_path(port: str, folder: Path | None = None) -> Path:
    """Return the lock file of a port, whatever link it is named by; its folder exists."""
    runtime = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    folder = folder or Path(runtime) / f"bt_robot-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = hashlib.sha256(os.path.realpath(port).encode()).hexdigest()[:16]
    return folder / f"arm-{name}.lock"


def holder_of(port: str, folder: Path | None = None) -> int | None:
    """Return the process id of the guardian that has the arm on a port; None if nobody has."""
    path = lock_path(port, folder)
    if not path.exists():
        return None
    with path.open("r+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            text = file.read().strip()
            return int(text) if text.isdigit() else None
    return None
