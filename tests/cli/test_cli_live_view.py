"""Flags and links of the page of a run, and a real run that is looked at."""

import argparse
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bt_robot.cli.live_view import link_to, secret, view_address
from bt_robot.cli.replay import main as replay
from bt_robot.cli.run import main
from bt_robot.telemetry.recorder import read_run
from bt_robot.telemetry.view.address import HOST, Address
from tests.telemetry.view_kit import looking

BT_RUN = Path(sys.executable).parent / "bt-run"
WAITING = "tree: waiting\nroot: {wait: {duration_s: 60}}\n"
ASKING = "tree: asking\nroot: {confirm: {question: is it there?}}\n"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("8088", HOST, 8088),
        (":9000", HOST, 9000),
        ("0", HOST, 0),
        ("0.0.0.0:8088", "0.0.0.0", 8088),
        ("robot.lan:80", "robot.lan", 80),
        ("[::1]:8088", "::1", 8088),
    ],
)
def test_addresses(text, host, port):
    assert view_address(text) == Address(host, port, chosen=True)


@pytest.mark.parametrize("text", ["", "host", "host:", "70000", "-1", "::1:80", "1:2:3", "host:٣"])
def test_what_is_no_address(text):
    with pytest.raises(argparse.ArgumentTypeError, match=r"is no \[HOST:\]PORT, e\.g\. 8088 or 0\.0\.0\.0:8088"):
        view_address(text)


def test_links():
    assert link_to("127.0.0.1", 8088, "") == "http://127.0.0.1:8088/"
    assert link_to("::1", 8088, "secret") == "http://[::1]:8088/#token=secret"
    assert re.fullmatch(r"http://[\w.-]+:8088/#token=secret", link_to("0.0.0.0", 8088, "secret"))


@pytest.mark.parametrize(
    ("host", "control", "token", "needed"),
    [
        ("127.0.0.1", False, None, False),
        ("127.0.0.1", True, None, True),
        ("0.0.0.0", False, None, True),
        ("127.0.0.1", False, "correct-horse-battery", True),
    ],
)
def test_a_token_is_made_where_others_come_or_the_run_can_be_changed(host, control, token, needed):
    made = secret(Address(host, 0, chosen=True), token, control=control)
    assert bool(made) == needed
    assert token is None or made == token


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--control"], "--control is about the web page; add --view"),
        (["--token", "correct-horse-battery"], "--token is about the web page; add --view"),
        (["--view-exit"], "--view-exit is about the web page; add --view"),
        (["--view", "70000"], "'70000' is no [HOST:]PORT, e.g. 8088 or 0.0.0.0:8088"),
        (["--view", "--token", "short"], "expected 12 or more of the characters A-Z a-z 0-9 - _"),
    ],
)
def test_flags_that_make_no_sense(command, arguments, words):
    done = command(main, "pick_place", *arguments)
    assert done.code == 2
    assert words in done.err


def test_an_address_that_can_not_be_listened_on(command):
    done = command(main, "pick_place", "--fast", "--no-artifacts", "--view", "192.0.2.1:8088")
    assert done.code == 2
    assert "192.0.2.1:8088 can't be listened on" in done.err


class Running:
    """`bt-run --view` as a process."""

    def __init__(self, folder, tree, *arguments):
        (folder / "tree.yaml").write_text(tree)
        self.process = subprocess.Popen(
            [BT_RUN, "tree.yaml", "--view", "0", *arguments],
            cwd=folder,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        self.heard = ""
        self.port, self.token = 0, ""

    def begin(self):
        """Wait for the link."""
        port, self.token = re.search(r":(\d+)/(?:#token=(\S+))?", self.until("view: http")).groups()
        self.port = int(port)

    def until(self, words):
        """Read stderr up to a line with these words; return it."""
        while line := self.process.stderr.readline():
            self.heard += line
            if words in line:
                return line
        raise AssertionError(f"{words} was not said, but: {self.heard}")

    def looking(self):
        return looking(self.port, self.token or "")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate(timeout=30)
        return self.process.returncode, out


@pytest.fixture
def start(tmp_path):
    started = []

    def start(tree, *arguments):
        started.append(Running(tmp_path, tree, *arguments))
        started[-1].begin()
        return started[-1]

    yield start
    for running in started:
        running.process.kill()
        running.process.communicate()


def test_a_run_is_held_stepped_and_stopped_from_the_page(start):
    running = start(WAITING, "--control", "--config", "configs/fake.yaml", "--no-artifacts")
    with running.looking() as page:
        assert page.next()["title"] == "waiting"
        page.until("state")
        page.steer("hold")
        page.until("tick", mode="held")
        page.steer("step")
        page.until("tick", mode="stepping")
        page.until("tick", mode="held")
        page.steer("prompt", path="nowhere", text="x")
        assert "nowhere" in page.until("refused")["why"]
        page.act("stop")
        ended = page.until("ended")
        assert ended["status"] == "FAILURE"
        assert "by page 1 (127.0.0.1)" in ended["reason"]
    code, _ = running.end()
    assert code == 1


@pytest.mark.parametrize(
    ("by", "act", "reason"),
    [
        ("page", "page 1 (127.0.0.1): emergency stop", "emergency stop: pressed by page 1 (127.0.0.1)"),
        ("signal", "somebody: emergency stop, signal SIGUSR1", "emergency stop: signal SIGUSR1"),
    ],
)
def test_an_emergency_stop_is_in_the_recording_and_the_run_can_be_replayed(start, command, tmp_path, by, act, reason):
    running = start(WAITING, "--config", "configs/fake.yaml", "--view-exit", "--out", "runs")
    with running.looking() as page:
        page.until("state")
        page.act("stop") if by == "page" else running.process.send_signal(signal.SIGUSR1)
        assert page.until("ended")["status"] == "FAILURE"
        assert [words for _, words in page.until("state")["events"]][-1] == f"person: {act}"
    assert running.process.wait(30) == 1
    (file,) = tmp_path.glob("runs/*/run.mcap")
    with read_run(file) as run:
        assert (run.ending.acts, run.ending.reason) == ((act,), reason)
    done = command(replay, str(file))
    assert (done.code, done.err) == (0, "")


def test_whoever_steered_and_is_gone_leaves_a_held_arm(start):
    running = start(WAITING, "--control", "--config", "configs/fake.yaml", "--no-artifacts")
    with running.looking() as page:
        page.until("state")
        page.steer("step_to_change")
        page.until("tick", mode="stepping")
        page.until("tick", mode="held")


def test_a_question_is_answered_from_the_page(start):
    running = start(ASKING, "--control", "--config", "configs/fake.yaml", "--no-artifacts", "--view-exit")
    with running.looking() as page:
        ((number, path, text),) = page.until("questions")["list"] or page.until("questions")["list"]
        assert (path, text) == ("asking", "is it there?")
        page.steer("confirm", id=number, value=True)
        assert page.until("ended")["status"] == "SUCCESS"
    assert running.process.wait(30) == 0


def test_the_page_of_a_run_that_failed_stays_until_ctrl_c(start):
    running = start("tree: t\nroot: {failure: {}}\n", "--config", "configs/fake.yaml", "--no-artifacts")
    running.until("the page stays until Ctrl-C: http://127.0.0.1:")
    with running.looking() as page:
        ended = page.next()["ending"] or page.until("ended")
        assert ended["status"] == "FAILURE"
        assert page.until("state")["nodes"][0][1] == "FAILURE"
        page.act("stop")
        assert page.until("refused")["why"] == "the run is over"
    code, out = running.end()
    assert code == 1
    assert "FAILURE" in out


def test_with_json_the_page_ends_with_the_run(start):
    running = start(
        "tree: t\nroot: {wait: {duration_s: 0.1}}\n", "--config", "configs/fake.yaml", "--json", "--no-artifacts"
    )
    out, _ = running.process.communicate(timeout=30)
    assert json.loads(out.splitlines()[-1])["status"] == "SUCCESS"
    assert running.process.returncode == 0
