"""What is where in an MCAP file, found by going through it, so that a file without its end is read as far as it goes.

Source: the MCAP specification, https://mcap.dev/spec: after the magic bytes a file is a row of records, each an opcode
of 1 byte, a length of 8, and that many bytes.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Final

import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, McapRecord, Message, MessageIndex, Metadata
from mcap.stream_reader import breakup_chunk
from mcap.writer import MCAP0_MAGIC

MAX_CHUNK_BYTES: Final = 1 << 28
"""A chunk that claims to be larger, unpacked, is not unpacked."""

_HEAD: Final = struct.Struct("<BQ")
_CHUNK_HEAD: Final = struct.Struct("<QQ")
_MAX_RECORD: Final = 1 << 26  # of those that are read here; chunks are only passed over


@dataclass(slots=True)
class ChunkPlace:
    """A chunk of a file.

    Attributes:
        offset: Where its content begins [bytes].
        length: How long that is [bytes].
        first_ns: The time of its first message [ns since 1970].
        last_ns: The time of its last.
        channels: The channels that have messages in it; None if that is not known.
    """

    offset: int
    length: int
    first_ns: int
    last_ns: int
    channels: set[int] | None = None


@dataclass(slots=True)
class Index:
    """What is where.

    Attributes:
        chunks: In the order of the file.
        metadata: By name.
        cut_off: Whether the file lacks its end.
    """

    chunks: list[ChunkPlace] = field(default_factory=list[ChunkPlace])
    metadata: dict[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    cut_off: bool = True


def index_of(file: BinaryIO) -> Index | None:
    """Return what is where in a file; None when it is no MCAP file."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if file.read(len(MCAP0_MAGIC)) != MCAP0_MAGIC:
        return None
    found, at = Index(), len(MCAP0_MAGIC)
    while at + _HEAD.size <= size:
        file.seek(at)
        opcode, length = _HEAD.unpack(file.read(_HEAD.size))
        begin, at = at + _HEAD.size, at + _HEAD.size + length
        if at > size:
            break
        if opcode == Opcode.DATA_END:
            found.cut_off = False
            break
        if opcode == Opcode.CHUNK and length >= _CHUNK_HEAD.size:
            found.chunks.append(ChunkPlace(begin, length, *_CHUNK_HEAD.unpack(file.read(_CHUNK_HEAD.size))))
        elif opcode in (Opcode.METADATA, Opcode.MESSAGE_INDEX) and length < _MAX_RECORD:
            _take(found, opcode, file.read(length))
    return found


def _take(found: Index, opcode: int, content: bytes) -> None:
    stream = ReadDataStream(io.BytesIO(content))
    try:
        if opcode == Opcode.METADATA:
            metadata = Metadata.read(stream)
            found.metadata[metadata.name] = metadata.metadata
        elif found.chunks:
            chunk = found.chunks[-1]
            chunk.channels = (chunk.channels or set()) | {MessageIndex.read(stream).channel_id}
    except (McapError, struct.error, UnicodeDecodeError):  # damaged: what it tells is lost, the rest is not
        return


def unpack(file: BinaryIO, place: ChunkPlace) -> tuple[list[Channel], list[Message]]:
    """Return the channels and the messages in a chunk.

    Raises:
        ValueError: It is damaged.
    """
    records = records_of(file, place)
    channels = [record for record in records if isinstance(record, Channel)]
    return channels, [record for record in records if isinstance(record, Message)]


def records_of(file: BinaryIO, place: ChunkPlace) -> list[McapRecord]:
    """Return all that is in a chunk, in order.

    Raises:
        ValueError: It is damaged.
    """
    file.seek(place.offset)
    try:
        chunk = Chunk.read(ReadDataStream(io.BytesIO(file.read(place.length))))
        _require_small(chunk)
        return breakup_chunk(chunk, validate_crc=True)
    except (
        McapError,
        struct.error,
        zstandard.ZstdError,
        ValueError,
        ArithmeticError,
        MemoryError,
        RuntimeError,
    ) as error:
        raise ValueError(str(error) or type(error).__name__) from error


def _require_small(chunk: Chunk) -> None:
    if chunk.compression not in ("", "zstd"):  # of others nobody can say how large they get
        raise ValueError(f"a chunk packed with {chunk.compression[:20]!r}; expected zstd")
    size = chunk.uncompressed_size
    if chunk.compression == "zstd":
        size = max(size, zstandard.get_frame_parameters(chunk.data).content_size)
    if size > MAX_CHUNK_BYTES:
        raise ValueError(f"a chunk of {size} bytes; expected at most {MAX_CHUNK_BYTES}")
