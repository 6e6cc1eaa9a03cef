"""PyPI's openpi-client, in an environment of its own, against our stand-in server and our codec: `make interop`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bt_robot.policy.dialect.images import resize_with_pad
from bt_robot.policy.wire.msgpack_numpy import pack
from bt_robot.policy.wire.openpi import OpenPi
from tests.policy.policy_kit import METADATA, served

PYTHON = os.environ.get("BT_OPENPI_PYTHON", "")

pytestmark = pytest.mark.skipif(not PYTHON, reason="BT_OPENPI_PYTHON is not set; run: make interop")

STATE_DEG = [10.0, -20.0, 30.0, -40.0, 50.0, 60.0]
SIDE_PX = 224


def told(prompt="go"):
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    return {"front": picture.tolist(), "wrist": picture[::-1].tolist(), "state": STATE_DEG, "prompt": prompt}


class Walker:
    """A brain whose action i is i hundredths of a radian away from where the arm is, and a tenth more in each chunk."""

    def __init__(self):
        self.plans = 0

    def plan(self, front, joints, prompt, horizon):
        if prompt == "unknown":
            raise ValueError("unknown prompt 'unknown'")
        steps = 0.1 * self.plans + 0.01 * np.arange(horizon)
        self.plans += 1
        planned = np.tile(joints, (horizon, 1))
        planned[:, 0] += steps
        return planned


@pytest.fixture(scope="module")
def ask():
    """Ask openpi-client something."""
    script = Path(__file__).with_name("openpi_peer.py")
    process = subprocess.Popen([PYTHON, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def asking(*command):
        process.stdin.write(json.dumps(command) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, "openpi-client ended early"
        return json.loads(line)

    yield asking
    process.stdin.close()
    process.wait(timeout=20)
    process.stdout.close()


@pytest.fixture
def brain():
    return Walker()


@pytest.fixture
def url(brain):
    with served(brain) as url:
        yield url


def first_joint_deg(chunk_number, steps):
    return STATE_DEG[0] + np.rad2deg(0.1 * chunk_number + 0.01 * np.asarray(steps))


def test_its_packer_and_ours_write_an_observation_alike_byte_for_byte(ask):
    values = told("größer")
    ours = OpenPi().request(
        {
            "observation.images.front": np.array(values["front"], np.uint8),
            "observation.images.wrist": np.array(values["wrist"], np.uint8),
            "observation.state": np.array(STATE_DEG, np.float32),
            "prompt": "größer",
        }
    )
    assert ask("pack", values) == ours.hex()


def test_it_reads_the_replies_that_we_write(ask):
    actions = np.arange(12.0).reshape(2, 6)
    read = ask("unpack", pack({"actions": actions, "server_timing": {"infer_ms": 20.0}}).hex())
    assert read["actions"] == actions.tolist()
    assert read["server_timing"]["infer_ms"] == 20.0


def test_our_resized_picture_is_its_within_three_grey_levels(ask):
    image = np.random.default_rng(1).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    difference = np.abs(resize_with_pad(image, SIDE_PX, SIDE_PX) - np.array(ask("resize", image.tolist())))
    assert difference.mean() <= 0.5
    assert difference.max() <= 3


def test_it_is_told_what_the_server_is(ask, url):
    assert ask("connect", url, 10)["server"] == METADATA["server"]


def test_it_gets_the_actions_that_were_planned(ask, url):
    ask("connect", url, 10)
    actions = np.array(ask("infer", told()))
    assert actions.shape == (50, 6)
    np.testing.assert_allclose(actions[:, 0], first_joint_deg(0, range(50)), atol=1e-3)
    np.testing.assert_allclose(actions[:, 1:], np.tile(STATE_DEG[1:], (50, 1)), atol=1e-3)


def test_its_broker_executes_ten_actions_of_each_chunk(ask, url, brain):
    ask("connect", url, 10)
    acted = np.array(ask("act", told(), 12))
    assert acted.shape == (12, 6)
    np.testing.assert_allclose(acted[:10, 0], first_joint_deg(0, range(10)), atol=1e-3)
    np.testing.assert_allclose(acted[10:, 0], first_joint_deg(1, range(2)), atol=1e-3)
    assert brain.plans == 2


def test_its_reset_makes_it_ask_anew(ask, url, brain):
    ask("connect", url, 10)
    ask("act", told(), 3)
    assert ask("reset") is None
    acted = np.array(ask("act", told(), 1))
    np.testing.assert_allclose(acted[0, 0], first_joint_deg(1, 0), atol=1e-3)
    assert brain.plans == 2


def test_an_error_reaches_it_as_openpis_does_and_another_connection_is_answered(ask, url):
    ask("connect", url, 10)
    error = ask("infer", told("unknown"))
    assert error["raised"] == "RuntimeError"
    assert error["text"].startswith("Error in inference server:\nTraceback (most recent call last):")
    assert error["text"].rstrip().endswith("ValueError: unknown prompt 'unknown'")
    after = ask("infer", told())
    assert after["raised"] == "ConnectionClosedError"
    assert "1011" in after["text"]
    assert "Internal server error. Traceback included in previous frame." in after["text"]
    ask("connect", url, 10)
    assert len(ask("infer", told())) == 50
