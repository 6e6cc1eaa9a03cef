"""A look at the servos before anything is written: who is there, at which rate, and what each says of itself."""

import pytest

from bt_robot.robot.emulator.servo import Servo
from bt_robot.robot.so101.assembly import calibration_of
from bt_robot.robot.so101.identity import Findings
from bt_robot.robot.so101.look import find_rate, look_at, read_memories
from bt_robot.robot.so101.planning import expected_servos
from bt_robot.robot.so101.port import PortLost
from bt_robot.robot.so101.wire.registers import BAUD_RATE, BAUD_RATES, MEMORY_SIZE, RETURN_DELAY
from tests.robot.so101_kit import IDS, Arm, settings

CALIBRATION, _ = calibration_of(settings())
EXPECTED = expected_servos(CALIBRATION, "my_arm.json")


@pytest.fixture
def arm():
    return Arm()


def look(arm):
    return look_at(arm.bus, arm.port, EXPECTED)


def at_rate(arm, rate, servo_ids=IDS):
    for servo_id in servo_ids:
        arm.line.servo(servo_id).memory.keep(BAUD_RATE, BAUD_RATES.index(rate))


def add_twin(arm, servo_id, **eeprom):
    """Put a second servo with an id on the wire."""
    twin = Servo({"id": servo_id, "return_delay": 0, **eeprom})
    arm.line.servos.append(twin)
    plant = arm.line._plant
    arm.line._plant = type(
        "Plant", (), {"step": lambda _, dt_s, drives: [*plant.step(dt_s, drives[:6]), twin.motion]}
    )()


def test_an_arm_as_described_passes_without_a_word(arm):
    assert look(arm) == Findings()


def test_looking_writes_nothing(arm):
    look(arm)
    at_rate(arm, 500_000)
    look(arm)
    arm.run(0.05)
    assert {packet.kind for packet in arm.log} == {"read", "sync_read", "reply"}


def test_the_whole_memory_of_each_servo_is_read(arm):
    memories, doubled, echoed = read_memories(arm.bus, IDS)
    assert (doubled, echoed) == ([], False)
    for i in IDS:
        assert memories[i] == arm.line.servo(i).memory.read(0, MEMORY_SIZE)


def test_a_servo_that_is_missing_is_named(arm):
    arm.faults.silence(3)
    assert look(arm).refusals == (
        "no answer from elbow_flex (id 3); ids that answer: 1, 2, 4, 5, 6. Look at that servo's plug, or at `bt-arm"
        " scan`",
    )


@pytest.mark.parametrize("count", [1, 2])
def test_a_lost_reply_or_two_are_asked_for_again(arm, count):
    arm.faults.silence(3, count)
    assert look(arm) == Findings()


@pytest.mark.parametrize("count", [1, 2])
def test_a_damaged_reply_or_two_are_asked_for_again(arm, count):
    arm.faults.corrupt_checksum(3, count)
    assert look(arm) == Findings()


def test_noise_on_the_line_is_no_second_servo(arm):
    arm.faults.precede("ff00ff", 2)
    assert look(arm) == Findings()


@pytest.mark.parametrize("twin", [{}, {"return_delay": 100}, {"return_delay": 254}, {"firmware_minor": 9}])
def test_two_servos_with_one_id_are_noticed(arm, twin):
    add_twin(arm, 4, **twin)
    _, doubled, echoed = read_memories(arm.bus, IDS)
    assert (doubled, echoed) == ([4], False)
    assert (
        "more than one servo answers to id 4; give one another id with `bt-arm setup-id`, alone on the bus"
        in look(arm).refusals
    )


def test_an_adapter_that_hears_itself_is_refused(arm):
    arm.faults.hear_itself()
    assert look(arm) == Findings(
        ("the adapter hears itself (it echoes what it sends); its jumper or firmware is set for another bus",)
    )


def test_an_arm_without_a_supply_is_told_so(arm):
    arm.faults.power(False)
    assert look(arm).refusals == ("no servo answers: is the supply on, and the cable in the first servo?",)


@pytest.mark.parametrize("rate", BAUD_RATES[1:])
def test_servos_at_another_rate_are_found_there(arm, rate):
    at_rate(arm, rate)
    assert look(arm).refusals == (
        f"no servo answers at 1000000 bit/s, but they do at {rate}; `bt-arm setup-id` sets a servo's rate",
    )
    assert arm.line.baud == 1_000_000


def test_one_servo_at_another_rate_is_missing(arm):
    at_rate(arm, 115_200, [2])
    assert look(arm).refusals[0].startswith("no answer from shoulder_lift (id 2); ids that answer: 1, 3, 4, 5, 6.")


def test_the_rate_is_set_back_when_nobody_is_found(arm):
    arm.faults.power(False)
    assert find_rate(arm.bus, arm.port, IDS) is None
    assert arm.line.baud == 1_000_000


def test_an_adapter_that_does_not_have_a_rate_is_no_reason_to_give_up(arm, monkeypatch):
    at_rate(arm, 57_600)
    set_baud = arm.port.set_baud

    def only_standard(rate):
        if rate in (250_000, 128_000, 76_800):
            raise ValueError(f"Failed to set custom baud rate ({rate})")
        set_baud(rate)

    monkeypatch.setattr(arm.port, "set_baud", only_standard)
    assert find_rate(arm.bus, arm.port, IDS) == 57_600


def test_where_there_is_only_one_rate_no_other_is_tried(arm):
    at_rate(arm, 500_000)
    found = look_at(arm.bus, None, EXPECTED)
    assert found.refusals == ("no servo answers: is the supply on, and the cable in the first servo?",)


def test_a_port_that_vanishes_meanwhile_is_told(arm):
    arm.port.gone = "/dev/ttyACM0 has vanished"
    with pytest.raises(PortLost):
        look(arm)


def test_a_servo_that_takes_its_time_is_read_all_the_same(arm):
    for servo in arm.line.servos:
        servo.memory.keep(RETURN_DELAY, 250)
    found = look(arm)
    assert found.refusals == ()
    assert (
        found.warnings[0] == "shoulder_pan (id 1) waits 500 µs before it answers (register 7); 0 makes the bus faster"
    )


def test_a_babbling_line_has_an_end(arm):
    arm.faults.babble(50_000)
    began_s = arm.now_s
    look(arm)
    assert arm.now_s - began_s < 3.0
