import json

import pytest

from bt_robot.robot.emulator.faults import INJECTABLE, Faults
from bt_robot.robot.emulator.plant import FirstOrderPlant
from bt_robot.robot.so101.wire import packets
from bt_robot.robot.so101.wire import registers as r
from bt_robot.robot.so101.wire.registers import Status
from tests.robot.emulator_kit import IDS, START_S, Host

READ_15 = packets.sync_read(56, 15, IDS)


@pytest.fixture
def host():
    return Host()


def others(servo_id):
    return set(IDS) - {servo_id}


def test_a_silent_servo_hears_and_says_nothing(host):
    host.faults.silence(3)
    for _ in range(3):
        assert set(host.states()) == others(3)
    assert host.write(r.TORQUE_LIMIT, 123, 3) is None
    host.faults.silence(3, count=0)
    assert host.read(r.TORQUE_LIMIT, 3) == 123


def test_a_servo_can_be_silent_for_some_replies(host):
    host.faults.silence(3, count=2)
    assert [len(host.states()) for _ in range(4)] == [5, 5, 6, 6]


def test_swallowed_requests_reach_nobody(host):
    host.faults.swallow(requests=2)
    host.goal(2100)
    assert host.states() == {}
    assert len(host.states()) == 6
    assert host.read(r.TORQUE_ENABLE) == 0


def test_swallowed_writes_let_reads_through(host):
    host.faults.swallow(writes=1)
    assert len(host.states()) == 6
    host.goal(2100)
    assert host.read(r.TORQUE_ENABLE) == 0
    host.goal(2100)
    assert host.read(r.TORQUE_ENABLE) == 1


def test_a_spoilt_checksum_costs_that_reply(host):
    host.faults.corrupt_checksum(4, count=2)
    assert [set(host.states()) for _ in range(3)] == [others(4), others(4), set(IDS)]


def test_bits_of_the_next_burst_are_turned_over(host):
    clean = host.ask(READ_15)
    host.faults.flip(0, 0)
    host.faults.flip(25, 7)
    flipped = host.ask(READ_15)
    assert [(n, a ^ b) for n, (a, b) in enumerate(zip(clean, flipped, strict=True)) if a != b] == [(0, 1), (25, 128)]
    assert host.ask(READ_15) == clean


def test_a_burst_is_cut(host):
    whole = host.ask(READ_15)
    host.faults.cut(50)
    assert host.ask(READ_15) == whole[:50]
    assert host.ask(READ_15) == whole


def test_garbage_stands_before_the_next_bursts(host):
    whole = host.ask(READ_15)
    host.faults.precede("ff ff 01 11 00", count=2)
    for _ in range(2):
        assert host.ask(READ_15) == bytes.fromhex("ffff011100") + whole
    assert host.ask(READ_15) == whole


def test_a_babbling_line_brings_bytes_all_the_time(host):
    host.faults.babble(5000)
    data = host.run(1.0)
    assert 4900 < len(data) < 5100
    assert host.line.next_due_s is not None
    host.faults.babble(0)
    host.run(0.01)
    assert host.run(1.0) == b""


def test_a_line_can_babble_no_faster_than_its_rate(host):
    host.faults.babble(1e9)
    assert 90_000 < len(host.run(1.0)) <= 100_000


def test_slow_babble_is_slow(host):
    host.faults.babble(50)
    assert 20 < len(host.run(1.0)) < 90


def test_an_echoing_adapter_returns_what_was_sent_before_the_answer(host):
    host.faults.hear_itself()
    data = host.ask(packets.ping(2))
    assert data == packets.ping(2) + packets.status_packet(2, 0)
    host.faults.hear_itself(False)
    assert host.ask(packets.ping(2)) == packets.status_packet(2, 0)


def test_a_reply_comes_late_once(host):
    host.faults.delay(2, 0.03)
    request = packets.read(2, 56, 2)
    assert host.ask(request, 0.01) == b""
    late = host.run(0.03)
    assert len(late) == 8
    assert len(host.ask(request)) == 8


def test_replies_come_late_always(host):
    host.faults.delay(2, 0.012, count=None)
    for _ in range(3):
        assert set(host.states()) == others(2)
        assert len(host.run(0.01)) == 21
    host.faults.delay(2, 0.0, count=0)
    assert len(host.states()) == 6


def test_a_late_reply_falls_into_the_next_burst(host):
    host.faults.delay(6, 0.0101)
    host.ask(READ_15)
    before = host.now_s
    data = host.ask(READ_15)
    assert len(data) == 7 * 21
    assert host.now_s > before


def test_a_servo_poses_as_another(host):
    host.faults.pose(3, 2)
    assert host.ask(packets.ping(3)) == packets.status_packet(2, 0)
    assert 3 not in host.states()
    host.faults.pose(3, 3)
    assert 3 in host.states()


@pytest.mark.parametrize("extra", [-3, 2])
def test_a_reply_has_the_wrong_length(host, extra):
    host.faults.resize(5, extra)
    assert len(host.ask(packets.read(5, 56, 15))) == 21 + extra
    assert set(host.states()) == others(5)
    host.faults.resize(5, 0)
    assert len(host.states()) == 6


def test_a_servo_reports_status_bits_that_do_nothing_else(host):
    host.faults.report(2, Status.OVERLOAD | Status.TEMPERATURE)
    host.goal(1500, 2)
    host.run(1.0)
    assert host.state(2).status == Status.OVERLOAD | Status.TEMPERATURE
    assert host.state(2).position == 1500
    host.faults.report(2, 0)
    assert host.state(2).status == 0


def test_supply_heat_and_current_are_what_the_servo_is_told(host):
    host.faults.supply(5.5, 1)
    host.faults.heat(63, 1)
    host.faults.draw(650, 1)
    host.run(0.01)
    state = host.state()
    assert (state.voltage_v, state.temperature_c, state.current_ma) == (pytest.approx(5.5), 63, 650)
    assert host.state(2).voltage_v == pytest.approx(12.0)
    for end in (host.faults.supply, host.faults.heat, host.faults.draw):
        end(None, 1)
    host.run(0.01)
    assert (host.state().voltage_v, host.state().temperature_c) == (pytest.approx(12.0), 28)


def test_a_frozen_joint_stalls(host):
    host.hold(2)
    host.faults.freeze(2)
    before = host.state(2).position
    host.goal(before + 400, 2)
    host.run(0.5)
    state = host.state(2)
    assert (state.position, state.load, state.speed) == (before, 1000, 0)
    host.faults.freeze(2, False)
    host.run(1.0)
    assert host.state(2).position == before + 400


def test_a_position_jumps_for_some_reads(host):
    true = host.state(4).position
    host.faults.jump(4, 700, count=2)
    assert [host.state(4).position for _ in range(3)] == [true + 700, true + 700, true]


def test_a_servo_ignores_that_its_torque_is_switched_off(host):
    host.hold(3)
    host.faults.ignore_torque_off(3)
    host.sync_write(r.TORQUE_ENABLE, dict.fromkeys(IDS, 0))
    assert host.read(r.TORQUE_ENABLE, 3) == 1
    host.faults.ignore_torque_off(3, False)
    host.write(r.TORQUE_ENABLE, 0, 3)
    assert host.read(r.TORQUE_ENABLE, 3) == 0


def test_a_servo_reboots(host):
    host.hold(2)
    host.faults.reboot(2)
    settings, state = r.parse_full(2, 0, host.replies(packets.read(2, 40, 31), (2,), 31)[2].data)
    assert (settings.torque_enable, settings.goal_position, settings.lock, state.goal_echo) == (0, 0, 1, 0)


def test_a_hand_moves_a_joint(host):
    host.faults.place(1, 0.5)
    assert host.state(1).position == 2047 + 326


def test_a_register_is_other_than_expected(host):
    host.faults.poke(2, "model", 1540)
    host.faults.poke(3, "firmware_minor", 6)
    host.faults.poke(4, "id", 9)
    assert host.read(r.MODEL, 2) == 1540
    assert host.read(r.FIRMWARE_MINOR, 3) == 6
    assert set(host.states()) == others(4)
    host.faults.reboot(9)
    assert host.state(9).servo_id == 9


def test_two_servos_get_the_same_id(host):
    host.faults.poke(4, "id", 3)
    assert len(host.ask(packets.ping(3))) == 12
    assert set(host.states()) == set(IDS) - {3, 4}


def test_without_power_nobody_answers_or_holds_and_all_boot_when_it_returns():
    host = Host(plant=FirstOrderPlant([0.0] * 6, gravity=True))
    host.hold(2)
    host.faults.power(False)
    assert host.states() == {}
    host.run(2.0)
    assert host.servo(2).motion.position_rad < -1.0
    host.faults.power(True)
    assert len(host.states()) == 6
    assert host.read(r.TORQUE_ENABLE, 2) == 0


def test_all_faults_end_at_once(host):
    host.faults.silence(1)
    host.faults.freeze(2)
    host.faults.corrupt_checksum(3, count=None)
    host.faults.clear()
    assert host.faults == Faults()
    assert len(host.states()) == 6


COMMANDS = [
    {"fault": "silence", "servo_id": 3, "count": 2},
    {"fault": "swallow", "requests": 1},
    {"fault": "corrupt_checksum", "servo_id": 1},
    {"fault": "flip", "byte": 3, "bit": 2},
    {"fault": "cut", "length": 40},
    {"fault": "precede", "data": "ffff0111"},
    {"fault": "babble", "bytes_s": 100},
    {"fault": "hear_itself"},
    {"fault": "delay", "servo_id": 2, "late_s": 0.1},
    {"fault": "pose", "servo_id": 2, "as_id": 3},
    {"fault": "resize", "servo_id": 2, "extra": 1},
    {"fault": "report", "servo_id": 2, "status": 32},
    {"fault": "supply", "volts": 5.0, "servo_id": 2},
    {"fault": "heat", "celsius": 60, "servo_id": 2},
    {"fault": "draw", "milliamperes": 60, "servo_id": 2},
    {"fault": "freeze", "servo_id": 2},
    {"fault": "jump", "servo_id": 2, "ticks": 100},
    {"fault": "ignore_torque_off", "servo_id": 2},
    {"fault": "reboot", "servo_id": 2},
    {"fault": "place", "servo_id": 2, "position_rad": 0.1},
    {"fault": "poke", "servo_id": 2, "register": "model", "value": 1},
    {"fault": "power", "on": False},
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command["fault"])
def test_every_fault_can_be_told_as_json(command):
    faults = Faults()
    faults.inject(**json.loads(json.dumps(command)))
    assert faults != Faults()
    faults.inject("clear")
    assert faults == Faults()


def test_those_are_all():
    assert {command["fault"] for command in COMMANDS} | {"clear"} == set(INJECTABLE)


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ({"fault": "silense", "servo_id": 1}, r"no fault 'silense' \(did you mean 'silence'\?\)"),
        ({"fault": "inject"}, "no fault 'inject'"),
        ({"fault": "silence", "id": 1}, "silence: .*unexpected keyword argument 'id'"),
        ({"fault": "poke", "servo_id": 1, "register": "p_gian", "value": 1}, r"'p_gian' \(did you mean 'p_gain'\?\)"),
    ],
)
def test_a_wrong_command_is_refused_with_a_hint(command, text):
    with pytest.raises(ValueError, match=text):
        Faults().inject(**command)


def test_counted_faults_do_not_outlive_their_count():
    faults = Faults()
    faults.jump(1, 50, count=1)
    assert [faults.take_jump_ticks(1) for _ in range(2)] == [50, 0]
    assert faults.jumps == {}


def test_a_fault_hits_only_its_servo(host):
    host.faults.heat(80, 2)
    host.run(0.1)
    assert {i: s.status for i, s in host.states().items()} == {i: Status.TEMPERATURE * (i == 2) for i in IDS}
    assert host.log.last(1)[0].time_s > START_S
