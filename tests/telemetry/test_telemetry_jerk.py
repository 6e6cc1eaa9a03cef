"""Jerk is the third difference over consecutive steps, of the arm without its gripper."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.telemetry.jerk import JerkMeter

PERIOD_S = 1 / 30


def measured(course, steps):
    """The jerk at each step of a course: a function of time to a position, for one joint and a gripper."""
    meter = JerkMeter()
    return [meter.measure(i, np.array([course(i * PERIOD_S), i % 7]), PERIOD_S) for i in steps]


@given(st.lists(st.floats(-2, 2), min_size=4, max_size=4))
def test_a_cubic_has_a_constant_jerk_and_the_gripper_does_not_count(c):
    jerks = measured(lambda t: c[0] + c[1] * t + c[2] * t**2 + c[3] * t**3, range(20))
    assert jerks[:3] == [None] * 3
    assert all(jerk.shape == (1,) for jerk in jerks[3:])
    assert np.array(jerks[3:]) == pytest.approx(6 * c[3], abs=1e-8)


def test_only_four_consecutive_steps_make_a_value():
    known = [jerk is not None for jerk in measured(np.sin, [0, 1, 2, 3, 4, 6, 7, 8, 9, 10])]
    assert known == [False, False, False, True, True, False, False, False, True, True]


def test_without_a_period_nothing_is_known():
    meter = JerkMeter()
    assert all(meter.measure(i, np.zeros(2), 0.0) is None for i in range(9))
