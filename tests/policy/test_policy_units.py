"""The border between the wire's units and radians."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.policy.dialect.units import GripperScale, JointScale

LEROBOT = JointScale("degrees", GripperScale(0.0, 100.0), [False, True])
PI = JointScale("radians", GripperScale(closed=1.0, open=0.0), [False, True])
ENDS = st.tuples(st.floats(-200, 200), st.floats(-200, 200)).filter(lambda ends: abs(ends[0] - ends[1]) > 0.1)
UNITS = st.builds(
    JointScale,
    st.sampled_from(["degrees", "radians", "range_100", "raw"]),
    ENDS.map(lambda ends: GripperScale(ends[0], ends[1])),
    st.permutations([True] + [False] * 5),
    st.just(np.linspace(-2.0, -1.0, 6)),
    st.just(np.linspace(1.0, 2.5, 6)),
)


def test_lerobots_degrees_and_gripper_percent():
    np.testing.assert_allclose(LEROBOT.to_wire(np.array([np.pi / 2, 0.25])), [90.0, 25.0])
    np.testing.assert_allclose(LEROBOT.from_wire(np.array([[-180.0, 100.0]])), [[-np.pi, 1.0]])


def test_a_gripper_that_is_open_at_zero():
    np.testing.assert_allclose(PI.to_wire(np.array([0.5, 1.0])), [0.5, 0.0])
    np.testing.assert_allclose(PI.from_wire(np.array([0.5, 0.25])), [0.5, 0.75])


@given(UNITS, hnp.arrays(np.float64, (4, 6), elements=st.floats(-7, 7)))
def test_there_and_back_is_the_same(units, joints):
    np.testing.assert_allclose(units.from_wire(units.to_wire(joints)), joints, atol=1e-9)


@given(UNITS, hnp.arrays(np.float64, (4, 6), elements=st.floats(-7, 7)))
def test_differences_come_back_and_are_what_two_positions_differ_by(units, joints):
    np.testing.assert_allclose(units.differences_from_wire(units.differences_to_wire(joints)), joints, atol=1e-9)
    arm = ~units.grippers
    moved = units.to_wire(joints[1:]) - units.to_wire(joints[:-1])
    np.testing.assert_allclose(units.differences_from_wire(moved)[:, arm], np.diff(joints, axis=0)[:, arm], atol=1e-9)


def test_range_100_is_the_share_of_a_joints_range_and_needs_to_know_it():
    lower, upper = np.array([-1.0, 0.0]), np.array([3.0, 1.0])
    scale = JointScale("range_100", GripperScale(), [False, True], lower, upper)
    np.testing.assert_allclose(scale.to_wire(np.array([[-1.0, 0.0], [1.0, 0.5], [3.0, 1.0]]))[:, 0], [-100, 0, 100])
    np.testing.assert_allclose(scale.differences_from_wire(np.array([50.0, 100.0])), [1.0, 1.0])
    with pytest.raises(ValueError, match="range_100 needs the joints' ranges"):
        JointScale("range_100", GripperScale(), [False, True])
    with pytest.raises(ValueError, match="needs ranges with a length"):
        JointScale("range_100", GripperScale(), [False, True], lower, lower)


def test_raw_converts_nothing_not_even_the_gripper():
    scale, values = JointScale("raw", GripperScale(-1, 1), [False, True]), np.array([0.2, 0.7])
    for convert in (scale.to_wire, scale.from_wire, scale.differences_to_wire, scale.differences_from_wire):
        np.testing.assert_array_equal(convert(values), values)


def test_a_binary_gripper_is_read_as_the_end_it_is_nearer_to_and_measured_as_it_is():
    droid = GripperScale(closed=1.0, open=0.0, binary=True)
    np.testing.assert_array_equal(droid.from_wire(np.array([0.0, 0.49, 0.51, 1.3])), [1.0, 1.0, 0.0, 0.0])
    assert droid.from_wire(np.array(1e30)) < -1e29  # nonsense stays what it is, so that a check finds it
    np.testing.assert_allclose(droid.to_wire(np.array([0.25])), [0.75])


@pytest.mark.parametrize("units", [LEROBOT, PI])
def test_the_argument_is_left_alone(units):
    joints = np.array([[1.0, 0.5]])
    units.to_wire(joints)[...] = 0
    units.from_wire(joints)[...] = 0
    np.testing.assert_array_equal(joints, [[1.0, 0.5]])


def test_a_scale_without_length_is_refused():
    with pytest.raises(ValueError, match="closed and open are both 3"):
        GripperScale(3.0, 3.0)
