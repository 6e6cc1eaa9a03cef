"""A tree whose clock is behind the run's sees every stamp on its own clock, and asks on the run's."""

from __future__ import annotations

import numpy as np
import pytest

from bt_robot.arm import so101
from bt_robot.messages import Blob, Frame, Judgement, LinkState, Observation, Question, Sighting
from bt_robot.policy.chunks.plan import Plan
from bt_robot.runtime.context import Context
from bt_robot.runtime.governor import rest_at

BEHIND_S = 60.0
RED = Blob((350.0, 10.0), 0.5, 0.3, 0.01)


class Outside:
    """The policy, sight and judge of a run; it keeps what it was asked."""

    def __init__(self):
        self.asked = []
        self.state = LinkState(available=True)

    def follow(self, prompt):
        self.asked.append(prompt)

    def offer(self, observation, prompt):
        self.asked.append((observation, prompt))
        return True

    def new_epoch(self):
        self.asked.append("new epoch")

    def find(self, wanted, frame):
        self.asked.append(frame)
        return Sighting(frame.captured_s)

    def ask(self, question, now_s):
        self.asked.append((question, now_s))
        return 7

    def poll(self, ticket, now_s):
        self.asked.append((ticket, now_s))
        return Judgement(1.0, seen_s=61.0)

    def forget(self, ticket):
        self.asked.append(ticket)


def image():
    return np.zeros((4, 4, 3), np.uint8)


@pytest.fixture
def outside():
    return Outside()


@pytest.fixture
def seen():
    return Observation(3000, 100.0, so101.REST, {"front": Frame("front", 99.5, image)})


@pytest.fixture
def ctx(outside, seen):
    context = Context(so101.LIMITS, {}, outside, Plan(10, 5), sight=outside, judge=outside)
    context.begin(100.0, seen, rest_at(so101.REST, 0), BEHIND_S)
    return context


def test_ages_are_what_they_are(ctx, seen):
    assert ctx.now_s == 40.0
    assert ctx.now_s - ctx.observation.time_s == 0.0
    frame = ctx.observation.frames["front"]
    assert ctx.now_s - frame.captured_s == 0.5
    assert frame.camera == "front"
    assert frame.image is seen.frames["front"].image


def test_the_policy_is_offered_what_was_measured(ctx, outside, seen):
    assert ctx.policy.offer(ctx.observation, "go")
    ctx.policy.follow("go")
    ctx.policy.new_epoch()
    assert outside.asked == [(seen, "go"), "go", "new epoch"]
    assert outside.asked[0][0] is seen
    assert ctx.policy.state is outside.state


def test_sight_looks_at_the_frame_itself_and_its_looks_are_as_old_as_they_are(ctx, outside, seen):
    sighting = ctx.sight.find(RED, ctx.observation.frames["front"])
    assert outside.asked == [seen.frames["front"]]
    assert ctx.now_s - sighting.captured_s == 0.5


def test_a_judge_is_asked_and_answers_in_the_time_of_the_run(ctx, outside, seen):
    earlier = Frame("front", 20.0, image)  # from before the run was held
    frames = tuple(ctx.observation.frames.values())
    assert ctx.judge.ask(Question("in?", frames, (earlier,)), ctx.now_s) == 7
    judgement = ctx.judge.poll(7, ctx.now_s)
    ctx.judge.forget(7)
    question = Question("in?", (seen.frames["front"],), (earlier,))
    assert outside.asked == [(question, 100.0), (7, 100.0), 7]
    assert ctx.now_s - judgement.seen_s == 39.0


def test_a_run_that_was_never_held_sees_the_things_themselves(outside, seen):
    context = Context(so101.LIMITS, {}, outside, Plan(10, 5))
    context.begin(100.0, seen, rest_at(so101.REST, 0))
    assert context.observation is seen
    assert context.policy is outside
