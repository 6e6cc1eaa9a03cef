"""The judge of a run: asked in the background, seen on the run's clock, whatever the endpoint does."""

import base64
import threading
import time

import cv2
import numpy as np
import pytest

from bt_robot.errors import EndpointUnavailable
from bt_robot.language_model.asking import Asker, Finding
from bt_robot.language_model.endpoint import Endpoint
from bt_robot.language_model.judge import MOST_AT_ONCE, ModelJudge, Pace
from bt_robot.language_model.transport import Limits
from bt_robot.language_model.yes_no import Opinion
from bt_robot.messages import Frame, Question
from tests.language_model.chat_kit import picture, recorded, says, yes

QUESTION = Question("is it red?", (picture(captured_s=3.0),))
FAST = Pace(0.5, wait=True)


def judge_at(url, pace=FAST, answers="auto", timeout_s=10.0):
    limits = Limits(whole_s=timeout_s)
    return ModelJudge(Asker(lambda: Endpoint(url, "m", limits), answers, 64, 80), timeout_s, pace)


def ask(judge, now_s=0.0, question=QUESTION):
    """Ask and take the answer at its due time."""
    ticket = judge.ask(question, now_s)
    return judge.poll(ticket, now_s + 100.0)


class SlowAsker:
    """An asker that answers when it is let go."""

    def __init__(self, finding=None):
        self.go = threading.Event()
        self.finding = finding or Finding(Opinion(0.8, graded=True))

    def find_out(self, question):
        self.go.wait(10)
        return self.finding

    def close(self):
        self.go.set()


def test_a_probability_comes_back_with_the_time_of_its_picture(tmp_path):
    with recorded(tmp_path, yes(0.9)) as server:
        answer = ask(judge_at(server.url))
    assert answer.yes == pytest.approx(0.9)
    assert answer.graded
    assert answer.seen_s == 3.0
    assert (answer.reason, answer.news) == ("", "")


def test_pictures_are_small_jpeg_files_the_earlier_ones_first(tmp_path):
    before, now = picture(level=40), Frame("front", 1.0, lambda: np.full((300, 400, 3), (250, 0, 0), dtype=np.uint8))
    with recorded(tmp_path, yes(0.9)) as server:
        ask(judge_at(server.url), question=Question("is it red?", (now,), (before,)))
        (request,) = server.requests
    text, first, second = request["body"]["messages"][1]["content"]
    assert text["text"].startswith("Picture 1: camera 'front' earlier.\nPicture 2: camera 'front' now.\n")
    images = []
    for part in (first, second):
        kind, _, data = part["image_url"]["url"].partition(",")
        assert kind == "data:image/jpeg;base64"
        images.append(cv2.imdecode(np.frombuffer(base64.b64decode(data), dtype=np.uint8), cv2.IMREAD_COLOR))
    assert images[0].shape == (48, 64, 3)
    assert abs(int(images[0].mean()) - 40) <= 2
    assert images[1].shape == (48, 64, 3)
    assert images[1][20, 20, 2] > 200 > 50 > images[1][20, 20, 0]  # red is red: cv2 has blue first


def test_an_endpoint_without_log_probabilities_is_asked_in_another_way_from_then_on(tmp_path):
    with recorded(tmp_path, says("Yes"), says('{"answer": "yes"}'), says('{"answer": "no"}')) as server:
        judge = judge_at(server.url)
        first, second = ask(judge), ask(judge)
        bodies = [request["body"] for request in server.requests]
    assert (first.yes, first.graded) == (1.0, False)
    assert first.news == (
        f"language model: {server.url}: it tells no log-probabilities, so how sure it is will not be known"
    )
    assert (second.yes, second.news) == (0.0, "")
    assert ["logprobs" in body for body in bodies] == [True, False, False]
    assert ["response_format" in body for body in bodies] == [False, True, True]


def test_an_endpoint_that_refuses_log_probabilities_is_asked_in_another_way(tmp_path):
    refusal = {"status": 400, "answer": {"error": {"message": "logprobs are not supported by this model"}}}
    with recorded(tmp_path, refusal, says('{"answer": "unsure"}')) as server:
        assert ask(judge_at(server.url)).yes == 0.5


def test_the_way_to_ask_can_be_fixed(tmp_path):
    with recorded(tmp_path, says("Yes")) as server:
        answer = ask(judge_at(server.url, answers="word"))
        assert answer.yes is None
        assert answer.reason == "the endpoint tells no log-probabilities"
        assert len(server.requests) == 1
        assert ask(judge_at(server.url, answers="form")).yes == 1.0
        assert "response_format" in server.requests[1]["body"]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"status": 500, "answer": {}}, "HTTP 500: the server has a fault"),
        ({"status": 429, "headers": {"Retry-After": "7"}, "answer": {}}, "HTTP 429: too many requests"),
        ({"hang_up": True}, "it hung up before it answered"),
        ({"raw": "nonsense"}, "the answer is no HTTP; is it a chat endpoint?"),
        ({"silent": True}, "no answer within 0.3 s"),
    ],
)
def test_whatever_goes_wrong_is_unknown_with_a_reason_and_told_once(tmp_path, step, words):
    with recorded(tmp_path, step, step, yes(0.9)) as server:
        judge = judge_at(server.url, timeout_s=0.3)
        first, second, third = ask(judge), ask(judge, 200.0), ask(judge, 400.0)
    assert first.yes is None
    assert words in first.reason
    assert first.news == f"language model: {first.reason}"
    assert (second.yes, second.news) == (None, "")
    assert third.yes == pytest.approx(0.9)
    assert third.news == "language model: answers again"
    assert first.retry_in_s == (7.0 if step.get("status") == 429 else 0.0)


def test_on_a_simulated_clock_an_answer_is_seen_at_its_time_not_before(tmp_path):
    with recorded(tmp_path, yes(0.9)) as server:
        judge = judge_at(server.url, Pace(0.5, wait=True))
        ticket = judge.ask(QUESTION, 10.0)
        for thread in threading.enumerate():
            if thread.name == "judge":
                thread.join(10)  # it is there, and still not to be seen
        assert judge.poll(ticket, 10.49) is None
        assert judge.poll(ticket, 10.5).yes == pytest.approx(0.9)
        assert judge.poll(ticket, 10.6) is None  # once


def test_a_run_that_is_not_paced_waits_for_what_is_due():
    asker = SlowAsker()
    judge = ModelJudge(asker, 10.0, Pace(0.5, wait=True))
    ticket = judge.ask(QUESTION, 0.0)
    threading.Timer(0.1, asker.go.set).start()
    assert judge.poll(ticket, 0.4) is None
    assert judge.poll(ticket, 0.5).yes == 0.8


def test_nothing_else_ever_waits():
    asker = SlowAsker()
    judge = ModelJudge(asker, 10.0, Pace())
    ticket = judge.ask(QUESTION, 0.0)
    assert judge.poll(ticket, 5.0) is None  # would hang here
    asker.go.set()
    while (answer := judge.poll(ticket, 6.0)) is None:
        time.sleep(0.001)
    assert answer.yes == 0.8


def test_a_time_out_takes_its_time_on_the_runs_clock():
    asker = SlowAsker(Finding(Opinion(None, reason="no answer"), "no answer", timed_out=True))
    asker.go.set()
    judge = ModelJudge(asker, 10.0, Pace(0.5, wait=True))
    ticket = judge.ask(QUESTION, 100.0)
    assert judge.poll(ticket, 109.9) is None
    assert judge.poll(ticket, 110.0).reason == "no answer"


def test_there_is_an_end_to_the_questions_under_way():
    asker = SlowAsker()
    judge = ModelJudge(asker, 10.0, Pace())
    tickets = [judge.ask(QUESTION, 0.0) for _ in range(MOST_AT_ONCE)]
    assert None not in tickets
    assert judge.ask(QUESTION, 0.0) is None
    judge.close()
    assert judge.ask(QUESTION, 1.0) is not None


def test_a_ticket_that_was_given_back_has_no_answer():
    asker = SlowAsker()
    asker.go.set()
    judge = ModelJudge(asker, 10.0, Pace(0.0, wait=True))
    ticket = judge.ask(QUESTION, 0.0)
    judge.forget(ticket)
    assert judge.poll(ticket, 10.0) is None


def test_a_picture_that_can_not_be_made_is_unknown(tmp_path, caplog):
    def broken():
        raise OSError("no such camera")

    with recorded(tmp_path, yes(0.9)) as server:
        answer = ask(judge_at(server.url), question=Question("is it red?", (Frame("front", 0.0, broken),)))
    assert answer.reason == "the question could not be put: OSError: no such camera"


def test_closing_ends_a_question_under_way_and_begins_no_more(tmp_path):
    with recorded(tmp_path, {"silent": True}) as server:
        judge = judge_at(server.url)
        judge.ask(QUESTION, 0.0)
        while not server.requests:
            time.sleep(0.005)
        judge.close()
        assert not [thread for thread in threading.enumerate() if thread.name == "judge"]


def test_after_the_run_nothing_is_opened():
    asker = Asker(lambda: pytest.fail("opened"), "auto", 64, 80)
    asker.close()
    with pytest.raises(EndpointUnavailable, match="the run is over"):
        asker.open()
