import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.arm.so101 import GRIPPER, JOINT_NAMES, RANGES_RAD, rad_to_gripper
from bt_robot.robot.emulator.arm import IDS, emulated_calibration, emulated_servos, zero_ticks
from bt_robot.robot.emulator.plant import FirstOrderPlant
from bt_robot.robot.so101.wire import registers as r
from tests.robot.emulator_kit import Host

CALIBRATION = emulated_calibration()


def lerobot_degrees(entry, ticks):
    return (ticks - (entry["range_min"] + entry["range_max"]) / 2) * 360 / 4095


def test_the_calibration_is_one_that_lerobot_could_have_written():
    assert tuple(CALIBRATION) == JOINT_NAMES
    for entry in CALIBRATION.values():
        assert list(entry) == ["id", "drive_mode", "homing_offset", "range_min", "range_max"]
        assert 0 <= entry["range_min"] < entry["range_max"] <= 4095
        assert abs(entry["homing_offset"]) <= 2047
        assert entry["drive_mode"] == 0


def test_the_servos_hold_the_calibration():
    for servo, entry in zip(emulated_servos(), CALIBRATION.values(), strict=True):
        assert servo.servo_id == entry["id"]
        assert servo.memory.get(r.POSITION_OFFSET) == entry["homing_offset"]
        assert servo.memory.get(r.MIN_POSITION) == entry["range_min"]
        assert servo.memory.get(r.MAX_POSITION) == entry["range_max"]


def test_the_servos_are_set_as_lerobot_leaves_them():
    for servo in emulated_servos():
        assert [servo.memory.get(x) for x in (r.P_GAIN, r.I_GAIN, r.D_GAIN, r.RETURN_DELAY)] == [16, 0, 32, 0]
        assert servo.memory.get(r.PHASE) & 0x10 == 0
    gripper = emulated_servos()[GRIPPER].memory
    assert [gripper.get(x) for x in (r.MAX_TORQUE, r.PROTECTION_CURRENT, r.OVERLOAD_TORQUE)] == [500, 250, 25]


@given(st.integers(0, 4), st.floats(0.0, 1.0))
def test_lerobots_degrees_are_the_joints_angle_to_within_a_tick(joint, share):
    low, high = RANGES_RAD[joint]
    angle = low + share * (high - low)
    entry = CALIBRATION[JOINT_NAMES[joint]]
    servo = emulated_servos()[joint]
    ticks = angle / (2 * np.pi) * 4096 + zero_ticks(joint)
    assert servo.rad_of(ticks) == pytest.approx(angle, abs=1e-9)
    error_ticks = (np.radians(lerobot_degrees(entry, ticks)) - angle) * 4096 / (2 * np.pi)
    assert abs(error_ticks) <= 1.0


@pytest.mark.parametrize("opening", [0.0, 0.25, 0.5, 1.0])
def test_the_gripper_is_closed_at_its_lowest_and_open_at_its_highest_position(opening):
    low, high = RANGES_RAD[GRIPPER]
    entry = CALIBRATION["gripper"]
    host = Host(plant=FirstOrderPlant([0.0] * 5 + [low + opening * (high - low)]))
    position = host.state(6).position
    ticks = entry["range_min"] + opening * (entry["range_max"] - entry["range_min"])
    assert abs(position - ticks) <= 1.0
    assert rad_to_gripper(host.servo(6).rad_of(position)) == pytest.approx(opening, abs=0.001)


@pytest.mark.parametrize("end", [0, 1])
def test_every_joint_reaches_both_ends_of_its_range(end):
    host = Host(plant=FirstOrderPlant([0.0] * 6))
    goals = {i: zero_ticks(i - 1) + round(RANGES_RAD[i - 1][end] * 4096 / (2 * np.pi)) for i in IDS}
    host.sync_write(r.GOAL_POSITION, goals)
    host.run(3.0)
    reached = host.states()
    assert all(abs(reached[i].position - goals[i]) <= 1 for i in IDS)


def test_one_joints_encoder_has_its_seam_inside_the_range():
    host = Host(plant=FirstOrderPlant([0.0] * 6))
    host.goal(2047 + 1100, 5)  # Actual goes from 3071 over 4095
    host.run(2.0)
    assert host.state(5).position == 2047 + 1100
