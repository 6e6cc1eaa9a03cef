import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.robot.emulator.outbox import Chunk, Outbox

BYTE_S = 10e-6


def box(*chunks):
    outbox = Outbox()
    for chunk in chunks:
        outbox.add(chunk)
    return outbox


def test_each_byte_is_out_when_its_last_bit_is():
    outbox = box(Chunk(1.0, b"abc", BYTE_S))
    seen = [outbox.flush(1.0 + n * BYTE_S / 2)[0] for n in range(8)]
    assert seen == [b"", b"", b"a", b"", b"b", b"", b"c", b""]


@given(st.floats(0.0, 1e7), st.integers(1, 40))
def test_at_the_end_of_a_chunk_all_of_it_is_out_whatever_the_clock_says(start_s, length):
    chunk = Chunk(start_s, bytes(length), BYTE_S)
    outbox = box(chunk)
    assert len(outbox.flush(chunk.end_s)[0]) == length
    assert outbox.next_s is None


def test_chunks_come_in_the_order_of_their_start():
    outbox = box(Chunk(2.0, b"b", BYTE_S), Chunk(1.0, b"a", BYTE_S), Chunk(3.0, b"c", BYTE_S))
    assert outbox.next_s == 1.0 + BYTE_S
    assert outbox.flush(4.0)[0] == b"abc"


def test_two_that_speak_at_once_spoil_each_other():
    outbox = box(Chunk(1.0, b"aaa", BYTE_S), Chunk(1.0 + 1.5 * BYTE_S, b"bbb", BYTE_S))
    assert outbox.flush(2.0)[0] == b"aabab" + b"b"


def test_a_chunk_is_told_when_it_is_complete():
    chunk = Chunk(1.0, b"ab", BYTE_S)
    outbox = box(chunk)
    assert outbox.flush(1.0 + BYTE_S)[1] == []
    assert outbox.flush(1.0 + 2 * BYTE_S)[1] == [chunk]
    assert outbox.flush(2.0)[1] == []


def test_the_line_is_busy_with_replies_that_have_begun():
    said = (1, b"")
    outbox = box(Chunk(1.0, b"abc", BYTE_S, said), Chunk(2.0, b"abc", BYTE_S, said), Chunk(1.0, bytes(99), BYTE_S))
    assert outbox.busy_until_s(0.5) == 0.5
    assert outbox.busy_until_s(1.0) == pytest.approx(1.0 + 3 * BYTE_S)


def test_an_empty_chunk_is_nothing():
    assert box(Chunk(1.0, b"", BYTE_S)).next_s is None
