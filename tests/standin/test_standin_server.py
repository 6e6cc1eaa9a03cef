"""The stand-in server's socket, talked to byte by byte."""

from __future__ import annotations

import json
import threading
import urllib.request

import msgpack
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from bt_robot.policy.wire.msgpack_numpy import pack, unpack
from bt_robot.standin.manners import MAX_REQUEST_BYTES, traceback_text
from tests.policy import policy_kit

WAIT_S = 20.0
PICTURE = np.zeros((224, 224, 3), np.uint8)


class Planner:
    """Wants what it is asked for by the prompt, in radians; blocks on `wait` until it is let go."""

    def __init__(self):
        self.called, self.go = threading.Event(), threading.Event()

    def plan(self, front, joints, prompt, horizon):
        if prompt == "wait":
            self.called.set()
            self.go.wait(WAIT_S)
        if prompt == "unknown":
            raise ValueError("unknown prompt 'unknown'")
        return np.tile(joints + np.array([np.pi / 180, 0, 0, 0, 0, 0.01]), (horizon, 1))


def served(planner=None, **settings):
    return policy_kit.served(planner or Planner(), **settings)


def openpi_request(prompt="go"):
    images = {"observation.images.front": PICTURE, "observation.images.wrist": PICTURE}
    return pack({**images, "observation.state": np.array([10, 0, 0, 0, 0, 50], "f4"), "prompt": prompt})


def json_request(prompt="go"):
    observation = {f"observation.images.{camera}": [[[0.0, 0.5, 1.0]]] for camera in ("front", "wrist")}
    names = ("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper")
    observation |= {
        f"observation.state.{name}.pos": value for name, value in zip(names, (10, 0, 0, 0, 0, 50.0), strict=True)
    }
    return json.dumps({"type": "inference", "observation": {**observation, "prompt": prompt}})


def test_openpi_metadata_come_first_and_say_what_is_served():
    with served(horizon=20) as url, connect(f"{url}/any/path", compression=None) as client:
        assert msgpack.unpackb(client.recv(WAIT_S)) == {
            "server": "bt_robot standin",
            "action_horizon": 20,
            "action_dim": 6,
            "image_keys": ["observation.images.front", "observation.images.wrist"],
            "decodes_jpeg": True,
            "echoes": ["request_id"],
            "rtc": {"supported": True},
        }


def test_an_openpi_answer_is_in_degrees_and_percent():
    with served(horizon=20) as url, connect(url, compression=None) as client:
        client.recv(WAIT_S)
        for _ in range(2):
            client.send(openpi_request())
            reply = unpack(client.recv(WAIT_S))
            assert reply["actions"].dtype == np.float32
            np.testing.assert_allclose(reply["actions"], np.tile([11, 0, 0, 0, 0, 51], (20, 1)), atol=1e-4)
            assert reply["server_timing"]["infer_ms"] >= 0.0


@pytest.mark.parametrize(
    ("frame", "last_line"),
    [
        (openpi_request("unknown"), "ValueError: unknown prompt 'unknown'"),
        (b"\xc1", "bt_robot.errors.WireError: not msgpack: FormatError"),
        (pack({}), "bt_robot.errors.WireError: the request lacks 'observation.images.front'; it holds nothing"),
        ("text", "bt_robot.errors.WireError: a text frame; OpenPI's requests are binary, JSON is spoken at /json"),
    ],
    ids=["unknown prompt", "garbage", "empty", "text"],
)
def test_an_openpi_error_is_a_text_frame_with_a_traceback_then_1011(frame, last_line):
    with served() as url, connect(url, compression=None) as client:
        client.recv(WAIT_S)
        client.send(frame)
        text = client.recv(WAIT_S)
        assert text.startswith("Traceback (most recent call last):\n")
        assert text.rstrip().splitlines()[-1] == last_line
        assert '"/' not in text
        with pytest.raises(ConnectionClosedError) as closed:
            client.recv(WAIT_S)
        assert closed.value.rcvd.code == 1011
        assert closed.value.rcvd.reason == "Internal server error. Traceback included in previous frame."


def test_the_json_protocol_has_no_greeting_and_answers_in_kind():
    with served(horizon=2) as url, connect(f"{url}/json", compression=None) as client:
        client.send(json_request())
        reply = json.loads(client.recv(WAIT_S))
        assert reply.keys() == {"success", "actions"}
        assert reply["success"] is True
        np.testing.assert_allclose(reply["actions"], np.tile([11, 0, 0, 0, 0, 51], (2, 1)), atol=1e-9)


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        (json_request("unknown"), "ValueError: unknown prompt 'unknown'"),
        ("{}", "WireError: expected {'type': 'inference', 'observation': {…}}"),
        (b"\xff", "WireError: the request is not JSON: "),
    ],
)
def test_a_json_error_is_an_answer_and_the_connection_stays(frame, error):
    with served(horizon=2) as url, connect(f"{url}/json", compression=None) as client:
        client.send(frame)
        reply = json.loads(client.recv(WAIT_S))
        assert reply["success"] is False
        assert reply["error"].startswith(error)
        client.send(json_request())
        assert json.loads(client.recv(WAIT_S))["success"] is True


def test_healthz_answers_ok():
    with (
        served() as url,
        urllib.request.urlopen(url.replace("ws://", "http://") + "/healthz", timeout=WAIT_S) as answer,
    ):
        assert (answer.status, answer.read()) == (200, b"OK\n")


def test_pings_and_other_clients_are_answered_during_an_inference():
    planner = Planner()
    with served(planner) as url, connect(url, compression=None) as busy:
        busy.recv(WAIT_S)
        busy.send(openpi_request("wait"))
        assert planner.called.wait(WAIT_S)
        assert busy.ping().wait(WAIT_S)
        with connect(url, compression=None) as other:
            assert other.recv(WAIT_S)
        planner.go.set()
        assert unpack(busy.recv(WAIT_S))["actions"].shape == (50, 6)


def test_the_added_latency_holds_an_answer_back_but_not_the_servers_end():
    with served(latency_s=600.0) as url:
        client = connect(url, compression=None).__enter__()
        client.recv(WAIT_S)
        client.send(openpi_request())
        with pytest.raises(TimeoutError):
            client.recv(0.2)
    client.close()


def test_a_request_larger_than_the_limit_closes_the_connection():
    def send_too_much(client):
        client.send(b"\0" * (MAX_REQUEST_BYTES + 1))
        client.recv(WAIT_S)

    with served() as url, connect(url, compression=None) as client:
        client.recv(WAIT_S)
        with pytest.raises(ConnectionClosedError) as closed:
            send_too_much(client)
        assert closed.value.rcvd is None or closed.value.rcvd.code == 1009


def test_a_client_that_vanishes_does_not_disturb_the_server(caplog):
    with served() as url:
        client = connect(url, compression=None).__enter__()
        client.send(openpi_request())
        client.socket.close()
        with connect(url, compression=None) as other:
            assert other.recv(WAIT_S)
    assert "Traceback" not in caplog.text


def test_a_traceback_tells_file_names_without_their_folders():
    try:
        raise KeyError("x")
    except KeyError as error:
        text = traceback_text(error)
    assert 'File "test_standin_server.py", line ' in text
    assert text.endswith("KeyError: 'x'\n")
