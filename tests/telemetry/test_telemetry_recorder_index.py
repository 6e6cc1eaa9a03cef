"""What others send as a recording is read or refused; no length that lies, and no packing, costs the reader more."""

import struct

import lz4.frame
import pytest
import zstandard
from mcap.opcode import Opcode

from bt_robot.errors import RecordingError
from bt_robot.telemetry.recorder import RecordedEnding, Recorder, Source, read_run
from tests.telemetry.conftest import NODES, make_record
from tests.telemetry.record_strategies import run_info

FOREVER = 2**64 - 1


@pytest.fixture
def path(tmp_path):
    """The recording of a second, without its end."""
    place = tmp_path / "run.mcap"
    recorder = Recorder(place, run_info(), lambda _: ("t", (Source("t.yaml", ""),)), 10.0, 10**7)
    for step in range(30):
        recorder.publish(make_record(step, layout=NODES))
    recorder.end(RecordedEnding("SUCCESS"))
    recorder.close()
    data = place.read_bytes()
    at = 8
    while data[at] != Opcode.DATA_END:
        at += 9 + struct.unpack_from("<Q", data, at + 1)[0]
    place.write_bytes(data[:at])
    return place


def piece(opcode, content):
    return struct.pack("<BQ", opcode, len(content)) + content


def chunk(content, packing=b"", size=100):
    head = struct.pack("<QQQII", 1, 1, size, 0, len(packing)) + packing
    return piece(Opcode.CHUNK, head + struct.pack("<Q", len(content)) + content)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (piece(Opcode.CHUNK, b""), ""),
        (piece(Opcode.CHUNK, b"abc"), ""),
        (struct.pack("<BQ", Opcode.CHUNK, FOREVER), ""),
        (chunk(struct.pack("<BQ", Opcode.MESSAGE, FOREVER) + b"a" * 40), "the recording is damaged"),
        (chunk(struct.pack("<BQ", 99, FOREVER) + b"a" * 40), "the recording is damaged"),
        (chunk(lz4.frame.compress(bytes(1000)), b"lz4"), "a chunk packed with 'lz4'; expected zstd"),
        (chunk(b"a", b"\x1b[2J"), r"a chunk packed with '\x1b[2J'; expected zstd"),
        (chunk(b"a", size=1 << 40), f"a chunk of {1 << 40} bytes; expected at most"),
        (chunk(zstandard.compress(bytes(1 << 29)), b"zstd"), f"a chunk of {1 << 29} bytes; expected at most"),
        (
            chunk(zstandard.ZstdCompressor(write_content_size=False).compress(bytes(1000)), b"zstd"),
            "bytes; expected at most",
        ),
    ],
    ids=range(10),
)
def test_a_part_that_lies_is_passed_over_and_told(path, more, words):
    with path.open("ab") as file:
        file.write(more)
    with read_run(path) as run:
        assert len(list(run.records())) == 30
        assert words in run.damage[-1]


def test_a_format_that_nobody_knows_does_nothing_to_the_terminal(path):
    path.write_bytes(path.read_bytes().replace(b"format\x01\x00\x00\x001", b"format\x01\x00\x00\x00\x1b"))
    with pytest.raises(RecordingError, match=r"of format '\\x1b'; expected 1"):
        read_run(path)
