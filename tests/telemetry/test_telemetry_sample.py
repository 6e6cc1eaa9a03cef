"""Many numbers in little memory."""

import copy
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.telemetry import sample as module
from bt_robot.telemetry.sample import MAX_KEPT, MeanSquare, Sample
from tests.scale import examples

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


def sampled(values):
    sample = Sample()
    for value in values:
        sample.add(value)
    return sample


def test_without_numbers_nothing_is_known():
    sample = Sample()
    assert (sample.count, sample.max, sample.mean, sample.rms, sample.quantile(0.5)) == (0, None, None, None, None)
    assert Sample.merged([]).max is None
    assert MeanSquare().value is None


@settings(max_examples=examples(100))
@given(NUMBERS, st.floats(0, 1))
def test_few_numbers_are_summarised_exactly(values, share):
    sample = sampled(values)
    assert (sample.count, sample.max) == (len(values), max(values))
    assert sample.mean == pytest.approx(np.mean(values), abs=1e-6)
    assert sample.rms == pytest.approx(np.sqrt(np.mean(np.square(values))), abs=1e-6)
    assert sample.quantile(share) == np.percentile(values, 100 * share)


@settings(max_examples=examples(100))
@given(st.lists(NUMBERS, max_size=4))
def test_merged_samples_are_the_sample_of_all_numbers(parts):
    merged, whole = Sample.merged(map(sampled, parts)), sampled(value for part in parts for value in part)
    assert (merged.count, merged.max, merged.quantile(0.95)) == (whole.count, whole.max, whole.quantile(0.95))
    assert merged.rms == pytest.approx(whole.rms) if whole.count else merged.rms is None
    assert merged.mean == pytest.approx(whole.mean, abs=1e-6) if whole.count else merged.mean is None


def test_many_numbers_need_no_more_memory_and_old_and_new_ones_count_alike():
    values = np.linspace(0.0, 1.0, 10 * MAX_KEPT)  # a drift: a window of the newest would say 0.95
    tracemalloc.start()
    sample = sampled(values)
    kept_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept_bytes < 64 * MAX_KEPT
    assert (sample.count, sample.max) == (len(values), 1.0)
    assert sample.quantile(0.5) == pytest.approx(0.5, abs=0.05)
    assert sample.quantile(0.95) == pytest.approx(0.95, abs=0.02)


def test_the_same_numbers_give_the_same_sample(monkeypatch):
    monkeypatch.setattr(module, "MAX_KEPT", 10)
    values = [float(i) for i in range(100)]
    assert sampled(values).quantile(0.3) == sampled(values).quantile(0.3)


def test_a_copy_goes_on_by_itself():
    sample = sampled([1.0, 2.0])
    other = copy.deepcopy(sample)
    other.add(3.0)
    assert (sample.count, other.count, other.quantile(0.5)) == (2, 3, 2.0)


@settings(max_examples=examples(50))
@given(st.lists(NUMBERS, min_size=1, max_size=4))
def test_the_mean_square_of_parts_is_that_of_the_whole(parts):
    left, right = MeanSquare(), MeanSquare()
    for i, part in enumerate(parts):
        (left if i % 2 else right).add(np.array(part))
    left.merge(right)
    values = [value for part in parts for value in part]
    assert left.value == pytest.approx(np.sqrt(np.mean(np.square(values))))
