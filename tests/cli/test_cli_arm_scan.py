"""`bt-arm scan`: what is on the bus, and what is wrong with it."""

import pytest

from bt_robot.cli.arm.main import main
from tests.cli.arm_kit import READING, emulated_arm, fits


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    with emulated_arm(tmp_path_factory) as arm:
        yield arm


@pytest.fixture(autouse=True)
def few_ids(monkeypatch):
    monkeypatch.setattr("bt_robot.cli.arm.scan._USUAL", 8)  # nobody's id costs 20 ms


@pytest.fixture
def arm(emulator):
    emulator.rest()
    return emulator


def test_six_servos_are_listed_with_what_they_say(arm, command):
    done = command(main, "scan", "--port", arm.port)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == arm.port
    assert lines[2].split() == [
        "shoulder_pan",
        "1",
        "1000000",
        "STS3215",
        "3.10",
        "12.0",
        "V",
        "28",
        "°C",
        "2047",
        "off",
    ]
    assert [line.split()[0] for line in lines[2:8]] == [
        "shoulder_pan",
        "shoulder_lift",
        "elbow_flex",
        "wrist_flex",
        "wrist_roll",
        "gripper",
    ]
    assert lines[-1] == "6 servos, and nothing wrong"
    assert fits(done.out)


def test_nothing_is_written(arm, command):
    command(main, "scan", "--port", arm.port)
    assert arm.kinds() <= READING


def test_json_has_the_figures(arm, command):
    found = command(main, "scan", "--port", arm.port, "--json").json
    assert (found["status"], found["troubles"], found["doubled"]) == ("OK", [], [])
    assert found["servos"][0] == {
        "id": 1,
        "rate": 1_000_000,
        "model": 777,
        "firmware": "3.10",
        "voltage_v": 12.0,
        "temperature_c": 28,
        "position_ticks": 2047,
        "torque": False,
        "status": 0,
    }


def test_a_servo_that_does_not_answer_is_named(arm, command):
    arm.inject("silence", servo_id=3)
    done = command(main, "scan", "--port", arm.port)
    assert done.code == 1
    assert "elbow_flex (id 3) does not answer: look at that servo's plug" in " ".join(done.out.split())
    assert fits(done.out)


def test_two_servos_of_one_id_are_found_and_what_to_do(arm, command):
    arm.poke(4, "id", 3)
    try:
        done = command(main, "scan", "--port", arm.port, "--json")
        assert done.code == 1
        assert done.json["doubled"] == [{"rate": 1_000_000, "id": 3}]
        assert "several servos seem to answer at once" in done.json["troubles"][0]
        assert "`bt-arm setup-id`" in done.json["troubles"][0]
    finally:
        arm.poke(3, "id", 9)  # the first of both
        arm.poke(3, "id", 4)
        arm.poke(9, "id", 3)


def test_a_servo_at_another_rate_is_found_and_named(arm, command):
    arm.poke(5, "baud_rate", 1)
    try:
        done = command(main, "scan", "--port", arm.port)
        assert done.code == 1
        assert "id 5 answers at 500000 bit/s; an SO-101 talks at 1000000" in " ".join(done.out.split())
        only = command(main, "scan", "--port", arm.port, "--rate", "500000", "--json")
        assert [servo["id"] for servo in only.json["servos"]] == [5]
    finally:
        arm.poke(5, "baud_rate", 0)


def test_an_id_of_any_size_is_found_on_request(arm, command, monkeypatch):
    monkeypatch.setattr("bt_robot.cli.arm.scan._LAST", 30)  # all 253 take five seconds
    arm.poke(6, "id", 27)
    try:
        found = command(main, "scan", "--port", arm.port, "--all", "--json").json
        assert [servo["id"] for servo in found["servos"]] == [1, 2, 3, 4, 5, 27]
    finally:
        arm.poke(27, "id", 6)


def test_every_rate_is_asked_on_request(arm, command, monkeypatch):
    monkeypatch.setattr("bt_robot.cli.arm.scan._USUAL", 2)
    arm.poke(2, "baud_rate", 7)
    try:
        found = command(main, "scan", "--port", arm.port, "--all-rates", "--json").json
        assert [(servo["id"], servo["rate"]) for servo in found["servos"]] == [(1, 1_000_000), (2, 38_400)]
    finally:
        arm.poke(2, "baud_rate", 0)


def test_a_bus_without_power_says_what_to_look_at(arm, command):
    arm.inject("power", on=False)
    try:
        done = command(main, "scan", "--port", arm.port, "--rate", "1000000")
        assert done.code == 1
        assert "no servo answers at 1000000 bit/s: is the supply on" in " ".join(done.out.split())
    finally:
        arm.inject("power", on=True)


def test_an_adapter_that_hears_itself_is_named(arm, command):
    arm.inject("hear_itself")
    done = command(main, "scan", "--port", arm.port)
    assert done.code == 1
    assert "the adapter hears itself" in done.out


def test_a_servo_in_trouble_and_one_of_another_model_are_named(arm, command):
    arm.inject("heat", servo_id=2, celsius=75)
    arm.poke(6, "model", 1033)
    try:
        done = command(main, "scan", "--port", arm.port)
        words = " ".join(done.out.split())
        assert done.code == 1
        assert "id 6 is a servo of model 1033; an SO-101 has 777, the STS3215" in words
    finally:
        arm.poke(6, "model", 777)


def test_an_absent_port_is_refused_with_the_way_to_find_it(arm, command):
    done = command(main, "scan", "--port", "/dev/nothing", "--json")
    assert done.code == 3
    assert done.json["status"] == "REFUSED"
    assert "there is no port /dev/nothing; is the USB cable in? `bt-arm ports` lists what there is" in done.err


def test_without_a_port_anywhere_the_way_out_is_told(arm, command):
    done = command(main, "scan", "--config", "so101_emulated")
    assert done.code == 2
    assert "bt-arm emulate --link /tmp/arm" in done.err
    assert "is no SO-101" in command(main, "scan", "--config", "sim").err
