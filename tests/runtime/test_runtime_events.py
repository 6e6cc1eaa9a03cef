"""Each thing is told when it begins, not on every tick."""

from bt_robot.messages import LinkState, Verdict
from bt_robot.runtime.clock import Tick
from bt_robot.runtime.events import Events

FINE = LinkState(available=True, requests=3)


def told(events, *, skipped=0, refused="", link=FINE, stalled=False, late=""):
    return events.of(Tick(0, 0.0, skipped=skipped), Verdict(refused=refused), link, stalled=stalled, late=late)


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
