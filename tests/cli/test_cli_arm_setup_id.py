"""`bt-arm setup-id`: one servo on the bus, or none of them is written."""

import pytest

from bt_robot.cli.arm.main import main
from tests.cli.arm_kit import READING, emulated_arm, fits, typed_keys


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    with emulated_arm(tmp_path_factory) as arm:
        yield arm


@pytest.fixture
def arm(emulator):
    emulator.rest()
    return emulator


@pytest.fixture
def keys(monkeypatch):
    """What a person types."""
    with typed_keys(monkeypatch) as keys:
        yield keys


@pytest.fixture(autouse=True)
def few_rates(monkeypatch):
    monkeypatch.setattr("bt_robot.robot.so101.service.Service.roll_call.__defaults__", ((1_000_000, 500_000),))


def test_the_only_servo_gets_the_id_and_it_is_read_back(arm, command):
    arm.silence_all_but(1)
    done = command(main, "setup-id", "9", "--yes", "--port", arm.port)
    try:
        assert done.code == 0
        assert done.out == "written and read back: id 1 → 9\n"
        assert arm.registers(9)["lock"] == 1
    finally:
        arm.poke(9, "id", 1)


def test_a_joint_s_name_means_its_id_and_the_rate_is_set_too(arm, command):
    arm.silence_all_but(2)
    arm.poke(2, "baud_rate", 1)
    arm.poke(2, "id", 20)
    done = command(main, "setup-id", "shoulder_lift", "--yes", "--json", "--port", arm.port)
    assert done.code == 0
    (servo,) = done.json["servos"]
    assert (servo["old_id"], servo["old_rate"], servo["id"], servo["changed"]) == (20, 500_000, 2, True)
    assert (arm.registers(2)["baud_rate"], arm.registers(2)["lock"]) == (0, 1)


def test_what_it_has_already_is_not_written_again(arm, command):
    arm.silence_all_but(4)
    done = command(main, "setup-id", "4", "--port", arm.port)
    assert done.code == 0
    assert done.out == "the servo has id 4 and 1000000 bit/s already\n"
    assert arm.kinds() <= READING


def test_several_servos_are_refused_with_their_ids_and_nothing_is_written(arm, command):
    arm.silence_all_but(2, 5)
    done = command(main, "setup-id", "9", "--yes", "--port", arm.port)
    assert done.code == 3
    assert "2 servos are on the bus, with the ids 2 (1000000 bit/s), 5 (1000000 bit/s)" in done.err
    assert arm.kinds() <= READING


def test_no_servo_is_refused(arm, command):
    arm.silence_all_but()
    done = command(main, "setup-id", "9", "--yes", "--port", arm.port)
    assert done.code == 3
    assert "no servo answers at any rate; is the supply on" in done.err


def test_a_no_writes_nothing_and_no_answer_is_refused(arm, command, keys):
    arm.silence_all_but(3)
    keys.write(b"n\n")
    done = command(main, "setup-id", "9", "--port", arm.port)
    assert (done.code, done.out) == (1, "nothing was written\n")
    assert "write this into the servo: id 3 → 9? [y/N]" in done.err
    keys.close()
    done = command(main, "setup-id", "9", "--port", arm.port)
    assert done.code == 3
    assert "nobody answers: the input has ended" in done.err
    assert arm.kinds() <= READING


def test_all_six_are_guided_from_the_gripper_down(arm, command, keys):
    arm.silence_all_but(6)
    # The gripper's is right already; then the person forgets to plug in another one, notices it, and ends.
    keys.write(b"\n\nn\nq\n")
    done = command(main, "setup-id", "--port", arm.port)
    assert done.code == 1
    assert done.out == "set up: gripper; `bt-arm setup-id` goes on with the others\n"
    steps = (
        "gripper: plug only the servo of the gripper into the adapter, and press ENTER; it becomes id 6.",
        "the servo has id 6 and 1000000 bit/s already",
        "wrist_roll: plug only the servo of the wrist_roll into the adapter, and press ENTER; it becomes id 5.",
        "write this into the servo: id 6 → 5? [y/N]",
        "nothing was written",
        "wrist_flex: plug only",
    )
    said = " ".join(done.err.split())
    places = [said.index(step) for step in steps]
    assert places == sorted(places)
    assert fits(done.err)


def test_what_is_not_right_is_told_and_asked_again(arm, command, keys):
    arm.silence_all_but(2, 6)
    keys.write(b"\ns\nq\n")
    done = command(main, "setup-id", "--port", arm.port)
    assert "not done: 2 servos are on the bus" in " ".join(done.err.split())
    assert done.err.count("gripper: plug only") == 2
    assert done.err.count("wrist_roll: plug only") == 1
    assert done.out == "set up: none; `bt-arm setup-id` goes on with the others\n"


@pytest.mark.parametrize("new", ["253", "-1", "elbow", "6.0"])
def test_what_is_no_id_is_a_usage_error(command, new):
    done = command(main, "setup-id", "--port", "/dev/nothing", new)
    assert done.code == 2
    assert "bt-arm setup-id" in done.err
