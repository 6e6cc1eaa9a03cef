"""What a page may ask: everything the protocol knows, and nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.messages.steering import Wish
from bt_robot.telemetry.view.asked import (
    MAX_POINTS,
    Claim,
    Live,
    Pictures,
    Seek,
    Stop,
    Window,
    WrongMessage,
    read,
)

ACT = {"type": "act"}


@pytest.mark.parametrize(
    ("message", "request_"),
    [
        ({"type": "seek", "t": 1.5}, Seek(1.5)),
        ({"type": "live"}, Live()),
        ({"type": "window", "id": "past", "t0": 0, "t1": 9.5, "points": 600}, Window("past", 0.0, 9.5, 600)),
        ({"type": "window", "id": "past", "t0": 0, "t1": 9.5, "points": 10**6}, Window("past", 0.0, 9.5, MAX_POINTS)),
        ({"type": "pictures", "cameras": ["front", "wrist"]}, Pictures(frozenset({"front", "wrist"}))),
        ({"type": "pictures", "cameras": "none"}, Pictures(frozenset())),
        ({"type": "take"}, Claim("take")),
        ({"type": "leave"}, Claim("leave")),
        ({"type": "alive"}, Claim("alive")),
        (ACT | {"act": "stop"}, Stop()),
        (ACT | {"act": "hold"}, Wish("hold")),
        (ACT | {"act": "resume"}, Wish("resume")),
        (ACT | {"act": "step"}, Wish("step")),
        (ACT | {"act": "step_to_change"}, Wish("step_to_change")),
        (ACT | {"act": "breakpoint", "path": "t/a", "status": "any"}, Wish("breakpoint", "t/a", status="any")),
        (ACT | {"act": "unbreak", "path": "t/a", "status": "RUNNING"}, Wish("unbreak", "t/a", status="RUNNING")),
        (ACT | {"act": "force", "path": "t/a", "status": "FAILURE"}, Wish("force", "t/a", status="FAILURE")),
        (ACT | {"act": "skip", "path": "t/a"}, Wish("skip", "t/a")),
        (ACT | {"act": "prompt", "path": "t/a", "text": "pick"}, Wish("prompt", "t/a", text="pick")),
        (
            ACT | {"act": "parameter", "path": "t/a", "name": "for_s", "value": "2"},
            Wish("parameter", "t/a", name="for_s", text="2"),
        ),
        (ACT | {"act": "confirm", "id": 4, "value": True}, Wish("confirm", number=4, yes=True)),
    ],
)
def test_every_request(message, request_):
    assert read(json.dumps(message)) == request_


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("{", "expected JSON"),
        ("[]", "expected a JSON object"),
        (b"\xff", "expected JSON"),
        ({"type": "eval"}, "there is no message of the type 'eval'"),
        ({"kind": "seek"}, "there is no message of the type 'None'"),
        ({"type": "seek"}, "t: expected a number"),
        ({"type": "seek", "t": "1"}, "t: expected a number"),
        ({"type": "seek", "t": True}, "t: expected a number"),
        ('{"type": "seek", "t": NaN}', "expected JSON"),
        ('{"type": "seek", "t": 1e999}', "expected JSON"),
        ({"type": "window", "id": "a", "t0": 2, "t1": 1, "points": 9}, "t0: expected a time before t1"),
        ({"type": "window", "id": 1, "t0": 0, "t1": 1, "points": 9}, "id: expected a text"),
        ({"type": "window", "id": "a", "t0": 0, "t1": 1, "points": 1.5}, "points: expected a whole number"),
        ({"type": "pictures", "cameras": "front"}, "cameras: expected a list of names, or 'none'"),
        ({"type": "pictures", "cameras": ["c"] * 17}, "cameras: expected at most 16"),
        (ACT | {"act": "jump"}, "act: expected one of hold, resume, step"),
        (ACT | {"act": ["hold"]}, "act: expected one of hold, resume, step"),
        (ACT | {"act": "skip"}, "path: expected the path of a node"),
        (ACT | {"act": "skip", "path": ""}, "path: expected the path of a node"),
        (ACT | {"act": "force", "path": "t", "status": "RUNNING"}, "status: expected one of SUCCESS, FAILURE"),
        (ACT | {"act": "breakpoint", "path": "t", "status": "IDLE"}, "status: expected one of any, RUNNING"),
        (ACT | {"act": "prompt", "path": "t", "text": "x" * 2001}, "text: expected a text of at most 2000"),
        (ACT | {"act": "parameter", "path": "t", "name": "n", "value": 2}, "value: expected a text"),
        (ACT | {"act": "confirm", "id": 1, "value": "yes"}, "value: expected true or false"),
    ],
)
def test_everything_else_is_refused_and_says_what_was_expected(data, words):
    with pytest.raises(WrongMessage) as caught:
        read(json.dumps(data) if isinstance(data, dict) else data)
    assert words in str(caught.value)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
TYPES = ["seek", "live", "window", "pictures", "take", "leave", "alive", "act"]
ACTS = ["hold", "breakpoint", "force", "skip", "prompt", "parameter", "confirm", "stop"]


@given(
    st.fixed_dictionaries(
        {"type": st.sampled_from(TYPES)},
        optional={"act": st.sampled_from(ACTS)}
        | dict.fromkeys(("t", "t0", "t1", "id", "points", "cameras", "path", "status", "text", "value"), anything),
    )
)
def test_whatever_is_sent_is_read_or_refused(message):
    try:
        assert read(json.dumps(message)) is not None
    except WrongMessage:
        return


@given(st.binary() | st.text())
def test_whatever_bytes_are_sent_they_are_read_or_refused(data):
    try:
        read(data)
    except WrongMessage:
        return
