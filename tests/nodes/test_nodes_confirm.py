"""`confirm`: a person answers, or nobody does in time."""

import pytest

from bt_robot.messages import Setup, Status
from bt_robot.nodes.confirm import Confirm
from bt_robot.runtime.people import Decided
from tests.nodes.conftest import LIMITS

QUESTION = "is the gripper empty?"


def begin(world, **values):
    leaf = Confirm(question=QUESTION, **values)
    outcome = world.tick(leaf, start=True)
    return leaf, outcome


def reply(world, yes):
    (pending,) = world.people.pending()
    assert world.people.answer(pending.ticket, yes=yes, who="anna at the terminal")


def test_the_question_is_shown_and_the_arm_holds(world):
    _, outcome = begin(world)
    assert outcome.status is Status.RUNNING
    assert outcome.reason == "is the gripper empty? y or n, 60 s left"
    assert world.told == ["QUESTION: is the gripper empty? y or n (within 60 s)"]
    assert [(pending.question, pending.path) for pending in world.people.pending()] == [(QUESTION, "t/leaf")]
    assert world.proposal is None


@pytest.mark.parametrize(("yes", "status", "said"), [(True, Status.SUCCESS, "yes"), (False, Status.FAILURE, "no")])
def test_the_answer_decides_and_is_told_with_who_gave_it(world, yes, status, said):
    leaf, _ = begin(world)
    assert world.tick(leaf, after_s=5.0).status is Status.RUNNING
    reply(world, yes)
    outcome = world.tick(leaf)
    assert outcome.status is status
    assert outcome.reason == f"{said}, by anna at the terminal, to: is the gripper empty?"
    assert world.told[-1] == f"answered {said} by anna at the terminal: is the gripper empty?"
    assert world.people.pending() == ()


@pytest.mark.parametrize(("otherwise", "status"), [("failure", Status.FAILURE), ("success", Status.SUCCESS)])
def test_no_answer_in_time(world, otherwise, status):
    leaf, _ = begin(world, at_most_s=10.0, otherwise=otherwise)
    assert world.tick(leaf, after_s=9.9).status is Status.RUNNING
    outcome = world.tick(leaf, after_s=0.1)
    assert outcome.status is status
    assert outcome.reason == "no answer within 10 s to: is the gripper empty?"
    assert world.people.pending() == ()


def test_it_can_wait_for_ever(world):
    leaf, outcome = begin(world, at_most_s=None)
    assert outcome.reason == "is the gripper empty? y or n"
    assert world.tick(leaf, after_s=1e6).status is Status.RUNNING


def test_an_answer_that_comes_with_the_end_of_the_time_counts(world):
    leaf, _ = begin(world, at_most_s=10.0)
    reply(world, True)
    assert world.tick(leaf, after_s=11.0).status is Status.SUCCESS


@pytest.mark.parametrize("between_ticks", [False, True])
def test_a_halt_takes_the_question_back(world, between_ticks):
    leaf, _ = begin(world)
    leaf.on_halt(None if between_ticks else world)
    assert world.people.pending() == ()


def test_asked_again_it_waits_for_another_answer(world):
    leaf, _ = begin(world)
    reply(world, True)
    world.tick(leaf)
    assert world.tick(leaf, start=True).status is Status.RUNNING


def test_what_was_decided_before_the_run_is_not_asked(world):
    world.people = Decided(yes=True, who="--confirm yes")
    _, outcome = begin(world)
    assert outcome.status is Status.SUCCESS
    assert world.told == ["answered yes by --confirm yes: is the gripper empty?"]


def test_a_run_that_nobody_can_answer_does_not_begin():
    setup = Setup(LIMITS, {}, (), people=False)
    said = Confirm(question=QUESTION).why_not(setup)
    assert said == (
        "nobody can answer: this run has no terminal; run it in one, with --view --control, "
        "or decide with --confirm yes or no"
    )
    assert Confirm(question=QUESTION).why_not(Setup(LIMITS, {}, ())) == ""


@pytest.mark.parametrize("question", ["", "  ", "x" * 201])
def test_a_question_must_fit_on_a_screen(question):
    assert Confirm.amiss({"question": question}, {}) == ("question", "one line of at most 200 characters")
