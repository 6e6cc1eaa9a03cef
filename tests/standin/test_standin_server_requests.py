"""What the stand-in server reads from clients, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from bt_robot.arm.so101 import JOINT_NAMES, REST
from bt_robot.errors import WireError
from bt_robot.standin.requests import UNITS, from_json, from_openpi

PICTURE = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
STATE = UNITS.to_wire(REST)


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


@pytest.mark.parametrize(("read", "fields"), [(from_openpi, openpi), (from_json, json)], ids=["openpi", "json"])
def test_both_protocols_ask_the_same_question(read, fields):
    question = read(fields())
    np.testing.assert_array_equal(question.front, PICTURE)
    np.testing.assert_allclose(question.joints, REST, atol=1e-6)
    assert question.prompt == "go"


def test_another_size_of_picture_is_fitted():
    assert from_openpi(openpi(**{"observation.images.front": np.zeros((48, 64, 3), np.uint8)})).front.shape == (
        224,
        224,
        3,
    )


@pytest.mark.parametrize(
    ("read", "fields", "changes", "words"),
    [
        (from_openpi, openpi, {"prompt": None}, "the request lacks 'prompt'; it holds observation.images.front, "),
        (from_openpi, openpi, {"observation.images.wrist": None}, "the request lacks 'observation.images.wrist'"),
        (from_openpi, openpi, {"prompt": 3}, "'prompt' is a int, expected text"),
        (from_openpi, openpi, {"observation.images.front": "x"}, "is str, expected uint8 (height, width, 3)"),
        (
            from_openpi,
            openpi,
            {"observation.images.front": PICTURE.transpose(2, 0, 1)},
            "uint8 (3, 224, 224)",
        ),
        (from_openpi, openpi, {"observation.images.front": PICTURE / 255}, "is float64 (224, 224, 3), expected"),
        (from_openpi, openpi, {"observation.images.front": PICTURE[:0]}, "is empty"),
        (from_openpi, openpi, {"observation.state": STATE[:5]}, "the state is float64 (5,), expected 6 finite numbers"),
        (from_openpi, openpi, {"observation.state": STATE * np.nan}, "expected 6 finite numbers"),
        (from_openpi, openpi, {"observation.state": ["a"]}, "expected 6 finite numbers"),
        (from_json, json, {"observation.state.gripper.pos": None}, "the request lacks 'observation.state.gripper.pos'"),
        (
            from_json,
            json,
            {"observation.state.gripper.pos": "1"},
            "joint positions hold something that is no number",
        ),
        (from_json, json, {"observation.images.front": [[[2.0, 0, 0]]]}, "holds pixels outside 0 … 1"),
        (from_json, json, {"observation.images.front": [[1.0], []]}, "rows of different lengths"),
        (from_json, json, {"observation.images.front": 7}, "are a int, expected a list"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_what_was_found(read, fields, changes, words):
    with pytest.raises(WireError) as refused:
        read(fields(**changes))
    assert words in str(refused.value)
