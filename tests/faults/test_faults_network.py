"""Rows A of the fault table: what the network, the clock and the server's life do, over real sockets.

Each asserts what reached the plan, what a person reads, and the state after recovery.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from websockets.asyncio.server import serve

from bt_robot.arm.so101 import LIMITS, REST
from bt_robot.errors import PolicyRefused
from bt_robot.policy.connection.base import Timeouts
from bt_robot.policy.link.worker import Worker
from bt_robot.policy.wire.msgpack_numpy import pack, unpack
from tests.faults.link_kit import HASTY_S, METADATA, PROFILE, WAIT_S, FaultyServer, Rig, good
from tests.faults.proxy import Proxy, cut_in_the_middle, dripping, duplicated
from tests.policy.policy_kit import eventually

TEXT, BINARY, PING, PONG, CLOSE = 0x1, 0x2, 0x9, 0xA, 0x8
ECHOING = {**METADATA, "echoes": ["request_id"]}


@pytest.fixture
def servers():
    started = []

    def start(metadata=METADATA):
        server = FaultyServer()
        server.metadata = metadata
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def server(servers):
    return servers()


@pytest.fixture
def proxy(server):
    proxy = Proxy(server.port)
    yield proxy
    proxy.close()


@pytest.fixture
def drive():
    rigs = []

    def build(*urls, **settings):
        rigs.append(Rig(*urls, **settings))
        return rigs[-1]

    yield build
    for rig in rigs:
        rig.worker.close()


def is_unharmed(rig, before):
    """Whether nothing was added to the plan."""
    return np.array_equal(rig.plan.remaining(rig.step), before)


def holds_where_it_is(rig):
    """Whether the plan is the answer to the rig's own observation."""
    return np.allclose(rig.plan.remaining(rig.step), rig.joints, atol=1e-5)


def test_a1_a_server_that_comes_up_late_is_waited_for_and_told_at_once(servers, caplog):
    server = FaultyServer()
    server.start()
    server.stop()  # its port is free now
    slept_s = []

    def sleep(time_s):
        slept_s.append(time_s)
        assert not worker.offer(rig_seen, "go"), "nothing may be asked before the start is over"
        if len(slept_s) == 3:
            server.start()

    worker = Worker(PROFILE, (server.url,), LIMITS, Timeouts(start_wait_s=3600.0), sleep=sleep)
    rig_seen = Rig.seen(type("Still", (), {"step": 0, "joints": REST}))
    worker.start(rig_seen, "go")
    worker.close()
    server.stop()
    assert slept_s == [1.0, 2.0, 4.0]
    assert caplog.messages[0].startswith(f"no policy server at {server.url}: connection refused; is it running")
    assert len([text for text in caplog.messages if "trying again in" in text]) == 3


def test_a1_a_server_that_never_comes_refuses_the_start_with_its_url(server):
    server.stop()
    worker = Worker(PROFILE, (server.url,), LIMITS, Timeouts(start_wait_s=5.0), sleep=lambda _: time.sleep(0.0))
    worker._now = iter(range(0, 1000, 3)).__next__  # three seconds pass whenever it looks
    with pytest.raises(PolicyRefused, match=f"^no policy server at {server.url}: connection refused"):
        worker.start(Rig.seen(type("Still", (), {"step": 0, "joints": REST})), "go")
    assert not worker.state.available
    server.start()


def test_a2_a_connection_that_is_reset_mid_run_never_reaches_the_plan_and_is_made_again(server, proxy, drive):
    rig = drive(proxy.url, inference_s=0.6)
    assert rig.exchange()
    before = rig.plan.remaining(rig.step)
    server.todo.put(lambda client, request: proxy.cut())
    assert not rig.exchange()
    assert is_unharmed(rig, before)
    assert rig.words == f"connection to {proxy.url} lost: the server is gone"
    server.todo.put(slow(0.9))  # it may have been restarted, and compile again
    assert rig.exchange()
    assert (rig.worker.state.available, rig.worker.state.reconnects, rig.words) == (True, 1, "")


def test_a2_a_server_that_is_restarted_compiles_again_and_is_given_the_time(server, drive):
    rig = drive(server.url, inference_s=0.6)
    assert rig.exchange()
    server.stop()
    assert not rig.exchange()
    assert rig.words == f"no policy server at {server.url}: connection refused; is it running, and is the port right?"
    server.start()
    server.todo.put(slow(0.9))  # more than a later answer may take
    assert rig.exchange()
    server.todo.put(slow(0.9))
    assert not rig.exchange()
    assert rig.words == f"no answer from {server.url} within 0.6 s"
    assert rig.exchange()


def slow(time_s):
    def answer(client, request):
        time.sleep(time_s)
        client.send(pack(good(request)))

    return answer


def test_a2_a3_the_next_server_of_the_list_takes_over_from_one_that_is_lost_or_hangs(servers, drive, caplog):
    caplog.set_level(logging.WARNING)
    one, two = servers(), servers()
    rig = drive(one.url, two.url, inference_s=HASTY_S)
    assert rig.exchange()
    assert rig.worker.state.url == one.url
    one.todo.put(one.hang)
    assert not rig.exchange()
    assert rig.words == f"no answer from {one.url} within 1 s"
    assert rig.exchange()
    assert rig.worker.state.url == two.url
    assert f"the policy server {two.url} is asked from now on: {one.url} is lost" in caplog.messages
    two.stop()
    assert rig.exchange(), "the loss of an idle server is no failure while another is there"
    assert rig.worker.state.url == one.url
    one.stop()
    assert not rig.exchange()
    refused = "connection refused; is it running, and is the port right?"
    assert rig.words.startswith("no policy server of the list can be used: ")
    for server in (one, two):
        assert f"no policy server at {server.url}: {refused}" in rig.words
    for server in (one, two):
        server.start()
    assert rig.exchange()


def test_a6_an_answer_that_arrives_twice_is_never_taken_for_the_next_one(proxy, drive):
    rig = drive(proxy.url)
    for made, joints in enumerate((REST, REST + 0.05, REST + 0.1), 1):
        rig.joints = joints
        proxy.todo.put(duplicated)
        assert rig.exchange()
        assert holds_where_it_is(rig)
        assert eventually(lambda made=made: rig.worker.state.reconnects == made)
    assert rig.worker.state.errors == 0
    assert rig.worker.state.available


def test_a6_an_answer_to_another_request_is_dropped_with_the_connection(servers, drive):
    server = servers(ECHOING)
    rig = drive(server.url)
    before = rig.plan.remaining(rig.step)
    server.todo.put(lambda client, request: client.send(pack(good(request) | {"request_id": 1})))
    assert not rig.exchange()
    assert is_unharmed(rig, before)
    assert rig.words == "the answer to request 1 came for request 3: out of order, dropped"
    rig.joints = REST + 0.05
    assert rig.exchange()
    assert holds_where_it_is(rig)
    assert rig.worker.state.reconnects == 1


@pytest.mark.parametrize("number", [2.0, True, "3", None, [3], np.arange(3)])
def test_a6_a_number_that_is_none_of_ours_is_no_answer_of_ours(servers, drive, number):
    server = servers(ECHOING)
    rig = drive(server.url)
    server.todo.put(lambda client, request: client.send(pack(good(request) | {"request_id": number})))
    assert rig.exchange() == (number is None)  # which says nothing about the order
    assert rig.worker.state.errors == (number is not None)
    assert rig.exchange()


def test_a6_a_server_that_does_not_announce_it_is_sent_no_number(server, drive):
    seen = []
    rig = drive(server.url)
    server.todo.put(lambda client, request: seen.append(request) or client.send(pack(good(request))))
    assert rig.exchange()
    assert list(seen[0]) == ["observation.images.front", "observation.images.wrist", "observation.state", "prompt"]


def test_a8_an_answer_that_is_cut_off_never_reaches_the_plan(proxy, drive):
    rig = drive(proxy.url)
    assert rig.exchange()
    before = rig.plan.remaining(rig.step)
    proxy.todo.put(cut_in_the_middle)
    assert not rig.exchange()
    assert is_unharmed(rig, before)
    assert rig.words == f"connection to {proxy.url} lost: the server is gone"
    assert rig.exchange()


def test_a8_bytes_that_are_no_websocket_frame_are_a_lost_connection(proxy, drive):
    rig = drive(proxy.url)
    proxy.todo.put(lambda frame: [b"\xff\xff\xff\xff" * 8])
    assert not rig.exchange()
    assert rig.words.startswith(f"connection to {proxy.url} lost: ")
    assert rig.words.isprintable()
    assert rig.exchange()


def test_a18_a_server_restarted_with_another_model_is_refused_until_the_first_is_back(servers, drive):
    server = servers({**METADATA, "model": "pi05_a", "uptime_s": 100})
    profile = replace(PROFILE, volatile_metadata=("uptime_s",))
    rig = drive(server.url, profile=profile)
    assert rig.exchange()
    before = rig.plan.remaining(rig.step)
    server.stop()
    server.metadata = {**METADATA, "model": "pi05_b", "uptime_s": 0}
    server.start()
    for _ in range(2):
        assert not rig.exchange()
        assert "the server announces model: 'pi05_b', at first it was 'pi05_a'" in rig.words
        assert "volatile_metadata" in rig.words
    assert is_unharmed(rig, before[2:]) or is_unharmed(rig, before)
    server.stop()
    server.metadata = {**METADATA, "model": "pi05_a", "uptime_s": 3}
    server.start()
    assert rig.exchange()
    assert (rig.worker.state.available, rig.words) == (True, "")


class BlockedServer:
    """What openpi's server is during an inference: deaf, to pings as well."""

    def __init__(self, blocked_s, **settings):
        self._blocked_s, self._settings = [*blocked_s], settings
        self._loop, self._ready, self._stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(WAIT_S)

    async def _serve(self):
        async with serve(self._converse, "127.0.0.1", 0, compression=None, max_size=None, **self._settings) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            self._ready.set()
            await self._stop.wait()

    async def _converse(self, client):
        await client.send(pack(METADATA))
        async for frame in client:
            if self._blocked_s:
                time.sleep(self._blocked_s.pop(0))  # on the event loop, as openpi does it
            await client.send(pack(good(unpack(frame))))

    def close(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(WAIT_S)
        self._loop.close()


def survives(blocked_s, drive, **settings):
    """Start on a server that is deaf during its first inference; return what we sent besides requests."""
    server = BlockedServer([blocked_s], **settings)
    proxy = Proxy(server.port)
    rig = drive(proxy.url, first_s=blocked_s + WAIT_S, inference_s=WAIT_S)
    assert rig.exchange()
    assert holds_where_it_is(rig)
    state = rig.worker.state
    assert (state.errors, state.reconnects, state.available) == (0, 0, True)
    rig.worker.close()
    sent = proxy.client_opcodes()
    proxy.close()
    server.close()
    assert sent.count(BINARY) == 3  # two to warm up and one
    return set(sent) - {BINARY, CLOSE}


def test_a19_a_first_inference_of_many_ping_times_is_survived_because_no_answer_to_a_ping_is_wanted(drive):
    """The block lasts ten times as long as the server's own ping interval and its limit together."""
    others = survives(1.0, drive, ping_interval=0.05, ping_timeout=0.05)
    assert others <= {PONG}, "we sent pings, which a blocked server leaves unanswered"


@pytest.mark.skipif(not os.environ.get("BT_SOAK"), reason="takes 45 s; make soak")
def test_a19_a_first_inference_of_45_s_is_survived_with_the_settings_openpi_has(drive):
    assert survives(45.0, drive) <= {PONG}


def test_a20_a_half_open_connection_is_noticed_by_the_deadline_and_left_behind(proxy, drive):
    rig = drive(proxy.url, inference_s=0.6, connect_s=0.6)
    assert rig.exchange()
    before = rig.plan.remaining(rig.step)
    proxy.swallow()
    assert not rig.exchange()
    assert rig.words == f"no answer from {proxy.url} within 0.6 s"
    assert not rig.exchange()
    assert rig.words == f"{proxy.url} did not answer within 0.6 s; is a firewall in between, or the server busy?"
    assert is_unharmed(rig, before)
    proxy.restore()
    assert rig.exchange()
    assert (rig.worker.state.available, rig.worker.state.errors) == (True, 2)


def test_a20_a_half_open_connection_does_not_keep_the_link_from_closing(proxy, drive):
    rig = drive(proxy.url)
    proxy.swallow()
    assert rig.worker.offer(rig.seen(), "go")
    thread = rig.worker._thread
    rig.worker.close()
    assert not thread.is_alive()


def test_an_answer_that_drips_in_is_no_answer_in_time(proxy, drive):
    over = threading.Event()
    rig = drive(proxy.url, inference_s=0.6)
    before = rig.plan.remaining(rig.step)
    proxy.todo.put(dripping(over))
    assert not rig.exchange()
    over.set()
    assert rig.words == f"no answer from {proxy.url} within 0.6 s"
    assert is_unharmed(rig, before)
    assert rig.exchange()


def test_a_greeting_that_drips_in_is_a_server_that_does_not_answer(server, proxy):
    over = threading.Event()
    proxy.todo.put(dripping(over))
    worker = Worker(PROFILE, (proxy.url,), LIMITS, Timeouts(connect_s=0.6))
    with pytest.raises(PolicyRefused, match=f"^{proxy.url} opened a websocket, but announced nothing within 0.6 s"):
        worker.start(Rig.seen(type("Still", (), {"step": 0, "joints": REST})), "go")
    over.set()


def test_a21_two_clients_of_one_server_get_their_own_answers(server, drive):
    one, two = drive(server.url), drive(server.url, joints=REST + 0.1)
    wrong = []

    def ask(rig):
        for i in range(20):
            rig.joints = rig.joints + (0.001 if i % 2 else -0.001)
            if not (rig.exchange() and holds_where_it_is(rig)):
                wrong.append((i, rig.words))

    threads = [threading.Thread(target=ask, args=(rig,)) for rig in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert wrong == []
    assert one.worker.state.errors == two.worker.state.errors == 0


def test_a22_a_wall_clock_that_jumps_changes_nothing(server, drive, monkeypatch):
    jumps = iter(range(10**9))
    real = time.time  # noqa: TID251 (it is what jumps here)
    monkeypatch.setattr(time, "time", lambda: real() + (-1) ** next(jumps) * 86_400.0 * 365)
    rig = drive(server.url, inference_s=HASTY_S)
    for _ in range(5):
        assert rig.exchange()
        assert 0.0 <= rig.worker.state.latency_s < HASTY_S
    server.todo.put(server.hang)
    assert not rig.exchange()
    assert rig.words == f"no answer from {server.url} within 1 s"
    assert rig.exchange()
    assert next(jumps) > 0
