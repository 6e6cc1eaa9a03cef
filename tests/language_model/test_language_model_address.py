"""Where a chat endpoint is, and which proxy leads there."""

import pytest

from bt_robot.language_model.address import Address, Proxy, proxy_for


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://gpu:8000", "http://gpu:8000/v1"),
        ("http://gpu:8000/", "http://gpu:8000/v1"),
        ("http://gpu:8000/v1", "http://gpu:8000/v1"),
        ("http://gpu:8000/v1/", "http://gpu:8000/v1"),
        ("http://gpu:8000/v1/chat/completions", "http://gpu:8000/v1"),
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("https://host/some/where", "https://host/some/where"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_a_url_is_understood_as_people_write_it(url, shown):
    assert str(Address.parse(url)) == shown


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://host", "host:443"),
        ("http://gpu", "gpu:80"),
        ("https://host:8080", "host:8080"),
        ("https://[2001:db8::1]", "[2001:db8::1]:443"),
    ],
)
def test_a_proxy_is_told_the_port_always(url, place):
    assert Address.parse(url).place == place


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("gpu:8000", "is no http address; expected http://host:8000/v1 (try http://gpu:8000)"),
        ("ws://gpu:8000", "(try http://gpu:8000)"),
        ("http://", "has no host, or a port that is none"),
        ("http://gpu:0", "has no host, or a port that is none"),
        ("http://gpu:99999", "has no host, or a port that is none"),
        ("http://[gpu", "has no host, or a port that is none"),
        ("http://anna:secret@gpu", "holds a password, which would end up in logs; use api_key_env instead"),
        ("http://gpu/v1?key=1", "has a query"),
        ("http://g pu", "holds a space"),
        ("http://gpu/\r\nX: 1", "holds a space, or a letter that no URL can"),
    ],
)
def test_what_is_no_address_is_refused_in_words(url, words):
    with pytest.raises(ValueError, match="url") as caught:
        Address.parse(url)
    assert words in str(caught.value)


def test_a_password_in_a_url_is_not_told():
    with pytest.raises(ValueError, match="password") as caught:
        Address.parse("http://anna:secret@gpu")
    assert "secret" not in str(caught.value)


def test_the_environments_proxy_is_for_other_machines_only():
    proxies = {"http": "http://proxy:3128", "https": "http://anna:se%20cret@proxy"}
    assert proxy_for(Address.parse("http://gpu"), proxies) == Proxy("proxy", 3128)
    assert proxy_for(Address.parse("https://host"), proxies) == Proxy("proxy", 8080, "anna:se cret")
    assert proxy_for(Address.parse("http://127.0.0.1:8000"), proxies) is None
    assert proxy_for(Address.parse("http://localhost:8000"), proxies) is None
    assert proxy_for(Address.parse("http://gpu"), {}) is None


def test_no_proxy_is_heeded(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "gpu,other")
    assert proxy_for(Address.parse("http://gpu:8000")) is None
    assert proxy_for(Address.parse("http://elsewhere:8000")) == Proxy("proxy", 3128)


def test_a_proxy_of_another_kind_is_refused():
    with pytest.raises(ValueError, match=r"no http:// proxy; set no_proxy"):
        proxy_for(Address.parse("http://gpu"), {"http": "socks5://proxy"})
