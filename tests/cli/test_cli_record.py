"""`bt-run` records every run into its folder, whatever becomes of it, and the recording costs the run nothing."""

import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import bt_robot
from bt_robot.cli.record import told_trees
from bt_robot.cli.run import main
from bt_robot.cli.vocabulary import installed_registry
from bt_robot.config.problems import Problems
from bt_robot.config.source import parse
from bt_robot.telemetry.recorder import read_run
from bt_robot.tree.language.loading import load_definitions, load_tree

BT_RUN = Path(sys.executable).parent / "bt-run"
WAIT = "tree: nap\nroot: {wait: {duration_s: 0.2}}\n"


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """The main job, run once: its folder."""
    out = tmp_path_factory.mktemp("runs")
    assert main(["pick_place", "--fast", "--seed", "3", "--out", str(out), "--set", "policy.timeout_s=9"]) == 0
    (folder,) = out.iterdir()
    return folder


def test_a_recording_knows_what_the_run_was_made_from(job):
    with read_run(job) as run:
        info, (tree,) = run.info, run.trees
        assert (info.tree, info.seed, info.fast, info.prompt, info.control_hz) == ("pick_place", 3, True, "", 30.0)
        assert (info.cameras, info.assignments) == (("front", "wrist"), ("policy.timeout_s=9",))
        assert "type: sim" in info.config.text
        assert [Path(each.path).name for each in info.profiles] == ["standin.yaml"]
        assert set(info.poses) >= {"rest"}
        assert len(info.limits.names) == 6
        assert info.versions["bt-robot"] == bt_robot.__version__
        assert (run.ending.status, run.damage) == ("SUCCESS", ())
        assert [Path(each.path).name for each in tree.sources] == ["pick_place.yaml", "vla_skill.yaml"]


def test_the_recorded_files_are_the_tree_that_ran(job):
    with read_run(job) as run:
        problems = Problems()
        heads = [parse(each.text, each.path, problems) for each in run.trees[0].sources]
        spec = load_definitions(heads, installed_registry(), problems)
        assert spec.root.path == run.trees[0].nodes[0].path
        assert [run.trees[0].nodes[1].path] == [child.path for child in spec.root.children][:1]


def test_every_tick_is_there_with_its_pictures(job):
    with read_run(job) as run:
        records = list(run.records())
        assert [record.step for record in records] == list(range(len(records)))
        assert records[-1].status == "SUCCESS"
        assert records[len(records) // 2].observation.frames["wrist"].image.shape == (224, 224, 3)


def test_recording_changes_nothing_of_a_run(command, tmp_path):
    flags = ("pick_place", "--fast", "--json", "--seed", 5, "--out", tmp_path)
    without = command(main, *flags, "--no-record").json
    with_it = command(main, *flags, "--record-hz", 30).json
    assert with_it["commands_sha256"] == without["commands_sha256"]
    assert [Path(each["artifacts"], "run.mcap").exists() for each in (without, with_it)] == [False, True]


def test_the_tree_of_a_single_prompt_is_recorded_too(command, tmp_path):
    command(main, "--prompt", "pick up  the red block", "--fast", "--max-time", 1, "--out", tmp_path)
    with read_run(next(tmp_path.iterdir())) as run:
        assert run.info.prompt == "pick up  the red block"
        assert "prompt: 'pick up the red block'" in run.trees[0].sources[0].text
        assert (run.ending.status, run.info.max_time_s) == ("FAILURE", 1.0)


def test_what_a_tree_expects_and_is_not_so_is_recorded(command, tmp_path):
    tree = tmp_path / "lazy.yaml"
    tree.write_text("tree: lazy\nexpects: {in_container: [red]}\nroot: {wait: {duration_s: 0.1}}\n")
    done = command(main, str(tree), "--fast", "--json", "--out", str(tmp_path / "runs"))
    with read_run(Path(done.json["artifacts"])) as run:
        assert (run.ending.status, run.ending.unmet) == ("SUCCESS", ("the red block is not in the container",))


@pytest.mark.parametrize("limit", ["1", "0", "much"])
def test_a_limit_without_room_for_a_run_is_refused(command, tmp_path, limit):
    done = command(main, "pick_place", "--fast", "--record-limit", limit, "--out", tmp_path)
    assert done.code == 2
    assert "expected at least 2" in done.err or "not a number above 0" in done.err


def test_a_folder_that_takes_no_recording_is_told_and_the_run_goes_on(command, tmp_path, monkeypatch):
    monkeypatch.setattr("bt_robot.telemetry.recorder.FILE_NAME", "no/such/folder")
    path = tmp_path / "nap.yaml"
    path.write_text(WAIT)
    done = command(main, path, "--config", "fake", "--fast", "--out", tmp_path / "runs")
    assert done.code == 0
    assert "no recording of this run" in done.err


def test_a_run_that_is_killed_leaves_its_last_complete_second(tmp_path):
    path = tmp_path / "nap.yaml"
    path.write_text(
        "tree: nap\nroot:\n  sequence:\n    - wait: {duration_s: 2.2}\n    - wait: {name: b, duration_s: 60}\n"
    )
    command = [BT_RUN, path, "--config", "fake", "--out", tmp_path / "runs"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as run:
        try:
            assert any("b RUNNING" in line for line in iter(run.stderr.readline, ""))
            run.send_signal(signal.SIGKILL)
            run.wait()
        finally:
            run.kill()
    with read_run(next((tmp_path / "runs").iterdir())) as recorded:
        steps = [record.step for record in recorded.records()]
        assert steps == list(range(len(steps)))
        assert recorded.range_s[1] >= 1.9
        assert recorded.ending is None


def test_a_file_that_is_edited_again_is_recorded_as_it_was_loaded(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text(WAIT)
    spec = load_tree(path, installed_registry())
    path.write_text("something else")
    session = SimpleNamespace(job=SimpleNamespace(spec=None))
    told = told_trees(session, SimpleNamespace(prompt=None), lambda _: (spec, None))
    assert [source.text for source in told(()).sources] == [WAIT]


def test_an_edited_tree_is_recorded_with_its_own_files(tmp_path):
    path = tmp_path / "t.yaml"
    text = "tree: t\nroot:\n  sequence:\n    - wait: {duration_s: 600}\n"
    path.write_text(text)
    command = [BT_RUN, path, "--watch", "--config", "fake", "--out", tmp_path / "runs"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as run:
        try:
            assert any("wait RUNNING" in line for line in iter(run.stderr.readline, ""))
            path.write_text(text.replace("600", "0.01"))
            run.communicate(timeout=60)
        finally:
            run.kill()
    with read_run(next((tmp_path / "runs").iterdir())) as recorded:
        assert [tree.sources[0].text for tree in recorded.trees] == [text, text.replace("600", "0.01")]
        assert recorded.trees[1].nodes[1].detail == "duration_s=0.01"
