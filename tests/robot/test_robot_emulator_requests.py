import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.robot.emulator.requests import RequestParser
from bt_robot.robot.so101.wire import packets

BYTE_S = 10e-6
PACKETS = (
    packets.ping(3),
    packets.read(1, 56, 15),
    packets.write(2, 42, b"\x34\x08"),
    packets.reg_write(2, 42, b"\x34\x08"),
    packets.action(),
    packets.sync_read(56, 15, range(1, 7)),
    packets.sync_write(42, {1: b"\x01\x02", 5: b"\x03\x04"}),
)


def parsed(data, parser=None, start_s=0.0):
    return (parser or RequestParser()).feed(data, start_s, BYTE_S)


def test_every_instruction_is_understood():
    requests = parsed(b"".join(PACKETS))
    assert [request.raw for request in requests] == list(PACKETS)
    assert [request.kind for request in requests] == [
        "ping", "read", "write", "reg_write", "action", "sync_read", "sync_write",
    ]  # fmt: skip
    ping, read, write, announced, action, sync_read, sync_write = requests
    assert ping.servo_id == 3
    assert (read.address, read.length, read.ids) == (56, 15, (1,))
    assert (write.address, write.values) == (announced.address, announced.values) == (42, {2: b"\x34\x08"})
    assert action.servo_id == packets.BROADCAST
    assert (sync_read.address, sync_read.length, sync_read.ids) == (56, 15, (1, 2, 3, 4, 5, 6))
    assert (sync_write.address, sync_write.values) == (42, {1: b"\x01\x02", 5: b"\x03\x04"})


def test_a_request_is_there_when_its_last_bit_is():
    one, other = packets.ping(1), packets.sync_read(56, 15, range(1, 7))
    times = [request.time_s for request in parsed(one + b"\0" + other, start_s=2.0)]
    assert times == pytest.approx([2.0 + 6 * BYTE_S, 2.0 + 21 * BYTE_S])


def test_the_end_of_a_request_in_pieces_is_the_last_pieces():
    parser = RequestParser()
    data = packets.read(1, 56, 2)
    assert parsed(data[:3], parser, 1.0) == []
    (request,) = parsed(data[3:], parser, 1.005)
    assert request.time_s == pytest.approx(1.005 + 5 * BYTE_S)


@given(st.lists(st.integers(0, 60), max_size=10), st.binary(max_size=5))
def test_requests_may_come_in_any_pieces_with_anything_between_them(cuts, noise):
    noise = noise.replace(b"\xff", b"\0")
    data = noise.join([b"", *PACKETS, b""])
    parser, found, at = RequestParser(), [], 0
    for cut in [*sorted(cuts), len(data)]:
        found += parsed(data[at:cut], parser, at * BYTE_S)
        at = max(at, cut)
    assert [request.raw for request in found] == list(PACKETS)


@pytest.mark.parametrize("false", [b"\xff", b"\xff\xff", b"\xff\xff\x01", b"\xff\xff\x01\x04\x02"])
def test_a_false_header_hides_no_request(false):
    assert [request.raw for request in parsed(false + PACKETS[1] + PACKETS[1])][:2] == [PACKETS[1]] * 2


def test_a_packet_that_was_given_up_is_forgotten_after_20_ms():
    parser = RequestParser()
    parsed(b"\xff\xff\x01\xfa\x02", parser, 1.0)
    assert len(parsed(PACKETS[0], parser, 1.03)) == 1


def test_a_wrong_checksum_is_no_request():
    assert parsed(PACKETS[1][:-1] + b"\0") == []


@pytest.mark.parametrize(
    "raw",
    [
        "ff ff 01 02 06 f6",  # factory reset
        "ff ff 01 02 08 f4",  # boot loader
        "ff ff 01 02 02 fa",  # a read of nothing
        "ff ff fe 06 83 2a 02 01 05 46",  # a sync write that is short of a byte
    ],
)
def test_what_is_not_emulated_is_kept_apart(raw):
    (request,) = parsed(bytes.fromhex(raw))
    assert request.kind == "other"
