"""The seam between two plans: five answers, and what each must never do."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.policy.chunks.strategies import Align, Blend, Continue, Gate, Latest, Seam
from tests.scale import examples


def rows(*values, gripper=0.0):
    return np.array([[value, value, gripper] for value in values], dtype=float)


def seam(old, new, last=None, *, same_prompt=True, delay_steps=0, guided=False):
    return Seam(old, new, last, same_prompt, delay_steps, guided)


NOTHING = rows()[:0].reshape(0, 3)
ROWS = hnp.arrays(np.float64, st.tuples(st.integers(1, 30), st.just(3)), elements=st.floats(-2, 2))


def test_latest_takes_what_is_new_as_it_is():
    new = rows(5, 6)
    assert Latest().splice(seam(rows(1, 2, 3), new)) is new


def test_blend_averages_the_overlap_gripper_included_and_takes_the_rest():
    blended = Blend(0.3).splice(seam(rows(0, 0, gripper=0.0), rows(1, 1, 1, gripper=1.0)))
    np.testing.assert_allclose(blended[:, 0], [0.7, 0.7, 1.0])
    np.testing.assert_allclose(blended[:, 2], [0.7, 0.7, 1.0])


def test_blend_averages_nothing_of_two_prompts():
    new = rows(1, 1, gripper=1.0)
    np.testing.assert_array_equal(Blend(0.3).splice(seam(rows(0, 0), new, same_prompt=False)), new)


def test_align_begins_where_the_old_plan_is_and_ends_on_the_new_ones_course():
    aligned = Align(4, 1.0).splice(seam(rows(0.2, 0.2), rows(0, 1, 2, 3, 4, 5)))
    np.testing.assert_allclose(aligned[:, 0], [0.2, 1.16875, 2.1, 3.03125, 4, 5])


def test_align_begins_at_the_last_command_when_nothing_is_planned():
    aligned = Align(2, 1.0).splice(seam(NOTHING, rows(0, 0, 0), last=np.array([0.4, 0.4, 0.4])))
    np.testing.assert_allclose(aligned[:, 0], [0.4, 0.2, 0.0])


def test_align_leaves_the_gripper_alone():
    aligned = Align(10, 1.0).splice(seam(rows(0, 0, gripper=1.0), rows(0, 0, gripper=0.0)))
    np.testing.assert_array_equal(aligned[:, 2], 0.0)


def test_what_is_beyond_lag_is_another_course_and_fades_in_a_quarter_of_the_time():
    aligned = Align(8, 0.1).splice(seam(rows(1.0), rows(*[0.0] * 10)))
    assert aligned[0, 0] == 1.0
    assert aligned[1, 0] == pytest.approx(0.5 * 0.9 + 0.1 * 0.95703125)
    assert 0.0 < aligned[2, 0] < 0.1
    assert aligned[8, 0] == 0.0


def test_align_before_the_first_command_takes_what_is_new():
    new = rows(1, 2)
    assert Align(4, 1.0).splice(seam(NOTHING, new)) is new


@settings(max_examples=examples(300))
@given(ROWS, ROWS, st.integers(0, 40), st.floats(0, 1))
def test_align_begins_where_the_plan_is_stays_between_both_and_ends_with_the_fade(old, new, fade, cap):
    aligned = Align(fade, cap).splice(seam(old, new))
    offset = np.abs(old[0] - new[0])
    np.testing.assert_allclose(aligned[0, :2], old[0, :2], atol=1e-12)
    assert (np.abs(aligned - new) <= offset + 1e-12).all()
    assert (np.abs(aligned - new)[max(1, fade // 4) :] <= cap + 1e-12).all()
    np.testing.assert_array_equal(aligned[max(1, fade) :], new[max(1, fade) :])


LEFT = rows(*np.linspace(0, 1, 30))
RIGHT = rows(*np.linspace(0, -1, 30))


def gate(most=1):
    return Gate(Latest(), threshold_rad=0.1, most_rejections=most, look_ahead_steps=20)


def test_a_chunk_that_goes_another_way_is_rejected_once_and_then_believed():
    guard = gate()
    assert guard.splice(seam(LEFT, RIGHT)) is None
    assert guard.splice(seam(LEFT, RIGHT)) is RIGHT


def test_what_the_policys_chunks_usually_differ_by_is_no_disagreement():
    guard = Gate(Latest(), threshold_rad=0.1, most_rejections=1, look_ahead_steps=20)
    swing = [rows(*np.linspace(0, way, 30)) for way in (0.0, 0.5)]
    verdicts = [guard.splice(seam(swing[i % 2], swing[(i + 1) % 2])) is not None for i in range(8)]
    assert verdicts == [False] + [True] * 7
    assert guard.splice(seam(LEFT, 2 * RIGHT)) is None  # far more than usual


def test_a_constant_offset_is_no_disagreement():
    assert gate().splice(seam(LEFT, LEFT + 0.5)) is not None


def test_a_new_prompt_passes_the_gate():
    assert gate().splice(seam(LEFT, RIGHT, same_prompt=False)) is RIGHT


def test_nothing_is_rejected_that_could_not_be_asked_for_twice_before_the_plan_ends():
    assert gate().splice(seam(LEFT, RIGHT, delay_steps=13)) is RIGHT
    assert gate().splice(seam(LEFT, RIGHT, delay_steps=12)) is None


def test_without_rejections_the_gate_is_off():
    assert gate(0).splice(seam(LEFT, RIGHT)) is RIGHT


def test_the_gripper_can_not_disagree():
    assert gate().splice(seam(rows(*[0] * 20, gripper=0.0), rows(*[0] * 20, gripper=1.0))) is not None


def test_a_guided_chunk_is_taken_as_it_is_and_another_one_is_aligned():
    strategy = Continue(Align(10, 1.0))
    assert strategy.splice(seam(LEFT, RIGHT, guided=True)) is RIGHT
    np.testing.assert_allclose(strategy.splice(seam(LEFT + 0.5, RIGHT))[0, 0], 0.5)
