"""The packet log as a file of JSON lines, written a little at a time so that no reply has to wait for it."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path
from typing import Final

from bt_robot.robot.emulator.log import Packet, PacketLog

_PART: Final = 8
"""Packets that are written in one go, in the pauses of the line: some 100 µs."""


class LogFile:
    """Appends what comes into a log to a file."""

    def __init__(self, log: PacketLog, path: str) -> None:
        """Make the file, empty.

        Args:
            log: What to write, from now on.
            path: Where to.

        Raises:
            OSError: It can't be made.
        """
        self._file = Path(path).open("w", encoding="utf-8")  # noqa: SIM115 (it lives as long as the log)
        self._pending: deque[Packet] = deque()
        log.listeners.append(self._pending.append)

    def write_some(self) -> None:
        """Append a few of the packets that are not in the file yet."""
        for _ in range(min(_PART, len(self._pending))):
            self._write_one()

    def write_all(self) -> None:
        """Append all packets that are not in the file yet, and see to it that others can read them."""
        while self._pending:
            self._write_one()
        self._file.flush()

    def close(self) -> None:
        """Append the rest and close the file."""
        self.write_all()
        self._file.close()

    def _write_one(self) -> None:
        self._file.write(json.dumps(self._pending.popleft().to_json()) + "\n")
