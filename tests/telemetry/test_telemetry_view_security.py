"""Who may talk to the view."""

from http import HTTPStatus

import pytest

from bt_robot.telemetry.view.security import HEADERS, Guard, is_loopback, new_token

TOKEN = "correct-horse-battery"
PROTOCOLS = ["bt-robot", f"token.{TOKEN}"]


@pytest.mark.parametrize("host", ["127.0.0.1:8088", "localhost:8088", "LOCALHOST", "[::1]:8088", "localhost.:9000"])
def test_a_view_on_loopback_is_asked_by_its_own_names_on_any_port(host):
    """An ssh tunnel has another port; a foreign page that was rebound to this machine has another name."""
    assert Guard("127.0.0.1").host([host]) is None


@pytest.mark.parametrize(
    "host",
    ["evil.com", "evil.com:8088", "192.168.1.5:8088", "localhost.evil.com", "127.0.0.1.evil.com", "0.0.0.0:8088"],
)
def test_other_names_are_misdirected(host):
    refusal = Guard("127.0.0.1").host([host])
    assert refusal.status == HTTPStatus.MISDIRECTED_REQUEST
    assert refusal.words == f"there is no '{host.partition(':')[0]}' here; open the link that was printed"


@pytest.mark.parametrize(
    "hosts", [[], ["localhost", "evil.com"], [""], ["a@localhost"], ["localhost/evil"], ["localhost:port"], ["[::1"]]
)
def test_what_is_no_host_is_refused(hosts):
    assert Guard("127.0.0.1").host(hosts).status == HTTPStatus.BAD_REQUEST


def test_a_view_for_others_is_asked_by_any_address_but_only_by_its_own_names():
    """DNS rebinding needs a name; an address can't be rebound."""
    guard = Guard("0.0.0.0", TOKEN, names=["robot.lan"])
    assert guard.host(["192.168.1.5:8088"]) is None
    assert guard.host(["[fe80::1]:8088"]) is None
    assert guard.host(["ROBOT.lan:8088"]) is None
    assert guard.host(["evil.com:8088"]).status == HTTPStatus.MISDIRECTED_REQUEST


@pytest.mark.parametrize(
    ("host", "origins", "protocols", "status"),
    [
        ("localhost:1", ["http://localhost:1"], PROTOCOLS, None),
        ("127.0.0.1:1", ["http://127.0.0.1:1"], PROTOCOLS, None),
        ("evil.com:1", ["http://evil.com:1"], PROTOCOLS, HTTPStatus.MISDIRECTED_REQUEST),
        ("localhost:1", ["http://evil.com"], PROTOCOLS, HTTPStatus.FORBIDDEN),
        ("localhost:1", ["http://localhost:2"], PROTOCOLS, HTTPStatus.FORBIDDEN),
        ("localhost:1", ["https://localhost:1"], PROTOCOLS, HTTPStatus.FORBIDDEN),
        ("localhost:1", ["http://127.0.0.1:1"], PROTOCOLS, HTTPStatus.FORBIDDEN),
        ("localhost:1", ["http://localhost:1", "http://evil.com"], PROTOCOLS, HTTPStatus.FORBIDDEN),
        ("localhost:1", ["null"], PROTOCOLS, HTTPStatus.FORBIDDEN),
        ("localhost:1", [], PROTOCOLS, HTTPStatus.FORBIDDEN),
        ("localhost:1", ["http://localhost:1"], ["bt-robot"], HTTPStatus.FORBIDDEN),
        ("localhost:1", ["http://localhost:1"], ["bt-robot", "token."], HTTPStatus.FORBIDDEN),
        ("localhost:1", ["http://localhost:1"], ["bt-robot", f"token.{TOKEN}x"], HTTPStatus.FORBIDDEN),
        ("localhost:1", ["http://localhost:1"], ["bt-robot", TOKEN], HTTPStatus.FORBIDDEN),
        ("localhost:1", ["http://localhost:1"], ["bt-robot", "token.ü"], HTTPStatus.FORBIDDEN),
        ("localhost:1", ["http://localhost:1"], [f"token.{TOKEN}"], HTTPStatus.BAD_REQUEST),
    ],
)
def test_host_origin_and_token_have_to_be_right_together(host, origins, protocols, status):
    refusal = Guard("127.0.0.1", TOKEN).socket([host], origins, protocols)
    assert (refusal and refusal.status) == status


def test_a_view_that_others_can_reach_needs_a_token():
    for host in ("0.0.0.0", "::", "192.168.1.5", "robot.lan"):
        with pytest.raises(ValueError, match="can be reached by others; a view there needs a token"):
            Guard(host)


def test_without_a_token_the_origin_still_counts():
    guard = Guard("127.0.0.1")
    assert guard.socket(["localhost:1"], ["http://localhost:1"], ["bt-robot"]) is None
    assert guard.socket(["localhost:1"], ["http://evil.com"], ["bt-robot"]).status == HTTPStatus.FORBIDDEN


def test_a_refusal_never_tells_the_token():
    guard = Guard("127.0.0.1", TOKEN)
    refusals = [guard.host(["evil"]), guard.socket(["localhost"], ["http://localhost"], ["bt-robot", "token.no"])]
    assert all(TOKEN not in refusal.words for refusal in refusals)


def test_tokens_are_long_and_never_the_same():
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) >= 22 for token in tokens)


def test_what_is_loopback():
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "192.168.1.5", "robot.lan", "localhost.evil.com"))


def test_nothing_is_loaded_from_elsewhere_and_nobody_frames_the_page():
    policy = HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
