"""A server's words about a key that is not there lead to the line of the profile that would send it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.policy.dialect.profile import load_profile
from bt_robot.policy.inspection.missing_key import hint, missing_key

PROFILE = load_profile("so101_degrees")


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("the policy server reports: KeyError: 'arm/q'", "arm/q"),
        ('the policy server reports: KeyError: "observation/state"', "observation/state"),
        ("the policy server reports: 'prompt'", "prompt"),
        ("the policy server reports: the request lacks 'obs'; it holds prompt: text", "obs"),
        ("the policy server reports: missing required key 'images'", "images"),
        ("the policy server reports: 'state' not found in batch", "state"),
        ("the policy server reports: CUDA error: out of memory", None),
        ("the policy server reports: unknown task", None),
        ("no answer from ws://gpu:8000 within 60 s", None),
    ],
)
def test_a_missing_key_is_read_from_an_error(words, key):
    assert missing_key(words) == key


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        ("arm/q", "try state_key: arm/q"),
        ("observation/joint_position", "try state_key: observation/joint_position"),
        ("state", "try state_key: state"),
        ("observation/wrist_image_left", "try images: {wrist: observation/wrist_image_left}"),
        ("video.cam_high", "try images: {front: video.cam_high}"),
        ("images", "try images_under: images"),
        ("task", "try prompt_key: task"),
        ("annotation.human.instruction", "try prompt_key: annotation.human.instruction"),
        ("obs", "try wrap_key: obs"),
        ("x", "Write it under images, images_under, state_key, prompt_key or wrap_key"),
    ],
)
def test_a_key_leads_to_a_line_of_the_profile(key, advice):
    assert advice in hint(key, PROFILE)


def test_a_field_that_is_in_use_already_is_not_advised():
    assert "wrap_key" not in hint("obs", load_profile("so101_wrapped")).partition("Write")[0]


@given(st.text(max_size=400))
def test_no_words_upset_it(words):
    key = missing_key(words)
    assert key is None or hint(key, PROFILE)
