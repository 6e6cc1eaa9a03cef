"""What the stand-in server reads from clients in a profile's dialect, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.arm.so101 import JOINT_NAMES, REST
from bt_robot.errors import WireError
from bt_robot.policy.dialect.profile import load_profile
from bt_robot.policy.dialect.units import GripperScale, JointScale
from bt_robot.standin.dialect import ServerDialect

PICTURE = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
STATE = JointScale("degrees", GripperScale(), [False] * 5 + [True]).to_wire(REST)
STANDIN = load_profile("standin")
PLAN = {
    "prev_actions": np.zeros((50, 6), np.float32),
    "valid_steps": 20,
    "inference_delay": 3,
    "execution_horizon": 25,
    "schedule": "exp",
    "max_guidance_weight": 5.0,
}


def openpi(**changes):
    fields = {
        "observation.images.front": PICTURE,
        "observation.images.wrist": PICTURE,
        "observation.state": STATE.astype(np.float32),
        "prompt": "go",
    }
    return {key: value for key, value in {**fields, **changes}.items() if value is not None}


def json(**changes):
    floats = (PICTURE / np.float32(255)).tolist()
    fields = {"observation.images.front": floats, "observation.images.wrist": floats, "prompt": "go"}
    fields |= {f"observation.state.{joint}.pos": float(value) for joint, value in zip(JOINT_NAMES, STATE, strict=True)}
    return {key: value for key, value in {**fields, **changes}.items() if value is not None}


@pytest.mark.parametrize(("profile", "fields"), [("standin", openpi), ("so101_json", json)], ids=["openpi", "json"])
def test_both_protocols_ask_the_same_question(profile, fields):
    question = ServerDialect(load_profile(profile)).read(fields()).question
    np.testing.assert_array_equal(question.front, PICTURE)
    np.testing.assert_allclose(question.joints, REST, atol=1e-6)
    assert question.prompt == "go"


def test_another_size_of_picture_is_fitted():
    small = {"observation.images.front": np.zeros((48, 64, 3), np.uint8)}
    assert ServerDialect(STANDIN).read(openpi(**small)).question.front.shape == (224, 224, 3)


def test_a_jpeg_file_is_a_picture_where_the_profile_says_so():
    smooth = np.tile(np.linspace(0, 255, 224).astype(np.uint8)[:, None, None], (1, 224, 3))
    smooth[..., 2] = 20
    file = cv2.imencode(".jpg", cv2.cvtColor(smooth, cv2.COLOR_RGB2BGR))[1].tobytes()
    fields = openpi(**{"observation.images.front": file})
    seen = ServerDialect(STANDIN).read(fields).question.front
    assert np.abs(seen.astype(int) - smooth).mean() < 3
    with pytest.raises(WireError, match=r"'observation\.images\.front' is a bytes, expected uint8"):
        ServerDialect(replace(STANDIN, decodes_jpeg=False)).read(fields)


@pytest.mark.parametrize(("height", "width"), [(65000, 65000), (224, 4097), (0, 224)])
def test_a_jpeg_file_is_not_unpacked_when_its_header_promises_too_much(height, width):
    file = bytearray(cv2.imencode(".jpg", PICTURE)[1].tobytes())
    at = file.index(b"\xff\xc0") + 5
    file[at : at + 4] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    with pytest.raises(WireError, match=rf"is a JPEG file of \({height}, {width}\) pixels, expected 1 to 4096 a side"):
        ServerDialect(STANDIN).read(openpi(**{"observation.images.front": bytes(file)}))


@given(st.binary(max_size=60), st.integers(0, 700))
def test_a_damaged_jpeg_file_is_refused_or_read_but_nothing_else(noise, at):
    file = bytearray(cv2.imencode(".jpg", PICTURE[:16, :16])[1].tobytes())
    file[at : at + len(noise)] = noise
    try:
        front = ServerDialect(STANDIN).read(openpi(**{"observation.images.front": bytes(file)})).question.front
    except WireError:
        return
    assert front.shape == (224, 224, 3)


def test_the_plan_to_continue_and_the_clients_name_for_the_request_are_read():
    request = ServerDialect(STANDIN).read(openpi(rtc=PLAN, request_id=7))
    assert request.request_id == 7
    assert (request.prefix.valid, request.prefix.delay, request.prefix.execution_horizon) == (20, 3, 25)


@pytest.mark.parametrize(
    ("profile", "fields", "changes", "words"),
    [
        ("standin", openpi, {"prompt": None}, "the request lacks 'prompt'; it holds observation.images.front, "),
        ("standin", openpi, {"observation.images.wrist": None}, "the request lacks 'observation.images.wrist'"),
        ("standin", openpi, {"state": 1}, "the request holds 'state', which the profile does not know; it knows "),
        ("standin", openpi, {"\x1b[2J": 1}, "the request holds '\\x1b[2J', which"),
        ("standin", openpi, {"prompt": 3}, "'prompt' is a int, expected text"),
        ("standin", openpi, {"observation.images.front": "x"}, "is a str, expected uint8 (height, width, 3)"),
        ("standin", openpi, {"observation.images.front": b"x"}, "has 1 bytes that are no JPEG file"),
        ("standin", openpi, {"observation.images.front": b""}, "has 0 bytes that are no JPEG file"),
        ("standin", openpi, {"observation.images.front": PICTURE.transpose(2, 0, 1)}, "uint8 (3, 224, 224)"),
        ("standin", openpi, {"observation.images.front": PICTURE / 255}, "is float64 (224, 224, 3), expected"),
        ("standin", openpi, {"observation.images.front": PICTURE[:0]}, "is empty"),
        ("standin", openpi, {"observation.state": STATE[:5]}, "is float64 (5,), expected 6 finite numbers"),
        ("standin", openpi, {"observation.state": STATE * np.nan}, "expected 6 finite numbers"),
        ("standin", openpi, {"observation.state": ["a"]}, "hold something that is no number"),
        ("standin", openpi, {"rtc": 1}, "'rtc' is a int, expected a map"),
        ("standin", openpi, {"rtc": {}}, "the request lacks 'prev_actions'"),
        ("standin", openpi, {"rtc": {**PLAN, "x": 1}}, "'rtc' holds 'x', which the profile does not know"),
        ("standin", openpi, {"rtc": {**PLAN, "prev_actions": PICTURE}}, "is not (50, 6) finite numbers"),
        ("standin", openpi, {"rtc": {**PLAN, "inference_delay": 21}}, "is 21, expected a whole number from 0 to 20"),
        ("so101_json", json, {"observation.state.gripper.pos": None}, "the request lacks 'observation.state.gripper."),
        ("so101_json", json, {"observation.state.gripper.pos": "1"}, "is a str, expected a finite number"),
        ("so101_json", json, {"observation.images.front": [[[2.0, 0, 0]]]}, "holds pixels outside 0 … 1"),
        ("so101_json", json, {"observation.images.front": [[1.0], []]}, "rows of different lengths"),
        ("so101_json", json, {"observation.images.front": 7}, "are a int, expected a list"),
        ("so101_nested", openpi, {}, "the request holds 'observation.images.front', which the profile does not know"),
        ("so101_wrapped", openpi, {}, "the request lacks 'obs'; it holds observation.images.front, "),
        ("so101_wrapped", lambda: {"obs": openpi(), "x": 1}, {}, "the request holds 'x'"),
        ("so101_nested", lambda: {"images": {"x": 1}, "state": STATE, "prompt": ""}, {}, "'images' holds 'x', which"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_what_was_found(profile, fields, changes, words):
    with pytest.raises(WireError) as refused:
        ServerDialect(load_profile(profile)).read(fields(**changes))
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        (load_profile("pi05_droid"), "the profile's joints are joint_1, "),
        (replace(STANDIN, state_key={"state": JOINT_NAMES[:5]}), "state_key must hold each of the SO-101's joints"),
    ],
)
def test_a_profile_for_another_robot_cannot_be_played(profile, words):
    with pytest.raises(ValueError, match=words):
        ServerDialect(profile)
