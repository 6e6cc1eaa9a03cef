import pytest

from bt_robot.robot.emulator.log import Packet, PacketLog
from bt_robot.robot.emulator.log_file import LogFile
from bt_robot.robot.so101.wire import packets
from bt_robot.robot.so101.wire import registers as r
from tests.robot.emulator_kit import IDS, START_S, Host


@pytest.fixture
def host():
    return Host()


def test_goals_are_found_however_they_were_written(host):
    host.sync_write(r.GOAL_POSITION, {1: 2000, 2: 2100})
    host.ask(packets.write(3, r.ACCELERATION.address, bytes((254, 0x34, 0x08))))
    host.ask(packets.write(packets.BROADCAST, r.GOAL_POSITION.address, b"\x00\x08"))
    host.ask(packets.reg_write(4, r.GOAL_POSITION.address, b"\x01\x08"))
    assert [(i, ticks) for _, i, ticks in host.log.goal_writes()] == [(1, 2000), (2, 2100), (3, 0x834), (254, 0x800)]
    host.ask(packets.action())
    assert [(i, ticks) for _, i, ticks in host.log.goal_writes()][-1] == (4, 0x801)
    assert [ticks for _, _, ticks in host.log.goal_writes(3)] == [0x834, 0x800]


def test_a_write_beside_the_goal_is_none(host):
    host.write(r.GOAL_SPEED, 100)
    host.write(r.ACCELERATION, 100)
    host.ask(packets.write(1, r.GOAL_POSITION.address + 1, b"\x08"))
    assert host.log.goal_writes() == []


def test_switching_torque_is_found(host):
    host.write(r.TORQUE_ENABLE, 1, 2)
    host.sync_write(r.TORQUE_ENABLE, dict.fromkeys(IDS, 0))
    assert [(i, value) for _, i, value in host.log.torque_writes(2)] == [(2, 1), (2, 0)]
    assert len(host.log.torque_writes()) == 7


def test_a_write_is_logged_when_its_last_bit_was_on_the_line(host):
    host.goal(2000)
    ((time_s, servo_id, ticks),) = host.log.goal_writes()
    assert (servo_id, ticks) == (1, 2000)
    assert time_s == pytest.approx(START_S + 11 * 10e-6)


def test_everything_on_the_line_is_in_the_log_in_the_order_of_time(host):
    for _ in range(3):
        host.states()
        host.goal(2000)
    kinds = [packet.kind for packet in host.log]
    assert kinds == (["sync_read"] + ["reply"] * 6 + ["sync_write"]) * 3
    times = [packet.time_s for packet in host.log]
    assert times == sorted(times)


def test_a_reply_is_logged_as_it_was_on_the_line(host):
    host.faults.flip(6, 3)
    data = host.ask(packets.read(1, 56, 2))
    (reply,) = host.log.kinds("reply")
    assert reply.raw == data
    assert reply.servo_id == 1


def test_the_order_holds_in_one_long_step_too(host):
    host.line.receive(packets.read(1, 56, 15), START_S)
    host.line.receive(packets.ping(2), START_S + 0.001)
    host.run(0.1)
    assert [packet.kind for packet in host.log] == ["read", "reply", "ping", "reply"]


def test_lost_requests_are_marked(host):
    host.faults.swallow(writes=1)
    host.goal(2000)
    host.goal(2001)
    assert [packet.heard for packet in host.log] == [False, True]
    assert len(host.log.goal_writes()) == 2


def test_it_goes_through_json_lines_unchanged(host):
    host.states()
    host.sync_write(r.GOAL_POSITION, {1: 2000, 2: 2100})
    again = PacketLog.from_lines(host.log.to_lines() + '{"half')
    assert list(again) == list(host.log)


def test_it_keeps_the_last_ones():
    log = PacketLog(limit=3)
    for n in range(5):
        log.add(Packet(float(n), "ping", n))
    assert [packet.servo_id for packet in log] == [2, 3, 4]
    assert [packet.servo_id for packet in log.last(2)] == [3, 4]
    assert log.last(0) == []
    assert len(log.last(9)) == 3
    log.clear()
    assert len(log) == 0


def test_a_file_gets_everything_from_then_on_in_small_parts(host, tmp_path):
    host.goal(1)
    path = tmp_path / "packets.jsonl"
    file = LogFile(host.log, str(path))
    host.states()
    file.write_some()
    host.goal(2)
    file.write_all()
    written = PacketLog.from_lines(path.read_text())
    host.goal(3)
    file.close()
    assert [packet.kind for packet in written] == ["sync_read", *["reply"] * 6, "sync_write"]
    assert list(PacketLog.from_lines(path.read_text())) == list(host.log)[1:]
