"""Another rate, another speed: the same way, on other steps."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.policy.dialect.pace import Pace
from tests.scale import examples

RATES = st.sampled_from([10.0, 15.0, 20.0, 30.0, 50.0, 60.0, 100.0])
PACES = st.builds(Pace.of, RATES, RATES, st.sampled_from([0.25, 0.5, 1.0, 1.5]))
CHUNKS = hnp.arrays(np.float64, st.tuples(st.integers(1, 60), st.just(3)), elements=st.floats(-3, 3))


def column(*values):
    """Actions of one joint and a gripper, which both take these values."""
    return np.array([[value, value] for value in values], dtype=float)


def test_at_the_policys_own_rate_nothing_changes():
    actions = column(1, 2, 3)
    assert Pace.of(30, 30).spread_targets(actions) is actions
    assert Pace.of(30, 30).spread_increments(actions) is actions
    assert Pace.of(30, 30).gather(actions) is actions


def test_at_twice_the_rate_the_arm_gets_what_lies_between_and_the_gripper_keeps_its_target():
    rows = Pace.of(30, 60).spread_targets(column(0, 1, 2))
    np.testing.assert_allclose(rows[:, 0], [0, 0.5, 1, 1.5, 2, 2])
    np.testing.assert_allclose(rows[:, 1], [0, 0, 1, 1, 2, 2])


def test_a_smooth_motion_stays_smooth_at_a_higher_rate():
    coarse = np.sin(np.linspace(0.0, 1.2, 31))[:, None] * np.ones(2)
    fine = np.sin(np.linspace(0.0, 1.2, 121))
    rows = Pace.of(10, 40).spread_targets(coarse)[:121, 0]
    straight = np.interp(np.linspace(0, 30, 121), np.arange(31), coarse[:, 0])
    assert np.abs(rows - fine).mean() < 0.2 * np.abs(straight - fine).mean()
    assert np.abs(np.diff(rows, 3)).mean() < 0.2 * np.abs(np.diff(straight, 3)).mean()


def test_at_half_speed_the_same_way_takes_twice_the_steps():
    np.testing.assert_allclose(Pace.of(30, 30, 0.5).spread_targets(column(0, 1))[:, 0], [0, 0.5, 1, 1])


def test_a_policy_that_is_faster_than_the_control_rate_is_sampled():
    rows = Pace.of(60, 30).spread_targets(column(0, 1, 2, 3, 4))
    np.testing.assert_allclose(rows, column(0, 2, 4))


def test_increments_are_shared_out_over_the_steps_of_an_action():
    rows = Pace.of(30, 60).spread_increments(column(1, 3))
    np.testing.assert_allclose(rows[:, 0], [0.5, 0.5, 1.5, 1.5])
    np.testing.assert_allclose(rows[:, 1], [1, 1, 3, 3])


@settings(max_examples=examples(200))
@given(PACES, CHUNKS)
def test_increments_add_up_to_the_same_way_at_any_pace(pace, actions):
    rows = pace.spread_increments(actions)
    np.testing.assert_allclose(rows[:, :-1].sum(axis=0), actions[:, :-1].sum(axis=0), atol=1e-9)


@settings(max_examples=examples(200))
@given(PACES, CHUNKS)
def test_targets_stay_between_their_neighbours_and_the_chunk_keeps_its_duration(pace, actions):
    rows = pace.spread_targets(actions)
    assert len(rows) == pace.steps(len(actions))
    assert abs(len(rows) * pace.actions_per_step - len(actions)) < max(1.0, pace.actions_per_step) + 1e-6
    assert (rows <= actions.max(axis=0) + 1e-9).all()
    assert (rows >= actions.min(axis=0) - 1e-9).all()
    np.testing.assert_array_equal(rows[0], actions[0])
    assert set(rows[:, -1]) <= set(actions[:, -1])


@settings(max_examples=examples(200))
@given(st.sampled_from([1.0, 0.5, 0.3, 0.25]), CHUNKS)
def test_what_was_spread_is_gathered_again(actions_per_step, actions):
    pace = Pace(actions_per_step)
    gathered = pace.gather(pace.spread_targets(actions))
    assert len(gathered) == len(actions)
    if 1.0 / actions_per_step == round(1.0 / actions_per_step):
        np.testing.assert_allclose(gathered, actions, atol=1e-9)


@pytest.mark.parametrize("actions_per_step", [2.0, 1.5, 2 / 3, 0.3])
def test_an_even_motion_is_gathered_evenly(actions_per_step):
    rows = column(*np.arange(40) * 0.1)
    gathered = Pace(actions_per_step).gather(rows)[:, 0]
    np.testing.assert_allclose(np.diff(gathered)[:-1], 0.1 / actions_per_step, atol=1e-9)


@pytest.mark.parametrize(("actions", "steps"), [(10, 20), (1, 2), (0.2, 1)])
def test_actions_as_steps(actions, steps):
    assert Pace.of(30, 60).steps(actions) == steps


def test_steps_as_actions_are_rounded_up():
    assert [Pace.of(30, 60).actions(steps) for steps in (0, 1, 2, 3)] == [0, 1, 1, 2]
