"""What the tree reaches in a tick, refilled for every tick."""

from bt_robot.arm import so101
from bt_robot.messages import Observation, Question
from bt_robot.policy.chunks.plan import Plan
from bt_robot.policy.link.silent import SilentPolicy
from bt_robot.runtime.context import Context
from bt_robot.runtime.governor import rest_at


def begun():
    context = Context(so101.LIMITS, {}, SilentPolicy(), Plan(10, 5))
    context.begin(1.0, Observation(3, 1.0, so101.REST), rest_at(so101.REST, 2))
    return context


def test_the_next_tick_starts_without_a_proposal():
    context = begun()
    context.propose(so101.REST)
    context.begin(2.0, Observation(4, 2.0, so101.REST), rest_at(so101.REST, 3))
    context.propose(so101.REST)
    assert context.proposal is not None
    assert (context.now_s, context.last_command.step) == (2.0, 3)


def test_what_is_told_belongs_to_its_tick():
    context = begun()
    context.tell("look at this")
    assert context.told == ["look at this"]
    context.begin(2.0, Observation(4, 2.0, so101.REST), rest_at(so101.REST, 3))
    assert context.told == []


def test_what_is_told_is_text_whatever_a_leaf_hands_over():
    context = begun()
    context.tell(5)
    assert context.told == ["5"]


def test_without_a_model_no_question_is_taken():
    context = begun()
    assert context.judge.ask(Question("is it red?", ()), 1.0) is None
    assert context.judge.poll(0, 1.0) is None
