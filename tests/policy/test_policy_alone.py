"""The client for someone who wants no tree: ten lines, the same checks, typed errors."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

import bt_robot.policy
from bt_robot.arm.so101 import REST
from bt_robot.policy import (
    ChunkRefused,
    LoadError,
    PolicyClient,
    PolicyRefused,
    PolicyUnavailable,
    ServerError,
    Timeouts,
    UsageError,
    WireError,
    load_profile,
)
from bt_robot.policy.dialect.units import GripperScale
from bt_robot.policy.wire.msgpack_numpy import pack, unpack
from tests.policy import policy_kit as kit

IMAGE = np.full((48, 64, 3), 90, np.uint8)
IMAGES = {"front": IMAGE, "wrist": IMAGE}
TINY = replace(
    kit.PROFILE,
    images={"cam": "image"},
    joints=("a", "b", "gripper"),
    horizon=4,
    execute_steps=4,
    metadata={},
    rtc=None,
    gripper=GripperScale(),
)
STATE = np.array([0.1, -0.2, 0.5])


@contextmanager
def server(*answers, metadata=None):
    """Answer requests with functions from request to reply, the last one again and again; yields URL and requests."""
    asked, todo = [], list(answers)

    def converse(client):
        try:
            client.send(pack(metadata or {}))
            for frame in client:
                asked.append(unpack(frame))
                answer = todo.pop(0) if len(todo) > 1 else todo[0]
                reply = answer(asked[-1]) if callable(answer) else answer
                client.send(reply if isinstance(reply, (str, bytes)) else pack(reply))
        except ConnectionClosed:
            pass

    with serve(converse, "127.0.0.1", 0, compression=None) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{running.socket.getsockname()[1]}", asked
        running.shutdown()
        thread.join(kit.WAIT_S)


def wire(*rows):
    return {"actions": np.array(rows, dtype=np.float32)}


STILL = wire(*[[np.rad2deg(0.1), np.rad2deg(-0.2), 50.0]] * 4)


def ask(url, profile=TINY, **settings):
    with PolicyClient(url, profile, **settings) as client:
        return client.infer({"cam": IMAGE}, STATE, "go")


def test_ten_lines_are_enough():
    with kit.served() as url:
        with PolicyClient(url, profile="standin") as client:
            assert client.metadata["server"] == "bt_robot standin"
            reply = client.infer(IMAGES, REST, "pick up the red block")
        assert reply.actions.shape == (50, 6)
        np.testing.assert_allclose(reply.actions[0], REST, atol=1e-5)
        assert reply.kind == "absolute"
        assert 0.0 < reply.parts.network_s + reply.parts.server_s < reply.latency_s


def test_it_sends_what_the_profile_says_in_the_wires_units():
    with server(STILL) as (url, asked):
        reply = ask(url)
    request = asked[0]
    assert list(request) == ["image", "observation.state", "prompt"]
    assert request["image"].shape == (224, 224, 3)
    np.testing.assert_allclose(request["observation.state"], [np.rad2deg(0.1), np.rad2deg(-0.2), 50.0], rtol=1e-6)
    np.testing.assert_allclose(reply.actions, np.tile(STATE, (4, 1)), atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("absolute", [np.deg2rad(15.0), np.deg2rad(-30.0), 0.25]),
        ("relative", [0.1 + np.deg2rad(15.0), -0.2 + np.deg2rad(-30.0), 0.25]),
        ("delta", [np.deg2rad(15.0), np.deg2rad(-30.0), 0.25]),
        ("velocity", [np.deg2rad(1.0), np.deg2rad(-2.0), 0.25]),
    ],
)
def test_every_kind_of_action_comes_in_si_units(kind, expected):
    profile = replace(TINY, action_kind=kind, rate_hz=15.0)
    with server(wire(*[[15.0, -30.0, 25.0]] * 4)) as (url, _):
        reply = ask(url, profile)
    assert reply.kind == kind
    np.testing.assert_allclose(reply.actions, np.tile(expected, (4, 1)), atol=1e-6)


def test_padding_beyond_the_joints_is_left_out():
    padded = wire(*[[0.0, 0.0, 50.0, 7.0, 7.0]] * 4)
    with server(padded) as (url, _):
        assert ask(url, replace(TINY, action_dim=5)).actions.shape == (4, 3)


def test_shares_of_a_range_need_the_range():
    profile = replace(TINY, joint_unit="range_100")
    with pytest.raises(UsageError, match=r"range_100 needs the joints' ranges; give ranges_rad=\(lower, upper\)"):
        PolicyClient("ws://x", profile)
    with server(wire(*[[100.0, 0.0, 50.0]] * 4)) as (url, _):
        reply = ask(url, profile, ranges_rad=(np.array([-1.0, -2.0, 0.0]), np.array([1.0, 2.0, 1.0])))
    np.testing.assert_allclose(reply.actions[0], [1.0, 0.0, 0.5])


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (wire(*[[0.0, 0.0, 0.0]] * 3), ChunkRefused, "the actions have shape (3, 3), expected (4, 3)"),
        (wire(*[[0.0, np.nan, 0.0]] * 4), WireError, "the actions hold nan at step 0, joint 1; all must be finite"),
        (b"\xc1", WireError, "not msgpack: FormatError"),
        ("Traceback\nValueError: unknown prompt", ServerError, "ValueError: unknown prompt"),
    ],
)
def test_what_must_not_be_executed_is_a_typed_error_and_the_next_answer_is_fine(answer, kind, words):
    with server(answer, STILL) as (url, _), PolicyClient(url, TINY) as client:
        with pytest.raises(kind) as refused:
            client.infer({"cam": IMAGE}, STATE, "go")
        assert words in str(refused.value)
        assert client.infer({"cam": IMAGE}, STATE, "go").actions.shape == (4, 3)


def test_another_server_than_the_profile_declares_is_refused():
    refused = pytest.raises(PolicyRefused, match="the server announces action_horizon: 50, the profile has 4")
    with server(STILL, metadata={"action_horizon": 50}) as (url, asked), refused:
        ask(url)
    assert asked == []


def test_nobody_there_is_told_with_the_url():
    with pytest.raises(PolicyUnavailable, match=r"no policy server at ws://127\.0\.0\.1:9: connection refused"):
        ask("ws://127.0.0.1:9", timeouts=Timeouts(start_wait_s=0.0))


def test_the_next_of_several_servers_is_used():
    with server(STILL) as (url, _), PolicyClient(["ws://127.0.0.1:9", url], TINY) as client:
        assert client.url == url


def test_it_can_be_used_again_after_it_was_closed():
    with server(STILL) as (url, _):
        client = PolicyClient(url, TINY)
        for _ in range(2):
            client.infer({"cam": IMAGE}, STATE, "go")
            client.close()
            client.close()


def test_a_new_episode_is_a_new_session():
    with server(STILL) as (url, asked), PolicyClient(url, replace(TINY, protocol="vllm_omni")) as client:
        for _ in range(2):
            client.infer({"cam": IMAGE}, STATE, "go")
        client.reset()
        client.infer({"cam": IMAGE}, STATE, "go")
    one, two, three = [request["session_id"] for request in asked]
    assert one == two != three


@pytest.mark.parametrize(
    ("images", "state", "words"),
    [
        ({}, STATE, "the profile wants a picture of 'cam'; given: none"),
        ({"camera": IMAGE}, STATE, "the profile wants a picture of 'cam'; given: camera"),
        (
            {"cam": IMAGE / 255},
            STATE,
            "the picture of 'cam' is float64 (48, 64, 3); expected uint8 (height, width, 3), RGB",
        ),
        (
            {"cam": IMAGE[..., 0]},
            STATE,
            "the picture of 'cam' is uint8 (48, 64); expected uint8 (height, width, 3), RGB",
        ),
        ({"cam": IMAGE}, [0.0, 1.0], "the state is [0. 1.]; expected 3 finite numbers, one for each of a, b, gripper"),
        (
            {"cam": IMAGE},
            [0.0, np.nan, 1.0],
            "the state is [ 0. nan  1.]; expected 3 finite numbers, one for each of a, b, gripper",
        ),
    ],
)
def test_a_wrong_argument_is_told_before_anything_is_sent(images, state, words):
    with server(STILL) as (url, asked), PolicyClient(url, TINY) as client:
        with pytest.raises(UsageError) as refused:
            client.infer(images, state, "go")
        assert str(refused.value) == words
    assert asked == []


def test_what_does_not_fit_is_told_when_the_client_is_made(tmp_path):
    with pytest.raises(UsageError, match="the environment variable NO_SUCH_KEY is not set"):
        PolicyClient("ws://x", TINY, api_key_env="NO_SUCH_KEY")
    with pytest.raises(UsageError, match="decodes_jpeg"):
        PolicyClient("ws://x", replace(TINY, decodes_jpeg=False), jpeg_quality=90)
    with pytest.raises(UsageError, match="no URL is given"):
        PolicyClient([], TINY)
    with pytest.raises(LoadError, match="standing: unknown profile"):
        PolicyClient("ws://x", "standing")
    with pytest.raises(LoadError):
        PolicyClient("ws://x", tmp_path / "none.yaml")


def test_a_profile_can_be_a_name_a_path_or_a_profile(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text("extends: standin\nexecute_steps: 7\n", encoding="utf-8")
    assert PolicyClient("ws://x", path).profile.execute_steps == 7
    assert PolicyClient("ws://x", "standin").profile == load_profile("standin")
    assert PolicyClient("ws://x", TINY).profile is TINY


def test_everything_that_is_exported_is_there_and_nothing_else():
    for name in bt_robot.policy.__all__:
        assert getattr(bt_robot.policy, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'PolicyServer'"):
        _ = bt_robot.policy.PolicyServer


def test_importing_the_package_loads_no_library_and_the_client_only_what_it_needs():
    code = """
import sys
import bt_robot.policy
assert not {"numpy", "websockets", "cv2"} & set(sys.modules), "the package alone loads libraries"
from bt_robot.policy import PolicyClient
assert not {"mujoco", "matplotlib", "py_trees", "rich"} & set(sys.modules), "the client loads too much"
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
