"""Rows B4, B5 and B15 of the fault table: what is found on the bus before the arm is armed.

An SO-101 in virtual time. Each test asserts what reached the servos, what a person reads, and how it is afterwards.
"""

import pytest

from bt_robot.robot.so101.guardian.messages import State
from bt_robot.robot.so101.look import look_at
from bt_robot.robot.so101.planning import expected_servos
from bt_robot.robot.so101.wire.registers import (
    FIRMWARE_MINOR,
    MIN_POSITION,
    P_GAIN,
    PHASE,
    POSITION_OFFSET,
    UNLOADING_MASK,
)
from tests.faults.servo_kit import (
    WRITING,
    Flight,
    assert_nothing_is_mixed_up,
    losses,
    under_way,
)
from tests.robot.so101_kit import IDS


def looked_at(**pokes):
    """Look at an arm some of whose registers were changed: `_4_model=1060`."""
    arm = Flight()
    for name, value in pokes.items():
        servo_id, register = name.strip("_").split("_", 1)
        arm.faults.poke(int(servo_id), register, value)
    return arm, look(arm)


def look(arm):
    return look_at(arm.bus, None, expected_servos(arm.calibration, "arm.json"))


def test_b4_a_missing_servo_is_refused_with_who_answers_and_nothing_is_written():
    arm = Flight()
    arm.faults.silence(3)
    found = look(arm)
    (refusal,) = found.refusals
    assert refusal.startswith("no answer from elbow_flex (id 3); ids that answer: 1, 2, 4, 5, 6. ")
    assert "bt-arm scan" in refusal
    assert arm.log.kinds(*WRITING) == []
    arm.faults.clear()
    assert look(arm).refusals == ()


def test_b4_a_servo_that_falls_silent_before_arming_is_refused_and_armed_when_it_answers():
    arm = Flight()
    arm.faults.silence(3)
    arm.run(0.1)
    assert "elbow_flex" in arm.core.arm(arm.now_s)
    arm.run(0.2)
    assert arm.state is State.DISARMED
    assert arm.log.kinds(*WRITING) == []
    arm.faults.clear()
    arm.run(0.6)
    arm.arm()


def test_b4_no_servo_at_all_is_told_as_supply_or_cable():
    arm = Flight()
    arm.faults.power(False)
    assert look(arm).refusals == ("no servo answers: is the supply on, and the cable in the first servo?",)
    assert arm.log.kinds(*WRITING) == []


def test_b4_a_servo_of_another_model_is_refused_with_both_numbers():
    arm, found = looked_at(_4_model=1060)
    assert found.refusals == ("wrist_flex (id 4) is a servo of model 1060; expected 777, an STS3215",)
    assert arm.log.kinds(*WRITING) == []


def test_b4_two_servos_with_one_id_are_told_with_the_id_that_is_missing():
    arm, found = looked_at(_4_id=3)
    told = "\n".join(found.refusals)
    assert "more than one servo answers to id 3; give one another id with `bt-arm setup-id`, alone on the bus" in told
    assert "no answer from" in told
    assert "wrist_flex (id 4)" in told
    assert arm.log.kinds(*WRITING) == []


REFUSED = {
    "offset": ({"_2_position_offset": 5}, "shoulder_lift (id 2) has the homing offset 5; the calibration in arm.json"),
    "limits": ({"_2_min_position": 5}, "shoulder_lift (id 2) is limited to 5 … "),
    "mode": ({"_2_mode": 1}, "shoulder_lift (id 2) is in mode 1; expected 0, position control"),
    "protection": ({"_2_unloading_mask": 0}, "shoulder_lift (id 2) does not protect itself: register 19 is 0"),
}
TOLD = {
    "firmware": ({"_2_firmware_minor": 9}, "the servos have different firmware (id 1: 3.10, id 2: 3.9, "),
    "gain": ({"_2_p_gain": 60}, "shoulder_lift (id 2) has a P gain of 60 (register 21); usual are 16 "),
    "delay": ({"_2_return_delay": 250}, "shoulder_lift (id 2) waits 500 µs before it answers (register 7)"),
    "phase": ({"_2_phase": 12 | 16}, "shoulder_lift (id 2) counts positions beyond a turn (register 18, bit 4)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_b5_what_would_move_the_arm_wrongly_is_refused_and_never_rewritten(name):
    pokes, words = REFUSED[name]
    arm, found = looked_at(**pokes)
    (refusal,) = found.refusals
    assert refusal.startswith(words)
    assert_untouched(arm)


@pytest.mark.parametrize("name", TOLD)
def test_b5_what_a_person_should_know_is_told_and_never_rewritten(name):
    pokes, words = TOLD[name]
    arm, found = looked_at(**pokes)
    assert found.refusals == ()
    (warning,) = found.warnings
    assert warning.startswith(words)
    assert_untouched(arm)


def assert_untouched(arm):
    assert arm.log.kinds(*WRITING) == []
    registers = (FIRMWARE_MINOR, P_GAIN, POSITION_OFFSET, PHASE, MIN_POSITION, UNLOADING_MASK)
    fresh = Flight()
    changed = [r.name for r in registers for i in IDS if arm.memory(i, r) != fresh.memory(i, r)]
    assert len(changed) <= 1  # by the test itself


def test_b15_an_adapter_that_hears_itself_is_told_at_the_start_and_in_a_run_mixes_nothing_up():
    arm = Flight()
    arm.faults.hear_itself()
    (refusal,) = look(arm).refusals
    assert refusal.startswith("the adapter hears itself (it echoes what it sends); ")
    assert arm.log.kinds(*WRITING) == []
    arm = under_way()
    arm.faults.hear_itself()
    arm.run(0.5)
    assert losses(arm) == [0] * 6
    assert_nothing_is_mixed_up(arm)
    assert arm.words == []
