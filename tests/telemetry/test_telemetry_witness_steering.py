"""The run is steered from another process as if it were in the same one; what nobody answers is not done later."""

import threading
import time
from multiprocessing import Pipe

import pytest

from bt_robot.messages.steering import Asked, Breakpoint, Wish
from bt_robot.telemetry.witness import steering
from bt_robot.telemetry.witness.steering import FarSteering, Line
from bt_robot.telemetry.witness.words import Answer, Gone, Logged, Steered, StopPressed, decode, encode

HOLD = Wish("hold")
POINT = Breakpoint("t/pick", "any", reached=True)


class RunSide:
    """The run's end of the line."""

    def __init__(self, connection):
        self.connection = connection

    def next(self):
        return decode(self.connection.recv_bytes())

    def answer(self, number, why=""):
        self.connection.send_bytes(encode(Answer(number, why)))

    def in_the_background(self, *whys):
        """Answer the next wishes."""

        def answer():
            for why in whys:
                self.answer(self.next().number, why)

        threading.Thread(target=answer, daemon=True).start()


@pytest.fixture
def line():
    near, far = Pipe()
    with near, far:
        yield Line(near), RunSide(far)


@pytest.fixture
def far(line):
    return FarSteering(line[0])


@pytest.fixture
def run(line):
    return line[1]


def test_how_the_run_is_steered_is_what_was_told_last(far):
    assert (far.mode, far.breakpoints, far.questions) == ("running", (), ())
    far.steered = Steered("held", (POINT,), (Asked(1, "t", "is it there?"),))
    assert (far.mode, far.breakpoints, far.questions) == ("held", (POINT,), (Asked(1, "t", "is it there?"),))


def test_the_run_says_what_becomes_of_a_wish(far, run):
    run.in_the_background("", "there is no such node")
    assert [far.wish(HOLD, "page 1"), far.wish(HOLD, "page 1")] == ["", "there is no such node"]


def test_a_wish_arrives_with_who_wants_it_and_until_when(far, run):
    run.answer(1)
    began_s = time.monotonic()
    far.wish(Wish("prompt", "t", text="pick up\ud800"), "page 2")
    wanted = run.next()
    assert (wanted.number, wanted.wish.text, wanted.who) == (1, "pick up\ud800", "page 2")
    assert wanted.until_s < time.monotonic() + steering.ANSWER_S
    assert wanted.until_s > began_s  # the clock is the same in both processes


def test_whoever_is_told_that_there_was_no_answer_asked_for_a_time_that_is_over(far, run, monkeypatch):
    monkeypatch.setattr(steering, "ANSWER_S", 0.05)
    assert far.wish(HOLD, "page 1") == "the run did not answer within 0.05 s"
    assert run.next().until_s < time.monotonic()


def test_an_answer_that_comes_late_is_not_taken_for_that_to_the_next_wish(far, run, monkeypatch):
    monkeypatch.setattr(steering, "ANSWER_S", 0.05)
    far.wish(HOLD, "page 1")
    monkeypatch.undo()
    run.answer(1, "too late")
    run.answer(2, "in time")
    assert far.wish(HOLD, "page 1") == "in time"


def test_with_the_run_over_nothing_is_done_and_nothing_raises(far, run):
    run.connection.close()
    assert far.wish(HOLD, "page 1") == "the run is over"
    far.stop("page 1")
    far.let_go("page 1")


def test_an_emergency_stop_waits_for_nobody(far, run):
    far.stop("page 1")
    far.let_go("page 1")
    assert [run.next(), run.next()] == [StopPressed("page 1"), Gone("page 1")]


def test_what_several_threads_say_at_once_arrives_whole(line):
    near, run = line
    said = [Logged("x", 30, f"{k} " * 5000) for k in range(20)]
    threads = [threading.Thread(target=near.say, args=(words,)) for words in said]
    for thread in threads:
        thread.start()
    heard = [run.next() for _ in said]
    for thread in threads:
        thread.join()
    assert sorted(each.words for each in heard) == sorted(each.words for each in said)
