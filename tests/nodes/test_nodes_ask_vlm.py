"""`ask_vlm`: answers come in the background, get old, are counted, and belong to one attempt."""

import itertools

import pytest

from bt_robot.messages import Frame, Setup, Status
from bt_robot.nodes.ask_vlm import AskVlm
from tests.nodes.conftest import LIMITS

QUESTION = "is the red block inside the bowl?"


def make(**values):
    return AskVlm(question=QUESTION, **values)


def see(world, captured_s=None, cameras=("front",)):
    at_s = world.now_s if captured_s is None else captured_s
    world.frames = {camera: Frame(camera, at_s, lambda: None) for camera in cameras}


def tick(world, leaf, after_s=0.1, fresh=True):
    """Let time pass, see a new picture, and ask the leaf."""
    world.now_s += after_s
    world.step += 1
    if fresh:
        see(world)
    return leaf.on_tick(world)


def answered(world, leaf, *answers, every_s=1.0):
    """Tick until each answer was asked for, given and taken."""
    outcome = None
    for yes in answers:
        outcome = tick(world, leaf, 0.0)
        while outcome.reason and len(world.judge.questions) == len(world.given):
            outcome = tick(world, leaf)
        world.judge.answer(yes)
        world.given.append(yes)
        outcome = tick(world, leaf)
    return outcome


@pytest.fixture
def world(world):
    world.given = []
    return world


def test_it_is_unknown_until_the_first_answer_and_never_waits(world):
    leaf = make()
    outcome = tick(world, leaf)
    assert outcome.status is Status.FAILURE
    assert outcome.reason == "not known: waiting for the first answer"
    assert len(world.judge.questions) == 1


def test_an_answer_has_its_age_and_its_confidence(world):
    leaf = make()
    tick(world, leaf)
    world.judge.answer(0.93)
    outcome = tick(world, leaf, 0.4)
    assert outcome.status is Status.SUCCESS
    assert outcome.reason == "answered yes; 0.40 s old, confidence 0.93"
    assert (round(outcome.age_s, 6), outcome.confidence) == (0.4, 0.93)
    assert leaf.probability == 0.93


def test_a_mere_word_has_no_confidence(world):
    leaf = make()
    tick(world, leaf)
    world.judge.answer(1.0, graded=False)
    outcome = tick(world, leaf)
    assert outcome.status is Status.SUCCESS
    assert outcome.confidence is None


def test_no_can_be_what_is_expected(world):
    leaf = make(expect="no")
    tick(world, leaf)
    assert tick(world, leaf).status is Status.FAILURE  # unknown is no "no"
    world.judge.answer(0.1)
    outcome = tick(world, leaf)
    assert outcome.status is Status.SUCCESS
    assert outcome.confidence == 0.9


def test_one_question_at_a_time_and_not_too_often(world):
    leaf = make(every_s=1.0)
    for _ in range(25):
        tick(world, leaf)
    assert len(world.judge.questions) == 1  # the first one is still under way
    world.judge.answer(0.9)
    tick(world, leaf)
    assert len(world.judge.questions) == 2  # the second was overdue
    world.judge.answer(0.9)
    for _ in range(9):
        tick(world, leaf)
    assert len(world.judge.questions) == 2
    tick(world, leaf)
    tick(world, leaf)
    assert len(world.judge.questions) == 3


def test_each_question_shows_the_newest_picture(world):
    leaf = make(cameras=("front", "wrist"), with_start=True)
    see(world, cameras=("front", "wrist"))
    leaf.on_tick(world)
    world.judge.answer(0.2)
    for _ in range(20):
        world.now_s += 0.1
        see(world, cameras=("front", "wrist"))
        leaf.on_tick(world)
    (_, first), (asked_s, second) = world.judge.questions[:2]
    assert [frame.camera for frame in first.now] == ["front", "wrist"]
    assert {frame.captured_s for frame in second.now} == {asked_s}
    assert {frame.captured_s for frame in second.before} == {0.0}


def test_an_old_answer_is_unknown(world):
    leaf = make(max_age_s=2.0)
    tick(world, leaf)
    world.judge.answer(0.9)
    world.judge.busy = True
    assert tick(world, leaf, 0.3).status is Status.SUCCESS
    for _ in range(4):
        assert tick(world, leaf, 0.4).status is Status.SUCCESS
    outcome = tick(world, leaf, 0.2)
    assert outcome.status is Status.FAILURE
    assert outcome.reason == "not known: no answer for 2.1 s"


def test_an_old_picture_is_not_asked_about(world):
    leaf = make(max_age_s=2.0)
    see(world, captured_s=world.now_s - 3.0)
    outcome = leaf.on_tick(world)
    assert outcome.reason == "not known: the newest picture is 3.0 s old"
    world.frames = {}
    assert tick(world, leaf, fresh=False).reason == "not known: no picture of 'front' yet"
    assert not world.judge.questions


def test_between_the_thresholds_the_decision_stands(world):
    leaf = make(yes_above=0.7, no_below=0.3, every_s=0.1)
    assert answered(world, leaf, 0.5).reason.startswith("undecided: 0 yes, 0 no, 1 unsure (P(yes) 0.50)")
    assert answered(world, leaf, 0.8).status is Status.SUCCESS
    assert answered(world, leaf, 0.5, 0.4).status is Status.SUCCESS
    assert answered(world, leaf, 0.2).status is Status.FAILURE
    assert answered(world, leaf, 0.6).status is Status.FAILURE


def test_votes_count_answers_not_ticks(world):
    leaf = make(at_least=2, of=3, every_s=0.1)
    answered(world, leaf, 0.9)
    world.judge.busy = True
    for _ in range(10):
        assert tick(world, leaf).status is Status.FAILURE  # the same answer, looked at again
    world.judge.busy = False
    assert answered(world, leaf, 0.1).status is Status.FAILURE
    outcome = answered(world, leaf, 0.9)
    assert outcome.status is Status.SUCCESS
    assert outcome.confidence == pytest.approx((0.9 + 0.1 + 0.9) / 3)
    assert answered(world, leaf, 0.1).status is Status.FAILURE


def test_an_endpoint_in_trouble_is_told_once_and_left_alone_longer_and_longer(world):
    leaf = make(every_s=1.0)
    for i in range(400):
        tick(world, leaf)
        if len(world.judge.questions) > len(world.given):
            world.given.append(None)
            world.judge.answer(None, reason="nothing listens there", news="it is lost" if i < 5 else "")
    assert world.told == ["it is lost"]
    assert tick(world, leaf).reason == "not known: nothing listens there"
    times_s = [at_s for at_s, _ in world.judge.questions]
    gaps_s = [round(b - a, 1) for a, b in itertools.pairwise(times_s)]
    assert gaps_s[0] <= 2.0
    assert sorted(gaps_s) == gaps_s
    assert max(gaps_s) <= 10.2


def test_an_endpoint_may_be_lost_for_hours(world):
    leaf = make(every_s=1.0)
    while len(world.given) < 1100:
        assert tick(world, leaf, 0.5).reason.startswith("not known:")
        if len(world.judge.questions) > len(world.given):
            world.given.append(None)
            world.judge.answer(None, reason="nothing listens there")


def test_what_was_said_before_a_gap_is_no_vote_about_now(world):
    leaf = make(at_least=2, of=3, every_s=0.1, max_age_s=5.0)
    assert answered(world, leaf, 0.9, 0.9).status is Status.SUCCESS
    for _ in range(100):
        tick(world, leaf)
        if len(world.judge.questions) > len(world.given):
            world.given.append(None)
            world.judge.answer(None, reason="nothing listens there")
    assert answered(world, leaf, 0.5).reason.startswith("undecided: 0 yes, 0 no, 1 unsure")
    assert answered(world, leaf, 0.9, 0.9).status is Status.SUCCESS


def test_answers_that_are_asked_for_seldom_are_counted_together(world):
    leaf = make(at_least=2, of=2, every_s=10.0, max_age_s=5.0)
    assert answered(world, leaf, 0.9, 0.9).status is Status.SUCCESS


def test_a_last_good_answer_outlives_a_failed_question(world):
    leaf = make(max_age_s=3.0)
    answered(world, leaf, 0.9)
    while len(world.judge.questions) < 2:
        tick(world, leaf)
    world.judge.answer(None, reason="HTTP 500")
    assert tick(world, leaf).status is Status.SUCCESS
    for _ in range(30):
        outcome = tick(world, leaf)
    assert outcome.reason.startswith("not known: no answer for")
    assert outcome.reason.endswith("; HTTP 500")


def test_a_server_that_wants_to_be_left_alone_is(world):
    leaf = make(every_s=1.0)
    tick(world, leaf)
    world.judge.answer(None, reason="HTTP 429", retry_in_s=30.0)
    for _ in range(299):
        tick(world, leaf)
    assert len(world.judge.questions) == 1
    for _ in range(5):
        tick(world, leaf)
    assert len(world.judge.questions) == 2


def test_a_new_attempt_begins_without_answers(world):
    leaf = make()
    world.unbroken = 3
    tick(world, leaf)
    world.judge.answer(0.9)
    assert tick(world, leaf).status is Status.SUCCESS
    world.unbroken = 1  # what it is a part of has succeeded, and is repeated
    assert tick(world, leaf).reason == "not known: waiting for the first answer"
    world.unbroken = 3
    assert tick(world, leaf).status is Status.FAILURE


def test_an_answer_to_the_attempt_before_is_dropped(world):
    leaf = make()
    tick(world, leaf)
    world.unbroken = 0
    tick(world, leaf)
    assert world.judge.forgotten == [1]
    assert len(world.judge.questions) == 2


def test_it_begins_anew_after_it_was_not_asked_for_a_while(world):
    leaf = make()
    answered(world, leaf, 0.9)
    assert tick(world, leaf, 2.0).status is Status.FAILURE


def test_another_question_is_another_matter(world):
    slot = AskVlm.ports["question"]
    leaf = make()
    answered(world, leaf, 0.9)
    slot.bind(leaf, "is the drawer open?")
    assert tick(world, leaf).status is Status.FAILURE
    assert world.judge.questions[-1][1].text == "is the drawer open?"


def test_a_latched_yes_stays_for_the_attempt(world):
    leaf = make(latch=True, max_age_s=1.0)
    answered(world, leaf, 0.9)
    for _ in range(30):
        outcome = tick(world, leaf, fresh=False)
    assert outcome.status is Status.SUCCESS
    assert outcome.reason.startswith("as it was once; 3.")
    assert len(world.judge.questions) == 1
    world.unbroken = 0
    assert tick(world, leaf).status is Status.FAILURE


@pytest.mark.parametrize(
    ("judge", "cameras", "words"),
    [
        (False, ("front",), "there is no vision-language model to ask; add one to the config: vlm: {url:"),
        (True, ("frontt",), "cameras: no camera 'frontt'; the config has front, wrist (did you mean 'front'?)"),
        (True, ("front", "wrist"), ""),
    ],
)
def test_what_it_needs_is_known_before_the_start(judge, cameras, words):
    setup = Setup(LIMITS, {}, ("front", "wrist"), judge=judge)
    said = make(cameras=cameras).why_not(setup)
    assert said.startswith(words)
    assert bool(said) == bool(words)


@pytest.mark.parametrize(
    ("values", "port"),
    [
        ({"at_least": 1, "of": 3}, "at_least"),
        ({"at_least": 4, "of": 3}, "at_least"),
        ({"yes_above": 0.3, "no_below": 0.3}, "no_below"),
        ({"cameras": ()}, "cameras"),
        ({"cameras": ("a", "b", "c")}, "cameras"),
        ({"question": "  "}, "question"),
        ({"question": "x" * 501}, "question"),
        ({"at_least": 2, "of": 3}, None),
    ],
)
def test_values_that_contradict_each_other_are_found_at_load(values, port):
    found = AskVlm.amiss(values, {})
    assert (found and found[0]) == port
