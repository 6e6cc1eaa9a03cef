"""Whether these servos are the arm that was described: what is found, what it should be, and what to do."""

from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.robot.emulator.arm import emulated_servos
from bt_robot.robot.so101.assembly import calibration_of
from bt_robot.robot.so101.identity import Expected, Findings, examine, firmware_of, value_of
from bt_robot.robot.so101.planning import expected_servos
from bt_robot.robot.so101.wire import registers
from bt_robot.robot.so101.wire.registers import MEMORY_SIZE, MODEL, POSITION_OFFSET, REGISTERS
from tests.robot.so101_kit import settings

CALIBRATION, _ = calibration_of(settings())
EXPECTED = expected_servos(CALIBRATION, "my_arm.json")
IDS = (1, 2, 3, 4, 5, 6)


def memories(**changes):
    """The memory of six servos as they should be; `e3_mode=1` changes a register of servo 3."""
    found = {}
    for servo in emulated_servos():
        servo.memory.put(registers.PRESENT_VOLTAGE, 120)
        for change, value in changes.items():
            who, name = change.split("_", 1)
            if who in ("all", f"e{servo.servo_id}"):
                servo.memory.put(REGISTERS[name], value)
        found[servo.servo_id] = servo.memory.read(0, MEMORY_SIZE)
    return found


def without(*silent):
    return {i: memory for i, memory in memories().items() if i not in silent}


def test_the_arm_that_was_described_passes_without_a_word():
    assert examine(EXPECTED, memories()) == Findings()


def test_what_the_servos_should_be_survives_its_way_to_the_guardian():
    assert Expected.from_values(asdict(EXPECTED)) == EXPECTED


# refusals -------------------------------------------------------------------------------------------------------

REFUSALS = [
    (
        {"e3_model": 1284},
        "elbow_flex (id 3) is a servo of model 1284; expected 777, an STS3215",
    ),
    (
        {"e2_mode": 1},
        "shoulder_lift (id 2) is in mode 1; expected 0, position control",
    ),
    (
        {"e4_present_voltage": 31},
        "wrist_flex (id 4) has 3.1 V; it allows 4.0 … 14.0 V. Is it the right supply?",
    ),
    (
        {"e4_max_voltage": 80},
        "wrist_flex (id 4) has 12.0 V; it allows 4.0 … 8.0 V. Is it the right supply?",
    ),
    (
        {"e1_position_offset": 77},
        "shoulder_pan (id 1) has the homing offset 77; the calibration in my_arm.json says -123. It belongs to another"
        " arm, or is older than the servo's: run `bt-arm calibrate`, or name the right file",
    ),
    (
        {"e6_max_position": 4095},
        f"gripper (id 6) is limited to {EXPECTED.servos[5].lower} … 4095 ticks; the calibration in my_arm.json says"
        f" {EXPECTED.servos[5].lower} … {EXPECTED.servos[5].upper}. Run `bt-arm calibrate`, or name the right file",
    ),
    (
        {"e5_unloading_mask": 40},
        "wrist_roll (id 5) does not protect itself: register 19 is 40; expected the bits of 44 (heat, current,"
        " overload)",
    ),
]


@pytest.mark.parametrize(("changes", "text"), REFUSALS)
def test_what_would_be_dangerous_is_refused(changes, text):
    assert examine(EXPECTED, memories(**changes)) == Findings((text,))


def test_everything_is_told_at_once():
    changes = {
        name: value for changes, _ in REFUSALS if "max_voltage" not in str(changes) for name, value in changes.items()
    }
    found = examine(EXPECTED, memories(**changes))
    assert sorted(found.refusals) == sorted(text for changes, text in REFUSALS if "max_voltage" not in str(changes))


def test_a_servo_of_another_model_is_not_looked_at_any_further():
    found = examine(EXPECTED, memories(e3_model=1, e3_mode=3, e3_position_offset=9))
    assert found.refusals == ("elbow_flex (id 3) is a servo of model 1; expected 777, an STS3215",)


def test_a_calibration_without_a_file_is_not_named():
    found = examine(replace(EXPECTED, calibration=""), memories(e1_position_offset=77))
    assert "; the calibration says -123." in found.refusals[0]


def test_servos_that_do_not_answer_are_listed_beside_those_that_do():
    assert examine(EXPECTED, without(3, 6)).refusals == (
        "no answer from elbow_flex (id 3), gripper (id 6); ids that answer: 1, 2, 4, 5. Look at that servo's plug, or"
        " at `bt-arm scan`",
    )


def test_an_arm_without_a_supply_is_told_so():
    assert examine(EXPECTED, {}).refusals == ("no servo answers: is the supply on, and the cable in the first servo?",)


def test_two_servos_with_one_id_are_refused_with_the_way_out():
    assert examine(EXPECTED, memories(), doubled=[2, 4]).refusals == tuple(
        f"more than one servo answers to id {i}; give one another id with `bt-arm setup-id`, alone on the bus"
        for i in (2, 4)
    )


@pytest.mark.parametrize("mask", [44, 45, 47, 63, 255])
def test_more_protection_than_delivered_is_no_fault(mask):
    assert examine(EXPECTED, memories(all_unloading_mask=mask)) == Findings()


@pytest.mark.parametrize(("volts", "refused"), [(39, True), (40, False), (140, False), (141, True)])
def test_the_supply_may_be_at_the_servos_own_limits(volts, refused):
    assert bool(examine(EXPECTED, memories(e2_present_voltage=volts)).refusals) is refused


# warnings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"e1_return_delay": 250},
            "shoulder_pan (id 1) waits 500 µs before it answers (register 7); 0 makes the bus faster",
        ),
        (
            {"e3_p_gain": 8},
            "elbow_flex (id 3) has a P gain of 8 (register 21); usual are 16 (LeRobot) and 32 (as delivered)",
        ),
        (
            {"e4_firmware_minor": 9},
            "the servos have different firmware (id 1: 3.10, id 2: 3.10, id 3: 3.10, id 4: 3.9, id 5: 3.10, id 6:"
            " 3.10); LeRobot refuses such an arm",
        ),
    ],
)
def test_what_is_only_unusual_is_a_warning(changes, text):
    assert examine(EXPECTED, memories(**changes)) == Findings((), (text,))


def test_a_servo_that_counts_beyond_a_turn_is_a_warning():
    servo = emulated_servos()[1]
    found = examine(EXPECTED, memories(e2_phase=servo.memory.get(registers.PHASE) | 0x10))
    assert found.refusals == ()
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith("shoulder_lift (id 2) counts positions beyond a turn (register 18, bit 4)")


@pytest.mark.parametrize("gain", [16, 32])
def test_the_usual_gains_are_fine(gain):
    assert examine(EXPECTED, memories(all_p_gain=gain)) == Findings()


# reading a memory -----------------------------------------------------------------------------------------------


def test_values_are_read_from_their_place_with_their_sign():
    memory = memories()[1]
    assert value_of(memory, MODEL) == 777
    assert value_of(memory, POSITION_OFFSET) == -123


def test_firmware_is_told_as_two_numbers():
    assert firmware_of(memories(e1_firmware_major=3, e1_firmware_minor=7)[1]) == "3.7"


@given(st.dictionaries(st.sampled_from(IDS), st.binary(min_size=MEMORY_SIZE, max_size=MEMORY_SIZE)))
def test_whatever_the_memories_hold_it_is_words(found):
    findings = examine(EXPECTED, found)
    assert all(isinstance(text, str) and text for text in findings.refusals + findings.warnings)
    if len(found) < len(IDS):
        assert findings.refusals
