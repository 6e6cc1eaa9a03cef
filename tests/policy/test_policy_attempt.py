"""One request from observation to outcome."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bt_robot.arm.so101 import LIMITS, REST
from bt_robot.errors import PolicyTimeout, PolicyUnavailable, ServerError
from bt_robot.messages import Frame
from bt_robot.policy.connection.announced import Announced
from bt_robot.policy.connection.base import Timeouts
from bt_robot.policy.connection.failover import Servers
from bt_robot.policy.dialect.dialect import Dialect
from bt_robot.policy.link.attempt import Asker, Job
from tests.policy import policy_kit as kit


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


def asker(policy, clock=None):
    servers = Servers([policy], Timeouts(first_inference_s=9.0, inference_s=2.0), Announced(kit.PROFILE).admit)
    return Asker(servers, Dialect(kit.PROFILE, LIMITS), clock or Clock())


def job(observation=None):
    return Job(observation or kit.observation(3), "go", 7, 100.0)


def test_a_first_attempt_connects_asks_and_measures():
    clock = Clock()
    policy = kit.ScriptedPolicy(lambda: setattr(clock, "now_s", 100.25) or kit.still())
    outcome = asker(policy, clock).attempt(job())
    assert outcome.connects == 1
    assert outcome.url == policy.url
    assert outcome.reason == ""
    assert outcome.latency_s == 0.25
    np.testing.assert_allclose(outcome.answer.actions, np.tile(REST, (50, 1)), atol=1e-9)
    assert policy.asked[0][1] == 9.0


def test_a_standing_connection_is_used_again():
    policy = kit.ScriptedPolicy(kit.still(), kit.still())
    one = asker(policy)
    one.attempt(job())
    assert one.attempt(job()).connects == 0
    assert policy.connects == 1


def test_a_connection_that_was_lost_meanwhile_is_made_anew_without_a_failure():
    policy = kit.ScriptedPolicy(kit.still(), kit.still())
    one = asker(policy)
    one.attempt(job())
    policy.connected = False
    outcome = one.attempt(job())
    assert outcome.connects == 1
    assert outcome.answer is not None


@pytest.mark.parametrize(
    ("error", "timed_out"), [(ServerError("the policy server reports: x"), False), (PolicyTimeout("no answer"), True)]
)
def test_a_failure_becomes_an_outcome_with_its_reason(error, timed_out):
    outcome = asker(kit.ScriptedPolicy(error)).attempt(job())
    assert outcome.answer is None
    assert outcome.reason == str(error)
    assert outcome.timed_out == timed_out


def test_a_refused_chunk_keeps_the_connection():
    policy = kit.ScriptedPolicy(kit.still(horizon=10), kit.still())
    one = asker(policy)
    assert "expected (50, 6)" in one.attempt(job()).reason
    assert one.attempt(job()).answer is not None
    assert policy.connects == 1


def test_a_picture_that_cannot_be_made_is_a_failure_and_no_end_of_the_thread(caplog):
    def broken():
        raise RuntimeError("no\x1b light")

    seen = kit.observation(3)
    seen = replace(seen, frames={**seen.frames, "front": Frame("front", 0.0, broken)})
    outcome = asker(kit.ScriptedPolicy()).attempt(job(seen))
    assert outcome.reason == "RuntimeError: no\\x1b light"
    assert "the request for step 3 failed" in caplog.text


def test_another_server_on_reconnect_is_refused_and_hung_up():
    policy = kit.ScriptedPolicy(metadata={"server": "other"})
    outcome = asker(policy).attempt(job())
    assert outcome.reason == "the server announces server: 'other', expected 'bt_robot standin'"
    assert not policy.connected
    assert policy.asked == []


def test_a_server_that_hangs_up_in_the_moment_it_is_asked_is_asked_once_more():
    farewell = PolicyUnavailable("closed with code 1000", hung_up=True)
    policy = kit.ScriptedPolicy(kit.still(), farewell, kit.still(), farewell, farewell)
    one = asker(policy)
    one.attempt(job())
    outcome = one.attempt(job())
    assert (outcome.reason, outcome.connects) == ("", 1)
    assert one.attempt(job()).reason == "closed with code 1000"  # but only once


def test_a_connection_that_breaks_is_a_failure_at_once():
    policy = kit.ScriptedPolicy(kit.still(), PolicyUnavailable("reset"), kit.still())
    one = asker(policy)
    one.attempt(job())
    assert one.attempt(job()).reason == "reset"
