import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.arm import so101
from bt_robot.errors import RobotRefused
from bt_robot.robot.so101.range_sweep import RangeSweep, encoder_ticks, half_turn_offset

STOPS = ((800, 3300), (838, 3175), (928, 3140), (921, 3115), (2047, 2047), (2000, 3246))
"""Where the joints' stops are with the new offsets [ticks]; wrist_roll is left alone."""


def swept(stops=STOPS, *, middle=(2047,) * 6, ids=(1, 2, 3, 4, 5, 6), report=lambda ticks: ticks % 4096):
    """Move every joint from its middle to one stop and to the other, as a person does."""
    sweep = RangeSweep(middle, ids)
    paths = []
    for low, high in stops:
        there = [*range(2047, low, -20), low, *range(low, high, 20), high]
        paths.append(there)
    for i in range(max(map(len, paths))):
        sweep.see([report(path[min(i, len(path) - 1)]) for path in paths])
    return sweep


def moved(index, stops, **options):
    return swept(tuple(stops if i == index else s for i, s in enumerate(STOPS)), **options)


# the middle -----------------------------------------------------------------------------------------------------


@given(st.integers(-5 * 4096, 5 * 4096))
def test_every_position_gets_an_offset_that_the_register_can_hold_and_reads_as_the_middle(actual):
    offset = half_turn_offset(actual)
    assert -2047 <= offset <= 2047
    reads = (actual - offset) % 4096
    assert reads == 2047 or (reads == 2048 and actual % 4096 == 4095)


@pytest.mark.parametrize(
    ("actual", "offset"),
    [(2047, 0), (0, -2047), (2048, 1), (4094, 2047), (4095, 2047), (4161, -1982), (-1, 2047), (1924, -123)],
)
def test_the_offset_is_lerobots_where_lerobot_has_one(actual, offset):
    assert half_turn_offset(actual) == offset
    if abs(actual - 2047) <= 2047:
        assert offset == actual - 2047


def test_lerobots_magnitude_2114_can_not_happen():
    assert 4161 - 2047 == 2114
    assert half_turn_offset(4161) == half_turn_offset(65)


@given(st.integers(0, 4095), st.integers(-2047, 2047))
def test_the_encoders_position_is_found_from_what_a_servo_reports_with_any_offset(actual, offset):
    assert encoder_ticks((actual - offset) % 4096, offset) == actual
    assert encoder_ticks(actual - offset, offset) == actual  # a servo that counts on below 0


def test_the_offsets_of_all_joints_are_those_of_the_middle_pose():
    assert RangeSweep([2047, 0, 4161, 1924, 4094, 2048]).offsets == (0, -2047, -1982, -123, 2047, 1)


# the sweep ------------------------------------------------------------------------------------------------------


def test_a_sweep_from_stop_to_stop_gives_the_calibration():
    calibration = swept(middle=(1924,) * 6).calibration()
    assert calibration.tick_ranges == (*STOPS[:4], (0, 4095), STOPS[5])
    assert [joint.homing_offset for joint in calibration.joints] == [-123] * 6
    assert [joint.drive_mode for joint in calibration.joints] == [0] * 6
    assert calibration.ids == (1, 2, 3, 4, 5, 6)


def test_other_servo_ids_are_kept():
    assert swept(ids=(11, 12, 13, 14, 15, 16)).calibration().ids == (11, 12, 13, 14, 15, 16)


def test_lost_replies_are_bridged():
    sweep = RangeSweep((2047,) * 6)
    for ticks in [*range(2047, 900, -50), *range(900, 3200, 50)]:
        sweep.see([ticks if ticks % 100 else None] * 4 + [None, ticks])
    assert sweep.joints[0].low == 947
    assert sweep.joints[0].high == 3150
    assert sweep.problems == ()


def test_progress_is_shown_while_it_goes_on():
    sweep = RangeSweep((2047,) * 6)
    sweep.see([2040, 2060, 2047, 2047, 2047, 2047])
    first, second, *_ = sweep.joints
    assert (first.name, first.low, first.now, first.high) == ("shoulder_pan", 2040, 2040, 2047)
    assert (second.low, second.now, second.high) == (2047, 2060, 2060)
    assert not first.enough
    assert first.problem == ""
    assert sweep.unfinished == ("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "gripper")


@pytest.mark.parametrize("report", [lambda ticks: ticks % 4096, lambda ticks: ticks], ids=["wraps", "counts on"])
@pytest.mark.parametrize("stops", [(-500, 1700), (2500, 4700)])
def test_a_seam_inside_the_range_is_refused_whatever_the_servo_does_there(stops, report):
    sweep = moved(1, stops, report=report)
    (words,) = sweep.problems
    assert words.startswith(
        f"shoulder_lift crossed the encoder's seam, at {min(stops[0], 2047)} … {max(stops[1], 2047)} ticks"
    )
    assert "redo the middle step with this joint about" in words
    with pytest.raises(RobotRefused, match="crossed the encoder's seam"):
        sweep.calibration()


def test_a_refused_middle_is_told_how_far_it_was_off():
    (words,) = moved(2, (-365, 2047)).problems
    assert words == (
        "elbow_flex crossed the encoder's seam, at -365 … 2047 ticks: redo the middle step with this joint about"
        " 106° nearer"
        " to the middle of its range"
    )


def test_a_plain_minimum_and_maximum_would_have_been_wrong_there():
    reported = [ticks % 4096 for ticks in range(2047, -500, -20)]
    assert (min(reported), max(reported)) == (7, 4083)  # LeRobot's range of a joint that moved through 2547 ticks
    assert moved(1, (-500, 2047)).joints[1].low == -500


def test_a_range_of_more_than_a_turn_is_refused():
    (words,) = moved(0, (-300, 3900)).problems
    assert words == (
        "shoulder_pan moved through 4200 ticks, more than a turn (4095): repeat the calibration, and move it"
        " between its two"
        " stops only"
    )


def test_readings_too_far_apart_to_follow_are_refused():
    sweep = swept()
    sweep.see([None, None, None, 3115 - 1100, None, None])
    (words,) = sweep.problems
    assert words == (
        "wrist_flex jumped by 1100 ticks (97°) between two readings: repeat the calibration, and move it more slowly"
    )


def test_a_joint_that_was_forgotten_is_named():
    sweep = moved(5, (2000, 2100))
    assert sweep.unfinished == ("gripper",)
    with pytest.raises(RobotRefused) as caught:
        sweep.calibration()
    assert str(caught.value) == (
        "gripper moved by 9° only, of about 110°: move it from one stop to the other; if it did move, look"
        " whether this joint"
        " has the right servo id"
    )


def test_all_problems_are_told_at_once():
    sweep = swept(((2047, 2047), (-500, 1700), *STOPS[2:]))
    assert [words.split()[0] for words in sweep.problems] == ["shoulder_pan", "shoulder_lift"]


def test_the_full_turn_of_wrist_roll_needs_no_sweep_and_takes_one():
    assert moved(4, (2047, 2047)).calibration().tick_ranges[4] == (0, 4095)
    assert moved(4, (300, 3800)).calibration().tick_ranges[4] == (0, 4095)
    assert moved(4, (-3000, 6000)).calibration().tick_ranges[4] == (0, 4095)  # without stops it may turn and turn


def test_a_wrist_roll_whose_stops_are_beyond_the_seam_is_refused():
    (words,) = moved(4, (500, 4200)).problems
    assert words.startswith("wrist_roll crossed the encoder's seam, at 500 … 4200 ticks: redo the middle step")


@given(
    st.integers(-4000, 4000),
    st.lists(st.integers(-1000, 1000), min_size=1, max_size=60),
    st.booleans(),
)
def test_a_sweep_finds_the_true_extremes_of_any_path(start, steps, wraps):
    path, ticks = [2047], 2047
    for change in [start // 8] * 8 + steps:
        ticks += change
        path.append(ticks)
    sweep = RangeSweep((2047,) * 6)
    for ticks in path:
        sweep.see([ticks % 4096 if wraps else ticks] + [2047] * 5)
    joint = sweep.joints[0]
    assert (joint.low, joint.now, joint.high) == (min(path), path[-1], max(path))
    if joint.enough and not joint.problem:
        assert 0 <= joint.low < joint.high <= 4095
    if joint.low < 0 or joint.high > 4095:
        assert joint.problem


def test_another_number_of_joints_is_refused():
    with pytest.raises(ValueError, match="5 positions of 6 servos; expected 6 of each"):
        RangeSweep((2047,) * 5)
    with pytest.raises(ValueError, match="argument 2"):
        RangeSweep((2047,) * 6).see([2047] * 5)


def test_every_joint_of_the_arm_can_be_swept_through_its_mechanical_range():
    stops = tuple(
        (2047 - round((high - low) / 2 * 4095 / 6.2832), 2047 + round((high - low) / 2 * 4095 / 6.2832))
        for low, high in so101.RANGES_RAD
    )
    assert swept(stops).problems == ()
