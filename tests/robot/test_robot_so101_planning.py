"""From a config in radians to what the guardian is told in ticks."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.arm import so101
from bt_robot.messages import JointLimits
from bt_robot.robot.so101.assembly import calibration_of
from bt_robot.robot.so101.calibration import RAD_PER_TICK, Calibration, JointCalibration
from bt_robot.robot.so101.identity import ExpectedServo
from bt_robot.robot.so101.planning import expected_servos, guardian_plan, health_limits
from bt_robot.robot.so101.settings import GuardSettings, HealthSettings, TorqueSettings
from tests.robot.so101_kit import safety_of, settings

CALIBRATION, _ = calibration_of(settings())
GRIPPER = so101.GRIPPER


def plan(calibration=CALIBRATION, safety=None, control_hz=30.0, **values):
    config = settings(**values)
    return guardian_plan(config, calibration, safety or safety_of(config, calibration), control_hz)


def with_gripper(**values):
    gripper = replace(CALIBRATION.joints[GRIPPER], **values)
    return Calibration((*CALIBRATION.joints[:GRIPPER], gripper))


def test_the_envelope_of_each_joint_is_the_controllers_in_ticks():
    safety = safety_of(settings(), CALIBRATION)
    for i, joint in enumerate(plan().joints[:GRIPPER]):
        middle = CALIBRATION.joints[i].middle
        assert joint.envelope.lower == pytest.approx(middle + safety.lower[i] / RAD_PER_TICK)
        assert joint.envelope.upper == pytest.approx(middle + safety.upper[i] / RAD_PER_TICK)
        assert joint.envelope.velocity == pytest.approx(3.0 / RAD_PER_TICK)
        assert joint.envelope.acceleration == pytest.approx(30.0 / RAD_PER_TICK)


def test_the_grippers_envelope_is_its_calibrated_range():
    gripper, calibrated = plan().joints[GRIPPER], CALIBRATION.joints[GRIPPER]
    width = calibrated.range_max - calibrated.range_min
    assert (gripper.envelope.lower, gripper.envelope.upper) == (calibrated.range_min, calibrated.range_max)
    assert gripper.envelope.velocity == pytest.approx(5.0 * width)
    assert gripper.envelope.acceleration == pytest.approx(80.0 * width)
    assert gripper.grips


def test_every_envelope_is_inside_what_the_servo_itself_allows():
    """It would clamp a goal beyond its own range, without a word."""
    for joint, calibrated in zip(plan().joints, CALIBRATION.joints, strict=True):
        assert calibrated.range_min <= joint.envelope.lower < joint.envelope.upper <= calibrated.range_max


def test_a_gripper_that_counts_backwards_gets_the_same_envelope():
    forwards, backwards = plan().joints[GRIPPER], plan(with_gripper(drive_mode=1)).joints[GRIPPER]
    assert backwards.envelope == forwards.envelope
    low, high = CALIBRATION.joints[GRIPPER].range_min, CALIBRATION.joints[GRIPPER].range_max
    assert backwards.park == pytest.approx(low + high - forwards.park)


def test_joints_are_named_and_numbered_as_calibrated():
    made = plan()
    assert made.ids == CALIBRATION.ids
    assert tuple(made.names.values()) == so101.JOINT_NAMES
    assert [joint.grips for joint in made.joints] == [False] * 5 + [True]
    assert [joint.middle for joint in made.joints] == [joint.middle for joint in CALIBRATION.joints]


def test_the_arm_is_parked_in_its_pose():
    park = [joint.park for joint in plan().joints]
    assert CALIBRATION.to_joints(park) == pytest.approx(GuardSettings().park_pose)


@given(st.lists(st.floats(-7.0, 7.0), min_size=6, max_size=6))
def test_a_park_pose_out_of_reach_is_brought_into_the_envelope(pose):
    for joint in plan(guard=GuardSettings(park_pose=tuple(pose))).joints:
        assert joint.envelope.lower - 1e-6 <= joint.park <= joint.envelope.upper + 1e-6


def test_torques_are_told_in_the_servos_unit():
    made = plan(torque=TorqueSettings(normal=0.9, gripper=0.45, arming=0.15, stopped=0.55))
    assert [joint.torque for joint in made.joints] == [900] * 5 + [450]
    assert (made.arm_torque, made.stop_torque) == (150, 550)


def test_times_and_speeds_are_those_of_the_config():
    guard = GuardSettings(
        hold_after_s=0.1,
        stop_after_s=0.4,
        orphan_after_s=20.0,
        exit="hold",
        park_speed_rad_s=0.5,
        park_s=4.0,
        linger_s=7.0,
    )
    made = plan(guard=guard, bus_hz=200.0, servo_acceleration=60)
    assert made.cycle_s == 0.005
    assert (made.hold_after_s, made.stop_after_s, made.orphan_after_s) == (0.1, 0.4, 20.0)
    assert (made.exit, made.park_s, made.linger_s, made.acceleration) == ("hold", 4.0, 7.0, 60)
    assert made.park_speed == pytest.approx(0.5 / RAD_PER_TICK)


@pytest.mark.parametrize(
    ("control_hz", "hold_s", "stop_s"), [(200.0, 0.05, 0.25), (30.0, 0.05, 0.25), (10.0, 0.15, 0.3), (5.0, 0.3, 0.6)]
)
def test_a_slow_controller_is_not_taken_for_a_silent_one(control_hz, hold_s, stop_s):
    made = plan(control_hz=control_hz)
    assert made.hold_after_s == pytest.approx(hold_s)
    assert made.stop_after_s == pytest.approx(stop_s)
    assert 1.0 / control_hz < made.hold_after_s < made.stop_after_s


@given(st.floats(5.0, 400.0), st.floats(20.0, 400.0))
def test_the_times_stay_in_their_order(control_hz, bus_hz):
    made = plan(control_hz=control_hz, bus_hz=bus_hz)
    assert made.cycle_s <= made.hold_after_s < made.stop_after_s < made.orphan_after_s


@pytest.mark.parametrize(
    ("what", "calibration"), [("as calibrated", CALIBRATION), ("one", with_gripper(range_min=500))]
)
def test_the_grip_margin_is_a_share_of_the_grippers_opening(what, calibration):
    gripper = calibration.joints[GRIPPER]
    assert plan(calibration).grip_margin == pytest.approx(0.06 * (gripper.range_max - gripper.range_min))


def test_the_speed_limits_of_the_servos_fit_their_register():
    for speed in plan().goal_speeds.values():
        assert 0 < speed <= 32767


@given(
    st.integers(0, 3000).flatmap(lambda low: st.tuples(st.just(low), st.integers(low + 200, 4095))),
    st.floats(0.1, 10.0),
    st.floats(0.1, 100.0),
)
def test_any_calibration_and_any_limits_make_a_plan(ends, velocity, acceleration):
    joints = tuple(JointCalibration(name, i + 1, 0, 0, *ends) for i, name in enumerate(so101.JOINT_NAMES))
    calibration = Calibration(joints)
    limits = calibration.limits(so101.LIMITS)
    safety = JointLimits(limits.names, limits.lower, limits.upper, np.full(6, velocity), np.full(6, acceleration))
    for joint in plan(calibration, safety).joints:
        envelope = joint.envelope
        assert ends[0] - 1e-6 <= envelope.lower < envelope.upper <= ends[1] + 1e-6
        assert all(math.isfinite(value) for value in (joint.park, envelope.velocity, envelope.acceleration))
        assert envelope.lower <= joint.park + 1e-6
        assert joint.park <= envelope.upper + 1e-6


# health and identity --------------------------------------------------------------------------------------------


def test_health_limits_are_those_of_the_config_in_the_servos_units():
    health = HealthSettings(
        warn_temperature_c=50.0,
        stop_temperature_c=56.0,
        resume_temperature_c=45.0,
        warn_voltage_v=10.0,
        stop_voltage_v=9.0,
        max_current_ma=900.0,
        stall_deg=10.0,
        stall_load=0.7,
        stall_s=0.5,
    )
    limits = health_limits(settings(health=health))
    assert (limits.warn_temperature_c, limits.stop_temperature_c, limits.resume_temperature_c) == (50.0, 56.0, 45.0)
    assert (limits.warn_voltage_v, limits.stop_voltage_v, limits.max_current_ma) == (10.0, 9.0, 900.0)
    assert limits.stall_error_ticks == pytest.approx(10.0 * 4096 / 360)
    assert (limits.stall_load, limits.stall_s) == (0.7, 0.5)


def test_the_servos_should_be_those_of_the_calibration():
    expected = expected_servos(CALIBRATION, "my_arm.json")
    assert expected.calibration == "my_arm.json"
    assert expected.servos[0] == ExpectedServo(1, "shoulder_pan", -123, *CALIBRATION.tick_ranges[0])
    assert [servo.servo_id for servo in expected.servos] == list(CALIBRATION.ids)
