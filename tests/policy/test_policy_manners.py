"""The families of servers, and what each wants beside the observation."""

from __future__ import annotations

from typing import get_args

import pytest

from bt_robot.policy.connection.manners import MANNERS
from bt_robot.policy.dialect.profile import Protocol


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
