"""The families of servers, and what each wants beside the observation."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from bt_robot.policy.connection.manners import MANNERS, manners_of
from bt_robot.policy.dialect.profile import Protocol, load_profile

STANDIN = load_profile("standin")


def test_every_protocol_has_its_manners():
    assert set(MANNERS) == set(get_args(Protocol))


@pytest.mark.parametrize("protocol", ["openpi", "sglang", "json"])
def test_servers_without_a_memory_get_nothing_but_the_observation(protocol):
    assert MANNERS[protocol].additions("abc") == {}
    assert not MANNERS[protocol].resets
    assert not MANNERS[protocol].has_sessions


@pytest.mark.parametrize("protocol", ["roboarena", "vllm_omni"])
def test_servers_with_a_memory_are_told_the_endpoint_and_the_session(protocol):
    assert MANNERS[protocol].additions("abc") == {"endpoint": "infer", "session_id": "abc"}
    assert MANNERS[protocol].resets or MANNERS[protocol].has_sessions


def test_only_roboarena_needs_to_be_told_to_forget():
    assert [name for name, manners in MANNERS.items() if manners.resets] == ["roboarena"]


@pytest.mark.parametrize(
    ("protocol", "url", "address"),
    [
        ("openpi", "ws://gpu:8000", "ws://gpu:8000"),
        ("vllm_omni", "ws://gpu:8000", "ws://gpu:8000/v1/realtime/robot/openpi"),
        ("vllm_omni", "wss://gpu/", "wss://gpu/v1/realtime/robot/openpi"),
        ("vllm_omni", "ws://gpu:8000/behind/a/proxy", "ws://gpu:8000/behind/a/proxy"),
        ("sglang", "ws://[::1]:30000?model=a", "ws://[::1]:30000/openpi/policy?model=a"),
        ("sglang", "ws://[::1", "ws://[::1"),
    ],
)
def test_a_url_without_a_path_gets_the_familys(protocol, url, address):
    assert MANNERS[protocol].address(url) == address


@pytest.mark.parametrize(
    ("reset", "resets", "has_sessions"), [("none", False, False), ("endpoint", True, False), ("session", False, True)]
)
def test_a_profile_may_say_how_its_server_is_made_to_forget(reset, resets, has_sessions):
    for protocol in ("openpi", "roboarena"):
        manners = manners_of(replace(STANDIN, protocol=protocol, reset=reset))
        assert (manners.resets, manners.has_sessions) == (resets, has_sessions)
        assert manners.names_endpoint == MANNERS[protocol].names_endpoint


def test_without_a_word_a_server_is_made_to_forget_as_its_family_is():
    assert manners_of(replace(STANDIN, protocol="roboarena")) == MANNERS["roboarena"]


def test_json_has_no_reset():
    with pytest.raises(ValueError, match="reset 'endpoint' has no place in the json protocol; expected family or none"):
        replace(load_profile("so101_json"), reset="endpoint")
