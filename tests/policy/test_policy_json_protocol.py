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
        '{"type":"inference","observation":{"observation.images.front":[[[0.0,0.2,1.0]]],'
        '"observation.state.gripper.pos":12.5,"prompt":"gö"}}'
    )


def test_a_picture_that_is_not_contiguous_is_written_by_its_values():
    image = np.arange(6, dtype=np.uint8).reshape(1, 2, 3).transpose(2, 0, 1)
    written = json.loads(WIRE.request({"i": image}))["observation"]["i"]
    np.testing.assert_allclose(np.array(written) * 255, image, atol=1e-4)


def test_what_json_has_no_word_for_is_refused_when_writing():
    with pytest.raises(WireError, match="can't be written as JSON"):
        WIRE.request({"state": {1, 2}})


def test_the_server_says_nothing_before_the_first_request():
    assert not WIRE.greets
    with pytest.raises(WireError, match="sent 2 bytes before the first request"):
        WIRE.metadata("{}")


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
    ],
)
def test_an_error_of_the_server_is_told_in_its_words(frame, words):
    with pytest.raises(ServerError) as refused:
        WIRE.reply(frame)
    assert str(refused.value) == words


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
    with pytest.raises(WireError, match="the reply has 4000001 bytes, at most 4000000 are read"):
        WIRE.reply(" " * 4_000_001)


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
