"""What every `Policy` promises, run for both protocols against the real stand-in server's socket."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from bt_robot.arm.so101 import LIMITS, REST
from bt_robot.errors import PolicyTimeout, PolicyUnavailable, ServerError
from bt_robot.policy.connection.client import open_policy
from bt_robot.policy.dialect.dialect import Dialect
from bt_robot.policy.dialect.profile import load_profile
from bt_robot.standin.server import JSON_PATH
from tests.policy import policy_kit as kit

DIALECTS = {"openpi": Dialect(kit.PROFILE, LIMITS), "json": Dialect(load_profile("so101_json"), LIMITS)}


class SlowPlanner(kit.StillPlanner):
    """Answers when it is let go."""

    def __init__(self):
        self.called, self.go = threading.Event(), threading.Event()

    def plan(self, front, joints, prompt, horizon):
        self.called.set()
        self.go.wait(kit.WAIT_S)
        return super().plan(front, joints, prompt, horizon)


@pytest.fixture(params=["openpi", "json"])
def protocol(request):
    return request.param


@pytest.fixture
def connect(protocol):
    opened = []

    def build(url):
        policy = open_policy(url + (JSON_PATH if protocol == "json" else ""), protocol)
        opened.append(policy)
        return policy

    yield build
    for policy in opened:
        policy.close()


@pytest.fixture
def policy(connect):
    with kit.served() as url:
        yield connect(url)


def fields(protocol, prompt="go"):
    return DIALECTS[protocol].request(kit.observation(), prompt)


def test_connecting_returns_the_servers_metadata(policy, protocol):
    announced = policy.connect(kit.WAIT_S)
    assert policy.connected
    if protocol == "json":
        assert announced == {}
    else:
        assert (announced["server"], announced["action_horizon"], announced["action_dim"]) == (
            "bt_robot standin",
            50,
            6,
        )


def test_requests_are_answered_one_after_the_other(policy, protocol):
    policy.connect(kit.WAIT_S)
    for _ in range(3):
        reply = policy.infer(fields(protocol), kit.WAIT_S)
        actions = DIALECTS[protocol].actions(reply.actions, REST)
        np.testing.assert_allclose(actions, np.tile(REST, (50, 1)), atol=1e-5)
    assert policy.connected


def test_before_connecting_nothing_can_be_asked(policy, protocol):
    assert not policy.connected
    with pytest.raises(PolicyUnavailable, match=f"not connected to {policy.url}"):
        policy.infer(fields(protocol), 1.0)


def test_an_error_of_the_server_is_told_and_the_next_request_works(policy, protocol):
    policy.connect(kit.WAIT_S)
    with pytest.raises(ServerError, match="the policy server reports: ValueError: unknown prompt 'unknown'"):
        policy.infer(fields(protocol, "unknown"), kit.WAIT_S)
    assert policy.connected == (protocol == "json")  # which goes on after an error; openpi hangs up
    assert not policy.lost
    if protocol == "openpi":
        policy.connect(kit.WAIT_S)
    assert policy.infer(fields(protocol), kit.WAIT_S).actions.shape == (50, 6)


def test_an_answer_that_is_too_late_is_a_time_out_and_never_taken_for_the_next(connect, protocol):
    planner = SlowPlanner()
    with kit.served(planner) as url:
        policy = connect(url)
        policy.connect(kit.WAIT_S)
        with pytest.raises(PolicyTimeout, match=r"no answer from ws://.* within 0\.05 s"):
            policy.infer(fields(protocol), 0.05)
        planner.go.set()
        assert not policy.connected
        policy.connect(kit.WAIT_S)
        other = np.zeros(6)
        request = DIALECTS[protocol].request(kit.observation(joints=other), "go")
        reply = policy.infer(request, kit.WAIT_S)
        np.testing.assert_allclose(DIALECTS[protocol].actions(reply.actions, other)[0], other, atol=1e-5)


def test_abort_from_another_thread_ends_the_wait(connect, protocol):
    planner = SlowPlanner()
    with kit.served(planner) as url:
        policy = connect(url)
        policy.connect(kit.WAIT_S)

        def abort():
            planner.called.wait(kit.WAIT_S)
            policy.abort()

        thread = threading.Thread(target=abort)
        thread.start()
        with pytest.raises(PolicyUnavailable, match=r"connection to ws://.* lost"):
            policy.infer(fields(protocol), kit.WAIT_S)
        thread.join()
        planner.go.set()


def test_a_server_that_is_gone_is_noticed_and_said(connect, protocol):
    with kit.served() as url:
        policy = connect(url)
        policy.connect(kit.WAIT_S)
    assert kit.eventually(lambda: not policy.connected)  # the farewell arrives in a thread of the connection
    with pytest.raises(PolicyUnavailable) as refused:
        policy.connect(kit.WAIT_S)
    assert str(refused.value) == (
        f"no policy server at {policy.url}: connection refused; is it running, and is the port right?"
    )


def test_closing_twice_is_allowed(policy):
    policy.connect(kit.WAIT_S)
    policy.close()
    policy.close()
    assert not policy.connected
