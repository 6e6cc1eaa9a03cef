"""The rare things, through the SDK on an emulated line in virtual time."""

import pytest

from bt_robot.errors import RobotError
from bt_robot.robot.emulator.arm import emulated_servos
from bt_robot.robot.emulator.line import Line
from bt_robot.robot.emulator.plant import FirstOrderPlant
from bt_robot.robot.so101.port import PortLost
from bt_robot.robot.so101.service import RELEASES, Service
from bt_robot.robot.so101.wire.registers import (
    BAUD_RATE,
    BAUD_RATES,
    ID,
    LOCK,
    MAX_POSITION,
    MIN_POSITION,
    MODEL,
    MODEL_NUMBER,
    POSITION_OFFSET,
    PRESENT_POSITION,
    RETURN_DELAY,
    TORQUE_ENABLE,
)
from tests.robot.so101_kit import VirtualPort

IDS = (1, 2, 3, 4, 5, 6)


class RatedPort(VirtualPort):
    """A virtual port whose line rate can be changed."""

    def set_baud(self, baud):
        self.line.baud = baud


class Desk:
    def __init__(self):
        self.line = Line(emulated_servos(), FirstOrderPlant())
        self.port = RatedPort(self.line)
        self.service = Service(self.port)

    @property
    def faults(self):
        return self.line.faults

    def scan(self, ids=range(1, 9), rates=(1_000_000,)):
        parts = list(self.service.scan(ids, rates))
        return sum(parts[1:], parts[0])


@pytest.fixture
def desk():
    return Desk()


def test_a_scan_finds_the_servos_and_what_they_say(desk):
    found = desk.scan()
    assert [servo.servo_id for servo in found.servos] == list(IDS)
    assert {servo.value(MODEL) for servo in found.servos} == {MODEL_NUMBER}
    assert not found.doubled
    assert not found.echoed


def test_a_scan_writes_nothing(desk):
    desk.scan()
    assert {packet.kind for packet in desk.line.log} == {"ping", "read", "reply"}


def test_a_silent_servo_costs_little_and_hides_no_other(desk):
    desk.faults.silence(3)
    began_s = desk.port.time_s
    found = desk.scan(IDS)
    assert [servo.servo_id for servo in found.servos] == [1, 2, 4, 5, 6]
    assert desk.port.time_s - began_s < 0.2


@pytest.mark.parametrize("rate", BAUD_RATES)
def test_a_servo_is_found_at_every_rate(desk, rate):
    desk.faults.poke(2, "baud_rate", BAUD_RATES.index(rate))
    found = desk.scan((2,), BAUD_RATES)
    assert [(servo.servo_id, servo.rate) for servo in found.servos] == [(2, rate)]
    assert desk.line.baud == 1_000_000


def test_two_servos_of_one_id_are_told_by_their_mixed_replies(desk):
    desk.faults.poke(4, "id", 3)
    found = desk.scan(IDS)
    assert [servo.servo_id for servo in found.servos] == [1, 2, 5, 6]
    assert found.doubled == ((1_000_000, 3),)


def test_a_second_reply_that_follows_the_first_is_noticed(desk):
    desk.faults.poke(4, "id", 3)
    desk.faults.delay(3, 0.0015, None)  # both are late; the return delay takes them apart
    desk.line.servos[3].memory.put(RETURN_DELAY, 250)
    assert desk.scan((3,)).doubled == ((1_000_000, 3),)


def test_one_spoilt_reply_is_no_second_servo(desk):
    desk.faults.corrupt_checksum(2, 1)
    assert [servo.servo_id for servo in desk.scan((2,)).servos] == [2]


def test_an_adapter_that_hears_itself_is_told_apart_from_servos(desk):
    desk.faults.hear_itself()
    assert desk.scan().echoed


def test_a_late_reply_is_not_taken_for_the_next_answer(desk):
    assert desk.service.read(1, PRESENT_POSITION) == 2047
    desk.faults.delay(1, 0.06)
    # The SDK alone returns the position of the first request for the torque of the second.
    assert desk.service.ping(1).data is None
    assert desk.service.read(1, TORQUE_ENABLE) == 0


def test_a_reply_of_another_length_is_no_answer(desk):
    desk.faults.resize(1, -1)
    with pytest.raises(RobotError, match="servo 1 does not answer any more"):
        desk.service.read(1, PRESENT_POSITION)


def test_a_lost_port_leaves_nothing_busy(desk):
    desk.port.gone = "the port vanished"
    with pytest.raises(PortLost):
        desk.service.ping(1)
    desk.port.gone = ""
    assert desk.service.ping(1).data == b""


def test_everybody_is_called_at_once_at_any_rate(desk):
    desk.faults.poke(6, "baud_rate", 4)
    desk.faults.poke(5, "id", 200)
    found = desk.service.roll_call()
    assert [(servo.servo_id, servo.rate) for servo in found.servos] == [
        *((i, 1_000_000) for i in (1, 2, 3, 4, 200)),
        (6, 115_200),
    ]


def test_a_roll_call_notices_two_of_one_id(desk):
    for servo_id in IDS:
        desk.faults.poke(servo_id, "id", 1)
    found = desk.service.roll_call((1_000_000,))
    assert not found.servos
    assert found.doubled == ((1_000_000, 1),)


def test_torque_is_switched_off_for_all_whatever_one_reports(desk):
    for servo_id in IDS:
        desk.faults.poke(servo_id, "torque_enable", 1)
    desk.faults.report(2, 32)
    assert desk.service.release(IDS) == ()
    assert not any(servo.torque for servo in desk.line.servos)
    assert len(desk.line.log.torque_writes(2)) == RELEASES


def test_a_servo_that_keeps_its_torque_is_named_and_the_others_are_released(desk):
    for servo_id in IDS:
        desk.faults.poke(servo_id, "torque_enable", 1)
    desk.faults.ignore_torque_off(3)
    desk.faults.silence(5)
    assert desk.service.release(IDS) == (3, 5)
    assert [servo.torque for servo in desk.line.servos] == [0, 0, 1, 0, 0, 0]


VALUES = {POSITION_OFFSET: -321, MIN_POSITION: 700, MAX_POSITION: 3300}


def test_eeprom_is_written_unlocked_read_back_and_locked_again(desk):
    assert desk.service.store(2, VALUES) == ("position_offset", "min_position", "max_position")
    servo = desk.line.servo(2)
    servo.boot()  # only what is in EEPROM outlives this
    assert {register: servo.memory.get(register) for register in VALUES} == VALUES
    assert [value for _, _, value in desk.line.log.writes(LOCK)] == [0, 1]
    assert desk.line.log.kinds("write")[-1].value(LOCK, 2) == 1


def test_eeprom_is_written_only_where_it_differs(desk):
    desk.service.store(2, VALUES)
    desk.line.log.clear()
    assert desk.service.store(2, VALUES) == ()
    assert desk.service.store(2, {**VALUES, MAX_POSITION: 3301}) == ("max_position",)
    assert [packet.address for packet in desk.line.log.kinds("write")] == [
        LOCK.address,
        MAX_POSITION.address,
        LOCK.address,
    ]


def test_a_value_that_was_not_kept_is_told_and_the_lock_is_closed(desk):
    service = desk.service
    write = service.write

    def lossy(servo_id, register, value):
        return register is MIN_POSITION or write(servo_id, register, value)

    service.write = lossy
    with pytest.raises(RobotError, match="servo 2 did not keep min_position: it holds 909, and 700 was written"):
        service.store(2, VALUES)
    assert desk.line.servo(2).memory.get(LOCK) == 1


@pytest.mark.parametrize("rate", BAUD_RATES)
def test_a_servo_gets_another_id_and_the_usual_rate(desk, rate):
    desk.faults.poke(6, "baud_rate", BAUD_RATES.index(rate))
    desk.service.rename(6, rate, 17)
    servo = desk.line.servos[5]
    servo.boot()
    assert (servo.memory.get(ID), servo.memory.get(BAUD_RATE), servo.memory.get(LOCK)) == (17, 0, 1)
    assert desk.service.read(17, LOCK) == 1


def test_a_servo_that_did_not_take_its_id_is_told(desk):
    write = desk.service.write
    desk.service.write = lambda i, register, value: register is ID or write(i, register, value)
    with pytest.raises(RobotError, match="servo 17 does not answer"):
        desk.service.rename(6, 1_000_000, 17)
