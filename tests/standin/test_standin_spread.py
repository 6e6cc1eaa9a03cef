"""Answers that stray as a sampled policy's do, and repeat all the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.arm.so101 import GRIPPER, LOWER, REST, UPPER
from bt_robot.standin.spread import Spread

ROWS = np.tile(REST, (50, 1))
MIDDLE = np.tile((LOWER + UPPER) / 2, (50, 1))
TWO_DEG = np.radians(2.0)
FINGERPRINTS = st.integers(0, 2**64 - 1)


def test_without_an_amplitude_the_plan_is_untouched():
    assert Spread().stray(ROWS, 30, 1) is ROWS
    assert Spread().delay_s(1) == 0.0


@given(FINGERPRINTS, st.integers(0, 2**63 - 1))
def test_a_deviation_begins_small_wanders_slowly_and_never_touches_the_gripper(fingerprint, seed):
    way = Spread(TWO_DEG, seed=seed).stray(MIDDLE, 30, fingerprint) - MIDDLE
    assert np.abs(way[0]).max() <= 0.2 * TWO_DEG + 1e-9
    assert np.abs(way).max() <= 2.0 * TWO_DEG
    assert np.abs(np.diff(way, axis=0)).max() < 0.2 * TWO_DEG  # per step
    assert (way[:, GRIPPER] == 0.0).all()


@given(FINGERPRINTS)
def test_it_depends_on_the_seed_and_the_question_alone(fingerprint):
    spread = Spread(TWO_DEG, 0.1, seed=3)
    again = spread.stray(MIDDLE, 30, fingerprint)
    np.testing.assert_array_equal(again, spread.stray(MIDDLE, 30, fingerprint))
    assert spread.delay_s(fingerprint) == spread.delay_s(fingerprint)
    assert not np.allclose(again, spread.stray(MIDDLE, 30, fingerprint ^ 1))
    assert not np.allclose(again, Spread(TWO_DEG, seed=4).stray(MIDDLE, 30, fingerprint))


def test_over_many_questions_the_amplitude_is_about_what_was_asked_for():
    ways = [Spread(TWO_DEG).stray(MIDDLE, 30, k)[:, :GRIPPER] - MIDDLE[:, :GRIPPER] for k in range(200)]
    assert 0.5 * TWO_DEG < np.mean([np.abs(way).max() for way in ways]) < 1.5 * TWO_DEG
    assert abs(np.mean(ways)) < 0.1 * TWO_DEG


def test_nothing_strays_out_of_the_joints_range():
    strayed = Spread(0.5).stray(np.tile(UPPER, (50, 1)), 30, 5)
    assert (strayed <= UPPER).all()


@given(FINGERPRINTS)
def test_the_extra_time_is_at_most_the_jitter(fingerprint):
    assert 0.0 <= Spread(jitter_s=0.08).delay_s(fingerprint) <= 0.08
