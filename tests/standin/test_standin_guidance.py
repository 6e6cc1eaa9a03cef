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
    return horizon, draw(st.integers(0, horizon)), draw(st.integers(0, horizon))


@given(masks())
def test_the_mask_is_one_while_frozen_falls_and_ends_at_nothing(given_mask):
    horizon, delay, execution = given_mask
    weights = soft_mask(horizon, delay, execution)
    assert (weights[:delay] == 1.0).all()
    assert (np.diff(weights) <= 0.0).all()
    assert (weights[max(delay, horizon - execution) :] == 0.0).all()


def test_the_mask_is_the_papers():
    weights = soft_mask(50, 5, 25)
    c = (50 - 25 - 10) / (50 - 25 - 5 + 1)
    assert weights[10] == pytest.approx(c * (math.e**c - 1) / (math.e - 1))


def test_where_the_old_plan_ends_early_the_new_one_goes_on_from_there_without_a_step():
    ramp = np.linspace(0.0, 1.0, 50)[:, None] * np.ones(6)
    merged = continued(ramp + 0.5, Prefix(ramp, valid=5, delay=5, execution_horizon=25))[:, :5]
    assert np.abs(np.diff(merged, axis=0)).max() < 0.08
    np.testing.assert_allclose(merged[:5], ramp[:5, :5])
    np.testing.assert_allclose(merged[25:], ramp[25:, :5] + 0.5)


def test_a_continued_plan_begins_with_the_old_and_ends_with_the_new_one():
    merged = continued(NEW, Prefix(OLD, valid=25, delay=4, execution_horizon=25))
    assert (merged[:4] == 0.0).all()
    assert ((merged[4:25, :5] > 0.0) & (merged[4:25, :5] < 1.0)).all()
    assert (merged[25:] == 1.0).all()
    assert (merged[4:, 5] == 1.0).all()  # the gripper's targets are steps: no blend
