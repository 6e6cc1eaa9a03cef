"""Whether pictures show the present, on a clock by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.robot.cameras.freshness import FROZEN_FRAMES, Freshness, FreshnessRules, Repeats, Sighting, skew

PERIOD_S = 1 / 30


def feed(freshness, numbers, begin_s=0.0, period_s=PERIOD_S, late_s=0.0):
    """Show pictures that all differ; return when the last one arrived."""
    arrived_s = begin_s
    for number in numbers:
        arrived_s = begin_s + (number - numbers[0]) * period_s
        captured_s = arrived_s - late_s
        freshness.see(Sighting(number, captured_s, arrived_s, 1, captured_s, arrived_s))
    return arrived_s


@pytest.fixture
def freshness():
    return Freshness("wrist", FreshnessRules())


def test_before_the_first_picture_it_is_in_doubt(freshness):
    assert freshness.judge(0.0) == ("camera 'wrist': no picture yet", False)


def test_a_steady_stream_is_fresh_from_its_first_picture_on(freshness):
    for number in range(1, 100):
        now_s = feed(freshness, [number], number * PERIOD_S)
        assert freshness.judge(now_s + 0.9 * PERIOD_S) == ("", False)
    assert freshness.interval_s == pytest.approx(PERIOD_S)


def test_silence_is_a_doubt_after_200_ms_and_a_loss_after_500_ms(freshness):
    last_s = feed(freshness, range(1, 10))
    assert freshness.judge(last_s + 0.199) == ("", False)
    assert freshness.judge(last_s + 0.21) == ("camera 'wrist': no new picture for 0.21 s", False)
    assert freshness.judge(last_s + 0.49)[1] is False
    assert freshness.judge(last_s + 0.51) == ("camera 'wrist': no new picture for 0.51 s", True)


def test_after_a_doubt_five_new_pictures_are_needed(freshness):
    last_s = feed(freshness, range(1, 10))
    assert freshness.judge(last_s + 1.0)[1]
    again_s = last_s + 1.1
    for number in range(10, 14):
        now_s = feed(freshness, [number], again_s + (number - 10) * PERIOD_S)
        words, lost = freshness.judge(now_s)
        assert words == f"camera 'wrist': pictures again, {number - 9} of 5"
        assert lost
    now_s = feed(freshness, [14], again_s + 4 * PERIOD_S)
    assert freshness.judge(now_s) == ("", False)


def test_a_second_gap_begins_the_count_again(freshness):
    last_s = feed(freshness, range(1, 10))
    freshness.judge(last_s + 0.3)
    last_s = feed(freshness, range(10, 13), last_s + 0.4)
    freshness.judge(last_s + 0.25)
    now_s = feed(freshness, range(13, 15), last_s + 0.3)
    assert freshness.judge(now_s)[0] == "camera 'wrist': pictures again, 2 of 5"


def test_a_gap_between_two_looks_is_noticed_by_the_numbers_of_the_pictures(freshness):
    feed(freshness, [1])
    feed(freshness, [2], 0.4)
    assert freshness.judge(0.4)[0] == "camera 'wrist': pictures again, 1 of 5"


def test_pictures_that_nobody_looked_at_are_no_gap(freshness):
    feed(freshness, [1])
    feed(freshness, [13], 12 * PERIOD_S)
    assert freshness.judge(12 * PERIOD_S) == ("", False)


def test_the_same_picture_ten_times_is_a_frozen_stream_although_its_times_advance():
    freshness, repeats = Freshness("wrist", FreshnessRules()), Repeats()
    for number in range(5):
        freshness.see(repeats.see(number, number * PERIOD_S, number * PERIOD_S))
    for count in range(1, FROZEN_FRAMES + 6):
        now_s = (4 + count) * PERIOD_S
        sighting = repeats.see(77, now_s, now_s)
        freshness.see(sighting)
        words, lost = freshness.judge(now_s)
        if count < FROZEN_FRAMES:
            assert words == ""
            assert sighting.shown_s == now_s
        else:
            assert words == f"camera 'wrist': the same picture for {now_s - 5 * PERIOD_S:.2f} s: its stream is frozen"
            assert lost == (now_s - 5 * PERIOD_S > 0.5)
            assert sighting.shown_s == 5 * PERIOD_S
    assert repeats.repeated == FROZEN_FRAMES + 4
    for number in range(5):
        now_s += PERIOD_S
        assert freshness.judge(now_s)[0]
        freshness.see(repeats.see(100 + number, now_s, now_s))
    assert freshness.judge(now_s) == ("", False)


def test_a_frozen_stream_is_in_doubt_at_once_also_at_a_high_rate():
    freshness, repeats = Freshness("wrist", FreshnessRules()), Repeats()
    for number in range(FROZEN_FRAMES):
        freshness.see(repeats.see(77, number / 120, number / 120))
    assert "frozen" in freshness.judge(FROZEN_FRAMES / 120)[0]


def test_pictures_that_arrive_old_are_in_doubt_however_many_there_are(freshness):
    last_s = feed(freshness, range(1, 10))
    last_s = feed(freshness, range(10, 30), last_s + PERIOD_S, late_s=0.6)
    assert freshness.judge(last_s) == ("camera 'wrist': its pictures arrive 0.60 s old, the limit is 0.5 s", False)
    last_s = feed(freshness, range(30, 34), last_s + PERIOD_S)
    assert freshness.judge(last_s)[0] == "camera 'wrist': pictures again, 4 of 5"
    assert freshness.judge(feed(freshness, [34], last_s + PERIOD_S)) == ("", False)


def test_a_slow_camera_is_given_more_time():
    assert FreshnessRules.at(30.0) == FreshnessRules(0.2, 0.5, 0.5)
    assert FreshnessRules.at(15.0) == FreshnessRules(0.2, 0.5, 0.5)
    assert FreshnessRules.at(10.0, 0.8) == FreshnessRules(pytest.approx(0.3), pytest.approx(0.75), 0.8)
    freshness = Freshness("slow", FreshnessRules.at(5.0))
    last_s = feed(freshness, range(1, 10), period_s=0.2)
    assert freshness.judge(last_s + 0.55) == ("", False)
    assert freshness.judge(last_s + 0.61)[0] == "camera 'slow': no new picture for 0.61 s"


@given(st.lists(st.tuples(st.floats(0.001, 1.0), st.booleans()), min_size=1, max_size=60))
def test_it_is_never_fresh_when_nothing_new_came_for_longer_than_the_limit(gaps):
    freshness, repeats = Freshness("wrist", FreshnessRules()), Repeats()
    now_s, content = 0.0, 0
    for gap_s, new in gaps:
        arrived_s, now_s = now_s, now_s + gap_s
        content += new
        freshness.see(repeats.see(content, arrived_s, arrived_s))
        words, lost = freshness.judge(now_s)
        assert bool(words) or gap_s <= 0.2
        assert lost or gap_s <= 0.5
        assert words or not lost


@pytest.mark.parametrize(
    ("captured_s", "words"),
    [
        ({}, ""),
        ({"front": 1.0}, ""),
        ({"front": 1.0, "wrist": 1.05}, ""),
        ({"front": 1.0, "wrist": 0.92}, "camera 'wrist' is 0.080 s behind 'front', 0.050 s are allowed"),
        ({"a": 2.0, "b": 2.2, "c": 2.1}, "camera 'a' is 0.200 s behind 'b', 0.050 s are allowed"),
    ],
)
def test_cameras_that_show_different_moments_are_named(captured_s, words):
    assert skew(captured_s, 0.0500001) == words
