"""How far the joints came within a stretch of time, held against the plain sum of its measurements."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.nodes.stretch import Stretch
from tests.scale import examples

steps = st.lists(st.tuples(st.floats(0.001, 0.3), st.floats(-1, 1)), min_size=1, max_size=80)


@settings(max_examples=examples(100))
@given(steps, st.floats(0.2, 2.0))
def test_what_it_spans_lies_between_the_stretch_and_a_sixteenth_more(steps, length_s):
    stretch, seen, now_s = Stretch(), [], 0.0
    for passed_s, place in steps:
        now_s += passed_s
        seen.append((now_s, place))
        covered_s, span = stretch.update(now_s, np.array([place, 0.0]), length_s)
        least = [p for t, p in seen if now_s - t <= length_s]
        most = [p for t, p in seen if now_s - t <= length_s * (1 + 1 / 16) + 0.3 + 1e-9]
        assert np.ptp(least) - 1e-12 <= span[0] <= np.ptp(most) + 1e-12
        assert span[1] == 0.0
        assert covered_s <= now_s - seen[0][0] + 1e-12


def test_a_measurement_that_is_seen_twice_covers_no_time():
    stretch = Stretch()
    stretch.update(1.0, np.zeros(2), 0.5)
    assert stretch.update(1.0, np.zeros(2), 0.5)[0] == 0.0


def test_a_pause_begins_anew():
    stretch = Stretch()
    stretch.update(0.0, np.zeros(2), 5.0)
    covered_s, span = stretch.update(0.6, np.ones(2), 5.0)
    assert covered_s == 0.0
    assert span.tolist() == [0.0, 0.0]


def test_it_is_no_longer_than_it_has_to_be():
    stretch = Stretch()
    for i in range(10_000):
        stretch.update(i * 0.001, np.zeros(2), 1.0)
    assert len(stretch._parts) <= 18
