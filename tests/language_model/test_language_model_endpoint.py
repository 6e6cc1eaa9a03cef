"""A chat endpoint over a real socket: what is sent, and what becomes of everything that can come back."""

import contextlib
import os
import socket
import ssl
import subprocess
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.errors import EndpointError, EndpointGarbage, EndpointRefusal, EndpointTimeout, EndpointUnavailable
from bt_robot.language_model.chat import Message, Wish
from bt_robot.language_model.endpoint import Endpoint
from bt_robot.language_model.transport import Limits
from bt_robot.policy.connection.access import Access, ApiKey
from tests.language_model.chat_kit import recorded, says

HELLO = [Message("user", "hello")]
SHORT = Limits(connect_s=2.0, whole_s=0.5, answer_bytes=20_000)
LONG = Limits(connect_s=5.0, whole_s=20.0, answer_bytes=20_000)
MODELS = {"answer": {"data": [{"id": "only-one"}]}}


def ask(url, limits=LONG, model="m", access=None, wish=None):
    return Endpoint(url, model, limits, access).ask(HELLO, wish or Wish(max_tokens=5))


def test_a_question_is_asked_as_openai_defines_it(tmp_path):
    with recorded(tmp_path, says("hi")) as server:
        assert ask(server.url, wish=Wish(max_tokens=1, top_logprobs=20)).text == "hi"
        (request,) = server.requests
    assert request["path"] == "/v1/chat/completions"
    assert request["headers"]["content-type"] == "application/json"
    assert "authorization" not in request["headers"]
    assert request["body"] == {
        "model": "m",
        "messages": [{"role": "user", "content": "hello"}],
        "max_tokens": 1,
        "temperature": 0,
        "stream": False,
        "logprobs": True,
        "top_logprobs": 20,
    }


def test_a_key_is_sent_as_a_bearer_and_hidden_in_what_comes_back(tmp_path):
    access = Access(ApiKey("sk-very-secret"), section="vlm")
    refusal = {"status": 401, "answer": {"error": {"message": "wrong key sk-very-secret"}}}
    with recorded(tmp_path, refusal) as server:
        with pytest.raises(EndpointRefusal) as caught:
            ask(server.url, access=access)
        assert server.requests[0]["headers"]["authorization"] == "Bearer sk-very-secret"
    assert "sk-very-secret" not in str(caught.value)
    assert str(caught.value).endswith(
        "HTTP 401: the API key is missing or wrong; name its variable with api_key_env; wrong key (the API key)"
    )


def test_the_only_model_that_is_served_needs_no_name(tmp_path):
    with recorded(tmp_path, MODELS, says("hi")) as server:
        endpoint = Endpoint(server.url, "", LONG)
        endpoint.ask(HELLO, Wish(5))
        endpoint.ask(HELLO, Wish(5))
        paths = [request["path"] for request in server.requests]
        assert server.requests[1]["body"]["model"] == "only-one"
    assert paths == ["/v1/models", "/v1/chat/completions", "/v1/chat/completions"]


def test_of_several_models_one_must_be_named(tmp_path):
    two = {"answer": {"data": [{"id": "a"}, {"id": "b\x1b[2J"}]}}
    with recorded(tmp_path, two) as server, pytest.raises(EndpointGarbage, match=r"name one with 'model': a, b\\x1b"):
        ask(server.url, model="")


def test_it_learns_how_it_wants_to_be_asked_and_remembers(tmp_path):
    length = {"status": 400, "answer": {"error": {"message": "Use 'max_completion_tokens' instead"}}}
    warmth = {"status": 400, "answer": {"error": {"message": "'temperature' does not support 0 with this model"}}}
    with recorded(tmp_path, length, warmth, says("hi")) as server:
        endpoint = Endpoint(server.url, "m", LONG)
        assert endpoint.ask(HELLO, Wish(7)).text == "hi"
        endpoint.ask(HELLO, Wish(7))
        told = [set(request["body"]) - {"model", "messages", "stream"} for request in server.requests]
    new = {"max_completion_tokens"}
    assert told == [{"max_tokens", "temperature"}, new | {"temperature"}, new, new]


def test_an_endpoint_that_refuses_whatever_it_is_asked_is_not_asked_for_ever(tmp_path):
    refusal = {"status": 400, "answer": {"error": "max_completion_tokens, temperature, response_format: no"}}
    with recorded(tmp_path, refusal) as server:
        with pytest.raises(EndpointRefusal, match="HTTP 400"):
            ask(server.url)
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("step", "kind", "words"),
    [
        (
            {"status": 500, "answer": {"detail": "out of memory"}},
            EndpointRefusal,
            "HTTP 500: the server has a fault; out",
        ),
        ({"status": 404, "answer": {"message": "no such model"}}, EndpointRefusal, "is the URL complete (…/v1)"),
        ({"status": 302, "headers": {"Location": "https://x/"}}, EndpointRefusal, "it sends us on to https://x/"),
        ({"status": 400, "answer": {"error": "\x1b[2Jno"}}, EndpointRefusal, "HTTP 400: \\x1b[2Jno"),
        ({"hang_up": True}, EndpointUnavailable, "it hung up before it answered"),
        ({"raw": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"}, EndpointUnavailable, "it hung up before it"),
        ({"raw": "SSH-2.0-OpenSSH_9\r\n"}, EndpointGarbage, "the answer is no HTTP; is it a chat endpoint?"),
        ({"raw": "HTTP/1.1 200 OK\r\n\r\n<html>"}, EndpointGarbage, "the answer is no JSON; is it a chat endpoint?"),
        ({"raw": "HTTP/1.1 200 OK\r\n\r\n" + "[" * 15_000}, EndpointGarbage, "the answer is no JSON"),
        ({"raw": "HTTP/1.1 200 OK\r\n\r\n" + "x" * 30_000}, EndpointGarbage, "longer than 20000 bytes"),
        ({"raw": "HTTP/1.1 200 OK\r\n" + "X: y\r\n" * 2000}, EndpointGarbage, "the answer is no HTTP"),
        ({"answer": {"choices": []}}, EndpointGarbage, "no '0' that is a dict"),
        ({"answer": []}, EndpointGarbage, "no 'choices' that is a list"),
    ],
)
def test_whatever_comes_back_is_an_error_in_words(tmp_path, step, kind, words):
    with recorded(tmp_path, step) as server, pytest.raises(EndpointError) as caught:
        ask(server.url)
    assert type(caught.value) is kind
    assert words in str(caught.value)
    assert str(caught.value).startswith(server.url)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "step",
    [
        {"silent": True},
        {"trickle": "HTTP/1.1 200 OK\r\n" + "X: y\r\n" * 50, "every_s": 0.05},  # outlasts any limit of a single wait
        {"trickle": "HTTP/1.1 200 OK\r\n\r\n" + " " * 1000, "every_s": 0.05},
    ],
)
def test_the_time_limit_is_for_the_whole(tmp_path, step):
    with recorded(tmp_path, step) as server, pytest.raises(EndpointTimeout, match=r"no answer within 0.5 s"):
        ask(server.url, SHORT)


@pytest.mark.parametrize(("header", "pause_s"), [("7", 7.0), ("9999", 60.0), ("-1", 0.0), ("nan", 0.0), ("Wed", 0.0)])
def test_it_is_left_alone_for_as_long_as_it_says(tmp_path, header, pause_s):
    step = {"status": 429, "headers": {"Retry-After": header}, "answer": {}}
    with recorded(tmp_path, step) as server, pytest.raises(EndpointRefusal, match="too many requests") as caught:
        ask(server.url)
    assert caught.value.retry_in_s == pause_s


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(EndpointUnavailable, match="nothing listens there; is the server running"):
        ask(f"http://127.0.0.1:{port}")


def test_closing_ends_what_is_under_way_and_what_would_come(tmp_path):
    with recorded(tmp_path, {"silent": True}) as server:
        endpoint = Endpoint(server.url, "m", LONG)
        caught = []

        def wait():
            try:
                endpoint.ask(HELLO, Wish(5))
            except EndpointError as error:
                caught.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        while not server.requests:
            time.sleep(0.005)
        endpoint.close()
        thread.join(10)
        assert not thread.is_alive()
        assert isinstance(caught[0], EndpointUnavailable)
        with pytest.raises(EndpointUnavailable):
            endpoint.ask(HELLO, Wish(5))


def test_a_key_that_anyone_could_read_is_warned_of(caplog):
    Endpoint("http://gpu:8000", "m", LONG, Access(ApiKey("sk-very-secret")))
    assert "the API key is sent unencrypted; use https://" in caplog.text
    assert "sk-very-secret" not in caplog.text


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "cert.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subprocess.run(
        ["openssl", "req", *options, "-keyout", key, "-out", certificate, *names], check=True, capture_output=True
    )
    return key, certificate


@contextlib.contextmanager
def encrypted(certificate):
    """Answer one request over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    body = b'{"choices": [{"message": {"content": "hi"}}]}'
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            with (
                contextlib.suppress(OSError),
                listener.accept()[0] as plain,
                context.wrap_socket(plain, server_side=True) as opened,
            ):
                opened.recv(65536)
                opened.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                opened.recv(65536)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"https://localhost:{listener.getsockname()[1]}"
        thread.join(10)


@pytest.mark.skipif(not os.path.exists("/usr/bin/openssl"), reason="makes its certificate with openssl")
def test_an_encrypted_endpoint_must_be_trusted(certificate):
    with encrypted(certificate) as url:
        assert ask(url, access=Access(ca_file=str(certificate[1]))).text == "hi"
    with (
        encrypted(certificate) as url,
        pytest.raises(EndpointUnavailable, match=r"not trusted.*name yours with ca_file"),
    ):
        ask(url)


def test_a_proxy_is_asked_for_a_way_through(tmp_path, monkeypatch):
    with recorded(tmp_path, says("hi")) as server:
        monkeypatch.setenv("http_proxy", f"http://anna:pw@127.0.0.1:{server.url.rpartition(':')[2].partition('/')[0]}")
        assert ask("http://far-away:8000/v1").text == "hi"
        (request,) = server.requests
    assert request["path"] == "http://far-away:8000/v1/chat/completions"
    assert request["headers"]["host"] == "far-away:8000"
    assert request["headers"]["proxy-authorization"] == "Basic YW5uYTpwdw=="


def test_a_proxy_that_refuses_is_named(tmp_path, monkeypatch):
    with recorded(tmp_path, {"status": 403, "answer": {}}) as server:
        port = server.url.rpartition(":")[2].partition("/")[0]
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        with pytest.raises(EndpointUnavailable, match=f"the proxy 127.0.0.1:{port} answered 403"):
            ask("https://far-away/v1")
        assert server.requests[0]["path"] == "far-away:443"


PIECES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 200\r\n",
        b"HTTP/9.9 9999 x\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: x\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Encoding: gzip\r\n",
        b"Retry-After: 1e999\r\n",
        b"\r\n",
        b'5\r\n{"a":\r\n',
        b"zz\r\n",
        b"0\r\n\r\n",
        b'{"choices": [{"message": {"content": "hi"}}]}',
    ]
)


@pytest.fixture(scope="module")
def parrot():
    """A server that answers with whatever it is told to."""
    said = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    with listener.accept()[0] as opened:
                        opened.recv(65536)
                        opened.sendall(said[-1])

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", said
        listener.shutdown(socket.SHUT_RDWR)


@given(st.lists(PIECES | st.binary(max_size=30), max_size=8))
def test_whatever_bytes_come_back_only_these_errors_come_out(parrot, pieces):
    url, said = parrot
    said.append(b"".join(pieces))
    with contextlib.suppress(EndpointError):
        assert isinstance(ask(url).text, str)
