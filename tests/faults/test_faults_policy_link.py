"""Rows A of the fault table: a server that misbehaves over a real socket.

Each asserts what reached the plan, what a person reads, and that the link recovers by itself.
"""

from __future__ import annotations

import struct
import threading
import traceback
import tracemalloc
from contextlib import contextmanager

import msgpack
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from bt_robot.arm.so101 import LIMITS, REST
from bt_robot.errors import PolicyRefused
from bt_robot.messages import Frame, Observation
from bt_robot.policy.dialect.profile import load_profile
from bt_robot.policy.link.worker import Worker
from bt_robot.policy.wire.msgpack_numpy import pack
from tests.faults.link_kit import HASTY_S, METADATA, PICTURE, WAIT_S, FaultyServer, Rig, changed, good, put


@pytest.fixture
def server():
    server = FaultyServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def rig(server):
    rig = Rig(server.url)
    yield rig
    rig.worker.close()


@pytest.fixture
def hasty_rig(server):
    rig = Rig(server.url, inference_s=HASTY_S)
    yield rig
    rig.worker.close()


FAULTS = {
    "closes with 1011": (
        lambda client, _: client.close(1011, "out of\x1b memory"),
        "connection to URL lost: the server closed it with code 1011: out of\\x1b memory",
    ),
    "vanishes": (lambda client, _: client.close_socket(), "connection to URL lost: the server is gone"),
    "text with terminal codes": (
        lambda client, _: client.send("\x1b]0;owned\x07\nline\r\n<script>\u202e"),
        "the policy server reports: \\x1b]0;owned\\x07 … <script>\\u202e",
    ),
    "garbage": (lambda client, _: client.send(b"\xc1\x00\xff"), "not msgpack: FormatError"),
    "truncated": (
        lambda client, request: client.send(pack(good(request))[:-7]),
        "not msgpack: Unpack failed: incomplete input",
    ),
    "object dtype": (
        lambda client, _: client.send(
            msgpack.packb({"actions": {b"__ndarray__": True, b"data": b"\1" * 8, b"dtype": "|O", b"shape": [1]}})
        ),
        "dtype '|O' is not allowed",
    ),
    "NaN": (changed(lambda a: put(a, np.nan)), "the actions hold nan at step 3, joint 0; all must be finite"),
    "infinity": (changed(lambda a: put(a, np.inf)), "the actions hold inf at step 3, joint 0; all must be finite"),
    "half-precision overflow": (
        changed(lambda a: put(a.astype(np.float16), np.float16(np.inf))),
        "the actions hold inf at step 3, joint 0; all must be finite",
    ),
    "wrong shape": (
        changed(lambda a: np.hstack([a, a[:, :1]])),
        "the actions have shape (50, 7), expected (50, 6) (horizon, joints): wrong model or profile",
    ),
    "wrong horizon": (
        changed(lambda a: a[:10]),
        "the actions have shape (10, 6), expected (50, 6) (horizon, joints): wrong model or profile",
    ),
    "huge numbers": (
        changed(lambda a: put(a, 1e30)),
        "action 3 puts shoulder_pan at 1.75e+28, outside -1.92 … 1.92: wrong units?",
    ),
    "radians for degrees": (
        changed(np.deg2rad),
        "the first action moves shoulder_lift by 1.57 rad from where it is, at most 0.6 are allowed: "
        "wrong units, joint order or action kind?",
    ),
    "5 MB": (lambda client, _: client.send(b"\0" * 5_000_000), "the reply of URL is larger than 4 MB"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_bad_answer_never_reaches_the_plan_is_told_and_recovered_from(server, rig, name):
    fault, words = FAULTS[name]
    assert rig.exchange()
    before = rig.plan.remaining(rig.step)
    server.todo.put(fault)
    assert not rig.exchange()
    np.testing.assert_array_equal(rig.plan.remaining(rig.step), before)
    state = rig.worker.state
    assert not state.available
    assert state.errors == 1
    assert rig.words == words.replace("URL", server.url)
    assert state.reason.isprintable()
    assert rig.exchange()
    assert rig.worker.state.available
    assert rig.worker.state.reason == ""


def test_a_server_that_hangs_is_a_time_out_and_the_next_request_is_answered(server, hasty_rig):
    server.todo.put(server.hang)
    assert not hasty_rig.exchange()
    assert hasty_rig.words == f"no answer from {server.url} within 1 s"
    assert hasty_rig.exchange()
    assert hasty_rig.worker.state.reconnects == 1


def test_200_mb_are_refused_before_anything_is_allocated_for_them(server, rig):
    def declare(client, _):
        client.socket.sendall(b"\x82\x7f" + struct.pack(">Q", 200_000_000) + b"\0" * 1000)
        server.over.wait(WAIT_S)

    server.todo.put(declare)
    tracemalloc.start()
    assert not rig.exchange()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000
    assert rig.words == f"the reply of {server.url} is larger than 4 MB"
    assert rig.exchange()


def test_a_late_answer_is_never_taken_for_the_next_one(server, hasty_rig):
    def late(client, request):
        server.over.wait(WAIT_S)
        actions = good(request)["actions"].copy()
        actions[:, 5] = 99.0
        client.send(pack({"actions": actions}))

    server.todo.put(late)
    assert not hasty_rig.exchange()
    server.over.set()
    for _ in range(3):
        assert hasty_rig.exchange()
        np.testing.assert_allclose(hasty_rig.plan.remaining(hasty_rig.step), np.tile(REST, (50, 1)), atol=1e-5)


def test_an_answer_that_comes_after_an_epoch_ended_never_reaches_the_plan(server, rig):
    held = threading.Event()

    def slow(client, request):
        held.wait(WAIT_S)
        client.send(pack(good(request)))

    server.todo.put(slow)
    rig.step += 1
    assert rig.worker.offer(rig.seen(), "go")
    rig.worker.new_epoch()
    held.set()
    assert rig.worker.wait(WAIT_S)
    assert rig.worker.poll(rig.step * 5.0) is None
    assert rig.worker.state.dropped == 1
    assert rig.exchange()


def test_a_server_that_goes_and_comes_back_on_its_port_is_used_again(server, rig):
    assert rig.exchange()
    server.stop()
    for tries in (1, 2, 3):
        assert not rig.exchange()
        assert rig.worker.state.errors == tries
    assert rig.words == f"no policy server at {server.url}: connection refused; is it running, and is the port right?"
    server.start()
    assert rig.exchange()
    assert rig.worker.state.available
    assert rig.worker.state.reconnects == 1


def test_an_idle_server_that_hung_up_is_connected_to_again_without_a_failure(server, rig):
    hung_up = threading.Event()

    def answer_and_leave(client, request):
        client.send(pack(good(request)))
        client.close()
        hung_up.set()

    server.todo.put(answer_and_leave)
    assert rig.exchange()
    assert hung_up.wait(WAIT_S)
    assert rig.exchange()
    assert rig.worker.state.errors == 0
    assert rig.worker.state.reconnects == 1


def test_another_server_on_the_port_is_refused_until_the_right_one_is_back(server, rig):
    server.stop()
    assert not rig.exchange()
    server.metadata = {"server": "another\x1b[2J"}
    server.start()
    assert not rig.exchange()
    assert rig.words == "the server announces server: 'another\\x1b[2J', expected 'bt_robot standin'"
    server.stop()
    server.metadata = METADATA
    server.start()
    assert not rig.worker.state.available
    assert rig.exchange()


def test_a_server_that_was_never_there_refuses_the_start_with_its_url(server):
    server.stop()
    with pytest.raises(PolicyRefused) as refused:
        Rig(server.url)
    assert str(refused.value) == (
        f"no policy server at {server.url}: connection refused; is it running, and is the port right?"
    )


def test_a_server_that_answers_nonsense_refuses_the_start_with_its_url(server):
    server.todo.put(changed(lambda a: a[:10]))
    with pytest.raises(PolicyRefused) as refused:
        Rig(server.url)
    assert str(refused.value) == (
        f"{server.url}: the actions have shape (10, 6), expected (50, 6) (horizon, joints): wrong model or profile"
    )


# A server that does what openpi's WebsocketPolicyServer does, with a codec of its own (policy-wire.md 1.1 and 1.2).


def openpi_pack(value):
    def plain(item):
        if isinstance(item, np.ndarray):
            return {b"__ndarray__": True, b"data": item.tobytes(), b"dtype": item.dtype.str, b"shape": item.shape}
        return item

    return msgpack.packb(value, default=plain)


def openpi_unpack(data):
    def array(item):
        if b"__ndarray__" in item:
            return np.ndarray(buffer=item[b"data"], dtype=np.dtype(item[b"dtype"]), shape=item[b"shape"])
        return item

    return msgpack.unpackb(data, object_hook=array)


@contextmanager
def openpi_server(infer, seen):
    def handler(websocket):
        websocket.send(openpi_pack({}))
        previous_ms = None
        while True:
            try:
                obs = openpi_unpack(websocket.recv())
                seen.append(obs)
                action = infer(obs)
                action["server_timing"] = {"infer_ms": 12.5}
                if previous_ms is not None:
                    action["server_timing"]["prev_total_ms"] = previous_ms
                websocket.send(openpi_pack(action))
                previous_ms = 99.0
            except ConnectionClosed:
                return
            except Exception:  # noqa: BLE001 (as openpi does it)
                websocket.send(traceback.format_exc())
                websocket.close(1011, "Internal server error. Traceback included in previous frame.")
                return

    with serve(handler, "127.0.0.1", 0, compression=None, max_size=None) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join(WAIT_S)


def test_a_plain_openpi_server_is_spoken_to_in_its_own_bytes():
    def infer(obs):
        if obs["prompt"] == "fail":
            raise ValueError("Prompt is required")
        actions = np.tile(obs["observation.state"].astype(np.float64), (50, 1))
        actions[:, 0] += np.arange(50) * 0.1  # degrees
        return {"actions": actions, "state": obs["observation.state"], "policy_timing": {"infer_ms": 11.0}}

    seen = []
    with openpi_server(infer, seen) as url:
        worker = Worker(load_profile("so101_degrees"), (url,), LIMITS)
        observation = Observation(0, 0.0, REST, {n: Frame(n, 0.0, lambda: PICTURE) for n in ("front", "wrist")})
        worker.start(observation, "pick up the red block")
        assert worker.offer(observation, "pick up the red block")
        assert worker.wait(WAIT_S)
        chunk = worker.poll(0.0)
        np.testing.assert_allclose(chunk.actions[49, 0], REST[0] + np.deg2rad(4.9), atol=1e-6)
        assert chunk.parts.server_s == 0.0125
        assert worker.offer(observation, "fail")
        assert worker.wait(WAIT_S)
        assert worker.poll(1.0) is None
        assert worker.state.reason == "the policy server reports: ValueError: Prompt is required"
        assert worker.offer(observation.__class__(1, 2.0, REST, observation.frames), "pick up the red block")
        assert worker.wait(WAIT_S)
        assert worker.poll(2.0) is not None
        worker.close()
    first = seen[0]
    assert list(first) == ["observation.images.front", "observation.images.wrist", "observation.state", "prompt"]
    assert first["observation.images.front"].dtype == np.uint8
    assert first["observation.state"].dtype == np.float32
    assert first["prompt"] == "pick up the red block"
    # What we sent is what openpi_client's packer would have sent for the same observation, byte for byte.
    assert pack(first) == openpi_pack(first)
