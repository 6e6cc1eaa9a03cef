"""A tick as it goes from the run's process to the witness: the messages of a recording, and pictures as JPEG."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from bt_robot.messages import Frame, NodeInfo, TickRecord
from bt_robot.telemetry.kept import KeptFrame
from bt_robot.telemetry.recorder.messages import CHANGES, LOG, TICK
from bt_robot.telemetry.recorder.shutter import Shutter
from bt_robot.telemetry.recorder.ticks import Folder, Unfolder
from bt_robot.telemetry.witness.words import TreeTold, encode

PARCEL: Final = b"\x00"
"""The first byte of a tick; words begin with a letter."""

_LENGTHS: Final = struct.Struct("<HI")
_PICTURE: Final = "picture:"
_FOR_PEOPLE: Final = (LOG, CHANGES)
"""What is said in the others, too."""


class Packer:
    """Makes parcels of ticks."""

    def __init__(
        self, told: Callable[[tuple[NodeInfo, ...]], TreeTold], joints: tuple[str, ...], rate_hz: float
    ) -> None:
        """Start before the first tick.

        Args:
            told: Returns the tree whose nodes a tick tells of.
            joints: Their names.
            rate_hz: Pictures per camera and second, at most.
        """
        self._told = told
        self._unfolder = Unfolder(joints)
        self._shutter = Shutter(rate_hz)
        self._layout: tuple[NodeInfo, ...] | None = None
        self._trees = 0
        self._whole = False

    def pack(self, record: TickRecord) -> Sequence[bytes]:
        """Return a tick, after its tree where that is another one; slow where a simulated camera has to draw.

        Raises:
            Exception: A leaf has said or written what can't be told; the next tick can be packed all the same.
        """
        new = record.layout is not self._layout
        trees, whole = self._trees + new, self._whole
        self._whole = True  # until all of this one is packed
        parts = [PARCEL]
        for frame, jpeg in self._shutter.pictures(record.observation.frames, record.time_s):
            parts += _part(_PICTURE + frame.camera, jpeg)
        for topic, data in self._unfolder.messages(record, 0, trees, whole=whole):
            if topic not in _FOR_PEOPLE:
                parts += _part(topic, data)
        packed = (*([encode(self._told(record.layout))] if new else []), b"".join(parts))
        self._layout, self._trees, self._whole = record.layout, trees, False
        return packed


class Unpacker:
    """Makes ticks of parcels again.

    Attributes:
        trees: All trees that were told.
    """

    def __init__(self) -> None:
        """Start before the first parcel."""
        self.trees: list[TreeTold] = []
        self._folder = Folder(self._frame, lambda number: self.trees[number - 1].nodes)
        self._pictures: dict[str, bytes] = {}

    def unpack(self, parcel: bytes) -> TickRecord:
        """Return the tick; its frames are of the kind `KeptFrame`.

        Raises:
            ValueError: It is no parcel, or the first one is missing.
        """
        parts = dict(_parts(parcel))
        self._pictures = {topic[len(_PICTURE) :]: jpeg for topic, jpeg in parts.items() if topic.startswith(_PICTURE)}
        record = self._folder.record(parts) if TICK in parts else None
        if record is None:
            raise ValueError("a parcel without a tick that can be read")
        return record

    def _frame(self, camera: str, captured_s: float, _: float) -> Frame:
        return KeptFrame(camera, captured_s, self._pictures.get(camera))


def _part(topic: str, data: bytes) -> tuple[bytes, bytes, bytes]:
    name = topic.encode()
    return _LENGTHS.pack(len(name), len(data)), name, data


def _parts(parcel: bytes) -> Iterator[tuple[str, bytes]]:
    at = len(PARCEL)
    while at < len(parcel):
        name, data = _LENGTHS.unpack_from(parcel, at)
        at += _LENGTHS.size
        yield parcel[at : at + name].decode(), parcel[at + name : at + name + data]
        at += name + data
