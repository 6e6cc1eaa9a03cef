"""A session opens its parts in order and leaves nothing behind."""

import gc
import sys
import threading
from dataclasses import replace
from unittest.mock import Mock

import psutil
import pytest

from bt_robot.cli.session import Job, open_session
from bt_robot.cli.settings import RunSettings, load_settings
from bt_robot.cli.task import load_task, policy_server
from bt_robot.errors import LoadError, PolicyRefused, RobotRefused, UsageError
from bt_robot.messages import Status
from bt_robot.robot.fake import FakeRobot
from bt_robot.runtime.undisturbed import SWITCH_S
from tests.policy.policy_kit import served


def left_behind():
    """Return what lives on after a session: threads of the link, stand-in servers."""
    threads = [thread.name for thread in threading.enumerate() if thread.name == "policy-worker"]
    children = psutil.Process().children(recursive=True)
    return threads, [child for child in children if "bt_robot.standin" in child.cmdline()]


def job(*urls, tree="pick_place", sets=()):
    settings = load_settings("fake", ["policy.start_wait_s=0", *sets])
    return Job(settings, load_task(tree), urls, fast=True, max_time_s=2.0)


def test_a_session_runs_and_leaves_no_thread_and_no_process_behind():
    settings = load_settings("fake")
    with policy_server(settings, load_task("pick_place")) as urls, open_session(job(*urls)) as session:
        assert left_behind()[0] == ["policy-worker"]
        assert session.run().status is Status.FAILURE  # its cameras see only grey
    assert left_behind() == ([], [])


def test_a_session_that_breaks_inside_still_closes_everything(monkeypatch):
    closed = []
    monkeypatch.setattr(FakeRobot, "close", lambda self: closed.append("robot"))
    with served() as url, pytest.raises(RuntimeError, match="broken"), open_session(job(url)):
        raise RuntimeError("broken")
    assert closed == ["robot"]
    assert left_behind()[0] == []


def test_a_refusal_closes_what_was_opened_before_it(monkeypatch):
    closed = []
    monkeypatch.setattr(FakeRobot, "close", lambda self: closed.append("robot"))
    with pytest.raises(PolicyRefused, match="no policy server at"), open_session(job("ws://127.0.0.1:9")):
        pass
    assert closed == ["robot"]
    assert left_behind()[0] == []


def test_what_does_not_fit_is_found_before_anything_is_opened(monkeypatch):
    monkeypatch.setattr(FakeRobot, "connect", lambda self: pytest.fail("opened"))
    with pytest.raises(LoadError, match="no pose 'rest'"), open_session(job("ws://127.0.0.1:9", sets=["poses={}"])):
        pass


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("policy.api_key_env=NO_SUCH_KEY", "the environment variable NO_SUCH_KEY is not set"),
        ("policy.ca_file=none.pem", "'none.pem' can't be read"),
    ],
)
def test_a_key_or_a_certificate_that_is_missing_is_told_before_anything_is_opened(monkeypatch, setting, words):
    monkeypatch.setattr(FakeRobot, "connect", lambda self: pytest.fail("opened"))
    with pytest.raises(UsageError, match=words), open_session(job("ws://127.0.0.1:9", sets=[setting])):
        pass


def test_the_next_server_of_the_list_is_used_when_the_first_is_absent():
    with served() as url, open_session(job("ws://127.0.0.1:9", url)) as session:
        assert session._link.state.url == url


@pytest.mark.parametrize("real_time", [True, False])
def test_only_a_loop_that_keeps_the_walls_time_is_kept_undisturbed(monkeypatch, tmp_path, real_time):
    (tmp_path / "still.yaml").write_text("tree: still\nroot: {wait: {duration_s: 0.1}}\n")
    monkeypatch.setattr(RunSettings, "real_time", real_time)
    seen = set()
    watch = Mock(publish=lambda record: seen.add((round(sys.getswitchinterval(), 6), gc.get_freeze_count() > 0)))
    with open_session(job(tree=str(tmp_path / "still.yaml"))) as session:
        session.run([watch])
    assert seen == {(SWITCH_S if real_time else round(sys.getswitchinterval(), 6), real_time)}


def test_an_edited_tree_can_not_ask_people_who_are_not_there(tmp_path):
    (tmp_path / "still.yaml").write_text("tree: still\nroot: {wait: {duration_s: 0.1}}\n")
    (tmp_path / "asks.yaml").write_text('tree: asks\nroot: {confirm: {question: "ready?"}}\n')
    still, asks = job(tree=str(tmp_path / "still.yaml")), load_task(str(tmp_path / "asks.yaml"))
    with open_session(still) as session, pytest.raises(LoadError, match="nobody can answer"):
        session.plans_of(asks)
    with open_session(replace(still, confirm="yes")) as session:
        assert session.plans_of(asks).tree.nodes


def test_an_arm_outside_its_limits_is_refused_before_the_policy_is_asked():
    sets = ["limits.margin_rad=0.5", "poses.rest=[0,0,0,0,0,0]"]
    with pytest.raises(RobotRefused, match="shoulder_lift stands at"), open_session(job("ws://127.0.0.1:9", sets=sets)):
        pass


def test_the_stand_in_is_started_only_when_the_tree_asks_a_policy(tmp_path):
    tree = tmp_path / "nap.yaml"
    tree.write_text("tree: nap\nroot: {wait: {duration_s: 0.1}}\n")
    with policy_server(load_settings("fake"), load_task(str(tree))):
        assert left_behind()[1] == []
