"""Numbers over time, in as many points as a plot has room for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.telemetry.view.series import Columns, joined
from tests.scale import examples


def columns(values, start=0):
    """A joint that has these positions, measured and (twice as much) commanded, at 10 Hz."""
    made = Columns(max(len(values), 1), 1)
    for k, value in enumerate(values, start):
        made.append(k / 10, np.array([value]), np.array([2 * value]), k if value >= 0 else None, held=value < 0)
    return made


def test_few_ticks_are_shown_as_they_are():
    series = joined([columns([1, 2, 3]), columns([4, 5], start=3)], 1, 0.1, 0.3, 100, [(0.2, 0.5)])
    assert series.told(7) == {
        "type": "series",
        "id": 7,
        "t": [0.1, 0.2, 0.3],
        "measured": [[2.0, 3.0, 4.0]],
        "commanded": [[4.0, 6.0, 8.0]],
        "chunk_age": [1, 2, 3],
        "held": [False, False, False],
        "latency": [(0.2, 0.5)],
    }


def test_no_chunk_has_no_age():
    assert joined([columns([-1.0, 1.0])], 1, 0.0, 1.0, 10).told(0)["chunk_age"] == [None, 1]


def test_a_peak_of_one_tick_is_in_the_plot():
    values = np.zeros(10_000)
    values[4321], values[7654] = 9.0, -8.0
    series = joined([columns(values)], 1, 0.0, 1e9, 100)
    assert len(series.times_s) == 100
    assert series.measured.max() == 9.0
    assert series.measured.min() == -8.0
    assert series.times_s[np.argmax(series.measured)] == pytest.approx(432.1, abs=10)


def test_a_hold_of_one_tick_is_in_the_plot():
    values = np.zeros(10_000)
    values[4321] = -1.0
    series = joined([columns(values)], 1, 0.0, 1e9, 100)
    assert series.held.sum() == 2
    assert series.times_s[np.argmax(series.held)] == pytest.approx(432.1, abs=20)


def test_what_rises_is_drawn_rising():
    series = joined([columns(np.arange(1000.0))], 1, 0.0, 1e9, 20)
    assert (np.diff(series.measured[:, 0]) > 0).all()
    assert (np.diff(series.times_s) > 0).all()


def test_a_joint_that_was_not_measured_leaves_a_gap():
    values = np.zeros(100)
    values[:50] = np.nan
    series = joined([columns(values)], 1, 0.0, 1e9, 10)
    assert np.isnan(series.measured[:4]).all()
    assert (series.measured[4:] == 0).all()


@settings(max_examples=examples(50))
@given(
    st.lists(st.integers(-50, 50), max_size=200),
    st.integers(2, 60),
    st.floats(0, 20),
    st.floats(0, 20),
)
def test_any_window_keeps_its_range_and_its_size(values, points, start_s, end_s):
    start_s, end_s = sorted((start_s, end_s))
    series = joined([columns(values)], 1, start_s, end_s, points)
    inside = [value for k, value in enumerate(values) if start_s <= k / 10 <= end_s]
    assert len(series.times_s) == len(series.measured) == len(series.ages) <= max(points, 2)
    assert (np.diff(series.times_s) >= 0).all()
    assert bool(inside) == bool(len(series.times_s))
    if inside:
        assert series.measured.min() == min(inside)
        assert series.measured.max() == max(inside)
        assert series.commanded.max() == 2 * max(inside)
