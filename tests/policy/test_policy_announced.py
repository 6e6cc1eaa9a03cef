"""What a server announces, held against the profile and against what it announced before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.errors import PolicyRefused
from bt_robot.policy.connection.announced import Announced, check_metadata
from tests.policy import policy_kit as kit
from tests.scale import examples

URL = "ws://gpu:8000"
EXPECTING = replace(kit.PROFILE, metadata={"server": "bt_robot standin", "version": 2})
OPEN = replace(kit.PROFILE, metadata={}, rtc=None)
VELOCITY = replace(OPEN, action_kind="velocity")


def refusal(announced, profile):
    with pytest.raises(PolicyRefused) as refused:
        check_metadata(announced, profile)
    return str(refused.value)


@pytest.mark.parametrize(
    ("announced", "words"),
    [
        ({}, "the server does not announce 'server', expected 'bt_robot standin': another server?"),
        ({"server": "bt_robot standin"}, "the server does not announce 'version', expected 2: another server?"),
        ({"server": "\x1b[2J"}, "the server announces server: '\\\\x1b[2J', expected 'bt_robot standin'"),
        (
            {"server": np.zeros(2)},
            "the server announces server: array([0., 0.]), expected 'bt_robot standin'",
        ),
    ],
)
def test_what_the_profile_lists_must_be_announced_as_listed(announced, words):
    assert refusal(announced, EXPECTING) == words.replace("\\\\", "\\")


@pytest.mark.parametrize(
    ("announced", "words"),
    [
        ({"action_horizon": 10}, "the server announces action_horizon: 10, the profile has 50"),
        ({"action_dim": 7}, "the server announces action_dim: 7, the profile has 6"),
        ({"output": {"action_horizon": 10}}, "the server announces output.action_horizon: 10, the profile has 50"),
        ({"output": {"action_dim": 14}}, "the server announces output.action_dim: 14, the profile has 6"),
        ({"max_action_horizon": 24}, "the server announces max_action_horizon: 24, the profile has a horizon of 50"),
        (
            {"image_keys": ["cam"]},
            "the server announces image_keys: ['cam'], the profile sends observation.images.front, "
            "observation.images.wrist",
        ),
        (
            {"input": {"image_keys": ["front", "side"]}},
            "the server announces input.image_keys: ['front', 'side'], the profile sends observation.images.front, "
            "observation.images.wrist",
        ),
        (
            {"image_resolution": [180, 320]},
            "the server announces image_resolution: [180, 320], the profile sends [224, 224] (height, width)",
        ),
        (
            {"input": {"image_size": 256}},
            "the server announces input.image_size: 256, the profile sends [224, 224] (height, width)",
        ),
        ({"input": {"state_dim": 5}}, "the server announces input.state_dim: 5, the profile sends 6 values"),
        (
            {"action_space": "joint_velocity"},
            "the server announces action_space: joint_velocity, the profile's absolute actions are joint_position",
        ),
        (
            {"action_space": "cartesian_position"},
            "the server announces action_space: cartesian_position, the profile's absolute actions are joint_position",
        ),
        (
            {"needs_session_id": True},
            "the server announces needs_session_id: True, the profile's protocol openpi has no sessions; set reset: "
            "session in the profile, or protocol: roboarena or vllm_omni",
        ),
    ],
)
def test_what_the_kin_of_openpi_announce_must_agree_with_the_profile(announced, words):
    assert refusal(announced, OPEN) == words


def test_velocities_are_not_positions():
    words = refusal({"action_space": "joint_position"}, VELOCITY)
    assert (
        words == "the server announces action_space: joint_position, the profile's velocity actions are joint_velocity"
    )
    check_metadata({"action_space": "joint_velocity"}, VELOCITY)


def test_what_agrees_passes():
    check_metadata({**kit.METADATA, "image_keys": list(kit.PROFILE.images.values()), "uptime": 3}, kit.PROFILE)
    check_metadata(
        {
            "object": "action.metadata",
            "input": {"image_keys": ["front", "wrist", "third"], "image_size": [224, 224], "state_dim": 32},
            "output": {"action_horizon": 50, "action_dim": 6, "padded_action_dim": 32},
        },
        OPEN,
    )
    roboarena = {
        "image_resolution": (224, 224),
        "needs_session_id": True,
        "action_space": "joint_position",
        "max_action_horizon": 64,
    }
    check_metadata(roboarena, replace(OPEN, protocol="roboarena"))


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.just(np.zeros((2, 2))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
_KEYS = st.sampled_from(
    [
        "server",
        "input",
        "output",
        "image_keys",
        "image_resolution",
        "action_space",
        "action_dim",
        "needs_session_id",
        "x",
    ]
)


@settings(max_examples=examples(60))
@given(st.dictionaries(_KEYS, _ANYTHING | st.fixed_dictionaries({"image_keys": _ANYTHING, "image_size": _ANYTHING})))
def test_whatever_is_announced_passes_or_is_refused_in_printable_words(announced):
    for profile in (EXPECTING, OPEN):
        book = Announced(profile)
        try:
            book.admit(URL, announced)
        except PolicyRefused as refused:
            words = str(refused)
            assert words.isprintable()
        else:
            book.admit(URL, announced)  # the same again is the same


def changed(first, then, profile=OPEN):
    book = Announced(profile)
    book.admit(URL, first)
    with pytest.raises(PolicyRefused) as refused:
        book.admit(URL, then)
    return str(refused.value)


def test_a_server_that_came_back_as_another_is_refused_with_both_values():
    assert changed({"model": "pi05_a"}, {"model": "pi05_b"}) == (
        "the server announces model: 'pi05_b', at first it was 'pi05_a': has it been restarted with another model? "
        "Start anew to use it, or list the key under volatile_metadata in the profile if it means nothing"
    )


@pytest.mark.parametrize(
    ("first", "then", "words"),
    [
        ({"a": 1}, {}, "announces a: absent, at first it was 1"),
        ({}, {"a": 1}, "announces a: 1, at first it was absent"),
        ({"a": 1}, {"a": 1.0}, "announces a: 1.0, at first it was 1"),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "announces a: [1, {'b': 3}], at first it was [1, {'b': 2}]"),
        ({"a": np.zeros(2)}, {"a": np.ones(2)}, "announces a: array([1., 1.]), at first it was array([0., 0.])"),
    ],
)
def test_any_change_counts(first, then, words):
    assert words in changed(first, then)


def test_another_value_is_told_before_a_key_that_came_or_went():
    words = changed({"a": 1, "model": "x"}, {"model": "y", "z": 1})
    assert words.startswith("the server announces model: 'y', at first it was 'x' (and 2 more): has it been restarted")


def test_the_right_server_is_admitted_again_and_the_first_word_counts():
    book = Announced(OPEN)
    book.admit(URL, {"model": "a"})
    for _ in range(2):
        with pytest.raises(PolicyRefused):
            book.admit(URL, {"model": "b"})
        book.admit(URL, {"model": "a"})


def test_a_server_that_is_not_the_profiles_is_not_admitted():
    with pytest.raises(PolicyRefused, match="the server announces action_dim: 7"):
        Announced(OPEN).admit(URL, {"action_dim": 7})


def test_each_server_has_its_own_word():
    book = Announced(OPEN)
    book.admit(URL, {"model": "a"})
    book.admit("ws://other:8000", {"model": "b"})


def test_what_the_profile_calls_volatile_may_change():
    book = Announced(replace(OPEN, volatile_metadata=("uptime_s",)))
    book.admit(URL, {"model": "a", "uptime_s": 1})
    book.admit(URL, {"model": "a", "uptime_s": 2})
    book.admit(URL, {"model": "a"})
