"""The JSON protocol's frames, both ways, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.errors import PolicyError, ServerError, WireError
from bt_robot.policy.wire.json_protocol import JsonProtocol, numbers, read_request, write_error, write_reply
from tests.scale import examples

WIRE = JsonProtocol()


def test_a_request_holds_pictures_as_nested_floats_and_a_number_per_joint():
    image = np.array([[[0, 51, 255]]], np.uint8)
    frame = WIRE.request({"observation.images.front": image, "observation.state.gripper.pos": 12.5, "prompt": "gö"})
    assert frame == (
        '{"type":"inference","observation":{"observation.images.front":[[[0.00000,0.20000,1.00000]]],'
        '"observation.state.gripper.pos":12.5,"prompt":"gö"}}'
    )


@pytest.mark.parametrize("layout", ["hwc", "chw", "chw, not contiguous"])
def test_two_pictures_are_valid_json_and_read_back_to_the_very_pixels(layout):
    image = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    if layout.startswith("chw"):
        image = image.transpose(2, 0, 1)
    if layout == "chw":
        image = np.ascontiguousarray(image)
    state = np.array([1.5, -2.25], np.float32)
    written = json.loads(WIRE.request({"front": image, "state": state, "wrist": 255 - image}))["observation"]
    assert list(written) == ["front", "state", "wrist"]
    np.testing.assert_array_equal(np.rint(np.array(written["front"]) * 255), image)
    np.testing.assert_array_equal(np.rint(np.array(written["wrist"]) * 255), 255 - image)
    assert written["state"] == [1.5, -2.25]


def test_what_json_has_no_word_for_is_refused_when_writing():
    with pytest.raises(WireError, match="can't be written as JSON"):
        WIRE.request({"state": {1, 2}})


def test_the_server_says_nothing_before_the_first_request():
    assert not WIRE.greets
    with pytest.raises(WireError, match="sent 2 bytes before the first request"):
        WIRE.metadata("{}")


@pytest.mark.parametrize("ask", [lambda: WIRE.reset_request({}), lambda: WIRE.check_reset('{"success": true}')])
def test_there_is_no_reset(ask):
    with pytest.raises(WireError, match="the JSON protocol has no reset"):
        ask()


@pytest.mark.parametrize(
    "frame", ['{"success": true, "actions": [[1, 2.5], [3, 4]]}', b'{"success":true,"actions":[[1,2.5],[3,4]]}']
)
def test_a_reply_is_read_from_text_and_from_bytes(frame):
    reply = WIRE.reply(frame)
    np.testing.assert_array_equal(reply.actions, [[1.0, 2.5], [3.0, 4.0]])
    assert reply.actions.dtype == np.float64


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ('{"success": false, "error": "no\\u001b[2J gripper"}', "the policy server reports: no\\x1b[2J gripper"),
        ('{"success": false}', "the policy server reports: an error without words"),
        ('{"error": "busy"}', "the policy server reports: busy"),
        ('{"error": {"message": "busy: wait"}}', "the policy server reports: busy: wait"),
        ('{"error": [1]}', "the policy server reports: an error that is a list"),
    ],
)
def test_an_error_of_the_server_is_told_in_its_words_and_leaves_the_connection_open(frame, words):
    with pytest.raises(ServerError) as refused:
        WIRE.reply(frame)
    assert str(refused.value) == words
    assert refused.value.open


def test_what_else_a_reply_says_is_kept():
    reply = WIRE.reply('{"success": true, "actions": [[1]], "request_id": 7, "info": {"a": 1}}')
    assert reply.fields == {"request_id": 7, "info": {"a": 1}}


@pytest.mark.parametrize(
    "frame",
    [
        '{"success": true, "actions": [[1]], "actions": [[2]]}',
        '{"success": true, "actions": [[1]], "\\u0061ctions": [[2]]}',
        b'{"success": true, "actions": [[1]], "info": {"a": 1, "a": 2}}',
        '{"success": false, "success": true, "actions": [[1]]}',
    ],
)
def test_the_same_key_twice_is_refused_wherever_it_is(frame):
    with pytest.raises(WireError, match="the reply has the same key twice"):
        WIRE.reply(frame)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (b"[" + b"[]," * 20_000 + b"0]", "has 20001 lists and 20000 items, at most 20000 and 200000 are read"),
        ('{"a":[' + "0," * 200_001 + "0]}", "has 2 lists and 200001 items, at most 20000 and 200000 are read"),
    ],
)
def test_a_reply_that_would_grow_beyond_all_measure_is_not_parsed(frame, words):
    with pytest.raises(WireError) as refused:
        WIRE.reply(frame)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ("", "the reply is not JSON"),
        ('{"success": true, "actions": [[NaN]]}', "the reply is not JSON"),
        ('{"success": true, "actions": [[1e999]]}', "the reply is not JSON"),
        ("[" * 5000, "the reply is not JSON"),
        ("[1]", "the reply is a list, expected an object"),
        ('{"actions": [[1]]}', "neither success nor error; it holds actions"),
        ('{"success": 1, "actions": [[1]]}', "neither success nor error; it holds success, actions"),
        ('{"success": true}', "the actions are a NoneType"),
        ('{"success": true, "actions": []}', "the actions have shape (0,)"),
        ('{"success": true, "actions": [[]]}', "the actions have shape (1, 0): there are none"),
        ('{"success": true, "actions": [1, 2]}', "the actions have shape (2,)"),
        ('{"success": true, "actions": [[1], [1, 2]]}', "rows of different lengths"),
        ('{"success": true, "actions": [[1], 2]}', "rows of different lengths"),
        ('{"success": true, "actions": [[[[[1]]]]]}', "too many levels"),
        ('{"success": true, "actions": [[true]]}', "something that is no number"),
        ('{"success": true, "actions": [[null]]}', "something that is no number"),
        ('{"success": true, "actions": [["1"]]}', "something that is no number"),
        ('{"success": true, "actions": [[{}]]}', "something that is no number"),
    ],
)
def test_a_reply_without_usable_actions_is_refused(frame, words):
    with pytest.raises(WireError) as refused:
        WIRE.reply(frame)
    assert words in str(refused.value)


def test_a_reply_longer_than_the_limit_is_not_parsed():
    with pytest.raises(WireError, match="the reply has 1000001 bytes, at most 1000000 are read"):
        WIRE.reply(" " * 1_000_001)


def test_long_text_among_many_numbers_does_not_make_numpy_allocate_for_it():
    # np.array of this list would ask for 1.2 TB: the width of the text times the number of items.
    with pytest.raises(WireError, match="no number"):
        numbers(["x" * 1_000_000] + [1.0] * 300_000, "actions")


@given(st.lists(st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3), min_size=1, max_size=5))
def test_the_client_reads_the_very_numbers_the_server_wrote(rows):
    np.testing.assert_array_equal(WIRE.reply(write_reply(np.array(rows))).actions, rows)


def test_the_server_reads_what_the_client_wrote():
    assert read_request(WIRE.request({"prompt": "go"}), 1000) == {"prompt": "go"}


@pytest.mark.parametrize("frame", ["{}", '{"type": "reset", "observation": {}}', '{"type": "inference"}', "[]"])
def test_a_request_of_another_form_is_refused(frame):
    with pytest.raises(WireError):
        read_request(frame, 1000)


def test_an_error_is_written_as_a_reply():
    assert write_error('no "x"') == '{"success":false,"error":"no \\"x\\""}'


@settings(max_examples=examples(300))
@given(st.text(max_size=60) | st.binary(max_size=60))
def test_any_frame_raises_nothing_but_policy_errors(frame):
    with pytest.raises(PolicyError):
        WIRE.reply(frame)
