"""Answers that become visible by the run's clock, whatever the machine was doing meanwhile."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.arm.so101 import LIMITS
from bt_robot.errors import PolicyTimeout, ServerError, UsageError
from bt_robot.policy.connection.base import Timeouts
from bt_robot.policy.link.simulated import SimulatedLatency
from bt_robot.policy.link.worker import Worker
from tests.policy import policy_kit as kit
from tests.scale import examples

DT_S = 1 / 30


@pytest.fixture
def make():
    links = []

    def build(*script, latency_s=0.1, wait=True):
        policy = kit.ScriptedPolicy(kit.still(), kit.still(), *script)
        worker = Worker(kit.PROFILE, (policy.url,), LIMITS, Timeouts(inference_s=1.0), policy=policy)
        link = SimulatedLatency(worker, latency_s, wait=wait)
        link.start(kit.observation(), "go")
        links.append(link)
        return link

    yield build
    for link in links:
        link.close()


def slow(release, line):
    return lambda: release.wait(kit.WAIT_S) and line


def test_an_answer_is_visible_at_its_time_and_not_a_tick_before(make):
    link = make(kit.still())
    assert link.offer(kit.observation(3), "go")
    assert [link.poll(step * DT_S) is not None for step in range(3, 9)] == [False, False, False, True, False, False]


def test_a_latency_of_three_periods_is_three_ticks_at_every_step(make):
    steps = range(0, 300, 7)
    link = make(*[kit.still()] * len(steps))
    for step in steps:
        assert link.offer(kit.observation(step), "go")
        assert link.poll((step + 2) * DT_S) is None
        assert link.poll((step + 3) * DT_S) is not None


def test_the_latency_is_in_the_runs_time(make):
    link = make(kit.still())
    assert link.state.latency_s is None
    link.offer(kit.observation(3), "go")
    chunk = link.poll(6 * DT_S)
    assert chunk.latency_s == pytest.approx(0.1)
    assert link.state.latency_s == chunk.latency_s
    assert link.state.latency_s == chunk.latency_s


def test_with_wait_the_poll_at_the_due_time_waits_for_the_answer(make):
    release = threading.Event()
    link = make(slow(release, kit.still()))
    link.offer(kit.observation(0), "go")
    timer = threading.Timer(0.05, release.set)
    timer.start()
    assert link.poll(2 * DT_S) is None
    assert link.poll(3 * DT_S) is not None
    timer.join()


def test_without_wait_a_late_answer_is_visible_when_it_is_there(make):
    release = threading.Event()
    link = make(slow(release, kit.still()), wait=False)
    link.offer(kit.observation(0), "go")
    assert link.poll(3 * DT_S) is None
    assert link.state.in_flight
    release.set()
    assert link._worker.wait(kit.WAIT_S)
    assert link.poll(5 * DT_S).latency_s == pytest.approx(5 * DT_S)


@pytest.mark.parametrize("wait", [True, False])
def test_a_failure_too_is_hidden_until_its_time(make, wait):
    link = make(ServerError("angry"), wait=wait)
    link.offer(kit.observation(0), "go")
    assert link._worker.wait(kit.WAIT_S)
    assert link.poll(2 * DT_S) is None
    assert link.state.available
    assert link.state.in_flight
    link.poll(3 * DT_S)
    assert not link.state.available
    assert link.state.reason == "angry"
    assert link.state.latency_s is None


def test_a_time_out_is_visible_after_the_time_limit(make):
    link = make(PolicyTimeout("no answer"), kit.still())
    link.offer(kit.observation(0), "go")
    for step in range(30):
        link.poll(step * DT_S)
        assert link.state.available
    link.poll(1.0)
    assert link.state.reason == "no answer"
    assert link.offer(kit.observation(38), "go")


def test_a_stale_answer_is_dropped_at_its_time(make):
    link = make(kit.still())
    link.offer(kit.observation(0), "go")
    link.new_epoch()
    assert link.poll(3 * DT_S) is None
    assert link.state.dropped == 1
    assert not link.state.in_flight


@pytest.mark.parametrize("latency_s", [-0.1, 1.0, 5.0, float("nan")])
def test_a_latency_at_which_every_request_would_time_out_is_refused(make, latency_s):
    with pytest.raises(UsageError, match=r"expected 0 to less than the 1 s time limit"):
        make(latency_s=latency_s)


@settings(max_examples=examples(15))
@given(st.lists(st.sampled_from(["good", "bad", "stale"]), max_size=6), st.floats(0.0, 0.003))
def test_what_is_visible_when_does_not_depend_on_the_machine(script, delay_s):
    """The same script run twice, once with slow answers, shows the same at every tick."""
    assert _visible(script, 0.0) == _visible(script, delay_s)


def _visible(script, delay_s):
    def answer(line):
        def reply():
            threading.Event().wait(delay_s)
            return ServerError("angry") if line == "bad" else kit.still()

        return reply

    policy = kit.ScriptedPolicy(kit.still(), kit.still(), *[answer(line) for line in script])
    worker = Worker(kit.PROFILE, (policy.url,), LIMITS, Timeouts(inference_s=kit.WAIT_S), policy=policy)
    link = SimulatedLatency(worker, 0.1, wait=True)
    link.start(kit.observation(), "go")
    seen, sent = [], 0
    for step in range(60):
        chunk = link.poll(step * DT_S)
        if sent < len(script) and link.offer(kit.observation(step), "go"):
            if script[sent] == "stale":
                link.new_epoch()
            sent += 1
        seen.append((None if chunk is None else replace(chunk, actions=None, parts=None), link.state))
    link.close()
    return seen
