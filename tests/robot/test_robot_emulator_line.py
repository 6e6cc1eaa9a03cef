from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.robot.emulator.arm import emulated_servos
from bt_robot.robot.emulator.line import TURNAROUND_S, Line
from bt_robot.robot.emulator.plant import FirstOrderPlant
from bt_robot.robot.emulator.servo import Servo
from bt_robot.robot.so101.wire import packets
from bt_robot.robot.so101.wire import registers as r
from bt_robot.robot.so101.wire.replies import ReplyParser
from tests.robot.emulator_kit import BYTE_S, IDS, START_S, Host

READ_15 = packets.sync_read(56, 15, IDS)


@pytest.fixture
def host():
    return Host()


def arrivals(host, request, seconds=0.01, step_s=1e-6):
    """Return when each byte has arrived, from the moment the request was handed over [s]."""
    host.line.receive(request, host.now_s)
    start_s, times = host.now_s, []
    for n in range(round(seconds / step_s)):
        times += [n * step_s] * len(host.line.transmit(start_s + n * step_s))
    return times


@pytest.mark.parametrize(("length", "total_us"), [(2, 800), (4, 920), (15, 1580), (31, 2540)])
def test_a_sync_read_of_six_takes_what_the_wire_takes(host, length, total_us):
    address = 40 if length == 31 else 56
    times = arrivals(host, packets.sync_read(address, length, IDS))
    assert len(times) == 6 * (length + 6)
    assert times[-1] == pytest.approx(total_us * 1e-6, abs=2e-6)


def test_each_servo_answers_in_its_own_slot(host):
    times = arrivals(host, READ_15)
    for rank in range(6):
        start_s = 14 * BYTE_S + TURNAROUND_S + rank * (21 + 3) * BYTE_S
        expected = [start_s + (n + 1) * BYTE_S for n in range(21)]
        assert times[21 * rank : 21 * (rank + 1)] == pytest.approx(expected, abs=2e-6)


def test_a_silent_servo_leaves_a_gap_and_the_others_keep_their_slots(host):
    whole = arrivals(host, READ_15)
    host.now_s += 0.02
    host.faults.silence(3)
    assert arrivals(host, READ_15) == pytest.approx(whole[:42] + whole[63:], abs=2e-6)


@pytest.mark.parametrize("delay", [0, 25, 250])
def test_the_return_delay_is_two_microseconds_a_count(delay):
    servos = emulated_servos()
    for servo in servos:
        servo.memory.keep(r.RETURN_DELAY, delay)
    times = arrivals(Host(servos), READ_15)
    assert times[-1] == pytest.approx(1580e-6 + delay * 2e-6, abs=2e-6)


def test_a_broadcast_ping_is_answered_by_each_in_the_slot_of_its_id(host):
    data = host.ask(packets.ping(packets.BROADCAST))
    assert data == b"".join(packets.status_packet(i, 0) for i in IDS)
    gap = 9 * BYTE_S
    times = [packet.time_s for packet in host.log.kinds("reply")]
    assert [b - a for a, b in pairwise(times)] == pytest.approx([gap] * 5)


def test_a_single_read_or_write_or_ping_is_answered_by_one(host):
    assert host.ask(packets.ping(4)) == packets.status_packet(4, 0)
    assert host.ask(packets.read(4, 5, 1)) == packets.status_packet(4, 0, b"\x04")
    assert host.ask(packets.write(4, 48, b"\x10\x01")) == packets.status_packet(4, 0)
    assert host.ask(packets.ping(9)) == b""


def test_nobody_answers_what_is_for_all(host):
    assert host.ask(packets.write(packets.BROADCAST, 48, b"\x10\x01")) == b""
    assert host.ask(packets.sync_write(48, {1: b"\x10\x02"})) == b""
    assert host.ask(packets.action()) == b""
    assert host.read(r.TORQUE_LIMIT, 6) == 0x110
    assert host.read(r.TORQUE_LIMIT, 1) == 0x210


def test_instructions_that_are_not_emulated_do_nothing(host):
    before = [servo.memory.read(0, 88) for servo in host.line.servos]
    for raw in ("ff ff 01 02 06 f6", "ff ff 01 02 08 f4"):
        assert host.ask(bytes.fromhex(raw)) == b""
    assert [servo.memory.read(0, 88) for servo in host.line.servos] == before


def test_a_request_in_pieces_and_among_garbage_is_answered(host):
    host.line.receive(b"\x00\xff\x13" + READ_15[:5], host.now_s)
    host.run(0.001)
    host.line.receive(READ_15[5:] + b"\x55", host.now_s)
    parser = ReplyParser(IDS, 15)
    parser.feed(host.run(0.01))
    assert parser.complete


def test_what_the_host_sends_too_early_waits_for_the_line(host):
    host.line.receive(packets.read(1, 56, 15), START_S)
    host.line.receive(packets.ping(2), START_S)
    host.run(0.01)
    requests = host.log.kinds("read", "ping")
    assert [request.time_s - START_S for request in requests] == pytest.approx([80e-6, 140e-6])


def test_a_slower_line_takes_longer_and_only_servos_with_its_rate_hear(host):
    host.line.baud = 500_000
    assert host.ask(READ_15) == b""
    host.faults.poke(2, "baud_rate", 1)
    times = arrivals(host, packets.read(2, 5, 1))
    assert times[-1] == pytest.approx((8 + 7) * 20e-6 + TURNAROUND_S, abs=2e-6)


def test_two_servos_with_one_id_speak_at_once():
    servos = [Servo({"id": 1}), Servo({"id": 1, "position_offset": 100})]
    host = Host(servos, FirstOrderPlant([0.0, 0.0]))
    data = host.ask(packets.read(1, 56, 2))
    assert len(data) == 16
    assert host.replies(packets.read(1, 56, 2), (1,), 2) == {}


def test_it_says_when_the_next_request_or_reply_will_have_arrived(host):
    assert host.line.next_due_s is None
    host.line.receive(READ_15, START_S)
    assert host.line.next_due_s == host.line.next_request_s == pytest.approx(START_S + 140e-6)
    host.line.transmit(host.line.next_due_s)
    assert host.line.next_due_s == pytest.approx(START_S + 170e-6 + 210e-6)
    assert host.line.next_request_s is None
    for _ in range(6):
        assert len(host.line.transmit(host.line.next_due_s)) == 21
    assert host.line.next_due_s is None


def test_what_is_on_its_way_can_be_fetched_without_anything_else_happening(host):
    host.line.receive(READ_15, START_S)
    assert host.line.collect(START_S + 0.01) == b""  # the request has not been dealt with
    host.line.advance(START_S + 150e-6)
    stepped = host.line.next_step_s
    assert len(host.line.collect(START_S + 0.1)) == 126
    assert host.line.next_step_s == stepped


def test_any_start_of_the_clock_will_do():
    for start_s in (0.0, 12.5, 1e6):
        line = Line(emulated_servos(), FirstOrderPlant())
        line.receive(READ_15, start_s)
        assert len(line.transmit(start_s + 0.00159)) == 126


def test_a_clock_that_steps_back_is_taken_for_one_that_stands(host):
    host.run(1.0)
    host.line.advance(START_S)
    assert host.line.now_s == host.now_s


def moved(pieces):
    """Where a joint is after 0.2 s of a move that is looked at now and then."""
    host = Host()
    host.goal(2300)
    for share in pieces:
        host.line.advance(START_S + 0.001 + 0.2 * share)
    host.now_s = START_S + 0.201
    host.line.advance(host.now_s)
    return host.servo(1).motion


@given(st.lists(st.floats(0.0, 1.0), max_size=10))
def test_how_often_it_is_looked_at_does_not_change_what_moves(shares):
    assert moved(sorted(shares)) == moved([])


def test_between_two_steps_of_the_mechanics_positions_go_on():
    host = Host(plant=FirstOrderPlant([-1.5] * 6), step_s=0.005)
    host.goal(3000)
    host.run(0.02)
    seen = []
    for _ in range(10):
        host.run(0.001)
        seen.append(host.read(r.PRESENT_POSITION))
    assert all(b > a for a, b in pairwise(seen))


def test_a_time_in_which_the_process_stood_still_moves_nothing(host):
    host.goal(2600)
    host.run(0.02)
    before = host.servo(1).motion.position_rad
    host.line.skip(host.now_s + 30.0)
    host.run(30.0)
    assert abs(host.servo(1).motion.position_rad - before) < 0.1


def test_there_is_no_servo_with_another_id(host):
    with pytest.raises(ValueError, match="no servo with id 9"):
        host.line.servo(9)
