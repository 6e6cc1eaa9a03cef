"""`bt-run`: from a tree file to an exit code, a summary and a folder of pictures."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import bt_robot
from bt_robot.arm import so101
from bt_robot.cli.run import main
from bt_robot.cli.settings import LimitSettings
from bt_robot.telemetry.audit import audit

WAIT = "tree: nap\nroot: {wait: {duration_s: 0.2}}\n"
FAIL = "tree: lost\nroot:\n  sequence:\n    - at_pose: {joints: [1, 0, 0, 0, 0, 0]}\n"


@pytest.fixture
def tree(tmp_path):
    """A function that writes a tree file."""

    def write(text, name="t.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_the_main_job_succeeds_and_tells_everything(command, tmp_path):
    done = command(main, "trees/pick_place.yaml", "--fast", "--json", "--seed", 3, "--out", tmp_path)
    result = done.json
    assert done.code == 0
    assert (result["status"], result["seed"], result["expected"]) == ("SUCCESS", 3, {"met": True, "unmet": []})
    keys = "reason failed_path ticks duration_s wall_s chunks stall_ticks hold_ticks overruns governor policy artifacts"
    assert set(keys.split()) <= set(result)
    assert {"clamped", "refused"} <= set(result["governor"])
    assert {"requests", "errors", "reconnects", "latency"} <= set(result["policy"])
    assert set(result["policy"]["latency"]) == {"p50_s", "p95_s", "max_s"}
    assert re.fullmatch("[0-9a-f]{64}", result["commands_sha256"])
    assert (result["stall_ticks"], result["governor"]["refused"]) == (0, 0)


def test_a_list_of_prompts_is_worked_off(command):
    done = command(main, "trees/sort_by_list.yaml", "--fast", "--json", "--no-artifacts")
    assert (done.json["status"], done.json["expected"]) == ("SUCCESS", {"met": True, "unmet": []})


def test_the_tour_of_the_nodes_needs_no_policy(command):
    done = command(main, "trees/tour.yaml", "--config", "fake", "--fast", "--json", "--no-artifacts")
    assert (done.code, done.json["status"], done.json["policy"]["requests"]) == (0, "SUCCESS", 0)


def test_a_run_leaves_pictures_and_its_commands_keep_every_limit(command, tmp_path):
    done = command(main, "pick_place", "--fast", "--json", "--out", tmp_path)
    (folder,) = tmp_path.iterdir()
    assert done.json["artifacts"] == str(folder)
    assert re.fullmatch(r"\d{8}-\d{6}-pick_place", folder.name)
    names = {"run.mcap", "summary.json", "ticks.csv", "tree.svg", "tree.json", "tree.btlog"}
    names |= {f"{picture}.png" for picture in ("joints", "latency", "chunks", "film")}
    assert {path.name for path in folder.iterdir()} == names
    assert json.loads((folder / "summary.json").read_text()) == done.json
    rows = list(csv.DictReader((folder / "ticks.csv").read_text().splitlines()))
    commands, measured = (
        [np.array([float(row[f"{what}_{joint}"]) for joint in so101.JOINT_NAMES]) for row in rows]
        for what in ("commanded", "measured")
    )
    assert len(rows) == done.json["ticks"]
    assert audit(commands, measured[0], LimitSettings().envelope(so101.LIMITS), 1 / 30) == []
    assert {row["skill"] for row in rows} == set(done.json["skills"])


def test_every_skill_has_its_numbers_and_they_add_up(command):
    result = command(main, "pick_place", "--fast", "--json", "--no-artifacts").json
    skills, policy = result["skills"], result["policy"]
    assert list(skills) == ["pick_place/pick", "pick_place/place", "pick_place"]
    assert [skill["visits"] for skill in skills.values()] == [1, 1, 1]
    assert sum(skill["ticks"] for skill in skills.values()) == result["ticks"]
    assert sum(skill["duration_s"] for skill in skills.values()) == pytest.approx(result["duration_s"], abs=1e-5)
    assert sum(skill["chunks"]["accepted"] for skill in skills.values()) == result["chunks"]
    assert sum(skill["actions"]["executed"] for skill in skills.values()) == policy["actions"]["executed"] > 0
    assert policy["chunks"]["accepted"] == result["chunks"]
    for skill in (skills["pick_place/pick"], skills["pick_place/place"]):
        assert skill["latency"]["p50_s"] == pytest.approx(0.1)
        assert skill["delay"]["measured_max_steps"] == 3
        assert skill["latency_parts"]["server"]["max_s"] > 0.0
        assert skill["seam"]["after_max_rad"] <= skill["seam"]["before_max_rad"]
        assert 0.0 <= skill["governor"]["share"] <= 1.0
        assert skill["jerk"]["commanded_rad_s3"] > 0.0
    assert skills["pick_place"]["latency"] == {"p50_s": None, "p95_s": None, "max_s": None}
    assert len(f"{skills['pick_place/pick']['duration_s']}") <= 9  # rounded


def keys_of(value):
    """Every key of a JSON object and of the objects in it, but for names of skills and limits."""
    for key, inner in value.items():
        yield key
        if isinstance(inner, dict) and key not in ("clamps", "skills", "expected"):
            yield from keys_of(inner)
        if key == "skills":
            for skill in inner.values():
                yield from keys_of(skill)


def test_every_key_of_the_summary_is_described(command):
    page = (Path(__file__).parents[2] / "docs" / "summary.md").read_text(encoding="utf-8")
    words = {word for quoted in re.findall("`([^`]+)`", page) for word in quoted.split(".")}
    result = command(main, "pick_place", "--fast", "--json", "--no-artifacts").json
    assert set(keys_of(result)) <= words


def test_a_person_reads_a_line_per_skill_that_asked_the_policy(command):
    done = command(main, "pick_place", "--fast", "--no-artifacts")
    lines = done.out.splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith("  skill "))
    table = lines[begin:]
    assert [line.split()[0] for line in table] == ["skill", "pick", "place"]
    end = table[0].index("p50/p95 ms") + len("p50/p95 ms")
    assert [line[:end].split()[-1] for line in table[1:]] == ["100/100"] * 2
    row = r"  pick +\d+\.\d s +0 +100/100 +3\.0 +\d+(, \d+ \w+)* +\d+\.\d→\d+\.\d +\d+ +\d+%"
    assert re.fullmatch(row, table[1])
    assert max(map(len, table)) <= 80


def test_a_tree_that_asks_no_policy_has_no_table_of_skills(command, tree):
    done = command(main, tree(WAIT), "--config", "fake", "--fast", "--no-artifacts")
    assert "latency p50 –, p95 –" in done.out
    assert "skill" not in done.out


def test_the_same_seed_gives_the_same_commands_and_another_one_others(command):
    hashes = [
        command(main, "pick_place", "--fast", "--json", "--no-artifacts", "--seed", seed).json["commands_sha256"]
        for seed in (5, 5, 6)
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_busy_machine_changes_no_command(command):
    flags = ("pick_place", "--fast", "--json", "--no-artifacts", "--seed", 5, "--set", "policy.simulated_latency_s=0.3")
    calm = command(main, *flags).json
    spinners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        busy = command(main, *flags).json
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()
    assert busy["commands_sha256"] == calm["commands_sha256"]
    assert busy["stall_ticks"] == 0


def test_one_prompt_needs_no_file_and_ends_when_the_policy_rests(command):
    prompt = "pick up the green block and place it in the container"
    done = command(main, "--prompt", prompt, "--max-time", 60, "--fast", "--json", "--no-artifacts")
    assert (done.code, done.json["tree"]) == (0, "prompt")


def test_the_json_protocol_runs_the_same_task(command):
    flags = ("--set", "policy.profile=so101_json", "--fast", "--json", "--no-artifacts")
    done = command(main, "pick_place", *flags)
    assert (done.code, done.json["status"]) == (0, "SUCCESS")
    assert done.json["policy"]["url"].startswith("ws://127.0.0.1:")


def test_a_tree_that_asks_no_policy_needs_no_server(command, tree):
    done = command(main, tree(WAIT), "--config", "fake", "--fast", "--json", "--no-artifacts")
    assert (done.code, done.json["policy"]["requests"]) == (0, 0)
    assert done.json["artifacts"] is None


def test_a_failure_names_its_node_and_reason_and_exits_with_1(command, tree):
    done = command(main, tree(FAIL), "--config", "fake", "--fast", "--json", "--no-artifacts")
    assert done.code == 1
    assert (done.json["status"], done.json["failed_path"]) == ("FAILURE", "lost/at_pose")
    assert done.json["reason"] == "shoulder_lift is 1.600 rad away; 0.00 s old, confidence 0.97"


def test_the_time_limit_ends_a_run_as_a_failure(command, tree):
    endless = tree("tree: endless\nroot: hold_position\n")
    flags = ("--config", "fake", "--fast", "--json", "--no-artifacts", "--max-time", 0.5)
    done = command(main, endless, *flags)
    words = "the time limit of 0.5 s is over; it was: holding for 0.5 s"
    assert (done.code, done.json["reason"], done.json["failed_path"]) == (1, words, "endless")


def test_a_person_reads_a_summary(command, tree):
    done = command(main, tree(FAIL), "--config", "fake", "--fast", "--no-artifacts")
    lines = done.out.splitlines()
    assert lines[0].startswith("FAILURE  lost  in ")
    assert lines[1] == "  why       lost/at_pose: shoulder_lift is 1.600 rad away; 0.00 s old, confidence 0.97"
    assert "✗ lost FAILURE" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trees/pick_plce.yaml"], "did you mean 'pick_place'?"),
        ([], "give either a tree file or --prompt"),
        (["pick_place", "--prompt", "x"], "give either a tree file or --prompt"),
        (["--prompt", " "], "--prompt is empty"),
        (["pick_place", "--set", "robot.typ=sim"], "unknown key 'typ'"),
        (["pick_place", "--set", "control_hz"], "not an assignment"),
        (["pick_place", "--config", "smi"], "did you mean 'sim'?"),
        (["pick_place", "--sed", "3"], "unrecognized arguments: --sed 3"),
        (["pick_place", "--max-time", "-1"], "'-1' is not a number above 0"),
        (
            ["pick_place", "--set", "policy.execution.strategy=alig"],
            "unknown strategy 'alig'",
        ),
        (["pick_place", "--set", "policy.profile=standn"], "did you mean 'standin'?"),
        (["pick_place", "--set", "poses.rest=[0,-9,0,0,0,0]"], "shoulder_lift at -9 is outside"),
        (["pick_place", "--set", "limits.margin_rad=3"], "leaves a joint no room"),
        (["pick_place", "--set", "robot.blocks=[green]"], "expects: there is no red block; the config has green"),
        (["pick_place", "--set", "poses={}"], "pick_place/move_to: no pose 'rest' in the config"),
        (
            ["pick_place", "--set", "policy.url=gpu:8000"],
            "expected ws://host:port, wss://host:port or standin (try ws://gpu:8000)",
        ),
        (
            ["pick_place", "--set", "policy.timeout_s=0.05"],
            "simulated_latency_s and simulated_jitter_s of 0.1 must be below timeout_s of 0.05",
        ),
        (["."], "that is a folder"),
        (["pick_place", "--set", "policy.url=ws://:99999"], "has no host, or a port that is none"),
        (["pick_place", "--set", "policy.url=ws://gpu:99999"], "has no host, or a port that is none"),
        (["pick_place", "--seed", "-1"], "'-1' is not a whole number of at least 0"),
        (["pick_place", "--set", "policy.url=ws://me:secret@gpu:8000"], "url holds a password"),
        (["--prompt", "pick up \udcff"], "holds what is no text"),
    ],
)
def test_bad_input_exits_with_2_and_says_what_to_do(command, arguments, words):
    done = command(main, *arguments, "--json", "--fast", "--no-artifacts")
    assert done.code == 2
    assert done.json["status"] == "INVALID"
    assert words in done.json["reason"]
    assert words in done.err


def test_every_problem_of_a_tree_is_told_at_once(command, tree):
    text = "tree: t\nroot:\n  sequence:\n    - wiat: {duration_s: 1}\n    - wait: {duration_s: soon}\n"
    done = command(main, tree(text), "--fast")
    assert done.code == 2
    assert "t.yaml:4:7: " in done.err
    assert "did you mean 'wait'?" in done.err
    assert "t.yaml:5:26: " in done.err
    assert done.err.splitlines()[0] == "bt-run: 2 problems"


def test_a_server_that_was_never_there_is_refused_with_its_address(command):
    flags = ("--set", "policy.url=ws://127.0.0.1:9", "--fast", "--json", "--no-artifacts")
    done = command(main, "pick_place", *flags)
    assert (done.code, done.json["status"]) == (3, "REFUSED")
    assert "ws://127.0.0.1:9" in done.json["reason"]
    assert "connection refused" in done.json["reason"]


def test_an_arm_that_stands_outside_its_limits_is_refused_before_anything_moves(command, tree):
    flags = ("--set", "limits.margin_rad=0.3", "--set", "poses={}", "--fast", "--json", "--no-artifacts")
    done = command(main, tree(WAIT), *flags)
    assert (done.code, done.json["status"]) == (3, "REFUSED")
    assert done.json["reason"].startswith("shoulder_lift stands at -1.600, outside -1.445 … 1.445; move it inside")


def test_a_tree_that_asks_no_policy_may_run_at_any_rate(command, tree):
    flags = ("--set", "control_hz=100", "--fast", "--json", "--no-artifacts")
    assert command(main, tree(WAIT), *flags).code == 0


def test_an_import_broken_by_ctrl_c_is_no_defect(command, monkeypatch):
    def interrupted(*_):
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError("initialization failed") from None

    monkeypatch.setattr("bt_robot.cli.task.load_task", interrupted)
    done = command(main, "pick_place", "--json")
    assert (done.code, done.json["status"]) == (130, "INTERRUPTED")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">/dev/full"])
def test_closed_or_full_output_streams_are_no_defect(tree, closed):
    run = f"{Path(sys.executable).parent / 'bt-run'} {tree(WAIT)} --config fake --fast --no-artifacts {closed}"
    done = subprocess.run(["sh", "-c", run], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def test_ctrl_c_while_the_pictures_are_drawn_changes_nothing_of_the_result(command, tree, tmp_path, monkeypatch):
    def impatient(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("bt_robot.cli.report.write_pictures", impatient)
    done = command(main, tree(WAIT), "--config", "fake", "--fast", "--json", "--out", tmp_path / "runs")
    assert (done.code, done.json["status"], len(done.out.splitlines())) == (0, "SUCCESS", 1)
    assert {path.name for path in (tmp_path / "runs").glob("*/*")} == {"summary.json", "run.mcap", "tree.btlog"}
    assert "the pictures in" in done.err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_knows_few_characters_gets_the_result_all_the_same(tree, encoding):
    run = [Path(sys.executable).parent / "bt-run", tree(WAIT), "--config", "fake", "--fast", "--no-artifacts"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(run, capture_output=True, env=environment, timeout=60, check=False)
    assert done.returncode == 0
    assert b"SUCCESS  nap" in done.stdout


def test_a_profile_beside_the_config_is_found(command, tree, tmp_path):
    from bt_robot.config.builtin import builtin_folder

    (tmp_path / "mine").mkdir()
    config = tmp_path / "mine" / "mine.yaml"
    config.write_text(
        (builtin_folder("configs") / "sim.yaml").read_text().replace("profile: standin", "profile: p.yaml")
    )
    profiles = Path(bt_robot.__file__).parent / "policy" / "profiles"
    (tmp_path / "mine" / "p.yaml").write_text((profiles / "standin.yaml").read_text())
    done = command(main, "pick_place", "--config", config, "--fast", "--no-artifacts", "--json")
    assert done.code == 0


def test_a_defect_of_ours_still_gives_an_exit_code_and_a_json_object(command, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("bt_robot.cli.task.load_task", broken)
    done = command(main, "pick_place", "--json")
    assert (done.code, done.json["status"]) == (1, "ERROR")
    assert done.json["reason"] == "internal error: ZeroDivisionError: oops"
    assert "please report it" in done.err


def test_artifacts_that_cant_be_written_are_warned_about_and_change_nothing_else(command, tree, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = command(main, tree(WAIT), "--config", "fake", "--fast", "--json", "--out", tmp_path / "file")
    assert (done.code, done.json["artifacts"]) == (0, None)
    assert "no pictures of this run" in done.err


def test_a_disk_that_fills_up_costs_the_pictures_only(command, tree, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bt_robot.cli.report._write_text", full)
    done = command(main, tree(WAIT), "--config", "fake", "--fast", "--json", "--out", tmp_path / "runs")
    assert (done.code, done.json["status"]) == (0, "SUCCESS")
    assert done.err.count("could not be written") == 3
    assert "No space left on device" in done.err


def test_two_runs_in_one_second_do_not_share_a_folder(command, tree, tmp_path):
    for _ in range(3):
        command(main, tree(WAIT), "--config", "fake", "--fast", "--out", tmp_path / "runs")
    assert len(list((tmp_path / "runs").iterdir())) == 3


def test_includes_resolve_beside_the_tree_first(command, tmp_path, monkeypatch):
    from bt_robot.config.builtin import builtin_folder

    shutil.copytree(builtin_folder("trees"), tmp_path / "own")
    skill = tmp_path / "own" / "skills" / "vla_skill.yaml"
    skill.write_text(skill.read_text().replace("minimum: 0.1", "minimum: 100.0, doc2: x"))
    monkeypatch.chdir(tmp_path)
    done = command(main, "own/pick_place.yaml", "--fast")
    assert done.code == 2
    assert "own/skills/vla_skill.yaml" in done.err


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_and_version_come_at_once(command, flag):
    with pytest.raises(SystemExit) as caught:
        command(main, flag)
    assert caught.value.code == 0
