"""The API key reaches the server and nobody else; certificates are checked, and what is wrong with them is told."""

from __future__ import annotations

import contextlib
import copy
import logging
import re
import socket
import ssl
import threading
import time
import traceback
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import pytest
from websockets.sync.server import serve

from bt_robot.errors import BtRobotError, PolicyRefused, PolicyUnavailable, ServerError, UsageError
from bt_robot.policy.connection.access import Access, ApiKey, read_api_key
from bt_robot.policy.connection.base import Timeouts
from bt_robot.policy.connection.client import open_policy
from bt_robot.policy.connection.failover import open_servers
from bt_robot.policy.connection.sockets import limit_silence, open_socket
from bt_robot.policy.wire.msgpack_numpy import pack
from tests.policy import policy_kit as kit

SECRET = "sk-3141592653589793"
KEY = Access(ApiKey(SECRET))
TLS = Path(__file__).parent / "tls"


@contextmanager
def server(converse=lambda client: client.send(pack({})), certificate=None, **settings):
    """Serve; yields the URL and the `Authorization` headers that came."""
    seen = []

    def process(connection, request):
        seen.append(request.headers.get("Authorization"))
        answer = settings.get("process")
        return answer(connection, request) if answer else None

    tls = None
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(TLS / f"{certificate}.pem")
    quiet = logging.getLogger("tests.quiet")
    quiet.disabled = True
    with serve(converse, "127.0.0.1", 0, process_request=process, ssl=tls, logger=quiet) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"{'wss' if tls else 'ws'}://127.0.0.1:{running.socket.getsockname()[1]}", seen
        running.shutdown()
        thread.join(kit.WAIT_S)


def status(code, location=None):
    def process(connection, request):
        response = connection.respond(HTTPStatus(code), "no\n")
        if location:
            response.headers["Location"] = location
        return response

    return process


def refusal(url, access=None, kind=PolicyRefused):
    policy = open_policy(url, "openpi", access)
    with pytest.raises(kind) as refused:
        policy.connect(kit.WAIT_S)
    assert not policy.connected
    return str(refused.value).replace(url, "URL")


# The key


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r}".format, lambda key: repr(Access(key))])
def test_a_key_does_not_show_itself(show):
    assert SECRET not in show(ApiKey(SECRET))


def test_a_key_does_not_leave_the_process():
    with pytest.raises(TypeError, match="stays in the process"):
        copy.copy(ApiKey(SECRET))  # uses what pickle uses


def test_a_key_is_read_from_the_environment():
    assert read_api_key("KEY", {"KEY": SECRET}).reveal() == SECRET
    assert read_api_key("", {}) is None


@pytest.mark.parametrize(("environment", "how"), [({}, "not set"), ({"OPENPI_API_KEY": ""}, "empty")])
def test_a_key_that_is_missing_is_told_with_its_variable(environment, how):
    with pytest.raises(UsageError) as refused:
        read_api_key("OPENPI_API_KEY", environment)
    assert str(refused.value) == (
        f"policy.api_key_env: the environment variable OPENPI_API_KEY is {how}; expected the server's API key: "
        "export OPENPI_API_KEY=…, or leave api_key_env out for a server without keys"
    )


@pytest.mark.parametrize("value", [SECRET + "\n", SECRET + "\r\nX-Evil: 1", " " + SECRET, SECRET + "é"])
def test_a_key_that_no_header_can_hold_is_refused_without_being_shown(value):
    with pytest.raises(UsageError) as refused:
        read_api_key("KEY", {"KEY": value})
    assert str(refused.value).startswith("policy.api_key_env: KEY: the API key holds ")
    assert SECRET not in "".join(traceback.format_exception(refused.value))


def test_the_server_gets_the_key_as_openpi_client_sends_it():
    with server() as (url, seen):
        policy = open_policy(url, "openpi", KEY)
        policy.connect(kit.WAIT_S)
        policy.close()
    assert seen == [f"Api-Key {SECRET}"]


def test_without_a_key_no_header_is_sent():
    with server() as (url, seen):
        policy = open_policy(url, "openpi")
        policy.connect(kit.WAIT_S)
        policy.close()
    assert seen == [None]


@pytest.mark.parametrize(
    ("access", "words"),
    [
        (None, "it answers HTTP 401: it wants an API key; name its variable in policy.api_key_env"),
        (KEY, "it answers HTTP 401: it does not take the API key in policy.api_key_env's variable"),
    ],
)
def test_a_server_that_does_not_let_us_in_is_told_with_what_to_do(access, words):
    with server(process=status(401)) as (url, _):
        assert refusal(url, access) == f"no policy server at URL: {words}"


def test_a_proxy_whose_server_is_still_starting_is_worth_another_try():
    with server(process=status(503)) as (url, _):
        words = refusal(url, kind=PolicyUnavailable)
    assert words == "no policy server at URL: it answers HTTP 503 instead of opening a websocket; is the port right?"


def test_a_redirect_is_told_and_never_followed_so_that_the_key_goes_nowhere_else():
    with server() as (elsewhere, seen), server(process=status(307, elsewhere)) as (url, _):
        words = refusal(url, KEY)
    assert words == (
        f"no policy server at URL: it has moved to {elsewhere}, where the link does not follow; set policy.url to that "
        "if you trust it"
    )
    assert seen == []


def connect_and_ask(policy):
    policy.connect(kit.WAIT_S)
    policy.infer({"prompt": "go"}, kit.WAIT_S)


def test_a_key_that_the_server_tells_back_is_hidden():
    def parrot(client):
        client.send(pack({}))
        client.recv()
        client.send(f"Traceback\nPermissionError: no quota for {SECRET}")

    def late_leaver(client):
        client.send(pack({}))
        client.recv()
        leaver(client)

    def leaver(client):
        client.close(1008, f"bad key {SECRET}")

    with server(parrot) as (url, _):
        policy = open_policy(url, "openpi", KEY)
        policy.connect(kit.WAIT_S)
        with pytest.raises(ServerError) as told:
            policy.infer({"prompt": "go"}, kit.WAIT_S)
    assert "no quota for (the API key)" in str(told.value)
    for talk in (leaver, late_leaver):
        with server(talk) as (url, _), pytest.raises(PolicyUnavailable) as told:
            connect_and_ask(open_policy(url, "openpi", KEY))
        assert "bad key (the API key)" in str(told.value)
        assert SECRET not in "".join(traceback.format_exception(told.value))


def test_the_key_is_in_no_log_and_no_traceback_even_at_debug(caplog):
    """Everything that can go wrong with a key in it, with every logger at its most talkative."""
    caplog.set_level(logging.DEBUG)
    for name in ("websockets", "websockets.client", "bt_robot.policy.connection.client.websocket"):
        caplog.set_level(logging.DEBUG, name)
    told = []
    for code, location in ((None, None), (401, None), (503, None), (307, "ws://127.0.0.1:1")):
        process = status(code, location) if code else None
        with server(lambda client: client.send(pack({})) or client.recv(), process=process) as (url, _):
            policy = open_policy(url, "openpi", KEY)
            try:
                connect_and_ask(policy)
            except BtRobotError as error:
                told.append("".join(traceback.format_exception(error)))
            told.append(repr(policy))
    assert len(told) == 8
    assert SECRET not in "".join(told)
    assert SECRET not in caplog.text
    assert "Authorization" not in caplog.text


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("ws://gpu.example:8000", True),
        ("ws://192.168.1.7:8000", True),
        ("ws://127.0.0.1:8000", False),
        ("ws://localhost:8000", False),
        ("ws://[::1]:8000", False),
        ("wss://gpu.example", False),
    ],
)
def test_a_key_that_anyone_on_the_way_could_read_is_warned_of(url, warned, caplog):
    open_servers(kit.PROFILE, [url], Timeouts(), KEY)
    assert [SECRET in text for text in caplog.messages] == [False] * warned
    if warned:
        assert caplog.messages == [f"{url}: the API key is sent unencrypted; use wss://, or a tunnel such as ssh -L"]


# TLS


def test_a_server_whose_authority_is_trusted_is_spoken_to_over_tls():
    def converse(client):
        client.send(pack({"secret": True}))
        client.recv()

    with server(converse, "good") as (url, _):
        policy = open_policy(url, "openpi", Access(ca_file=str(TLS / "ca.pem")))
        assert policy.connect(kit.WAIT_S) == {"secret": True}
        assert policy.connected
        policy.close()
        by_name = open_policy(url.replace("127.0.0.1", "localhost"), "openpi", Access(ca_file=str(TLS / "ca.pem")))
        by_name.connect(kit.WAIT_S)
        by_name.close()


@pytest.mark.parametrize(
    ("certificate", "ca_file", "words"),
    [
        ("good", "", r"its certificate is not trusted \(.+\); set policy\.ca_file to the PEM file of the authority"),
        ("elsewhere", "ca.pem", r"its certificate is for another host \(.+\); use the name in the certificate"),
        ("expired", "ca.pem", r"its certificate is not valid today \(.+\); renew it, or set this machine's clock"),
    ],
)
def test_a_certificate_that_is_not_right_is_refused_with_what_to_do(certificate, ca_file, words):
    access = Access(ApiKey(SECRET), ca_file and str(TLS / ca_file))
    with server(certificate=certificate) as (url, seen):
        text = refusal(url, access)
    assert re.match(f"no policy server at URL: {words}", text), text
    assert seen == []  # the key was not sent


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            PolicyRefused,
            "it speaks no TLS; use ws:// instead of wss://, or is the port right?",
        ),
        (b"", PolicyUnavailable, "it hung up when TLS began; if it speaks none, use ws:// instead of wss://"),
    ],
)
def test_a_server_without_tls_is_said_to_have_none(answer, kind, words):
    with kit.raw(lambda connection: connection.recv(4096) and connection.sendall(answer)) as url:
        text = refusal(url.replace("ws://", "wss://"), kind=kind)
    assert text == f"no policy server at URL: {words}"


@pytest.mark.parametrize(
    ("file", "words"),
    [("README.md", "holds no certificates in PEM format"), ("none.pem", "can't be read: No such file")],
)
def test_a_ca_file_that_is_none_is_told_before_anything_is_connected(file, words):
    path = TLS / file
    with pytest.raises(UsageError, match=f"policy.ca_file: '{path}' {words}"):
        open_servers(kit.PROFILE, ["wss://gpu:1"], Timeouts(), Access(ca_file=str(path)))


# TCP


def test_the_kernel_notices_a_silent_end_within_ten_seconds_of_idleness():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        opened = open_socket("127.0.0.1", listener.getsockname()[1], time.monotonic() + kit.WAIT_S)
        assert opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        idle, every, count = (
            opened.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
            for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT")
        )
        assert idle + every * count == 10
        assert opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
        limit_silence(opened, 45.5)
        assert opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 45_500
        opened.close()
        limit_silence(opened, 1.0)  # a connection that is gone is no error


def test_a_request_may_take_its_time_before_the_kernel_gives_up_on_a_busy_server():
    seen = []

    def converse(client):
        client.send(pack({}))
        client.recv()
        seen.append(policy._connection.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))
        client.send("no")

    with server(converse) as (url, _):
        policy = open_policy(url, "openpi")
        policy.connect(kit.WAIT_S)
        with pytest.raises(ServerError):
            policy.infer({"prompt": "go"}, 60.0)
    assert seen == [70_000]


def test_the_next_address_of_a_host_is_tried_when_one_does_not_answer(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("127.0.0.9", "127.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        opened = open_socket("gpu", port, time.monotonic() + kit.WAIT_S)
        assert opened.getpeername() == ("127.0.0.1", port)
        opened.close()


def test_a_connection_that_is_being_made_can_be_given_up_from_another_thread():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as full:
        port = listener.getsockname()[1]
        for _ in range(4):  # nobody accepts them, so that the next one gets no answer
            waiting = full.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        policy = open_policy(f"ws://127.0.0.1:{port}", "openpi")
        threading.Timer(0.1, policy.abort).start()
        with pytest.raises(PolicyUnavailable):  # and no time-out
            policy.connect(kit.WAIT_S)


def test_no_time_left_is_a_time_out():
    with pytest.raises(TimeoutError):
        open_socket("127.0.0.1", 1, 0.0)
