"""The link against each family of servers, as the stand-in plays them over a real socket."""

from __future__ import annotations

import numpy as np
import pytest

from bt_robot.arm.so101 import LIMITS, REST
from bt_robot.errors import PolicyRefused
from bt_robot.policy.connection.base import Timeouts
from bt_robot.policy.dialect.profile import load_profile
from bt_robot.policy.link.worker import Worker
from tests.policy import policy_kit as kit

FAMILIES = {
    "openpi": "standin",
    "roboarena": "so101_roboarena",
    "vllm_omni": "so101_vllm_omni",
    "sglang": "so101_sglang",
    "json": "so101_json",
}
STAYS = ("vllm_omni", "json")
"""Their servers go on answering on the same connection after an error."""


class Link:
    """A worker on a stand-in, asked step by step."""

    def __init__(self, url, name):
        self.profile = load_profile(name)
        self.worker = Worker(self.profile, (url,), LIMITS, Timeouts(kit.WAIT_S, kit.WAIT_S, kit.WAIT_S))
        self.step = 0
        self.worker.start(self.seen(), "go")

    def seen(self):
        return kit.observation(self.step, time_s=self.step * 5.0, cameras=tuple(self.profile.images))

    def ask(self, prompt="go"):
        self.step += 1
        assert self.worker.offer(self.seen(), prompt)
        assert self.worker.wait(kit.WAIT_S)
        return self.worker.poll(self.step * 5.0)


@pytest.fixture(params=FAMILIES)
def family(request):
    return request.param


@pytest.fixture
def open_link():
    links = []

    def build(url, family):
        links.append(Link(url, FAMILIES[family]))
        return links[-1]

    yield build
    for link in links:
        link.worker.close()


def test_the_profile_is_of_its_family(family):
    assert load_profile(FAMILIES[family]).protocol == family


def test_actions_come_at_a_url_without_a_path(family, open_link):
    with kit.served(profile=FAMILIES[family]) as url:
        link = open_link(url, family)
        chunk = link.ask()
        np.testing.assert_allclose(chunk.actions[0], REST, atol=1e-3)
        assert link.worker.state.errors == 0


def test_an_error_keeps_the_connection_where_the_server_keeps_it(family, open_link):
    with kit.served(profile=FAMILIES[family]) as url:
        link = open_link(url, family)
        assert link.ask("unknown") is None
        assert link.worker.state.reason == "the policy server reports: ValueError: unknown prompt 'unknown'"
        assert link.ask() is not None
        assert link.worker.state.reconnects == (0 if family in STAYS else 1)
        assert link.worker.state.available


def test_every_epoch_is_answered(family, open_link):
    with kit.served(profile=FAMILIES[family]) as url:
        link = open_link(url, family)
        for prompt in ("go", "stop", "go"):
            assert link.ask(prompt).prompt == prompt
            link.worker.new_epoch()
            assert link.ask(prompt) is not None
        assert link.worker.state.errors == 0


def test_a_server_that_hangs_up_on_the_silent_is_connected_to_again_without_a_failure(family, open_link):
    with kit.served(profile=FAMILIES[family], idle_s=0.1) as url:
        link = open_link(url, family)
        assert kit.eventually(lambda: link.worker.state.reconnects > 0)
        assert link.ask() is not None
        assert (link.worker.state.errors, link.worker.state.available) == (0, True)


@pytest.mark.parametrize(
    ("served", "profile", "words"),
    [
        ("so101_roboarena", "standin", "the server does not announce 'server', expected 'bt_robot standin'"),
        ("so101_velocity", "standin", "the server announces"),
    ],
)
def test_the_server_of_another_profile_is_refused_before_anything_moves(served, profile, words):
    with kit.served(profile=served) as url:
        with pytest.raises(PolicyRefused) as refused:
            Link(url, profile)
        assert str(refused.value).startswith(f"{url}: {words}")
