"""`bt-arm check`: each thing that must be true, and what to do when it is not."""

import json

import pytest

from bt_robot.cli.arm.main import main
from bt_robot.robot.emulator.arm import emulated_calibration
from bt_robot.robot.so101.guardian.lock import ArmLock
from tests.cli.arm_kit import READING, emulated_arm, fits


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    with emulated_arm(tmp_path_factory) as arm:
        yield arm


@pytest.fixture
def arm(emulator):
    emulator.rest()
    return emulator


@pytest.fixture
def checked(arm, command):
    """Check with some flags; return the exit code and the lines by mark and name."""

    def check(*flags):
        found = command(main, "check", "--json", *arm.flags, *flags).json
        return found["status"], {(line["mark"], line["name"]): line["text"] for line in found["checks"]}

    return check


def test_an_arm_that_is_well_may_be_armed_and_nothing_was_written(arm, command):
    done = command(main, "check", *arm.flags)
    assert done.code == 0
    assert [line.split()[1] for line in done.out.splitlines() if line.startswith("OK")] == [
        *("config", "port", "calibration", "lock", "servos", "EEPROM", "supply", "temperature", "torque", "joints"),
        *("gains", "guardian", "camera", "camera"),
    ]
    assert done.out.splitlines()[-1] == "the arm may be armed"
    assert fits(done.out)
    assert arm.kinds() <= READING


def test_json_has_every_line_and_the_reasons(arm, command):
    arm.inject("silence", servo_id=3)
    done = command(main, "check", "--json", "--no-cameras", *arm.flags)
    assert done.code == 3
    assert done.json["status"] == "REFUSED"
    assert done.json["reason"].startswith("no answer from elbow_flex (id 3)")


def test_one_failure_is_enough_and_what_to_do_is_told(arm, command):
    arm.inject("silence", servo_id=3)
    done = command(main, "check", "--no-cameras", *arm.flags)
    assert done.code == 3
    assert "WARN  servos        5 of 6 answer" in done.out
    assert "FAIL  servos        no answer from elbow_flex (id 3)" in done.out
    assert done.out.splitlines()[-1] == "the arm would not be armed: 1 thing to mend, and 1 warning"
    assert "guardian" not in done.out
    assert fits(done.out)


def test_the_calibration_of_another_arm_is_refused_with_both_values(arm, checked, tmp_path):
    entries = emulated_calibration()
    entries["elbow_flex"]["homing_offset"] = 5
    file = tmp_path / "other.json"
    file.write_text(json.dumps(entries))
    status, lines = checked("--no-cameras", "--calibration", file)
    assert status == "REFUSED"
    assert "elbow_flex (id 3) has the homing offset -456; the calibration" in lines["FAIL", "servos"]
    assert "`bt-arm calibrate`" in lines["FAIL", "servos"]
    assert ("OK", "EEPROM") not in lines


def test_an_absent_calibration_says_how_to_make_one(arm, checked):
    status, lines = checked("--no-cameras", "--calibration", "nobody")
    assert status == "REFUSED"
    assert "make one with bt-arm calibrate" in lines["FAIL", "calibration"]


def test_an_arm_that_somebody_has_is_named(arm, checked):
    lock = ArmLock(arm.port)
    try:
        status, lines = checked("--no-cameras")
        assert status == "REFUSED"
        assert "has the arm; end that first" in lines["FAIL", "lock"]
    finally:
        lock.close()


def test_an_absent_port_is_told_and_the_rest_is_still_looked_at(command):
    done = command(main, "check", "--port", "/dev/nothing", "--config", "so101_emulated")
    assert done.code == 3
    assert "/dev/nothing: it is not there; is the USB cable in?" in done.out
    assert "OK    camera" in done.out


@pytest.mark.parametrize(
    ("fault", "key", "words"),
    [
        ({"fault": "heat", "servo_id": 2, "celsius": 66}, ("FAIL", "temperature"), "let id 2 cool down below 55 °C"),
        ({"fault": "heat", "servo_id": 2, "celsius": 61}, ("WARN", "temperature"), "id 2 is warm"),
        ({"fault": "supply", "servo_id": 5, "volts": 9.1}, ("WARN", "supply"), "id 5 has less than 10 V"),
        ({"fault": "supply", "servo_id": 5, "volts": 3.0}, ("FAIL", "servos"), "Is it the right supply?"),
        ({"fault": "hear_itself"}, ("FAIL", "servos"), "the adapter hears itself"),
    ],
)
def test_heat_supply_and_adapter_are_judged(arm, checked, fault, key, words):
    arm.inject(**fault)
    status, lines = checked("--no-cameras")
    assert words in lines[key]
    assert status == ("REFUSED" if key[0] == "FAIL" else "OK")


def test_a_torque_that_was_left_on_is_a_warning_with_the_way_out(arm, checked):
    arm.energise()
    status, lines = checked("--no-cameras")
    assert status == "OK"
    assert lines["WARN", "torque"].startswith("on at all joints, left by a program that has ended; `bt-arm park`")
    assert arm.torque() == [1] * 6


def test_a_joint_outside_its_range_is_named(arm, checked):
    arm.hold()
    arm.place((2.1, -1.6, 1.35, 1.2, 0.0, 0.3))
    status, lines = checked("--no-cameras")
    assert status == "REFUSED"
    assert lines["FAIL", "joints"].startswith("shoulder_pan is 11.5° outside its range. Move it inside by hand")


def test_gains_that_differ_are_told(arm, checked):
    arm.poke(6, "p_gain", 32)
    try:
        _, lines = checked("--no-cameras")
        assert "they differ between the servos: P 16, I 0, D 32; P 32, I 0, D 32" in lines["WARN", "gains"]
    finally:
        arm.poke(6, "p_gain", 16)


def test_cameras_are_opened_and_looked_through(arm, command, tmp_path):
    config = tmp_path / "mine.yaml"
    config.write_text(
        "robot:\n  type: so101\n  port: emulated\n  cameras:\n"
        "    good: {type: scripted, width: 64, height: 48}\n"
        "    frozen: {type: scripted, script: [{do: play, for_s: 0.2}, {do: repeat}]}\n"
        "    gone: {type: opencv, device: 7}\n"
    )
    done = command(main, "check", "--port", arm.port, "--config", config, "--json")
    lines = [line for line in done.json["checks"] if line["name"] == "camera"]
    assert [line["mark"] for line in lines] == ["OK", "FAIL", "FAIL"]
    assert lines[0]["text"].startswith("good: 64 × 48, ")
    assert "camera 'frozen'" in lines[1]["text"]
    assert lines[2]["text"].startswith("camera 'gone': there is no /dev/video7")
    assert done.code == 3
