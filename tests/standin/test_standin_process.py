"""The stand-in server as a process of its own: comes up, ends when told, ends with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest
from websockets.sync.client import connect

from bt_robot.errors import PolicyRefused
from bt_robot.policy.wire.msgpack_numpy import unpack
from bt_robot.standin.process import StandinProcess

WAIT_S = 20.0


def port_of(url):
    return int(url.rpartition(":")[2])


def test_it_serves_on_a_free_loopback_port_in_a_process_of_its_own():
    with StandinProcess(horizon=12) as server:
        assert server.pid != os.getpid()
        assert server.url.startswith("ws://127.0.0.1:")
        assert server.json_url == server.url + "/json"
        with connect(server.url, compression=None) as client:
            assert unpack(client.recv(WAIT_S))["action_horizon"] == 12
        process = psutil.Process(server.pid)
        assert process.environ()["OPENBLAS_NUM_THREADS"] == "1"
        assert {c.laddr.ip for c in process.net_connections() if c.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
    assert not process.is_running()


def test_it_plays_the_server_of_a_profile_as_undecided_and_late_as_it_is_told():
    said = {"profile": "so101_sglang", "spread_deg": 2.0, "jitter_s": 0.001, "seed": 3, "latency_s": 0.001}
    with StandinProcess(**said) as server:
        assert server.url.endswith("/openpi/policy")
        with connect(server.url, compression=None) as client:
            assert unpack(client.recv(WAIT_S))["object"] == "action.metadata"


def test_a_profile_that_it_cannot_play_is_told_in_the_servers_words():
    with StandinProcess(profile="pi05_aloha") as server, pytest.raises(PolicyRefused) as refused:
        _ = server.url
    assert "did not start: bt-serve: --profile: the profile's joints are left_waist, " in str(refused.value)


def test_stop_ends_it_and_may_be_called_twice():
    server = StandinProcess()
    server.start()
    process = psutil.Process(server.pid)
    assert server.url
    server.stop()
    server.stop()
    assert not process.is_running()


def test_stop_ends_one_that_has_not_come_up_yet():
    server = StandinProcess()
    server.start()
    process = psutil.Process(server.pid)
    server.stop()
    assert not process.is_running()


def test_after_a_kill_another_can_take_the_same_port():
    with StandinProcess() as first:
        url = first.url
        first.kill()
        with StandinProcess(port=port_of(url)) as second:
            assert second.url == url


def test_a_taken_port_is_told_in_the_servers_words():
    with StandinProcess() as first, StandinProcess(port=port_of(first.url)) as second:
        port = port_of(first.url)
        with pytest.raises(PolicyRefused) as refused:
            _ = second.url
    assert str(refused.value) == (
        "the stand-in policy server did not start: "
        f"bt-serve: can't listen on 127.0.0.1:{port}: Address already in use; try another --port, or 0"
    )


PARENT = """
import sys, time
from bt_robot.standin.process import StandinProcess
server = StandinProcess()
server.start()
print(server.url and server.pid, flush=True)
time.sleep(60)
"""


def test_it_ends_when_its_parent_is_killed():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    assert psutil.wait_procs([child], timeout=WAIT_S)[1] == []


def test_ctrl_c_in_the_terminal_does_not_reach_it():
    with StandinProcess() as server:
        assert server.url
        assert os.getpgid(server.pid) != os.getpgid(0)
        assert os.getsid(server.pid) != os.getsid(0)


def test_a_terminated_server_exits_with_0():
    with StandinProcess() as server:
        assert server.url
        os.kill(server.pid, signal.SIGTERM)
        assert server._child._process.wait(WAIT_S) == 0


def test_a_machine_without_room_for_its_words_or_without_an_interpreter(monkeypatch):
    def full(*_):
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with StandinProcess() as standin:
        assert standin.url.startswith("ws://127.0.0.1:")
        assert standin.stderr() == ""
    monkeypatch.setattr("sys.executable", "/no/python")
    with pytest.raises(PolicyRefused, match="the stand-in policy server could not be started: "):
        StandinProcess().start()
