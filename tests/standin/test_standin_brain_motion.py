import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.arm import so101
from bt_robot.standin.motion import FASTEST_RAD, Waypoint, actions

REST = so101.to_rad(so101.REST)
arms = st.tuples(*(st.floats(-1.0, 1.0) for _ in range(5))).map(np.array)


@given(arms, arms, st.integers(1, 60))
def test_a_step_is_never_longer_than_a_servo_goes(first, second, horizon):
    rows = actions(REST, [Waypoint(first, 0.65), Waypoint(second, 0.0)], horizon)
    assert rows.shape == (horizon, 6)
    steps = np.diff(np.vstack([REST[:5], rows[:, :5]]), axis=0)
    assert np.abs(steps).max() <= FASTEST_RAD + 1e-12


@given(arms)
def test_the_end_is_reached_exactly_and_held(target):
    rows = actions(REST, [Waypoint(target, 0.3)], 100)
    np.testing.assert_allclose(rows[-1, :5], target, atol=1e-12)
    np.testing.assert_allclose(rows[-1], rows[-2], atol=1e-12)


def test_the_jaws_get_their_target_at_once():
    rows = actions(REST, [Waypoint(REST[:5], so101.GRIPPER_OPEN_RAD, dwell=3), Waypoint(REST[:5] + 0.5, 0.0)], 10)
    assert rows[:3, 5].tolist() == [1.0] * 3
    assert rows[3:, 5] == pytest.approx(so101.rad_to_gripper(0.0))


def test_all_joints_arrive_together():
    target = REST[:5] + np.array([0.4, 0.2, 0.0, -0.1, 0.0])
    rows = actions(REST, [Waypoint(target, 0.3)], 3)
    moved = rows[-1, :5] - REST[:5]
    np.testing.assert_allclose(moved / moved[0], [1, 0.5, 0, -0.25, 0], atol=1e-9)


@given(arms, arms)
def test_from_a_standstill_to_a_standstill_the_speed_never_changes_at_once(first, second):
    start = np.append(np.zeros(5), 0.3)
    rows = actions(start, [Waypoint(first, 0.3), Waypoint(second, 0.3)], 200, travelled_rad=0.0)
    steps = np.diff(np.vstack([start[:5], rows[:, :5], rows[-1:, :5]]), axis=0)
    assert np.abs(np.diff(steps, axis=0)).max() < 0.51 * FASTEST_RAD  # turning back at full speed is the most


def test_an_arm_that_is_on_its_way_goes_on_at_full_speed():
    slow, fast = (
        actions(REST, [Waypoint(REST[:5] + 1.0, 0.3)], 10, travelled_rad=travelled) for travelled in (0.0, 5.0)
    )
    assert fast[4, 0] - fast[3, 0] == pytest.approx(FASTEST_RAD)
    assert slow[4, 0] - slow[3, 0] < 0.7 * FASTEST_RAD
