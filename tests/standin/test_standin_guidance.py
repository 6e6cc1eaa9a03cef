"""Continuing a plan: frozen first, then guided less and less, free at the end."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.standin.guidance import Prefix, continued, soft_mask

OLD, NEW = np.zeros((50, 6)), np.ones((50, 6))


@st.composite
def masks(draw):
    horizon = draw(st.integers(1, 60))
    valid = draw(st.integers(1, horizon))
    return horizon, draw(st.integers(0, valid)), draw(st.integers(0, horizon)), valid


@given(masks())
def test_the_mask_is_one_while_frozen_falls_and_ends_at_nothing(given_mask):
    horizon, delay, execution, valid = given_mask
    weights = soft_mask(horizon, delay, execution, valid)
    assert (weights[:delay] == 1.0).all()
    assert (np.diff(weights) <= 0.0).all()
    assert (weights[max(delay, min(valid, horizon - execution)) :] == 0.0).all()


def test_the_mask_is_the_papers():
    weights = soft_mask(50, 5, 25, 50)
    c = (50 - 25 - 10) / (50 - 25 - 5 + 1)
    assert weights[10] == pytest.approx(c * (math.e**c - 1) / (math.e - 1))


def test_a_continued_plan_begins_with_the_old_and_ends_with_the_new_one():
    merged = continued(NEW, Prefix(OLD, valid=25, delay=4, execution_horizon=25))
    assert (merged[:4] == 0.0).all()
    assert ((merged[4:25, :5] > 0.0) & (merged[4:25, :5] < 1.0)).all()
    assert (merged[25:] == 1.0).all()
    assert (merged[4:, 5] == 1.0).all()  # the gripper's targets are steps: no blend
