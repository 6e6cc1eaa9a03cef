"""The server as a client meets it, over a real socket."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import msgpack
import pytest

from bt_robot.errors import UsageError
from bt_robot.messages import NodeInfo, NodeState, Status
from bt_robot.telemetry.groot2.codes import read_transitions
from bt_robot.telemetry.groot2.hooks import Hooks
from bt_robot.telemetry.groot2.server import SILENT_S, Groot2Server
from tests.telemetry.groot2_kit import Client, free_port

LAYOUT = (
    NodeInfo("t", "sequence", "t", 0, -1, "composite"),
    NodeInfo("t/a", "wait", "a", 1, 0, "action"),
)
RUNNING = tuple(NodeState(Status.RUNNING, ticked=True) for _ in LAYOUT)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def hooks():
    return Hooks()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def server(hooks, clock):
    port = free_port()
    board = {"t": {"speed": 0.5, "goal": (0.1, 0.2)}, "t/a": {"seen": True}, "t/b": {"many": 2**70, "cut": "\ud800"}}
    server = Groot2Server(lambda layout: f"<root n='{len(layout)}'/>", hooks, lambda: board, port=port, clock=clock)
    server.port = port
    yield server
    server.close()


@pytest.fixture
def client(server):
    client = Client(server.port)
    yield client
    client.context.destroy(linger=0)


@pytest.fixture
def show(server, record, client):
    """A function that publishes a tick and waits until the server has seen it."""

    def publish(states=RUNNING, step=0, layout=LAYOUT):
        server.publish(replace(record(step), nodes=states, layout=layout))
        until(lambda: server._now_us == round(1e6 * step / 30) and server._layout is layout)

    return publish


def until(condition):
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came true")


def test_the_tree_and_its_statuses(client, show):
    with pytest.raises(AssertionError, match="no tick was made yet"):
        client.ask("T")
    show()
    assert client.ask("T") == b"<root n='2'/>"
    assert client.ask("S") == bytes.fromhex("010001 020001")
    show((RUNNING[0], NodeState(Status.SUCCESS, ticked=True)), 1)
    assert client.ask("S") == bytes.fromhex("010001 020002")


def test_an_edited_tree_is_another_one(client, show, hooks):
    show()
    client.ask("T")
    before = client.tree_id
    client.ask("I", {"enabled": True, "uid": 2, "mode": 0, "once": False, "desired_status": "", "position": 0})
    edited = (*LAYOUT, NodeInfo("t/b", "wait", "b", 1, 0, "action"))
    show((*RUNNING, NodeState(Status.IDLE)), 1, edited)
    assert client.ask("T") == b"<root n='3'/>"
    assert client.tree_id != before
    assert hooks.dump() == []


def test_a_tree_with_another_prompt_is_the_same_one(client, show, hooks):
    show()
    client.ask("T")
    before = client.tree_id
    hook = {"enabled": True, "uid": 2, "mode": 0, "once": False, "desired_status": "SKIPPED", "position": 0}
    client.ask("I", hook)
    assert hooks.before(2) is Status.RUNNING
    show(step=1, layout=(LAYOUT[0], replace(LAYOUT[1], prompt="another one")))
    assert client.ask("S") == bytes.fromhex("010001 020001")
    assert client.tree_id == before
    assert hooks.dump() == [hook]
    assert hooks.holding


def test_the_blackboard_by_scope(client, show):
    show()
    assert msgpack.unpackb(client.ask("B", b"t;nowhere")) == {"t": {"speed": 0.5, "goal": [0.1, 0.2]}}


def test_a_value_that_the_encoding_has_no_way_to_tell_does_not_cost_the_others(client, show):
    show()
    told = msgpack.unpackb(client.ask("B", b"t/a;t/b"))
    assert told == {"t/a": {"seen": True}, "t/b": {"many": str(2**70), "cut": "?"}}


def test_transitions_are_told_from_the_start_of_the_recording(client, show):
    show(step=3)
    assert client.ask("t") == b""
    assert int(client.ask("r", b"start")) > 1.7e15
    show((RUNNING[0], NodeState(Status.SUCCESS, ticked=True)), 6)
    (transition,) = read_transitions(client.ask("t"))
    assert (transition.time_us, transition.uid, transition.code) == (100_000, 2, 2)
    assert client.ask("t") == b""
    assert client.ask("r", b"stop") is None
    show(step=7)
    assert client.ask("t") == b""


def test_a_breakpoint_is_set_reached_and_let_go(client, show, hooks):
    show()
    hook = {"enabled": True, "uid": 2, "mode": 0, "once": False, "desired_status": "SKIPPED", "position": 0}
    assert client.ask("I", [hook]) is None
    assert json.loads(client.ask("D")) == [hook]
    assert hooks.before(2) is Status.RUNNING
    assert client.news.poll(10_000)
    assert client.news.recv_multipart() == [b"\x02N\0\0\0\0", b"2"]
    client.ask("U", {"uid": 2, "position": 0, "desired_status": "FAILURE", "remove_when_done": True})
    assert hooks.before(2) is Status.FAILURE
    assert json.loads(client.ask("D")) == []


def test_hooks_are_removed_and_disabled(client, show, hooks):
    show()
    hook = {"enabled": True, "uid": 2, "mode": 1, "once": False, "desired_status": "SUCCESS", "position": 0}
    client.ask("I", hook)
    client.ask("X")
    assert json.loads(client.ask("D"))[0]["enabled"] is False
    client.ask("R", {"uid": 2, "position": 0})
    with pytest.raises(AssertionError, match="node 2 has no such hook"):
        client.ask("R", {"uid": 2, "position": 0})
    client.ask("I", hook)
    client.ask("A")
    assert json.loads(client.ask("D")) == []


def test_hooks_work_only_while_somebody_is_there(client, show, hooks, clock):
    show()
    hook = {"enabled": True, "uid": 2, "mode": 0, "once": False, "desired_status": "", "position": 0}
    client.ask("I", hook)
    assert hooks.before(2) is Status.RUNNING
    clock.now_s += SILENT_S
    until(lambda: not hooks.heeded)
    assert hooks.before(2) is None
    client.ask("S")
    until(lambda: hooks.heeded)
    assert hooks.before(2) is Status.RUNNING


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([b"hello"], "wrong request size"),
        ([b"\x02Z\0\0\0\0"], "unknown request type"),
        ([b"\x02I\0\0\0\0"], "not JSON"),
        ([b"\x02I\0\0\0\0", b'{"uid": 3}'], "'mode'"),
        ([b"\x02r\0\0\0\0", b"maybe"], "'start' or 'stop'"),
    ],
)
def test_what_can_not_be_answered_is_refused_and_the_next_request_is_answered(client, show, parts, words):
    show()
    assert client.ask_raw(*parts)[0] == b"error"
    assert words.encode() in client.ask_raw(*parts)[1]
    assert client.ask("S")


def test_a_hook_for_a_node_that_is_not_there_is_refused(client, show):
    show()
    hook = {"enabled": True, "uid": 3, "mode": 0, "once": False, "desired_status": "", "position": 0}
    with pytest.raises(AssertionError, match="no node 3; the tree has the nodes 1 to 2"):
        client.ask("I", hook)


def test_it_listens_on_loopback_only(server):
    import psutil

    listening = {
        connection.laddr.ip
        for connection in psutil.Process().net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port in (server.port, server.port + 1)
    }
    assert listening == {"127.0.0.1"}


def test_a_port_that_is_taken_is_told_with_another_one(server, hooks):
    with pytest.raises(UsageError, match=f"can't be listened on.*try another port, e.g. --groot2 {server.port + 10}"):
        Groot2Server(lambda layout: "", hooks, port=server.port)


def test_closing_lets_go_of_what_holds(server, client, show, hooks):
    show()
    client.ask("I", {"enabled": True, "uid": 2, "mode": 0, "once": False, "desired_status": "", "position": 0})
    assert hooks.before(2) is Status.RUNNING
    server.close()
    assert hooks.before(2) is None
