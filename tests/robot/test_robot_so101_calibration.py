import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.arm import so101
from bt_robot.errors import RobotRefused
from bt_robot.robot.so101.calibration import MAX_TICK, Calibration, JointCalibration, turn_difference

TURN_DEG = 4096 * 360 / 4095
"""What a turn of the shaft is in LeRobot's degrees, which divide it by 4095."""

RANGES = {
    "as delivered": (0, 4095),
    "around the middle": (800, 3300),
    "odd length, so that the middle is half a tick": (801, 3300),
    "at the low end: the seam is near": (3, 2207),
    "at the high end": (1900, 4095),
    "very short": (2047, 2048),
    "a lopsided middle pose": (0, 1800),
}


def joint(range_min=800, range_max=3300, *, name="elbow_flex", servo_id=3, drive_mode=0, offset=0):
    return JointCalibration(name, servo_id, drive_mode, offset, range_min, range_max)


def arm(ranges=((800, 3300),) * 6, drive_modes=(0,) * 6):
    return Calibration(
        tuple(
            joint(*ticks, name=name, servo_id=i + 1, drive_mode=mode)
            for i, (name, ticks, mode) in enumerate(zip(so101.JOINT_NAMES, ranges, drive_modes, strict=True))
        )
    )


def lerobot(tick, range_min, range_max, mode, drive_mode=0):
    """Return what LeRobot's `_normalize` makes of a tick, written down from its formula, not from our code."""
    clamped = min(range_max, max(range_min, tick))
    fraction = (clamped - range_min) / (range_max - range_min)
    if mode == "degrees":  # neither clamped nor inverted
        return (tick - (range_min + range_max) / 2) * 360 / (4096 - 1)
    if mode == "range_100":
        value = fraction * 200 - 100
        return -value if drive_mode else value
    value = fraction * 100
    return 100 - value if drive_mode else value


@pytest.mark.parametrize(("low", "high"), RANGES.values(), ids=RANGES)
@pytest.mark.parametrize("drive_mode", [0, 1])
def test_every_tick_is_lerobots_degrees_in_the_range_and_half_a_turn_around_its_middle(low, high, drive_mode):
    entry = joint(low, high, drive_mode=drive_mode)
    for tick in range(4096):
        ours, theirs = math.degrees(entry.angle_rad(tick)), lerobot(tick, low, high, "degrees")
        if -2048 <= tick - (low + high) / 2 < 2048:  # the whole range is
            assert ours == pytest.approx(theirs, abs=1e-9), tick
        else:  # beyond the seam LeRobot is a whole turn off
            assert abs(ours - theirs) == pytest.approx(TURN_DEG, abs=1e-9), tick
            assert abs(ours) <= TURN_DEG / 2


@pytest.mark.parametrize(("low", "high"), RANGES.values(), ids=RANGES)
@pytest.mark.parametrize("drive_mode", [0, 1])
def test_every_tick_is_lerobots_percentage_once_it_is_clamped_as_lerobot_does(low, high, drive_mode):
    entry = joint(low, high, name="gripper", servo_id=6, drive_mode=drive_mode)
    for tick in range(4096):
        share = entry.share(tick)
        if low <= tick <= high:
            assert -1e-12 <= share <= 1 + 1e-12
        if -2048 <= tick - (low + high) / 2 < 2048:
            clamped = min(max(share, 0.0), 1.0)
            assert 100 * clamped == pytest.approx(lerobot(tick, low, high, "range_0_100", drive_mode), abs=1e-9)
            assert 200 * clamped - 100 == pytest.approx(lerobot(tick, low, high, "range_100", drive_mode), abs=1e-9)


@pytest.mark.parametrize(
    ("low", "high", "tick", "degrees"),
    [
        (0, 4095, 0, -180.0),
        (0, 4095, 4095, 180.0),
        (0, 4095, 2047, -0.04395604395604396),
        (800, 3300, 2050, 0.0),
        (800, 3300, 800, -109.89010989010988),
        (800, 3300, 3300, 109.89010989010988),
        (800, 3300, 2047, -0.26373626373626374),
        (801, 3300, 2047, -0.3076923076923077),
        (3, 2207, 0, -97.14285714285714),
        (1900, 4095, 4095, 96.48351648351648),
        (903, 3346, 2026, -8.659340659340659),
    ],
)
def test_a_tick_is_this_many_degrees(low, high, tick, degrees):
    assert math.degrees(joint(low, high).angle_rad(tick)) == pytest.approx(degrees, abs=1e-12)


@pytest.mark.parametrize(
    ("low", "high", "drive_mode", "tick", "percent"),
    [
        (2046, 3246, 0, 2046, 0.0),
        (2046, 3246, 0, 3246, 100.0),
        (2046, 3246, 0, 2346, 25.0),
        (2046, 3246, 1, 2346, 75.0),
        (2046, 3246, 1, 2046, 100.0),
        (2046, 3246, 0, 2026, -1.6666666666666667),  # not clamped: LeRobot says 0 here
        (2046, 3246, 1, 2026, 101.66666666666667),
    ],
)
def test_a_tick_is_this_share_of_the_grippers_range(low, high, drive_mode, tick, percent):
    entry = joint(low, high, name="gripper", drive_mode=drive_mode)
    assert 100 * entry.share(tick) == pytest.approx(percent, abs=1e-12)


def test_the_homing_offset_changes_no_position_because_the_servo_has_taken_it_off():
    for offset in (-2047, -1, 0, 2047):
        assert joint(offset=offset).angle_rad(1000) == joint().angle_rad(1000)


@pytest.mark.parametrize(("low", "high"), [(3, 2207), (0, 4000), (1900, 4095), (10, 800)])
def test_a_joint_that_crosses_the_seam_does_not_jump(low, high):
    entry = joint(low, high, name="gripper")
    # Beyond the end of its range that is nearer to the seam, where the encoder wraps.
    path = range(-40, 40) if (low + high) / 2 < 2048 else range(4056, 4136)
    angles = [entry.angle_rad(tick % 4096) for tick in path]
    shares = [entry.share(tick % 4096) for tick in path]
    assert np.diff(angles) == pytest.approx(2 * math.pi / 4095)
    assert np.diff(shares) == pytest.approx(1 / (high - low))


@given(st.integers(0, 4094), st.integers(1, 4095), st.integers(-3 * 4096, 3 * 4096))
def test_a_servo_that_counts_on_across_the_seam_means_the_same_pose(low, length, tick):
    entry = joint(low, min(low + length, MAX_TICK))
    assert entry.angle_rad(tick) == pytest.approx(entry.angle_rad(tick % 4096), abs=1e-12)
    assert abs(entry.angle_rad(tick)) <= 2048 * 2 * math.pi / 4095 + 1e-12


@given(st.floats(-2048, 2047.99), st.integers(-20, 20))
def test_differences_go_the_shorter_way_around(difference, turns):
    assert turn_difference(1000 + difference + turns * 4096, 1000) == pytest.approx(difference, abs=1e-6)


@given(
    st.lists(st.floats(0, 1), min_size=6, max_size=6),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(2001, 4095)), min_size=6, max_size=6),
    st.lists(st.integers(0, 1), min_size=6, max_size=6),
)
def test_ticks_and_joints_are_inverse_inside_the_range(shares, ranges, drive_modes):
    calibration = arm(tuple(ranges), tuple(drive_modes))
    ticks = [low + share * (high - low) for share, (low, high) in zip(shares, ranges, strict=True)]
    joints = calibration.to_joints(ticks)
    assert joints.shape == (6,)
    assert calibration.to_ticks(joints) == pytest.approx(ticks, abs=1e-8)


@pytest.mark.parametrize(("low", "high"), RANGES.values(), ids=RANGES)
def test_every_tick_of_the_range_survives_the_way_there_and_back_when_rounded(low, high):
    calibration = arm(((low, high),) * 6)
    for tick in range(low, high + 1):
        assert [round(t) for t in calibration.to_ticks(calibration.to_joints([tick] * 6))] == [tick] * 6


def test_measurements_outside_the_range_are_not_clamped():
    joints = arm().to_joints([700] * 6)
    assert np.degrees(joints[:5]) == pytest.approx(-118.68131868131869)
    assert joints[5] == pytest.approx(-0.04)


def test_only_the_gripper_can_be_inverted():
    plain, inverted = arm(), arm(drive_modes=(1,) * 6)
    ticks = [1000.0] * 6
    np.testing.assert_array_equal(inverted.to_joints(ticks)[:5], plain.to_joints(ticks)[:5])
    assert inverted.to_joints(ticks)[5] == pytest.approx(1 - plain.to_joints(ticks)[5])
    assert inverted.to_ticks([0.0] * 6)[5] == 3300


def test_a_position_that_is_no_number_stays_none():
    assert np.isnan(arm().to_joints([math.nan] * 6)).all()
    assert np.isnan(arm().to_ticks([math.nan] * 6)).all()


def test_another_number_of_joints_is_refused():
    with pytest.raises(ValueError, match="argument 2"):
        arm().to_joints([1.0] * 5)
    with pytest.raises(ValueError, match="argument 2"):
        arm().to_ticks([1.0] * 7)


def test_tick_ranges_and_ids_are_in_the_robots_order():
    ranges = tuple((100 * i, 2500 + 100 * i) for i in range(6))
    assert arm(ranges).tick_ranges == ranges
    assert arm().ids == (1, 2, 3, 4, 5, 6)


def test_a_joints_registers_are_what_its_servo_holds():
    assert joint(offset=-123).registers == {"position_offset": -123, "min_position": 800, "max_position": 3300}


# limits ---------------------------------------------------------------------------------------------------------


def test_the_limits_are_what_was_calibrated_and_what_the_arm_can_do():
    calibration = arm(((800, 3300), (1000, 2000), (800, 3300), (800, 3300), (0, 4095), (2000, 3300)))
    limits = calibration.limits(so101.LIMITS)
    half_turn = 1000 / 2 * 2 * math.pi / 4095
    assert limits.upper[1] == pytest.approx(half_turn)  # calibrated narrower than the arm
    assert limits.lower[1] == pytest.approx(-half_turn)
    assert limits.lower[4] == so101.LOWER[4]  # the full turn of wrist_roll is no limit
    assert limits.upper[4] == so101.UPPER[4]
    assert (limits.lower[5], limits.upper[5]) == (0.0, 1.0)
    assert limits.names == so101.JOINT_NAMES
    np.testing.assert_array_equal(limits.velocity, so101.LIMITS.velocity)
    np.testing.assert_array_equal(limits.acceleration, so101.LIMITS.acceleration)


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(2001, 4095)), min_size=6, max_size=6))
def test_goals_inside_the_limits_are_inside_the_range_that_the_servo_allows(ranges):
    calibration = arm(tuple(ranges))
    limits = calibration.limits(so101.LIMITS)
    for end in (limits.lower, limits.upper):
        for tick, (low, high) in zip(calibration.to_ticks(end), ranges, strict=True):
            assert low <= round(tick) <= high


def test_limits_that_leave_nothing_of_the_range_are_refused_in_words():
    lower = so101.LOWER.copy()
    lower[1] = 1.0
    mechanical = dataclasses.replace(so101.LIMITS, lower=lower)
    with pytest.raises(RobotRefused) as caught:
        arm(((800, 3300), (2000, 2100), *((800, 3300),) * 4)).limits(mechanical)
    assert str(caught.value) == (
        "shoulder_lift: nothing is left of its range: calibrated from -0.08 to 0.08, limited to 1.00 to 1.75;"
        " change the"
        " limits or calibrate again"
    )


def test_limits_of_other_joints_are_refused():
    with pytest.raises(ValueError, match="the limits are those of a, b"):
        arm().limits(dataclasses.replace(so101.LIMITS, names=("a", "b")))


# values ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"servo_id": 254}, "elbow_flex: id is 254; expected 0 to 253"),
        ({"drive_mode": 2}, "elbow_flex: drive_mode is 2; expected 0 or 1"),
        ({"offset": -2048}, "elbow_flex: homing_offset is -2048; expected -2047 to 2047"),
        ({"range_max": 4096}, "elbow_flex: range_max is 4096; expected 0 to 4095"),
        ({"range_min": -1}, "elbow_flex: range_min is -1; expected 0 to 4095"),
        (
            {"range_min": 3300},
            "elbow_flex: range_max is 3300, not above range_min, 3300; expected range_min < range_max",
        ),
    ],
)
def test_a_value_that_can_not_be_is_refused(changes, words):
    with pytest.raises(ValueError, match="elbow_flex") as caught:
        joint(**changes)
    assert str(caught.value) == words


def test_joints_that_are_not_the_robots_are_refused():
    with pytest.raises(ValueError, match="expected shoulder_pan, shoulder_lift"):
        Calibration(arm().joints[::-1])
    with pytest.raises(ValueError, match="expected shoulder_pan, shoulder_lift"):
        Calibration(arm().joints[:5])
    twice = (*arm().joints[:5], dataclasses.replace(arm().joints[5], servo_id=1))
    with pytest.raises(ValueError, match="same servo id: 1, 2, 3, 4, 5, 1"):
        Calibration(twice)
