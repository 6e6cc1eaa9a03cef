"""OpenPI's frames, the server dialects that differ from them, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from bt_robot.errors import ServerError, WireError
from bt_robot.policy.wire.msgpack_numpy import pack, unpack
from bt_robot.policy.wire.openpi import OpenPi, read_request, write_reply

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
    ("frame", "words"),
    [
        (TRACEBACK, "the policy server reports: ValueError: no such camera"),
        ("bad \x1b[31mthing\x07\nmore", "the policy server reports: bad \\x1b[31mthing\\x07 … more"),
        ("", "the policy server reports: an error without words"),
        (pack({"error": TRACEBACK}), "the policy server reports: ValueError: no such camera"),
        (pack({"type": "error", "message": "busy"}), "the policy server reports: busy"),
    ],
    ids=["openpi's traceback", "control characters", "empty text", "SGLang", "vLLM-Omni"],
)
def test_an_error_of_the_server_is_told_in_its_words(frame, words):
    with pytest.raises(ServerError) as refused:
        WIRE.reply(frame)
    assert str(refused.value) == words


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
    ],
)
def test_a_reply_without_usable_actions_is_refused(value, words):
    with pytest.raises(WireError) as refused:
        WIRE.reply(pack(value))
    assert str(refused.value) == words


@pytest.mark.parametrize(("bad", "shown"), [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
def test_a_number_that_is_not_finite_refuses_the_whole_chunk(bad, shown):
    actions = ACTIONS.copy()
    actions[1, 3] = bad
    with pytest.raises(WireError) as refused:
        WIRE.reply(pack({"actions": actions}))
    assert str(refused.value) == f"the actions hold {shown} at step 1, joint 3; all must be finite"


def test_the_servers_side_reads_what_the_client_writes_and_the_other_way_round():
    assert read_request(WIRE.request({"prompt": "go"}), 1000) == {"prompt": "go"}
    reply = WIRE.reply(write_reply(ACTIONS.astype(np.float64), 0.02))
    np.testing.assert_array_equal(reply.actions, ACTIONS)
    assert reply.server_s == 0.02
    assert unpack(write_reply(ACTIONS.astype(np.float64), 0.02))["actions"].dtype == np.float32


def test_a_request_that_is_no_map_is_refused():
    with pytest.raises(WireError, match="the request is a int, expected a map"):
        read_request(b"\x01", 1000)
