"""Policy clients of installed packages go by the schemes of their URLs."""

import sys

import pytest

from bt_robot.cli.policy_settings import PolicySettings
from bt_robot.errors import PluginError, PolicyRefused, PolicyTimeout, ServerError, WireError
from bt_robot.plugins.installed import POLICIES
from bt_robot.plugins.policies import openers, scheme_of
from bt_robot.policy.connection.access import Access
from bt_robot.policy.connection.base import Timeouts
from bt_robot.policy.connection.failover import open_servers
from bt_robot.policy.dialect.profile import load_profile

MODULE = "def client(url, access):\n    return (url, access)\n"


def put(installed_package, module=MODULE, name="still"):
    installed_package(entries={POLICIES: {name: "my_parts_e:client"}}, modules={"my_parts_e.py": module})


def test_a_url_of_its_scheme_is_taken(installed_package):
    put(installed_package)
    assert PolicySettings(url=("still://a/b", "ws://c:1")).urls == ("still://a/b", "ws://c:1")
    assert "my_parts_e" not in sys.modules


def test_other_schemes_are_refused_with_those_that_are_known(installed_package):
    put(installed_package)
    with pytest.raises(ValueError, match=r"url 'stil://a' is no websocket address; .* wss://host:port, still://… or"):
        PolicySettings(url="stil://a")
    with pytest.raises(ValueError, match="url holds a password"):
        PolicySettings(url="still://me:secret@a")


def test_only_the_schemes_in_use_are_imported(installed_package):
    put(installed_package, "raise RuntimeError")
    assert openers(["ws://a:1", "standin"]) == {}
    with pytest.raises(
        PluginError, match=r"policy client 'still' comes from plug-in my-parts 1\.2, which could not be"
    ):
        openers(["still://a"])


def test_what_it_leads_to_must_make_clients(installed_package):
    put(installed_package, "client = 3")
    with pytest.raises(PluginError, match="3 can't be called with a URL and an Access to make a client"):
        openers(["still://a"])


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_websockets_stay_what_they_are(installed_package, scheme):
    put(installed_package, "raise RuntimeError", name=scheme)
    assert openers([f"{scheme}://a:1"]) == {}


def test_the_client_gets_the_url_as_it_is_and_the_key(installed_package):
    put(installed_package)
    seen = []

    def opener(url, access):
        seen.append((url, access))
        return type("Client", (), {"url": url})()

    access = Access()
    profile = load_profile("so101_vllm_omni")  # a family that has a path of its own on websockets
    servers = open_servers(profile, ["still://a"], Timeouts(), access, openers={"still": opener})
    assert servers.url == "still://a"
    assert seen == [("still://a", access)]


CLIENT = """
import numpy as np
from bt_robot.errors import PolicyTimeout
from bt_robot.policy.wire.base import Reply


class client:
    lost = connected = False

    def __init__(self, url, access):
        {init}

    def connect(self, timeout_s):
        return {{}}

    def infer(self, fields, timeout_s):
        {infer}

    def close(self):
        pass
"""


@pytest.mark.parametrize(
    ("infer", "kind", "words"),
    [
        (
            "return fields['no_such_key']",
            ServerError,
            "the client of plug-in my-parts 1.2 raised KeyError: 'no_such_key'",
        ),
        ("return [1.0]", WireError, "the client of plug-in my-parts 1.2 answered with a list, no Reply"),
        ("return Reply(np.full((2, 6), np.nan))", WireError, "the actions hold nan at step 0, joint 0"),
        ("return Reply(np.zeros(6))", WireError, "the actions have shape (6,)"),
        ("raise PolicyTimeout('too slow')", PolicyTimeout, "too slow"),
    ],
)
def test_what_a_client_does_wrong_is_a_policy_error_with_its_package(installed_package, infer, kind, words):
    put(installed_package, CLIENT.format(init="pass", infer=infer))
    policy = openers(["still://a"])["still"]("still://a", Access())
    assert (policy.url, policy.connected, policy.lost, policy.connect(1.0)) == ("still://a", False, False, {})
    with pytest.raises(kind) as caught:
        policy.infer({}, 1.0)
    assert words in str(caught.value)
    with pytest.raises(ServerError, match="AttributeError"):
        policy.reset({}, 1.0)


def test_a_client_that_can_not_be_made_is_told_with_its_package(installed_package):
    put(installed_package, CLIENT.format(init="raise OSError('no such host')", infer="pass"))
    with pytest.raises(PolicyRefused, match=r"the client of plug-in my-parts 1\.2 raised OSError: no such host"):
        openers(["still://a"])["still"]("still://a", Access())


def test_the_scheme_is_what_stands_before_the_slashes():
    assert [scheme_of(url) for url in ("ws://a", "a:1", "standin", "x+y://b://c")] == ["ws", "", "", "x+y"]
