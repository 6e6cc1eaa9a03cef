"""Each thing is told when it begins, not on every tick."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.messages import ActionChunk, Health, LinkState, Splice, Verdict
from bt_robot.runtime.chunk_events import LostChunks, SlowAnswers
from bt_robot.runtime.clock import Tick
from bt_robot.runtime.events import Events
from tests.scale import examples

FINE = LinkState(available=True, requests=3)


def told(events, *, skipped=0, refused="", link=FINE, stalled=False, late="", health=None):
    verdict = Verdict(refused=refused)
    return events.of(Tick(0, 0.0, skipped=skipped), verdict, link, stalled=stalled, late=late, health=health)


def test_an_uneventful_tick_has_no_words():
    assert told(Events(0.1)) == ()


def test_a_lost_policy_is_told_once_per_reason_and_again_when_it_answers():
    events = Events(0.1)
    lost = [LinkState(available=False, reason=reason, requests=3) for reason in ("refused", "refused", "hangs")]
    assert [told(events, link=link) for link in [*lost, FINE, FINE]] == [
        ("policy: refused",),
        (),
        ("policy: hangs",),
        ("policy: answers again",),
        (),
    ]


def test_a_policy_that_nobody_asked_is_not_missed():
    assert told(Events(0.1), link=LinkState(available=False, reason="this tree asks no policy")) == ()


def test_a_refused_command_is_told_once_per_reason():
    events = Events(0.1)
    assert [told(events, refused=reason) for reason in ("pan is nan", "pan is nan", "", "pan is nan")] == [
        ("command refused: pan is nan",),
        (),
        (),
        ("command refused: pan is nan",),
    ]


def test_a_robot_in_trouble_is_told_when_it_begins_when_it_gets_worse_and_when_it_is_over():
    events = Events(0.1)
    blind, silent = "camera 'wrist': no new picture for 0.21 s", "no servo answers"
    course = [
        Health(doubts=(blind,)),
        Health(doubts=(blind,)),
        Health(stopped=silent),
        Health(stopped=silent),
        Health(),
    ]
    assert [told(events, health=health) for health in [*course, Health()]] == [
        (f"robot in doubt: {blind}",),
        (),
        (f"robot stopped: {silent}",),
        (),
        ("robot: all well again",),
        (),
    ]


def test_what_a_robot_notes_is_told_as_it_comes():
    events = Events(0.1)
    assert told(events, health=Health(notes=("armed", "write lost"))) == ("armed", "write lost")


def test_missed_ticks_and_late_decisions_are_told_every_time():
    events = Events(0.1)
    for _ in range(2):
        assert told(events, skipped=4, late="too slow") == ("too slow", "4 ticks missed")


def test_missing_actions_are_told_once_after_three_seconds_and_anew_after_a_pause():
    events = Events(0.1)
    words = ("no actions from the policy for 3 s; is query_policy ticked in every tick?",)
    assert [told(events, stalled=True) for _ in range(60)].count(words) == 1
    told(events)
    assert [told(events, stalled=True) for _ in range(30)][-1] == words


def test_one_missed_tick_is_one_tick():
    assert told(Events(0.1), skipped=1) == ("1 tick missed",)


def told_of(latencies_s, period_s=0.1):
    """What is told of answers: index → words."""
    alarm = SlowAnswers(period_s)
    return {i: words for i, latency_s in enumerate(latencies_s) if (words := alarm.of(latency_s))}


def test_slow_answers_are_told_once_and_again_when_they_are_back():
    assert told_of([0.1] * 5 + [0.6, 0.7, 0.8] + [0.1] * 6 + [0.6]) == {
        5: "policy: answers slower, 600 ms instead of 100 ms",
        12: "policy: answers no longer slow, 100 ms",
        14: "policy: answers slower, 600 ms instead of 100 ms",
    }


def test_a_fast_answer_between_slow_ones_ends_no_slowness():
    assert list(told_of([0.1] * 5 + [0.6, 0.1, 0.6, 0.1, 0.1, 0.1, 0.1, 0.6])) == [5]


def test_slowness_takes_two_and_a_half_times_the_usual_and_two_control_steps_more():
    assert told_of([0.1] * 5 + [0.25]) == {}  # a factor of 2.5 is not more than that
    assert list(told_of([0.1] * 5 + [0.31])) == [5]
    assert told_of([0.01] * 5 + [0.2]) == {}  # less than two control steps
    assert list(told_of([0.01] * 5 + [0.21])) == [5]
    assert told_of([0.1, 0.1, 9.0]) == {}  # two answers tell nothing of what is usual


def test_what_is_usual_follows_the_last_ten_answers():
    drifting = [0.1 * 1.1**i for i in range(40)]
    assert told_of(drifting) == {}
    assert list(told_of([*drifting, 3 * drifting[-1]])) == [40]


def test_a_slowness_that_lasts_is_told_once():
    assert list(told_of([0.1] * 5 + [1.0] * 500)) == [5]


@settings(max_examples=examples(60))
@given(st.lists(st.floats(0, 5), max_size=80))
def test_slow_and_back_alternate(latencies_s):
    kinds = ["slower" in words for words in told_of(latencies_s).values()]
    assert kinds == [i % 2 == 0 for i in range(len(kinds))]


CHUNK = ActionChunk(np.zeros((50, 3)), 0, 0, "pick up", 0.1)
FINE_CHUNK, LATE = Splice("accepted"), Splice("late", 4, 60, 50)
COUNTED = "; more in a row or within 10 s are only counted"  # said with the first of a kind
REJECTED = Splice("rejected", 4, 6, 6, disagreement_rad=np.radians(7.34))


def told_of_chunks(arrivals):
    """What is told of chunks that arrive as (time, splice): time → words."""
    lost = LostChunks()
    return {time_s: words for time_s, splice in arrivals if (words := lost.of(time_s, CHUNK, splice))}


def test_the_first_late_and_the_first_rejected_chunk_in_a_row_are_told():
    splices = [FINE_CHUNK, LATE, LATE, FINE_CHUNK, REJECTED, REJECTED, REJECTED, FINE_CHUNK]
    assert told_of_chunks(enumerate(splices)) == {
        1: f"chunk late: its 50 actions were over when it came{COUNTED}",
        4: f"chunk rejected: it disagrees with the plan by 7.3 deg; asking again{COUNTED}",
    }


def test_that_more_are_only_counted_is_said_once_per_kind():
    told_words = told_of_chunks([(0.0, LATE), (1.0, REJECTED), (20.0, LATE), (21.0, FINE_CHUNK), (40.0, LATE)])
    assert [words.endswith(COUNTED) for words in told_words.values()] == [True, True, False, False]


def test_a_chunk_of_one_action_has_an_only_action():
    words = LostChunks().of(0.0, replace(CHUNK, actions=np.zeros((1, 3))), Splice("late", 4, 60, 1))
    assert words == f"chunk late: its only action was over when it came{COUNTED}"


def test_words_fit_what_is_known_of_a_chunk():
    for splice, words in [
        (
            Splice("late", 4, 40, 25),
            "chunk late: 25 of its 50 actions were over when it came, or a newer one was there",
        ),
        (Splice("late", 4, 40, 0), "chunk late: a newer one was there"),
        (Splice("rejected"), "chunk rejected: it disagrees with the plan; asking again"),
    ]:
        assert told_of_chunks([(0.0, splice)]) == {0.0: words + COUNTED}


def test_a_bad_link_does_not_flood_and_what_is_not_told_is_counted():
    told_words = told_of_chunks((0.5 * i, LATE if i % 2 else FINE_CHUNK) for i in range(60))
    assert told_words == {
        0.5: f"chunk late: its 50 actions were over when it came{COUNTED}",
        10.5: "chunk late: its 50 actions were over when it came (9 more since the last report)",
        20.5: "chunk late: its 50 actions were over when it came (9 more since the last report)",
    }


@settings(max_examples=examples(60))
@given(st.lists(st.sampled_from([FINE_CHUNK, LATE, REJECTED]), max_size=100))
def test_at_most_one_word_per_kind_in_ten_seconds(splices):
    told_words = told_of_chunks((0.3 * i, splice) for i, splice in enumerate(splices))
    for kind in ("late", "rejected"):
        times_s = [time_s for time_s, words in told_words.items() if words.startswith(f"chunk {kind}")]
        assert all(later_s - earlier_s >= 10.0 for earlier_s, later_s in pairwise(times_s))


def test_an_arrival_is_told_with_the_tick_it_came_in():
    events = Events(0.1)
    arguments = (Verdict(), FINE)
    told_words = events.of(Tick(3, 0.3), *arguments, stalled=False, late="", chunk=CHUNK, splice=LATE)
    assert told_words == (f"chunk late: its 50 actions were over when it came{COUNTED}",)
