"""A run as Groot2 sees it: live with a breakpoint, and in the log file that it leaves."""

from __future__ import annotations

import csv
import json
import struct
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import msgpack
import pytest

from bt_robot.cli.groot import LiveTree
from bt_robot.cli.run import main
from bt_robot.messages import Status
from bt_robot.nodes import standard_registry
from bt_robot.telemetry.groot2.codes import read_transitions
from bt_robot.telemetry.groot2.hooks import Hooks
from bt_robot.telemetry.groot2.protocol import HookWish
from bt_robot.tree import build_tree, parse_tree
from bt_robot.tree.engine.hooks import HELD
from tests.telemetry.groot2_kit import Client, free_port
from tests.tree.tree_leaves import ManualContext

TREE = """\
tree: t
root:
  parallel:
    - wait: {name: beside, duration_s: 1}
    - sequence: [{wait: {name: first, duration_s: 0.5}}, {wait: {name: second, duration_s: 0.1}}]
    - set_blackboard: {key: "{speed}", value: 0.5}
"""
BESIDE, SECOND = 2, 5


@pytest.fixture
def tree(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text(TREE)
    return path


class Following:
    """Stands for a server that hears of another tree when it is told to."""

    def __init__(self, hooks):
        self.hooks = hooks
        self.layout = ()

    def publish(self, record):
        self.layout = record.layout

    def hear(self, *, same=False):
        self.hooks.adopt(self.layout, same=same)


WAITS = "tree: t\nroot:\n  sequence: [{wait: {name: a, duration_s: 9}}, {wait: {name: b, duration_s: 9}}]\n"
GATE = "tree: t\nroot:\n  reactive_sequence: [{success: {name: gate}}, {wait: {name: b, duration_s: 9}}]\n"
FIRST = 2


@pytest.fixture
def live():
    """A tree that viewers see, one that may take over, and functions that tell of one, and tick it before."""
    first, second = (build_tree(parse_tree(text, "t.yaml", standard_registry())) for text in (WAITS, GATE))

    def tree_of(layout):
        return None, second if layout is second.nodes else first

    hooks, context = Hooks(), ManualContext()
    live = LiveTree(hooks, tree_of)
    live.server = Following(hooks)

    def tell(tree):
        live.publish(SimpleNamespace(layout=tree.nodes, nodes=tree.states()))
        return tree.states()[FIRST - 1]

    def tick(tree):
        tree.tick(context)
        return tell(tree)

    return SimpleNamespace(first=first, second=second, hooks=hooks, server=live.server, tick=tick, tell=tell)


def test_a_node_goes_on_holding_when_a_person_changes_the_tree_beside_it(live):
    live.tick(live.first)
    live.server.hear()
    live.hooks.insert([HookWish(FIRST, "pre")])
    live.tick(live.first)
    assert live.tick(live.first).reason == HELD
    live.first.take(live.first.change("t/b", "duration_s", "5"))
    assert [live.tick(live.first).reason for _ in range(3)] == [HELD] * 3
    live.server.hear(same=True)
    assert [live.tick(live.first).reason for _ in range(3)] == [HELD] * 3


def test_the_clock_goes_on_when_the_node_that_held_is_halted(live):
    live.tick(live.first)
    live.server.hear()
    live.hooks.insert([HookWish(FIRST, "pre")])
    live.tick(live.first)
    live.tick(live.first)
    assert live.hooks.holding
    live.first.halt()
    live.tell(live.first)
    assert not live.hooks.holding


def test_what_is_answered_for_a_node_is_not_answered_for_one_of_the_edited_tree(live):
    live.tick(live.first)
    live.server.hear()
    live.hooks.insert([HookWish(FIRST, "pre", hold=False, result="FAILURE")])
    live.tick(live.first)
    assert live.tick(live.first).status is Status.FAILURE
    assert [live.tick(live.second).status for _ in range(3)] == [Status.SUCCESS] * 3
    live.server.hear()
    assert live.tick(live.second).status is Status.SUCCESS


def status_of(client, uid):
    data = client.ask("S")
    return dict(zip(range(1, 7), data[2::3], strict=True))[uid]


def until(condition):
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came true")


def test_a_breakpoint_holds_its_node_until_somebody_answers_for_it(tree):
    port = free_port()
    run = [Path(sys.executable).parent / "bt-run", tree, "--config", "fake", "--no-artifacts", "--json"]
    with subprocess.Popen([*run, "--groot2", str(port)], stdout=subprocess.PIPE, text=True) as process:
        try:
            client = Client(port)
            until(lambda: client.ask_raw(b"\x02T\0\0\0\0")[0] != b"error")
            xml = client.ask("T").decode()
            assert 'name="second"' in xml
            assert f'_uid="{SECOND}"' in xml
            hook = {"enabled": True, "uid": SECOND, "mode": 0, "once": False, "desired_status": "", "position": 0}
            client.ask("I", hook)
            assert msgpack.unpackb(client.ask("B", b"t")) == {"t": {"speed": 0.5}}
            assert client.news.poll(20_000)
            assert client.news.recv_multipart()[1] == b"%d" % SECOND
            assert (status_of(client, BESIDE), status_of(client, SECOND)) == (1, 1)
            client.ask("U", {"uid": SECOND, "position": 0, "desired_status": "FAILURE", "remove_when_done": True})
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
            client.context.destroy(linger=0)
    result = json.loads(out)
    assert (result["status"], result["failed_path"], result["reason"]) == ("FAILURE", "t/sequence/second", "forced")


MOVE = "tree: t\nroot:\n  move_to: {joints: [0.5, -1.6, 1.35, 1.2, 0.0487, 0.25], speed: 0.2}\n"


def test_a_motion_goes_on_where_it_was_when_its_breakpoint_is_gone(tmp_path):
    path, port = tmp_path / "t.yaml", free_port()
    path.write_text(MOVE)
    run = [Path(sys.executable).parent / "bt-run", path, "--config", "fake", "--out", tmp_path, "--json"]
    with subprocess.Popen([*run, "--groot2", str(port)], stdout=subprocess.PIPE, text=True) as process:
        try:
            client = Client(port)
            until(lambda: client.ask_raw(b"\x02T\0\0\0\0")[0] != b"error")
            hook = {"enabled": True, "uid": 1, "mode": 0, "once": False, "desired_status": "", "position": 0}
            client.ask("I", hook)
            for _ in range(100):  # longer than the motion takes
                client.ask("S")
                time.sleep(0.03)
            client.ask("A")
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
            client.context.destroy(linger=0)
    result = json.loads(out)
    assert result["status"] == "SUCCESS"
    assert result["hold_ticks"] > 30
    rows = list(csv.DictReader((Path(result["artifacts"]) / "ticks.csv").read_text().splitlines()))
    pan = [float(row["commanded_shoulder_pan"]) for row in rows]
    assert max(abs(b - a) for a, b in pairwise(pan)) < 0.05


def test_a_run_leaves_a_log_that_viewers_open(command, tree, tmp_path):
    done = command(main, tree, "--config", "fake", "--fast", "--out", tmp_path / "runs", "--json")
    data = (Path(done.json["artifacts"]) / "tree.btlog").read_bytes()
    (length,) = struct.unpack_from("<i", data, 19)
    transitions = [(each.uid, each.code) for each in read_transitions(data[31 + length :])]
    assert transitions[:5] == [(1, 1), (2, 1), (3, 1), (4, 1), (6, 2)]
    assert (1, 2) in transitions[-5:]


def test_an_address_that_can_not_be_listened_on_is_told_before_anything_moves(command, tree):
    done = command(main, tree, "--config", "fake", "--groot2", "203.0.113.1:1667", "--json")
    assert done.code == 2
    assert "203.0.113.1:1667 can't be listened on" in done.err
    done = command(main, tree, "--config", "fake", "--groot2", "70000", "--json")
    assert "no port below 65535" in done.err


def test_without_the_extra_it_says_what_to_install(command, tree, monkeypatch):
    monkeypatch.setitem(sys.modules, "zmq", None)
    monkeypatch.delitem(sys.modules, "bt_robot.telemetry.groot2.server", raising=False)
    done = command(main, tree, "--config", "fake", "--groot2", "--json")
    assert done.code == 2
    assert "pip install 'bt-robot[groot2]'" in done.err
