"""Real-time chunking on the wire: what is told, and how a server's yes is understood."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.policy.dialect.rtc import Leftover, RtcDialect

LARRYI = RtcDialect(valid_steps="", constants={"max_guidance_weight": 5.0})
FLAT = RtcDialect(key="", prev_actions="prev_action_chunk", valid_steps="", execution_horizon="execute_horizon")


def leftover(steps, delay=3):
    return Leftover(np.arange(steps * 2.0).reshape(steps, 2), delay, 25)


@given(st.integers(1, 80), st.integers(0, 100))
def test_a_plan_is_cut_or_filled_to_the_horizon_and_the_delay_leaves_room_to_react_in(steps, delay):
    plan = leftover(steps, delay)
    parts = RtcDialect().fields(plan.actions, plan.delay, plan.execution_horizon, 50)["rtc"]
    valid = min(steps, 50)
    np.testing.assert_array_equal(parts["prev_actions"][:valid], plan.actions[:valid])
    np.testing.assert_array_equal(parts["prev_actions"][valid:], np.tile(plan.actions[valid - 1], (50 - valid, 1)))
    assert (parts["valid_steps"], parts["inference_delay"]) == (valid, min(delay, valid, 50 - 25))


def test_fields_have_the_servers_names_and_those_without_a_name_are_left_out():
    plan = leftover(4)
    assert LARRYI.fields(plan.actions, plan.delay, plan.execution_horizon, 10)["rtc"].keys() == {
        "prev_actions",
        "inference_delay",
        "execution_horizon",
        "max_guidance_weight",
    }
    assert FLAT.fields(plan.actions, plan.delay, plan.execution_horizon, 10).keys() == {
        "prev_action_chunk",
        "inference_delay",
        "execute_horizon",
    }


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"rtc": True}, True),
        ({"rtc": {"supported": True}}, True),
        ({"rtc": {"supported": True, "enabled": False}}, False),
        ({"rtc": {}}, False),
        ({"rtc": 1}, False),
        ({"rtc": "true"}, False),
        ({}, False),
    ],
)
def test_a_capability_is_a_plain_yes_and_nothing_else(metadata, said):
    assert RtcDialect().announced(metadata) is said


def test_a_capability_may_lie_deep_in_the_metadata():
    deep = RtcDialect(announced_by="openpi_server.rtc")
    assert deep.announced({"openpi_server": {"rtc": {"supported": True, "enabled": True}}})
    assert not deep.announced({"openpi_server": 3})
    assert not RtcDialect(announced_by="").announced({"": True})


@pytest.mark.parametrize(
    ("reply", "said"), [({"rtc": {"guided": True}}, True), ({"rtc": {"guided": False}}, False), ({}, None)]
)
def test_a_reply_says_yes_or_no_or_nothing(reply, said):
    assert RtcDialect().confirmed(reply) is said
    assert RtcDialect(confirmed_by="").confirmed(reply) is None
