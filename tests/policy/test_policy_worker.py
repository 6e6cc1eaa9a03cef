"""The worker: never waits, one request in flight, every failure visible, holds back, and recovers."""

from __future__ import annotations

import queue
import threading
from dataclasses import replace

import numpy as np
import pytest

from bt_robot.arm.so101 import LIMITS
from bt_robot.errors import ChunkRefused, PolicyRefused, PolicyTimeout, PolicyUnavailable, ServerError
from bt_robot.messages import LinkState, PolicyLink
from bt_robot.policy.link.worker import Worker
from tests.policy import policy_kit as kit


@pytest.fixture
def make():
    workers = []

    def build(*script, start=True, **settings):
        policy = kit.ScriptedPolicy(*([kit.still(), kit.still()] if start else []), *script)
        worker = Worker(kit.PROFILE, (policy.url,), LIMITS, policy=policy, **settings)
        workers.append(worker)
        if start:
            worker.start(kit.observation(), "go")
        return worker, policy

    yield build
    for worker in workers:
        worker.close()


def ask(worker, step, prompt="go", now_s=None):
    """Offer, wait for the outcome, and poll it at the offer's time or another."""
    seen = kit.observation(step)
    assert worker.offer(seen, prompt)
    assert worker.wait(kit.WAIT_S)
    return worker.poll(seen.time_s if now_s is None else now_s)


def test_a_worker_is_a_policy_link(make):
    link: PolicyLink = make()[0]
    assert isinstance(link.state, LinkState)


def test_start_connects_and_warms_up_twice_with_a_longer_limit_for_the_first(make):
    worker, policy = make()
    assert policy.connects == 1
    assert [limit for _, limit in policy.asked] == [60.0, 5.0]
    state = worker.state
    assert state.available
    assert (state.requests, state.replies, state.errors) == (2, 2, 0)
    assert state.latency_s is not None


def test_an_answer_becomes_a_chunk_with_its_observation_and_prompt(make):
    worker, _ = make(kit.still())
    chunk = ask(worker, 7)
    assert (chunk.observed_step, chunk.prompt, chunk.epoch) == (7, "go", 0)
    assert chunk.actions.shape == (50, 6)
    assert worker.state.replies == 3
    assert worker.poll(1.0) is None


def test_the_latency_is_from_the_offer_to_the_answer():
    times = iter([0.0, 1.0, 10.0, 10.5, 20.0, 20.3])
    policy = kit.ScriptedPolicy(kit.still(), kit.still(), kit.still())
    worker = Worker(kit.PROFILE, (policy.url,), LIMITS, policy=policy, now=lambda: next(times))
    worker.start(kit.observation(), "go")
    chunk = ask(worker, 1)
    worker.close()
    assert worker.state.latency_s == pytest.approx(0.3)
    assert chunk.latency_s == pytest.approx(0.3)


def test_nothing_waits_while_a_request_is_in_flight(make):
    release = threading.Event()
    worker, policy = make(lambda: release.wait(kit.WAIT_S) and kit.still())
    assert worker.offer(kit.observation(1), "go")
    assert worker.poll(0.1) is None
    assert not worker.offer(kit.observation(2), "go")
    assert worker.state.in_flight
    assert not worker.wait(0.0)
    release.set()
    assert worker.wait(kit.WAIT_S)
    assert worker.poll(0.2).observed_step == 1
    assert len(policy.asked) == 3


def test_before_the_start_nothing_is_taken_and_the_state_says_so(make):
    worker, _ = make(start=False)
    assert not worker.offer(kit.observation(), "go")
    assert worker.state == LinkState(available=False, reason="not started", url="ws://scripted:1")


@pytest.mark.parametrize(
    "error", [PolicyUnavailable("lost"), PolicyTimeout("late"), ServerError("angry"), ChunkRefused("odd")]
)
def test_a_failure_is_counted_and_its_reason_visible_until_the_next_good_answer(make, error):
    worker, _ = make(error, kit.still())
    assert ask(worker, 0) is None
    state = worker.state
    assert not state.available
    assert not state.in_flight
    assert state.errors == 1
    assert state.reason == str(error)
    assert 0.0 < state.retry_in_s <= 0.25
    assert ask(worker, 30) is not None
    state = worker.state
    assert state.available
    assert state.reason == ""
    assert state.retry_in_s is None
    assert state.errors == 1


def test_while_a_new_try_is_under_way_the_reason_stays(make):
    release = threading.Event()
    worker, _ = make(ServerError("angry"), lambda: release.wait(kit.WAIT_S) and kit.still())
    ask(worker, 0)
    assert worker.offer(kit.observation(30), "go")
    assert (worker.state.reason, worker.state.retry_in_s) == ("angry", None)
    release.set()


def test_the_waits_between_tries_double_up_to_four_seconds(make):
    worker, _ = make(*[ServerError("angry")] * 7)
    now_s, failed_s, waits_s = 0.0, None, []
    while len(waits_s) < 6:
        if worker.offer(kit.observation(0, now_s), "go"):
            if failed_s is not None:
                waits_s.append(now_s - failed_s)
            assert worker.wait(kit.WAIT_S)
            worker.poll(now_s)
            failed_s = now_s
        now_s += 0.125
    assert waits_s == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0]


def test_during_the_back_off_offers_are_refused_by_the_runs_clock(make):
    worker, policy = make(ServerError("angry"), kit.still())
    ask(worker, 0, now_s=10.0)
    assert not worker.offer(kit.observation(1, 10.24), "go")
    assert worker.offer(kit.observation(1, 10.25), "go")
    assert worker.wait(kit.WAIT_S)
    assert len(policy.asked) == 4


def test_a_good_answer_ends_the_back_off(make):
    worker, _ = make(ServerError("a"), ServerError("b"), kit.still(), ServerError("c"))
    for step, now_s in ((0, 0.0), (30, 1.0), (60, 2.0), (90, 3.0)):
        ask(worker, step, now_s=now_s)
    assert worker.state.reason == "c"


def test_an_answer_of_an_older_epoch_is_dropped_and_counted(make):
    worker, _ = make(kit.still(), kit.still())
    worker.offer(kit.observation(1), "go")
    worker.new_epoch()
    assert worker.wait(kit.WAIT_S)
    assert worker.poll(0.1) is None
    assert worker.state.dropped == 1
    assert worker.state.available
    assert ask(worker, 2).epoch == 1


def test_an_answer_to_another_prompt_than_the_one_in_force_is_dropped(make):
    worker, _ = make(kit.still(), kit.still())
    worker.offer(kit.observation(1), "go")
    assert not worker.offer(kit.observation(2), "stop")
    assert worker.wait(kit.WAIT_S)
    assert worker.poll(0.1) is None
    assert worker.state.dropped == 1
    assert ask(worker, 3, "stop").prompt == "stop"


def test_the_prompt_in_force_counts_even_when_nothing_is_asked_for_it(make):
    worker, _ = make(kit.still(), kit.still())
    worker.offer(kit.observation(1), "stop")
    worker.follow("go")  # the tree has changed its mind, and its plan is full
    assert worker.wait(kit.WAIT_S)
    assert worker.poll(0.1) is None
    assert worker.state.dropped == 1


def test_a_prompt_that_was_in_force_for_a_moment_costs_no_answer(make):
    worker, _ = make(kit.still())
    worker.offer(kit.observation(1), "go")
    worker.follow("stop")
    worker.follow("go")
    assert worker.wait(kit.WAIT_S)
    assert worker.poll(0.1).prompt == "go"


def test_whatever_happens_to_an_idle_connection_the_thread_lives_on_and_says_so(make):
    worker, policy = make(kit.still())
    broken = iter([RuntimeError("can't start new thread")])
    connect = policy.connect

    def failing(timeout_s):
        for error in broken:
            raise error
        return connect(timeout_s)

    policy.connect = failing
    policy.connected = False
    assert kit.eventually(lambda: worker.see(1.0) or not worker.state.available)
    assert worker.state.reason == "RuntimeError: can't start new thread"
    assert ask(worker, 300).prompt == "go"
    assert worker.state.available


def test_a_server_with_a_memory_begins_the_run_and_every_epoch_with_an_empty_one():
    policy = kit.ScriptedPolicy(*[kit.still()] * 6)
    worker = Worker(replace(kit.PROFILE, protocol="vllm_omni"), (policy.url,), LIMITS, policy=policy)
    worker.start(kit.observation(), "go")
    ask(worker, 1)
    ask(worker, 2)
    worker.new_epoch()
    ask(worker, 3)
    ask(worker, 4, "stop")
    worker.close()
    warm, again, one, two, three, four = [fields["session_id"] for fields, _ in policy.asked]
    assert warm == again
    assert one == two
    assert len({warm, one, three, four}) == 4


def test_a_connection_made_again_is_counted(make):
    worker, policy = make(PolicyUnavailable("lost"), kit.still())
    ask(worker, 0)
    ask(worker, 30)
    assert worker.state.reconnects == 1
    assert policy.connects == 2


def test_another_server_on_the_same_port_is_refused_until_the_right_one_is_back(make):
    worker, policy = make(PolicyUnavailable("lost"), kit.still())
    policy.metadata = [{"server": "other"}, kit.METADATA]
    ask(worker, 0)
    assert ask(worker, 30) is None
    assert "the server announces server: 'other'" in worker.state.reason
    assert ask(worker, 90) is not None


@pytest.mark.parametrize(
    ("script", "metadata", "words"),
    [
        (
            [],
            PolicyUnavailable("no policy server at ws://scripted:1: refused"),
            "no policy server at ws://scripted:1: refused",
        ),
        ([], {"server": "x"}, "ws://scripted:1: the server announces server: 'x', expected 'bt_robot standin'"),
        ([ServerError("no model")], kit.METADATA, "ws://scripted:1: no model"),
        ([kit.still(horizon=10)], kit.METADATA, "ws://scripted:1: the actions have shape (10, 6), expected (50, 6)"),
        (
            [kit.still(), kit.still() + np.array([45.0, 0, 0, 0, 0, 0])],
            kit.METADATA,
            "ws://scripted:1: the first action moves shoulder_pan by 0.79",
        ),
    ],
)
def test_start_refuses_with_the_url_what_was_found_and_what_was_expected(script, metadata, words):
    policy = kit.ScriptedPolicy(*script, metadata=metadata)
    worker = Worker(kit.PROFILE, (policy.url,), LIMITS, policy=policy)
    with pytest.raises(PolicyRefused) as refused:
        worker.start(kit.observation(), "go")
    assert str(refused.value).startswith(words)
    assert not policy.connected
    assert not worker.offer(kit.observation(1), "go")


def test_start_refuses_a_robot_without_the_cameras_the_profile_wants():
    policy = kit.ScriptedPolicy()
    worker = Worker(kit.PROFILE, (policy.url,), LIMITS, policy=policy)
    with pytest.raises(PolicyRefused, match="the profile wants the camera 'front'; the robot has: none"):
        worker.start(kit.observation(cameras=()), "go")


def test_another_robot_than_the_profile_is_for_is_refused_at_once():
    with pytest.raises(PolicyRefused, match="the profile's joints are a, b, the robot's are"):
        Worker(replace(kit.PROFILE, joints=("a", "b")), ("ws://x",), LIMITS)


def test_close_ends_a_request_in_flight_and_the_thread(make):
    waiting = queue.SimpleQueue()
    worker, policy = make()
    policy.tell(lambda: waiting.put(1) or (policy.aborted.wait(kit.WAIT_S) and PolicyUnavailable("aborted")))
    worker.offer(kit.observation(1), "go")
    waiting.get(timeout=kit.WAIT_S)
    thread = worker._thread
    worker.close()
    worker.close()
    assert not thread.is_alive()
    assert worker.state.reason == "closed"
    assert not worker.offer(kit.observation(2), "go")
    assert not policy.connected


def test_a_server_that_dies_while_nothing_is_asked_is_noticed_without_an_offer():
    with kit.served() as url:
        worker = Worker(kit.PROFILE, (url,), LIMITS)
        worker.start(kit.observation(), "go")
        worker.see(1.0)
        assert worker.state.available

    def lost():
        worker.see(2.0)
        return not worker.state.available

    assert kit.eventually(lost)
    state = worker.state
    assert (state.errors, state.in_flight, state.retry_in_s) == (1, False, 0.25)
    assert state.reason.startswith(f"no policy server at {url}: connection refused")
    worker.close()


def test_a_server_that_only_hung_up_is_connected_to_again_without_a_failure(make):
    worker, policy = make(kit.still())
    policy.connected = False
    assert kit.eventually(lambda: worker.state.reconnects == 1)
    worker.see(1.0)
    assert (worker.state.available, worker.state.errors) == (True, 0)
