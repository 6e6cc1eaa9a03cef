"""`bt-eval`: how often, how long, and what went wrong."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bt_robot.cli.episode import Episode
from bt_robot.cli.evaluate import describe, main, summarise, wilson


def test_the_interval_is_wilsons():
    assert wilson(100, 100) == pytest.approx((0.9630, 1.0), abs=1e-4)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_episodes_are_summarised_with_every_failure():
    episodes = [
        Episode(1, True, duration_s=4.0, wall_s=0.5, hold_ticks=3),
        Episode(2, False, "empty", "t/pick", duration_s=20.0, wall_s=1.0, violations=1, stall_ticks=4),
    ]
    result = summarise("t", episodes, 2.0)
    assert (result["episodes"], result["successes"], result["success_rate"]) == (2, 1, 0.5)
    assert (result["violations"], result["stall_ticks"], result["hold_ticks"]) == (1, 4, 3)
    assert result["failures"] == [{"seed": 2, "reason": "empty", "failed_path": "t/pick"}]
    assert result["speed"] == 16.0
    assert "seed 2: t/pick: empty" in describe(result)


def test_four_episodes_in_two_processes(command):
    done = command(main, "pick_place", "--episodes", 4, "--jobs", 2, "--seed", 10, "--latency-ms", 300, "--json")
    result = done.json
    assert (done.code, result["successes"], result["violations"], result["stall_ticks"]) == (0, 4, 0, 0)
    assert result["failures"] == []


def test_what_a_tree_expects_is_checked_against_the_truth(command, tmp_path):
    tree = tmp_path / "lazy.yaml"
    tree.write_text("tree: lazy\nexpects: {in_container: [red]}\nroot: {wait: {duration_s: 0.1}}\n")
    done = command(main, tree, "--episodes", 1, "--json")
    assert done.code == 1
    assert done.json["failures"][0]["reason"] == "the tree succeeded, but the red block is not in the container"


def test_bad_input_exits_with_2(command):
    assert command(main, "pick_place", "--episodes", "0").code == 2
    assert command(main, "no_such_tree").code == 2
    assert command(main, "pick_place", "--set", "policy.url=ws://h:1", "--set", "policy.profile=nope").code == 2


def test_a_server_that_refuses_every_episode_is_refused(command):
    done = command(main, "pick_place", "--episodes", 2, "--set", "policy.url=ws://127.0.0.1:9", "--json")
    assert (done.code, done.json["status"]) == (3, "REFUSED")
    assert "connection refused" in done.json["reason"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_its_processes_end_with_it_however_it_ends(number, tmp_path):
    tree = tmp_path / "endless.yaml"
    tree.write_text("tree: endless\nroot: hold_position\n")
    flags = ["--config", "fake", "--episodes", "2", "--jobs", "2", "--max-time", "1e9"]
    process = subprocess.Popen([Path(sys.executable).parent / "bt-eval", tree, *flags], stderr=subprocess.DEVNULL)
    parent = psutil.Process(process.pid)
    while len(workers := [c for c in parent.children(recursive=True) if "spawn_main" in str(c.cmdline())]) < 2:
        assert process.poll() is None
    process.send_signal(number)
    try:
        process.wait(60)
    finally:
        process.kill()
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert alive == []
