"""`bt-arm read`: the servos' figures, and never a write."""

import signal

import pytest

from bt_robot.cli.arm.main import main
from bt_robot.robot.so101.guardian.lock import ArmLock
from tests.cli.arm_kit import READING, Session, emulated_arm, fits


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    with emulated_arm(tmp_path_factory) as arm:
        yield arm


@pytest.fixture
def arm(emulator):
    emulator.rest()
    return emulator


def test_every_joint_is_told_in_ticks_and_in_its_unit(arm, command):
    arm.hold()
    done = command(main, "read", "--once", *arm.flags)
    assert done.code == 0
    lines = [line.split() for line in done.out.splitlines()]
    assert lines[0] == ["joint", "id", "ticks", "position", "load", "mA", "°C", "V", "torque"]
    assert lines[1][:4] == ["shoulder_pan", "1", "2047", "0.0°"]
    assert lines[2][:4] == ["shoulder_lift", "2", "1004", "-91.7°"]
    assert lines[6][:5] == ["gripper", "6", "1731", "24.8", "%"]
    assert {line[-1] for line in lines[1:]} == {"off"}
    assert fits(done.out)


def test_nothing_is_ever_written(arm, command):
    command(main, "read", "--for", "0.3", "--json", *arm.flags)
    assert arm.kinds() <= READING


def test_json_has_the_figures_with_units(arm, command):
    found = command(main, "read", "--once", "--json", *arm.flags).json
    assert found["status"] == "OK"
    assert found["calibration"] == "the emulated bus"
    gripper = found["joints"][5]
    assert (gripper["joint"], gripper["answers"], gripper["position_deg"]) == ("gripper", True, None)
    assert gripper["position_percent"] == pytest.approx(24.8, abs=0.2)
    assert found["joints"][0]["voltage_v"] == 12.0


def test_troubles_and_silence_are_told_in_words(arm, command):
    arm.inject("report", servo_id=2, status=36)
    arm.inject("silence", servo_id=5)
    done = command(main, "read", "--once", *arm.flags)
    assert done.code == 0
    assert "shoulder_lift (id 2) reports: too hot, overload" in done.out
    assert "wrist_roll (id 5) does not answer" in done.out
    assert fits(done.out)


def test_without_a_calibration_there_are_ticks_and_the_reason(arm, command):
    done = command(main, "read", "--once", "--port", arm.port)
    assert done.code == 0
    assert "positions in ticks only, as there is no calibration" in done.err
    assert "bt-arm calibrate" in done.err
    assert "2047         –" in done.out


def test_a_bus_where_nobody_answers_is_a_failure(arm, command):
    arm.inject("power", on=False)
    arm.settle()
    try:
        done = command(main, "read", "--once", *arm.flags)
        assert done.code == 1
        assert "no servo answers: is the supply on?" in done.err
    finally:
        arm.inject("power", on=True)


def test_an_arm_that_somebody_has_is_left_alone(arm, command):
    lock = ArmLock(arm.port)
    try:
        done = command(main, "read", "--once", *arm.flags)
        assert done.code == 3
        assert f"has the arm on {arm.port}; end that first" in done.err
    finally:
        lock.close()


def test_in_a_pipe_there_is_a_table_each_time(arm, command):
    done = command(main, "read", "--for", "0.2", *arm.flags)
    assert done.code == 0
    assert done.out.count("shoulder_pan") == 1
    assert "\x1b" not in done.out


def test_on_a_terminal_it_is_live_and_ctrl_c_ends_it_well(arm):
    with Session("read", *arm.flags, terminal=True) as session:
        session.hear("torque", "gripper")
        session.hear("gripper")
        session.process.send_signal(signal.SIGINT)
        code, _, _ = session.end()
    assert code == 0
    assert arm.kinds() <= READING
