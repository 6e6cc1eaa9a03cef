"""`.btlog`: a run in the format of BehaviorTree.CPP's FileLogger2, which Groot2 and other viewers open.

Source: BehaviorTree.CPP 4.10, `src/loggers/bt_file_logger_v2.cpp`: the magic word, a version, the length of the tree's
XML and the XML, the start [µs since 1970], then 9 bytes per transition until the end of the file.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from bt_robot.messages import NodeInfo, TickRecord
from bt_robot.telemetry.groot2.codes import MAX_NODES, StatusCodes, Transition

MAGIC: Final = b"BTCPP4-FileLogger2"
VERSION: Final = 1
FLUSH_S: Final = 1.0
"""A run that is killed loses at most this much, on the run's clock [s]."""


def header(xml: str, started_us: int) -> bytes:
    """Return what stands before the transitions.

    Args:
        xml: The tree, with a `_uid` per node.
        started_us: When the run began [µs since 1970].
    """
    data = xml.encode()
    return MAGIC + struct.pack("<Bi", VERSION, len(data)) + data + struct.pack("<q", started_us)


class BtLog:
    """Writes a run into a file; put it behind a `Background`.

    An edited tree that takes over goes into a file of its own, as a file holds one tree.
    """

    def __init__(self, path: Path, xml: Callable[[Sequence[NodeInfo]], str], started_us: int) -> None:
        """Write beside a run.

        Args:
            path: The file; those of edited trees are called `NAME-2.btlog` and so on.
            xml: Makes a tree's XML.
            started_us: When the run began [µs since 1970].
        """
        self._path = path
        self._xml = xml
        self._started_us = started_us
        self._layout: tuple[NodeInfo, ...] = ()
        self._header = b""
        self._codes = StatusCodes(())
        self._file: BinaryIO | None = None
        self._files = 0
        self._flushed_s = 0.0

    def publish(self, record: TickRecord) -> None:
        """Write what changed in a tick.

        Raises:
            OSError: The disk takes nothing.
            ValueError: The tree has too many nodes for the format.
        """
        file = self._file
        if file is None or record.layout is not self._layout:
            file = self._taken_over(record.layout)
        time_us = round(1e6 * record.time_s)
        changed = self._codes.update(record.nodes)
        file.write(b"".join(Transition(time_us, uid, code).to_bytes() for uid, code in changed))
        if record.time_s - self._flushed_s >= FLUSH_S:
            file.flush()
            self._flushed_s = record.time_s

    def close(self) -> None:
        """Close the file; one that the disk took nothing of is taken away."""
        if self._file is None:
            return
        try:
            self._file.close()
        finally:
            path = Path(self._file.name)
            if path.stat().st_size == 0:
                path.unlink()

    def _taken_over(self, layout: tuple[NodeInfo, ...]) -> BinaryIO:
        """Return the file of a tree; the same as before if only a prompt or a parameter is another one."""
        if len(layout) > MAX_NODES:
            raise ValueError(f"the format has numbers for {MAX_NODES} nodes, and the tree has {len(layout)}")
        head = header(self._xml(layout), self._started_us)
        if self._file is not None and head == self._header and len(layout) == len(self._layout):
            self._layout = layout
            return self._file
        self.close()
        self._files += 1
        name = self._path.name if self._files == 1 else f"{self._path.stem}-{self._files}{self._path.suffix}"
        self._file = self._path.with_name(name).open("wb")
        self._file.write(head)
        self._file.flush()
        self._header, self._layout, self._codes = head, layout, StatusCodes(layout)
        return self._file
