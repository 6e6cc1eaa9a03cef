"""What a tree is told from outside is noted once, in the tick in which it is told."""

import numpy as np

from bt_robot.messages import Answered, Blob, Frame, Judged, Judgement, Look, Question, Reply, Sighting
from bt_robot.runtime.hearing import Hearing
from bt_robot.runtime.people import Board, Decided

RED = Blob((350.0, 10.0), 0.5, 0.2, 0.001)
FRAME = Frame("front", 0.0, lambda: np.zeros((2, 2, 3), np.uint8))


class Eyes:
    """A sight that finds something new on every look."""

    def __init__(self):
        self.looks = 0

    def find(self, wanted, frame):
        self.looks += 1
        return Sighting(float(self.looks))


class Sage:
    """A judge that answers at once."""

    def ask(self, question, now_s):
        return 7

    def poll(self, ticket, now_s):
        return Judgement(0.9)

    def forget(self, ticket):
        pass


def hearing(people=None):
    return Hearing(Eyes(), Sage(), people or Board())


def test_nothing_is_noted_where_nothing_is_told():
    ear = hearing()
    ear.begin()
    ear.people.poll(ear.people.ask("clear?"))
    assert ear.heard is None


def test_a_look_holds_for_a_tick_and_is_noted_once():
    ear = hearing()
    ear.begin()
    assert ear.sight.find(RED, FRAME) is ear.sight.find(RED, FRAME)
    assert ear.heard.looks == (Look("front", repr(RED), Sighting(1.0)),)
    ear.begin()
    assert ear.heard is None
    assert ear.sight.find(RED, FRAME) == Sighting(2.0)


def test_the_same_look_again_is_no_news():
    ear, seen = hearing(), Sighting(1.0)
    ear.sight._sight.find = lambda wanted, frame: seen
    for news in (True, False):
        ear.begin()
        ear.sight.find(RED, FRAME)
        assert (ear.heard is not None) is news


def test_a_judgement_is_noted_with_its_question():
    ear = hearing()
    ear.begin()
    ear.judge.poll(ear.judge.ask(Question("is it in?", ()), 0.0), 0.0)
    assert ear.heard.judgements == (Judged("is it in?", Judgement(0.9)),)


def test_a_reply_is_noted_once_for_each_time_it_was_asked_for():
    ear = hearing(Decided(yes=True, who="--confirm yes"))
    reply = Answered("clear?", Reply(True, "--confirm yes"))
    for _ in range(2):
        ear.begin()
        ticket = ear.people.ask("clear?")
        assert ear.people.poll(ticket) == ear.people.poll(ticket) == reply.reply
        assert ear.heard.replies == (reply,)
        ear.people.withdraw(ticket)
