"""`bt-eval`: how often, how long, and what went wrong."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from bt_robot.cli.episode import Episode
from bt_robot.cli.evaluate import describe, main, summarise, wilson
from bt_robot.messages import ActionChunk, Command, LinkState, Observation, Splice, Status, TickRecord, Verdict
from bt_robot.telemetry.skills import SkillTally


def test_the_interval_is_wilsons():
    assert wilson(100, 100) == pytest.approx((0.9630, 1.0), abs=1e-4)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def samples(*latencies_s, held=0, stalled=0, guided=False):
    """What is kept of an episode: a chunk per latency, then ticks that held or stalled."""
    tally = SkillTally()
    joints = np.zeros(3)
    for step in range(len(latencies_s) + held + stalled):
        chunk, splice = None, None
        if step < len(latencies_s):
            chunk = ActionChunk(np.zeros((50, 3)), 0, 0, "p", latencies_s[step], guided=guided)
            splice = Splice("accepted", 3, 3, 3, seam_before_rad=np.radians(2), seam_after_rad=np.radians(0.5))
        tally.publish(
            TickRecord(
                step=step,
                time_s=step / 30,
                lateness_s=0.0,
                skipped=0,
                observation=Observation(step, step / 30, joints),
                command=Command(step, joints, joints),
                verdict=Verdict(held=0 <= step - len(latencies_s) < held),
                status=Status.RUNNING,
                nodes=(),
                link=LinkState(True),
                prompt="",
                chunk_age_steps=None,
                planned_steps=0,
                chunk=chunk,
                stalled=step >= len(latencies_s) + held,
                splice=splice,
            )
        )
    return tally.total


def test_episodes_are_summarised_with_every_failure():
    episodes = [
        Episode(1, True, duration_s=4.0, wall_s=0.5, samples=samples(0.1, 0.2, held=3)),
        Episode(2, False, "empty", "t/pick", 20.0, 1.0, samples(0.3, stalled=4), violations=1),
    ]
    result = summarise("t", episodes, 2.0)
    assert (result["episodes"], result["successes"], result["success_rate"]) == (2, 1, 0.5)
    assert (result["violations"], result["stall_ticks"], result["hold_ticks"]) == (1, 4, 3)
    assert result["failures"] == [{"seed": 2, "reason": "empty", "failed_path": "t/pick"}]
    assert result["speed"] == 16.0
    assert "seed 2: t/pick: empty" in describe(result)
    assert "  1 command outside a limit, 4 ticks stalled, 3 held, 0 clamped" in describe(result)


def test_the_policys_numbers_are_those_of_all_episodes_together():
    episodes = [
        Episode(1, True, duration_s=4.0, samples=samples(0.1, 0.2)),
        Episode(2, True, duration_s=4.0, samples=samples(0.3, stalled=1, guided=True)),
    ]
    result = summarise("t", episodes, 2.0)
    assert result["latency"] == {"p50_s": 0.2, "p95_s": 0.29, "max_s": 0.3}
    assert result["chunks"] == {"accepted": 3, "guided": 1, "late": 0, "rejected": 0, "dropped": 0}
    assert (result["ticks"], result["stall_share"], result["delay"]["measured_max_steps"]) == (4, 0.25, 3)
    line = "  chunks 3, 1 guided; latency p95 290 ms, seam p95 2.0° → 0.5°, disagreement –, jerk –, governor 0.0 %"
    assert describe(result).splitlines()[2] == line


def test_skills_are_put_together_by_their_paths():
    episodes = [
        Episode(1, True, skills={"t/pick": samples(0.1), "t/place": samples(0.2)}),
        Episode(2, False, skills={"t/pick": samples(0.3, stalled=2)}),
    ]
    skills = summarise("t", episodes, 2.0)["skills"]
    assert list(skills) == ["t/pick", "t/place"]
    assert [(s["visits"], s["ticks"], s["stall_ticks"], s["latency"]["max_s"]) for s in skills.values()] == [
        (2, 4, 2, 0.3),
        (1, 1, 0, 0.2),
    ]


def test_every_key_of_an_evaluation_is_described():
    page = (Path(__file__).parents[2] / "docs" / "summary.md").read_text(encoding="utf-8")
    section = page[page.index("## `bt-eval") :]
    words = {word.split(".")[0] for word in re.findall("`([^`]+)`", section)}
    assert set(summarise("t", [Episode(1, True)], 1.0)) <= words


def test_an_evaluation_without_a_policy_has_no_line_about_it():
    result = summarise("t", [Episode(1, False, "an arm that is not there", refused=True)], 1.0)
    assert result["latency"]["p95_s"] is None
    assert "latency" not in describe(result)


def test_four_episodes_in_two_processes(command):
    done = command(main, "pick_place", "--episodes", 4, "--jobs", 2, "--seed", 10, "--latency-ms", 300, "--json")
    result = done.json
    assert (done.code, result["successes"], result["violations"], result["stall_ticks"]) == (0, 4, 0, 0)
    assert result["failures"] == []
    assert result["latency"]["p50_s"] == pytest.approx(0.3, abs=1e-6)
    assert result["seam"]["after_p95_rad"] < result["seam"]["before_p95_rad"]
    assert list(result["skills"]) == ["pick_place/pick", "pick_place/place", "pick_place"]
    assert {"jerk", "disagreement", "governor", "delay", "actions"} <= set(result)


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
