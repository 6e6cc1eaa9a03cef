"""OpenPI's frames, the server dialects that differ from them, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from bt_robot.errors import ServerError, WireError
from bt_robot.policy.wire.msgpack_numpy import pack, unpack
from bt_robot.policy.wire.openpi import OpenPi, read_request

WIRE = OpenPi()
ACTIONS = np.arange(12, dtype=np.float32).reshape(2, 6)
TRACEBACK = 'Traceback (most recent call last):\n  File "/srv/x.py", line 1\n    g()\nValueError: no such camera\n'


def test_metadata_is_the_first_frame():
    assert WIRE.greets
    assert WIRE.metadata(b"\x80") == {}
    assert WIRE.metadata(pack({"reset_pose": [0, -1.5]})) == {"reset_pose": [0, -1.5]}


def test_metadata_that_is_no_map_is_refused():
    with pytest.raises(WireError, match="metadata is a list, expected a map"):
        WIRE.metadata(pack([1]))


def test_a_request_is_a_flat_map_in_the_order_given():
    frame = WIRE.request({"observation.state": np.zeros(1, "f4"), "prompt": "go"})
    assert frame.hex() == (
        "82b16f62736572766174696f6e2e737461746584c40b5f5f6e6461727261795f5fc3c40464617461c40400000000"
        "c4056474797065a33c6634c40573686170659101a670726f6d7074a2676f"
    )


@pytest.mark.parametrize(
    "value",
    [
        {"actions": ACTIONS},
        {"action": ACTIONS},
        {"actions": ACTIONS[None]},
        {"actions": ACTIONS.astype("f8"), "state": np.zeros(3)},
        ACTIONS,
    ],
    ids=["openpi", "action", "batch of one", "float64 with state", "bare array"],
)
def test_every_known_shape_of_reply_is_read(value):
    reply = WIRE.reply(pack(value))
    assert reply.actions.dtype == np.float64
    np.testing.assert_array_equal(reply.actions, ACTIONS)


def test_the_servers_own_time_is_read_in_seconds():
    timings = {"server_timing": {"infer_ms": 50.0, "prev_total_ms": 900.0}, "policy_timing": {"infer_ms": 40.0}}
    assert WIRE.reply(pack({"actions": ACTIONS, **timings})).server_s == 0.05
    assert WIRE.reply(pack({"actions": ACTIONS, "policy_timing": {"infer_ms": 40.0}})).server_s == 0.04


@pytest.mark.parametrize("timing", [None, 3, {}, {"infer_ms": "fast"}, {"infer_ms": float("nan")}, {"infer_ms": -1.0}])
def test_a_senseless_time_is_no_time(timing):
    assert WIRE.reply(pack({"actions": ACTIONS, "server_timing": timing})).server_s is None


@pytest.mark.parametrize(
    ("frame", "words", "stays_open"),
    [
        (TRACEBACK, "ValueError: no such camera", False),
        ("bad \x1b[31mthing\x07\nmore", "bad \\x1b[31mthing\\x07 … more", False),
        ("", "an error without words", False),
        (pack({"error": TRACEBACK}), "ValueError: no such camera", False),
        (pack({"error": {"code": 7, "message": "no such camera"}}), "no such camera", False),
        (pack({"error": [1, 2]}), "an error that is a list", False),
        (pack({"type": "error", "message": "busy"}), "busy", True),
        (pack({"type": "error"}), "an error without words", True),
    ],
    ids=[
        "openpi's traceback",
        "control characters",
        "empty text",
        "SGLang",
        "an error with a code",
        "an error that is no text",
        "vLLM-Omni",
        "vLLM-Omni without words",
    ],
)
def test_an_error_of_the_server_is_told_in_its_words(frame, words, stays_open):
    for read in (WIRE.reply, WIRE.metadata, WIRE.check_reset):
        with pytest.raises(ServerError) as refused:
            read(frame)
        assert str(refused.value) == f"the policy server reports: {words}"
        assert refused.value.open is stays_open


def test_a_type_that_is_an_array_is_no_error():
    reply = WIRE.reply(pack({"actions": ACTIONS, "type": np.zeros(3), "message": "fine"}))
    np.testing.assert_array_equal(reply.actions, ACTIONS)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, "the actions are missing, expected an array; the reply holds nothing"),
        ({"actions": [[1.0]]}, "the actions are a list, expected an array; the reply holds actions"),
        ([1, 2], "the reply is a list, expected a map or an array"),
        ({"actions": ACTIONS.astype(np.int32)}, "the actions are int32, expected floating-point numbers"),
        ({"actions": ACTIONS[0]}, "the actions have shape (6,), expected (horizon, joints)"),
        ({"actions": ACTIONS[:0]}, "the actions have shape (0, 6): there are none"),
        ({"actions": np.stack([ACTIONS, ACTIONS])}, "the actions have shape (2, 2, 6), expected (horizon, joints)"),
        (
            {"arm": ACTIONS, "hand": ACTIONS},
            "the actions are missing, expected an array; the reply holds arm, hand; if arm, hand are the actions, "
            "list them under the profile's action_key",
        ),
        (
            {"actions": {"arm": ACTIONS}},
            "the actions are a map, expected an array; the reply holds actions; if arm are the actions, "
            "list them under the profile's action_key",
        ),
    ],
)
def test_a_reply_without_usable_actions_is_refused(value, words):
    with pytest.raises(WireError) as refused:
        WIRE.reply(pack(value))
    assert str(refused.value) == words


def test_actions_are_found_under_the_key_of_the_profile():
    wire = OpenPi("chunk")
    reply = wire.reply(pack({"chunk": ACTIONS, "actions": 3}))
    np.testing.assert_array_equal(reply.actions, ACTIONS)
    assert reply.fields == {"actions": 3}
    np.testing.assert_array_equal(wire.reply(pack(ACTIONS)).actions, ACTIONS)
    with pytest.raises(WireError) as refused:
        wire.reply(pack({"action": ACTIONS}))
    assert str(refused.value).startswith("the actions under 'chunk' are missing, expected an array; the reply holds")


PARTS = OpenPi(("arm", "hand"))


@pytest.mark.parametrize(
    "value",
    [
        {"arm": ACTIONS[:, :5], "hand": ACTIONS[:, 5:]},
        {"hand": ACTIONS[:, 5], "arm": ACTIONS[:, :5]},
        {"arm": ACTIONS[None, :, :5], "hand": ACTIONS[None, :, 5:]},
        {"arm": ACTIONS[None, :, :5], "hand": ACTIONS[None, :, 5]},
        {"arm": ACTIONS[:, :5].astype("f8"), "hand": ACTIONS[:, 5:]},
        {"actions": {"arm": ACTIONS[:, :5], "hand": ACTIONS[:, 5:]}},
        ACTIONS,
    ],
    ids=["columns", "a number per step", "a batch of one", "both", "different floats", "under actions", "bare array"],
)
def test_named_arrays_are_put_side_by_side_in_the_order_of_the_profile(value):
    reply = PARTS.reply(pack(value))
    np.testing.assert_array_equal(reply.actions, ACTIONS)
    assert reply.fields == {}


def test_what_else_stands_beside_named_arrays_is_kept():
    value = {"arm": ACTIONS[:, :5], "hand": ACTIONS[:, 5], "request_id": "a", "server_timing": {"infer_ms": 2.0}}
    reply = PARTS.reply(pack(value))
    assert reply.fields == {"request_id": "a", "server_timing": {"infer_ms": 2.0}}
    assert reply.server_s == 0.002


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"arm": ACTIONS}, "the actions' part 'hand' is missing, expected an array; found were arm"),
        (
            {"arm": ACTIONS, "hand": [1.0]},
            "the actions' part 'hand' is a list, expected an array; found were arm, hand",
        ),
        ({"actions": {"arm": ACTIONS}}, "the actions' part 'hand' is missing, expected an array; found were arm"),
        (
            {"arm": ACTIONS, "hand": ACTIONS[0]},
            "the parts of the actions have different numbers of steps: arm 2, hand 6",
        ),
        (
            {"arm": ACTIONS, "hand": ACTIONS.astype("i4")},
            "the actions' part 'hand' is int32 (2, 6), expected floating-point (horizon, columns)",
        ),
        (
            {"arm": ACTIONS, "hand": np.zeros((1, 1, 2, 6))},
            "the actions' part 'hand' is float64 (1, 1, 2, 6), expected floating-point (horizon, columns)",
        ),
    ],
)
def test_named_arrays_that_do_not_fit_together_are_refused(value, words):
    with pytest.raises(WireError) as refused:
        PARTS.reply(pack(value))
    assert str(refused.value) == words


def test_a_reset_is_a_request_to_another_endpoint():
    assert WIRE.reset_request({}).hex() == "81a8656e64706f696e74a57265736574"
    assert unpack(WIRE.reset_request({"session_id": "a"})) == {"endpoint": "reset", "session_id": "a"}


@pytest.mark.parametrize("frame", ["reset successful", "reset successful\n", pack({"status": "reset successful"})])
def test_a_reset_that_was_done_is_a_good_answer_to_a_reset_only(frame):
    WIRE.check_reset(frame)
    with pytest.raises((WireError, ServerError)):
        WIRE.reply(frame)


def test_the_answer_to_a_reset_in_the_place_of_actions_means_that_the_answers_are_out_of_step():
    with pytest.raises(WireError) as refused:
        WIRE.reply("reset successful")
    assert str(refused.value) == (
        "the server answers 'reset successful' to a request for actions: its answers are out of step"
    )


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"status": "busy\x1b"}, "the status 'busy\\x1b'"),
        ({"actions": ACTIONS}, "map"),
        (ACTIONS, "array"),
        (None, "NoneType"),
    ],
)
def test_another_answer_to_a_reset_is_refused(value, found):
    with pytest.raises(WireError) as refused:
        WIRE.check_reset(pack(value))
    assert str(refused.value) == (
        f"the answer to a reset was {found}, expected 'reset successful'; does this server have a reset?"
    )


@pytest.mark.parametrize(("bad", "shown"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
def test_a_number_that_is_not_finite_refuses_the_whole_chunk(bad, shown):
    actions = ACTIONS.copy()
    actions[1, 3] = bad
    with pytest.raises(WireError) as refused:
        WIRE.reply(pack({"actions": actions}))
    assert str(refused.value) == f"the actions hold {shown} at step 1, joint 3; all must be finite"


def test_the_servers_side_reads_what_the_client_writes():
    assert read_request(WIRE.request({"prompt": "go"}), 1000) == {"prompt": "go"}


def test_a_request_that_is_no_map_is_refused():
    with pytest.raises(WireError, match="the request is a int, expected a map"):
        read_request(b"\x01", 1000)
