"""What a config can say about the policy server."""

from __future__ import annotations

import pytest

from bt_robot.cli.settings import load_settings
from bt_robot.errors import LoadError


def policy(*assignments):
    return load_settings("sim", [f"policy.{assignment}" for assignment in assignments]).policy


def problem(*assignments):
    with pytest.raises(LoadError) as caught:
        policy(*assignments)
    (found,) = caught.value.problems
    return str(found)


def test_one_address_is_a_list_of_one():
    assert policy("url=ws://gpu:8000").urls == ("ws://gpu:8000",)


def test_a_list_of_addresses_keeps_its_order():
    assert policy("url=[wss://a/x, ws://b:1]").urls == ("wss://a/x", "ws://b:1")


def test_the_names_of_the_older_plug_in_are_understood():
    older = policy("websocket_url=ws://gpu:8000", "timeout=2.5", "action_horizon=8")
    newer = policy("url=ws://gpu:8000", "timeout_s=2.5", "horizon=8")
    assert older == newer


def test_a_value_given_under_both_names_in_one_file_is_refused(tmp_path):
    path = tmp_path / "both.yaml"
    path.write_text("robot: {type: fake}\npolicy:\n  url: ws://a:1\n  websocket_url: ws://b:1\n")
    with pytest.raises(LoadError) as caught:
        load_settings(str(path))
    assert str(caught.value) == (
        f"{path}:4:3: 'websocket_url' is another word for 'url', which is given, too; expected one"
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("url=[]", "url is an empty list; expected ws://host:port"),
        (
            "url=[ws://a:1, standin]",
            "url 'standin' has no place in a list; start one with bt-serve and name its address",
        ),
        ("url=[ws://a:1, b:2]", "url 'b:2' is no websocket address"),
        ("url=https://gpu:8443", "(try wss://gpu:8443)"),
        ("url=ws//gpu:8000", "(try ws://gpu:8000)"),
        ("url=ws://me:secret@gpu:8000", "url holds a password, which would end up in logs and summaries"),
        ("jpeg=0", "jpeg: '0'; expected 'off' or a whole number from 1 to 100"),
        ("jpeg=of", "jpeg: 'of'; expected 'off' or a whole number from 1 to 100"),
        ("simulated_jitter_s=6", "simulated_latency_s and simulated_jitter_s of 6.1 must be below timeout_s of 5"),
    ],
)
def test_what_can_not_be_is_refused_in_words(given, words):
    assert words in problem(given)


def test_pictures_are_sent_as_pixels_unless_a_quality_is_given():
    assert policy().jpeg_quality is None
    assert policy("jpeg=off").jpeg_quality is None
    assert policy("jpeg=90").jpeg_quality == 90


def test_only_the_stand_in_is_made_slower_than_it_is():
    assert policy().least_latency_s == 0.1
    assert policy("url=ws://gpu:8000").least_latency_s == 0.0
    assert policy("url=ws://gpu:8000", "simulated_latency_s=0.3").least_latency_s == 0.3


def test_the_time_limits_are_handed_on():
    limits = policy("connect_timeout_s=1", "first_timeout_s=90", "timeout_s=2", "start_wait_s=0").timeouts
    assert (limits.connect_s, limits.first_inference_s, limits.inference_s, limits.start_wait_s) == (1, 90, 2, 0)
