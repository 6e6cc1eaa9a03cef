"""The stand-in for a vision-language model: it sees where the blocks of the simulation are."""

import json
import socket
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from bt_robot.child import Child
from bt_robot.errors import StartRefused
from bt_robot.language_model.chat import Habits, read_answer
from bt_robot.language_model.pictures import data_url
from bt_robot.language_model.yes_no import FORM_WISH, WORD_WISH, put, read_form, read_word
from bt_robot.robot.sim import SimSettings
from bt_robot.robot.sim.robot import SimRobot
from bt_robot.standin.chat import answer
from bt_robot.standin.eyewitness import probability


@pytest.fixture(scope="module")
def image():
    robot = SimRobot(SimSettings(cameras=("front",)), 1, 1 / 30)
    robot.connect()
    return robot.observe(0, 0.0).frames["front"].image


@pytest.mark.parametrize(
    ("question", "low", "high"),
    [
        ("is the red block inside the container?", 0.0, 0.1),
        ("Is the green block in the bowl?", 0.0, 0.1),
        ("is the red block on the table?", 0.9, 1.0),
        ("can you see the yellow block?", 0.9, 1.0),
        ("is the drawer open?", 0.5, 0.5),
        ("is the red or the green block in the container?", 0.5, 0.5),
        ("is the red block nice?", 0.5, 0.5),
    ],
)
def test_it_knows_where_blocks_are_and_says_when_it_does_not_understand(image, question, low, high):
    assert low <= probability(question, image) <= high


def test_a_block_that_is_not_to_be_seen_may_be_anywhere(image):
    hidden = np.full_like(image, 128)
    assert probability("is the red block inside the container?", hidden) == 0.5
    assert probability("is a red block visible?", hidden) < 0.1


@pytest.mark.parametrize("by_word", [True, False])
def test_it_answers_as_an_endpoint_does(image, by_word):
    pictures = (("camera 'front' now", data_url(image, 512, 85)),)
    talk = [message.as_json() for message in put("is the red block on the table?", pictures, by_word=by_word)]
    wish = (WORD_WISH if by_word else FORM_WISH).as_json(Habits())
    said = read_answer(answer({"model": "m", "messages": talk, **wish}))
    opinion = read_word(said) if by_word else read_form(said)
    assert opinion.yes > 0.9
    assert opinion.graded is by_word


@pytest.mark.parametrize("request_", [{}, [], {"messages": []}, {"messages": [{"content": "hi"}]}])
def test_a_request_without_a_picture_is_refused(request_):
    with pytest.raises(ValueError, match="expected a question with a picture"):
        answer(request_)


@pytest.fixture(scope="module")
def served():
    child = Child("the stand-in judge", "bt_robot.standin.chat", ("--port", "0", "--with-parent"), StartRefused)
    child.start()
    yield child.greeting["url"]
    child.stop()


def post(url, body):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=20) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_it_is_served_on_loopback_with_its_one_model(served):
    assert served.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(f"{served}/models", timeout=20) as reply:
        assert [model["id"] for model in json.load(reply)["data"]] == ["standin-eyewitness"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/chat/completions", b"{", 400),
        ("/chat/completions", b"[" * 100_000, 400),
        ("/chat/completions", b"{}", 400),
        ("/elsewhere", b"{}", 404),
    ],
)
def test_whatever_is_sent_it_goes_on(served, path, body, status):
    assert post(served + path, body)[0] == status
    assert post(f"{served}/chat/completions", b"{}")[0] == 400


@pytest.mark.parametrize("length", ["²", "-1", "+2", "x", "", "9" * 30])
def test_a_length_that_is_none_is_refused(served, length):
    with socket.create_connection(urlsplit(served).netloc.split(":"), timeout=20) as line:
        line.sendall(f"POST /v1/chat/completions HTTP/1.0\r\nContent-Length: {length}\r\n\r\n".encode("latin-1"))
        assert line.recv(100).startswith(b"HTTP/1.0 404 ")


def test_a_picture_that_is_none_is_refused(served):
    part = [{"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,AAAA"}}]
    body = json.dumps({"messages": [{"content": part}]}).encode()
    assert post(f"{served}/chat/completions", body) == (400, {"error": {"message": "the picture can't be decoded"}})
    good, encoded = cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))
    assert good
    assert encoded.size
