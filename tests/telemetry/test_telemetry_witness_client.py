"""A run and its witness, a real process: what one owes the other, also when one of them stumbles, stops or dies."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from bt_robot.errors import RecordingError, UsageError
from bt_robot.messages import NodeState, Status
from bt_robot.messages.steering import Wish
from bt_robot.telemetry import background
from bt_robot.telemetry.recorder import RecordedEnding, read_run
from bt_robot.telemetry.view.address import Address
from bt_robot.telemetry.witness import client as client_module
from bt_robot.telemetry.witness.client import WitnessClient
from bt_robot.telemetry.witness.words import (
    Alive,
    Answer,
    BtLogOrder,
    Finished,
    Gone,
    Logged,
    RecordingOrder,
    StopPressed,
    TreeTold,
    ViewOrder,
    Wanted,
    decode,
    encode,
)
from tests.telemetry.conftest import NODES, make_record
from tests.telemetry.record_strategies import JOINTS, run_info
from tests.telemetry.view_kit import ABOUT, LONGEST_S, looking

ENDING = RecordedEnding("SUCCESS")
VIEW = ViewOrder(ABOUT, Address("127.0.0.1", 0, chosen=True), "correct-horse-battery", control=True)


class Onlooker:
    """A run that keeps what is wanted of it."""

    def __init__(self):
        self.mode = "running"
        self.breakpoints = ()
        self.questions = ()
        self.heard = []

    def wish(self, wish, who):
        self.heard.append((wish.act, who))
        if wish.act == "skip":
            raise ZeroDivisionError("division by zero")
        if wish.act in ("step_to_change", "hold"):
            self.mode = {"hold": "held"}.get(wish.act, "stepping")
        return "" if wish.act != "resume" else "not now"

    def stop(self, who):
        self.heard.append(("stop", who))

    def let_go(self, who):
        self.heard.append(("let go", who))
        if self.mode == "stepping":
            self.mode = "held"


@contextmanager
def page_of(client, run):
    """A page that has seen the first tick of a run."""
    port = client.show(VIEW, run)
    tick(client, 0)
    with looking(port, VIEW.token) as page:
        page.until("state")
        yield page


@pytest.fixture
def run():
    return Onlooker()


@pytest.fixture
def start():
    """A function that starts a witness; it is ended afterwards."""
    with contextlib.ExitStack() as stack:

        def start(max_waiting=1000, *, patient=False):
            client = WitnessClient(
                lambda layout: TreeTold(layout, "t", (), "<root/>"), JOINTS, 10.0, max_waiting, patient=patient
            )
            stack.callback(client.close)
            stack.callback(_let_it_go_on, client)
            return client

        yield start


def _let_it_go_on(client):
    with contextlib.suppress(ProcessLookupError):
        os.kill(client.pid, signal.SIGCONT)


@pytest.fixture
def recording(tmp_path):
    return RecordingOrder(str(tmp_path / "run.mcap"), run_info(cameras=("front",)), 10.0, 10_000_000)


def tick(client, *steps, **changes):
    for step in steps:
        client.publish(make_record(step, layout=NODES, **changes))


def records_of(order):
    with read_run(Path(order.path)) as run:
        return list(run.records()), run.ending


def steps_of(order):
    return [record.step for record in records_of(order)[0]]


def has_ticks(order):
    """Whether there is a recording of which anything can be read; one that is being written may end in mid-word."""
    with suppress(RecordingError):
        return bool(steps_of(order))
    return False


def await_true(asked, what):
    """Wait until something is so."""
    deadline = time.monotonic() + LONGEST_S
    while not asked():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.01)


# ---- when all is well ----------------------------------------------------------------------------------------


def test_every_tick_is_recorded_and_nothing_is_left_behind(start, recording, tmp_path, caplog):
    before = len(os.listdir("/proc/self/fd")), set(threading.enumerate())
    for _ in range(2):
        client = start(patient=True)
        client.order(recording)
        client.order(BtLogOrder(str(tmp_path / "tree.btlog")))
        tick(client, *range(300))
        client.end(ENDING)
        client.finish()
        records, ending = records_of(recording)  # complete, although the process is still there
        assert client.there
        client.close()
        assert ([record.step for record in records], ending) == (list(range(300)), ENDING)
        assert not client.there
        assert not Path(f"/proc/{client.pid}").exists()
    assert (len(os.listdir("/proc/self/fd")), set(threading.enumerate())) == before
    assert caplog.text == ""


def test_it_inherits_no_files_of_the_run(start, tmp_path):
    with (tmp_path / "ours").open("wb") as ours:
        os.set_inheritable(ours.fileno(), True)
        client = start()
        has = set(open_files_of(client.pid))
    assert str(tmp_path / "ours") not in has


def open_files_of(pid):
    """Where a process's file descriptors lead; it may close some meanwhile."""
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            yield os.readlink(fd)


def test_without_a_tick_and_without_an_order_it_ends_as_well(start, recording):
    start().close()
    client = start()
    client.order(recording)
    client.end(ENDING)
    client.close()
    assert not Path(recording.path).exists()  # there was nothing to tell


def test_what_it_logs_is_logged_here_once(start, recording, caplog):
    client = start()
    client.order(RecordingOrder("/nowhere/run.mcap", run_info(), 10.0, 10_000_000))
    client.close()
    (line,) = [each for each in caplog.records if "/nowhere/run.mcap" in each.getMessage()]
    assert (line.name, line.levelno) == ("bt_robot.telemetry.witness", logging.WARNING)


def test_a_page_steers_the_run_from_over_there(start, run):
    client = start()
    with page_of(client, run) as page:
        page.steer("resume")
        assert page.until("refused", what="resume")["why"] == "not now"
        page.steer("hold")
        page.act("stop")
        await_true(lambda: ("stop", "page 1 (127.0.0.1)") in run.heard, "the stop")
        tick(client, 1)
        page.until("mode", mode="held")
    assert ("hold", "page 1 (127.0.0.1)") in run.heard


# ---- when something is not as it should be -------------------------------------------------------------------


def test_a_tick_that_can_not_be_told_costs_no_other(start, recording, caplog):
    client = start(patient=True)
    client.order(recording)
    odd = (NodeState(Status.FAILURE, "slipped"), NodeState(Status.RUNNING, np.float32(0.5)), NodeState(Status.IDLE))
    good = (NodeState(Status.FAILURE, "slipped"), NodeState(Status.RUNNING, "0.5 left"), NodeState(Status.IDLE))
    tick(client, 0)
    tick(client, 1, 2, nodes=odd)
    tick(client, 3, 4, nodes=good)
    client.close()
    records, _ = records_of(recording)
    assert [record.step for record in records] == [0, 3, 4]
    assert records[1].nodes == good
    assert caplog.text.count("lacks a tick that can't be written down: Object of type float32 is not JSON") == 1
    assert "the record of this run lacks 2 ticks that can't be written down" in caplog.text


def test_the_tree_is_told_even_if_its_first_tick_can_not_be(start, recording):
    client = start(patient=True)
    client.order(recording)
    tick(client, 0, nodes=tuple(NodeState(Status.RUNNING, object()) for _ in NODES))
    tick(client, 1, 2)
    client.close()
    records, _ = records_of(recording)
    assert [(record.step, record.layout) for record in records] == [(1, NODES), (2, NODES)]


def test_what_it_is_not_told_makes_it_stumble_and_go_on(start, recording, caplog):
    client = start(patient=True)
    client.order(recording)
    client.order(Finished())
    tick(client, *range(10))
    client.close()
    assert steps_of(recording) == list(range(10))
    assert "stumbled" in caplog.text
    assert "Finished is nothing that a witness is told" in caplog.text


def test_a_process_that_can_not_be_started_is_told_in_words(start, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(UsageError, match=r"the process that records the run could not be started: .*/nowhere/python"):
        start()


def test_a_process_that_ends_while_it_starts_is_told_in_words(start, run, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    client = start()
    with pytest.raises(UsageError, match="the page's process has ended"):
        client.show(VIEW, run)


def test_killed_in_the_run_it_is_told_once_and_the_run_goes_on(start, recording, caplog):
    client = start()
    client.order(recording)
    tick(client, *range(100))
    await_true(lambda: has_ticks(recording), "a second")
    os.kill(client.pid, signal.SIGKILL)
    await_true(lambda: "the process that records the run has ended" in caplog.text, "a word")
    tick(client, *range(100, 200))
    client.end(ENDING)
    client.close()
    assert [each.getMessage() for each in caplog.records] == ["the process that records the run has ended"]
    steps = steps_of(recording)
    assert steps == list(range(len(steps)))
    assert len(steps) >= 30


def test_killed_with_a_page_that_stepped_the_run_is_held_and_told(start, run, caplog):
    client = start()
    with page_of(client, run) as page:
        page.steer("step_to_change")
        await_true(lambda: run.mode == "stepping", "the step")
        os.kill(client.pid, signal.SIGKILL)
        await_true(lambda: ("let go", "the page") in run.heard, "the end of it")
    assert run.mode == "held"
    await_true(lambda: "its page is gone: a run that is held waits for Ctrl-C" in caplog.text, "a word")
    assert not client.there


def test_an_emergency_stop_is_heard_although_it_is_killed_right_after(start, run):
    client = start()
    with page_of(client, run) as page:
        page.act("stop")
        await_true(lambda: ("stop", "page 1 (127.0.0.1)") in run.heard, "the stop")
        os.kill(client.pid, signal.SIGKILL)
    await_true(lambda: ("let go", "the page") in run.heard, "the end of it")


def test_stopped_it_keeps_nobody_waiting_and_goes_on_with_what_did_fit(start, recording, caplog):
    client = start(max_waiting=50)
    client.order(recording)
    tick(client, 0)
    await_true(Path(recording.path).exists, "the recording")
    os.kill(client.pid, signal.SIGSTOP)
    tick(client, *range(1, 3000))  # more than the pipe and the queue hold
    os.kill(client.pid, signal.SIGCONT)
    client.close()
    steps = steps_of(recording)
    assert 50 < len(steps) < 3000
    assert f"the record of this run lacks {3000 - len(steps)} ticks: it was too slow" in caplog.text


def test_stopped_while_the_run_is_stepped_the_run_is_held(start, run):
    client = start()
    with page_of(client, run) as page:
        page.steer("step_to_change")
        await_true(lambda: run.mode == "stepping", "the step")
        os.kill(client.pid, signal.SIGSTOP)
        await_true(lambda: ("let go", "the page") in run.heard, "the end of it")
        assert run.mode == "held"
        os.kill(client.pid, signal.SIGCONT)


def test_stopped_for_good_it_is_killed_and_told(start, recording, caplog, monkeypatch):
    monkeypatch.setattr(client_module, "CLOSE_S", 0.1)
    monkeypatch.setattr(client_module, "END_S", 0.1)
    monkeypatch.setattr(background, "CLOSE_S", 0.2)
    client = start()
    client.order(recording)
    os.kill(client.pid, signal.SIGSTOP)
    tick(client, *range(100))
    client.close()
    assert not client.there
    assert "the record of this run is not complete: it was still busy 0.2 s after the end" in caplog.text


# ---- what it says is a matter of the run's thread ------------------------------------------------------------


@pytest.fixture
def spoken(start, run, monkeypatch):
    """The witness's end of the line, in this process; the process at the other end only sleeps."""
    lines = []

    def started(ticks, line, *, patient):
        lines.append(Connection(os.dup(line.fileno())))
        return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])

    monkeypatch.setattr(client_module, "_started", started)
    monkeypatch.setattr(client_module, "CLOSE_S", 0.0)
    monkeypatch.setattr(client_module, "END_S", 0.0)
    client = start()
    client._sender.steering = run
    with lines[0] as line:
        yield lambda *words: [line.send_bytes(encode(each)) for each in words] and line
    client.close()


def test_a_wish_that_nobody_waits_for_any_more_is_not_done(spoken, run):
    now_s = time.monotonic()
    line = spoken(
        Wanted(1, Wish("resume"), "page 1", now_s - 1.0), Wanted(2, Wish("hold"), "page 1", now_s + LONGEST_S)
    )
    assert decode(line.recv_bytes()) == Answer(2, "")
    assert run.heard == [("hold", "page 1")]


def test_a_wish_that_fails_leaves_the_next_emergency_stop_heard(spoken, run, caplog):
    spoken(Wanted(1, Wish("skip", "t"), "page 1", time.monotonic() + LONGEST_S), Alive(), StopPressed("page 2"))
    await_true(lambda: ("stop", "page 2") in run.heard, "the stop")
    assert "ZeroDivisionError" in caplog.text


def test_what_is_logged_there_is_logged_here_as_it_was(spoken, run, caplog):
    caplog.set_level(logging.DEBUG)
    spoken(Logged("a.b", logging.DEBUG, "100 %s\nTraceback"), Gone("page 1"))
    await_true(lambda: run.heard == [("let go", "page 1")], "the rest")
    assert ("a.b", logging.DEBUG, "100 %s\nTraceback") in caplog.record_tuples
