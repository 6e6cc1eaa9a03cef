"""The three messages of ROS 2 that a recording uses, because Foxglove and Rerun know them: joints, pictures, log lines.

Encoding: CDR, little-endian, as ROS 2 writes it: a header of 4 bytes, values aligned to their size counted from its
end, text as a length that counts its closing zero (OMG DDS-XTypes 1.3, 7.4.1, "plain CDR version 1"). Definitions:
ros2/common_interfaces and ros2/rcl_interfaces, branch jazzy.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

import numpy as np

from bt_robot.messages import Joints

ENCODING: Final = "cdr"
SCHEMA_ENCODING: Final = "ros2msg"

_CDR_LE: Final = b"\x00\x01\x00\x00"
_TIME: Final = "MSG: builtin_interfaces/Time\nint32 sec\nuint32 nanosec\n"
_RULER: Final = "=" * 80 + "\n"
_HEADER: Final = f"{_RULER}MSG: std_msgs/Header\nbuiltin_interfaces/Time stamp\nstring frame_id\n{_RULER}{_TIME}"

JOINT_STATE: Final = "sensor_msgs/msg/JointState"
COMPRESSED_IMAGE: Final = "sensor_msgs/msg/CompressedImage"
LOG: Final = "rcl_interfaces/msg/Log"

DEFINITIONS: Final = {
    JOINT_STATE: (
        f"std_msgs/Header header\nstring[] name\nfloat64[] position\nfloat64[] velocity\nfloat64[] effort\n{_HEADER}"
    ),
    COMPRESSED_IMAGE: f"std_msgs/Header header\nstring format\nuint8[] data\n{_HEADER}",
    LOG: (
        "builtin_interfaces/Time stamp\nuint8 level\nstring name\nstring msg\nstring file\nstring function\n"
        f"uint32 line\n{_RULER}{_TIME}"
    ),
}
"""The definitions that go into a file as its schemas."""

DEBUG, INFO, WARN, ERROR = 10, 20, 30, 40
"""Levels of `rcl_interfaces/msg/Log`."""


class _Writer:
    """Values one after the other, each at a multiple of its size."""

    def __init__(self) -> None:
        self._data = bytearray(_CDR_LE)

    def put(self, kind: str, *values: float) -> None:
        size = struct.calcsize(kind)
        for value in values:
            self._data += bytes(-(len(self._data) - 4) % size)
            self._data += struct.pack(f"<{kind}", value)

    def stamp(self, time_ns: int) -> None:
        self.put("i", min(max(time_ns // 10**9, -(1 << 31)), (1 << 31) - 1))  # what ROS 2 can't say is said as it can
        self.put("I", time_ns % 10**9)

    def text(self, text: str) -> None:
        data = text.encode(errors="replace")
        self.put("I", len(data) + 1)
        self._data += data + b"\0"

    def doubles(self, values: Joints | None) -> None:
        self.put("I", 0 if values is None else len(values))
        if values is not None and len(values):
            self._data += bytes(-(len(self._data) - 4) % 8) + np.asarray(values, "<f8").tobytes()

    def octets(self, data: bytes) -> None:
        self.put("I", len(data))
        self._data += data

    def end(self) -> bytes:
        return bytes(self._data)


class _Reader:
    """Reads what `_Writer` wrote."""

    def __init__(self, data: bytes) -> None:
        if data[:4] != _CDR_LE:
            raise ValueError("this is no little-endian CDR")
        self._data = data
        self._at = 4

    def take(self, kind: str) -> int:
        size = struct.calcsize(kind)
        self._at += -(self._at - 4) % size
        (value,) = struct.unpack_from(f"<{kind}", self._data, self._at)
        self._at += size
        return value

    def stamp(self) -> int:
        return self.take("i") * 10**9 + self.take("I")

    def octets(self) -> bytes:
        size = self.take("I")
        found = self._data[self._at : self._at + size]
        if len(found) < size:
            raise ValueError("the message ends too early")
        self._at += size
        return found

    def doubles(self) -> Joints | None:
        count = self.take("I")
        if not count:
            return None
        self._at += -(self._at - 4) % 8
        found = np.frombuffer(self._data, "<f8", count, self._at).astype(np.float64)
        self._at += 8 * count
        return found


def joint_state(
    time_ns: int,
    names: Sequence[str],
    position: Joints | None = None,
    velocity: Joints | None = None,
    effort: Joints | None = None,
) -> bytes:
    """Return a `sensor_msgs/msg/JointState`.

    Args:
        time_ns: When it was so [ns since 1970].
        names: The joints' names.
        position: Their positions, (n,); None to leave them out, as for the others.
        velocity: Their speeds, (n,).
        effort: Their efforts, (n,).
    """
    out = _Writer()
    out.stamp(time_ns)
    out.text("")
    out.put("I", len(names))
    for name in names:
        out.text(name)
    for values in (position, velocity, effort):
        out.doubles(values)
    return out.end()


def read_joint_state(data: bytes) -> tuple[Joints | None, Joints | None, Joints | None]:
    """Return position, velocity and effort of a `sensor_msgs/msg/JointState`, (n,) each; None for those left out.

    Raises:
        ValueError: The bytes are something else.
        struct.error: They end too early.
    """
    reader = _Reader(data)
    reader.stamp()
    reader.octets()
    for _ in range(reader.take("I")):
        reader.octets()
    return reader.doubles(), reader.doubles(), reader.doubles()


def compressed_image(time_ns: int, camera: str, jpeg: bytes) -> bytes:
    """Return a `sensor_msgs/msg/CompressedImage`.

    Args:
        time_ns: When the picture was captured [ns since 1970].
        camera: The camera's name.
        jpeg: The picture.
    """
    out = _Writer()
    out.stamp(time_ns)
    out.text(camera)
    out.text("jpeg")
    out.octets(jpeg)
    return out.end()


def read_compressed_image(data: bytes) -> tuple[int, bytes]:
    """Return when the picture of a `sensor_msgs/msg/CompressedImage` was captured [ns since 1970], and its JPEG.

    Raises:
        ValueError: The bytes are something else.
        struct.error: They end too early.
    """
    reader = _Reader(data)
    stamp_ns = reader.stamp()
    reader.octets()
    reader.octets()
    return stamp_ns, reader.octets()


def log_line(time_ns: int, level: int, name: str, words: str) -> bytes:
    """Return an `rcl_interfaces/msg/Log`.

    Args:
        time_ns: When it was said [ns since 1970].
        level: DEBUG, INFO, WARN or ERROR.
        name: Who said it.
        words: What.
    """
    out = _Writer()
    out.stamp(time_ns)
    out.put("B", level)
    for text in (name, words, "", ""):
        out.text(text)
    out.put("I", 0)
    return out.end()
