"""What the client says when there is something else, or nothing, at the URL."""

from __future__ import annotations

import queue
import socket
import threading
from contextlib import contextmanager

import numpy as np
import pytest
from websockets.sync.server import serve

from bt_robot.errors import PolicyRefused, PolicyTimeout, PolicyUnavailable, ServerError, WireError
from bt_robot.policy.connection.client import open_policy
from bt_robot.policy.wire.msgpack_numpy import pack
from tests.policy import policy_kit as kit


@contextmanager
def websocket(converse, **settings):
    with serve(converse, "127.0.0.1", 0, compression=None, **settings) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join(kit.WAIT_S)


def refusal(url, kind, timeout_s=kit.WAIT_S, protocol="openpi"):
    policy = open_policy(url, protocol)
    with pytest.raises(kind) as refused:
        policy.connect(timeout_s)
    assert not policy.connected
    return str(refused.value).replace(url, "URL")


def test_what_is_no_websocket_server_is_said_to_be_none():
    with kit.raw(lambda connection: connection.recv(4096) and connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")) as url:
        text = refusal(url, PolicyUnavailable)
    assert (
        text
        == "no policy server at URL: what listens there is no websocket server; is the port right, or does it want wss://?"
    )


def test_a_web_server_is_told_by_its_status():
    answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    with kit.raw(lambda connection: connection.recv(4096) and connection.sendall(answer)) as url:
        text = refusal(url, PolicyUnavailable)
    assert text == ("no policy server at URL: it answers HTTP 404 instead of opening a websocket; is the port right?")


def test_a_server_that_accepts_and_says_nothing_is_a_time_out():
    over = threading.Event()
    with kit.raw(lambda connection: over.wait(kit.WAIT_S)) as url:
        text = refusal(url, PolicyTimeout, 0.1)
        over.set()
    assert text == "URL did not answer within 0.1 s; is a firewall in between, or the server busy?"


def test_a_server_that_sends_no_metadata_is_a_time_out():
    over = threading.Event()
    with websocket(lambda client: over.wait(kit.WAIT_S)) as url:
        text = refusal(url, PolicyTimeout, 0.3)
        over.set()
    assert text == (
        "URL opened a websocket, but announced nothing within 0.3 s; is it busy, or does it speak another protocol"
        " (protocol: json in the profile)?"
    )


def test_a_server_that_hangs_up_at_once_is_told_with_its_words():
    with websocket(lambda client: client.close(1013, "no\tGPU")) as url:
        text = refusal(url, PolicyUnavailable)
    assert text == (
        "no policy server at URL: it closed the connection before saying anything "
        "(the server closed it with code 1013: no\\tGPU)"
    )


def test_a_server_that_greets_with_an_error_is_told_in_its_words():
    with websocket(lambda client: client.send("model not found")) as url:
        assert refusal(url, ServerError) == "the policy server reports: model not found"


def test_a_server_that_greets_with_garbage_is_refused():
    with websocket(lambda client: client.send(b"\xc1")) as url:
        assert refusal(url, WireError) == "not msgpack: FormatError"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense", "ws://", "ws://127.0.0.1:99999999"])
def test_what_is_no_websocket_url_is_said_to_be_none(url):
    policy = open_policy(url, "openpi")
    with pytest.raises(PolicyRefused) as refused:  # waiting would not help
        policy.connect(1.0)
    assert str(refused.value) == f"no policy server at {url}: this is no ws:// URL"


def test_an_unknown_host_is_said_to_be_unknown(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    text = refusal("ws://robot.invalid:8000", PolicyUnavailable)
    assert text == "no policy server at URL: the host name is unknown"


def test_a_proxy_in_the_environment_is_not_used(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1")
    with kit.served() as url:
        policy = open_policy(url, "openpi")
        policy.connect(kit.WAIT_S)
        policy.close()


def test_a_frame_that_came_unasked_makes_the_connection_unusable():
    asked = threading.Event()

    def converse(client):
        client.send(pack({}))
        client.send(pack({"late": 1}))
        asked.set()
        client.recv()

    with websocket(converse) as url:
        policy = open_policy(url, "openpi")
        policy.connect(kit.WAIT_S)
        asked.wait(kit.WAIT_S)
        # The frame may still be under way when the server has sent it.
        for _ in range(2000):
            if not policy.connected:
                break
            threading.Event().wait(0.002)
        assert not policy.connected


def test_a_server_that_stops_reading_is_a_time_out():
    over, told = threading.Event(), queue.SimpleQueue()

    def talk(client):
        client.send(pack({}))
        with client.recv_flow_control:
            told.put(over.wait(kit.WAIT_S))

    with websocket(talk, max_size=None) as url:
        policy = open_policy(url, "openpi")
        policy.connect(kit.WAIT_S)
        with pytest.raises(PolicyTimeout, match=r"no answer from ws://.* within 0\.3 s"):
            policy.infer({"prompt": "x" * 60_000_000}, 0.3)
        over.set()
        assert told.get(timeout=kit.WAIT_S), "the request ended only when the server read again"


def test_an_answer_counts_even_if_the_server_hangs_up_right_after_it():
    def answer_and_leave(client):
        client.send(pack({}))
        client.recv()
        client.send(pack({"actions": np.zeros((2, 3), np.float32)}))
        client.close()

    with websocket(answer_and_leave) as url:
        for _ in range(30):  # who is faster differs
            policy = open_policy(url, "openpi")
            policy.connect(kit.WAIT_S)
            assert policy.infer({"prompt": "go"}, kit.WAIT_S).actions.shape == (2, 3)
            assert kit.eventually(lambda policy=policy: not policy.connected)
            assert not policy.lost
