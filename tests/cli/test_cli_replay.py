"""`bt-replay`: a recorded run goes the same way again, tick by tick; another tree shows where it goes another way."""

import contextlib
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import bt_robot.cli.run as run_module
from bt_robot.cli.replay import main
from bt_robot.cli.replay_report import describe
from bt_robot.cli.run import main as run_main
from bt_robot.cli.task import load_task
from bt_robot.messages import Status
from bt_robot.messages.steering import Wish
from bt_robot.nodes.motion import MoveTo
from bt_robot.robot.fake import FakeRobot
from bt_robot.runtime.steering import Helm
from bt_robot.standin.process import StandinProcess
from bt_robot.telemetry.recorder.reader import RecordedRun
from tests.plugins.plugin_kit import install

TREES = Path(run_module.__file__).parents[2] / "trees"
DOCS = Path(run_module.__file__).parents[2] / "docs"
MOVE = "tree: t\nroot:\n  sequence:\n    - move_to: {pose: rest, speed: 0.1}\n    - wait: {duration_s: 600}\n"


def recorded(out, *flags):
    """Run something, and return the folder it left."""
    run_main([*map(str, flags), "--out", str(out)])
    (folder,) = out.iterdir()
    return folder


def watched(monkeypatch, publish):
    """Have a function called with every tick of a run."""

    class Sink:
        def publish(self, record):
            publish(record)

    monkeypatch.setattr(run_module, "_others", lambda *_: [contextlib.nullcontext(Sink())])


def require_same(done, status):
    assert (done.code, done.json["status"]) == (0, "SAME"), done.out
    assert done.json["recorded"] == done.json["replayed"]
    assert done.json["replayed"]["status"] == status
    assert done.json["ticks"] > 1
    assert done.json["notes"] == []


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """The folder of the main job."""
    return recorded(tmp_path_factory.mktemp("runs"), "pick_place", "--fast")


FLAGS = {
    "ask_first": ("--confirm", "yes"),
    "sort_blocks": ("--max-time", 8),
    "sort_by_list": ("--max-time", 8),
    "tour": ("--config", "fake"),
    "watch_conditions": ("--max-time", 2),
}


@pytest.mark.parametrize("tree", sorted(path.stem for path in TREES.glob("*.yaml")))
def test_every_example_replays_to_the_same_statuses_and_commands(command, tmp_path, tree):
    run = recorded(tmp_path, tree, "--fast", *FLAGS.get(tree, ()))
    status = "FAILURE" if "--max-time" in FLAGS.get(tree, ()) else "SUCCESS"
    require_same(command(main, run, "--json"), status)


@pytest.mark.parametrize(
    "flags",
    [
        ("--set", "policy.simulated_latency_s=0.7", "--set", "policy.simulated_jitter_s=0.6", "--seed", 5),
        ("--set", "policy.execution.strategy=sync"),
        ("--set", "policy.execution.strategy=latest", "--set", "policy.horizon=12"),
        ("--set", "control_hz=50"),
    ],
    ids=["late", "sync", "short", "50 Hz"],
)
def test_whatever_the_chunks_come_to(command, tmp_path, flags):
    run = recorded(tmp_path, "pick_place", "--fast", "--max-time", 12, *flags)
    done = command(main, run, "--json")
    require_same(done, done.json["recorded"]["status"])


def test_a_server_that_is_killed_and_comes_back(command, tmp_path, monkeypatch):
    with StandinProcess() as first:
        url = first.url
        later = StandinProcess(port=int(url.rpartition(":")[2]))
        acts = {40: first.kill, 100: later.start}
        watched(monkeypatch, lambda record: acts.pop(record.step, lambda: None)())
        run = recorded(tmp_path, "hold_demo", "--fast", "--max-time", 9, "--set", f"policy.url={url}")
        later.stop()
    assert not acts
    done = command(main, run, "--json")
    require_same(done, done.json["recorded"]["status"])


def test_a_robot_that_fails(command, tmp_path, monkeypatch):
    observe = FakeRobot.observe

    def fail(self, step, now_s):
        if step == 30:
            self.emergency_stop("the cable is out")
        return observe(self, step, now_s)

    monkeypatch.setattr(FakeRobot, "observe", fail)
    run = recorded(tmp_path, "tour", "--config", "fake", "--fast")
    monkeypatch.undo()
    done = command(main, run, "--json")
    require_same(done, "FAILURE")
    assert "the cable is out" in done.json["replayed"]["reason"]


def test_a_tick_that_took_too_long_is_held_again(command, tmp_path, monkeypatch):
    tick, ticks = MoveTo.on_tick, iter(range(1000))

    def slow(self, ctx):
        if next(ticks) == 12:
            time.sleep(0.2)
        return tick(self, ctx)

    monkeypatch.setattr(MoveTo, "on_tick", slow)
    path = tmp_path / "t.yaml"
    path.write_text(MOVE)
    run = recorded(tmp_path / "runs", path, "--config", "fake", "--max-time", 1)
    monkeypatch.undo()
    require_same(command(main, run, "--json"), "FAILURE")


def test_an_edited_tree_takes_over_again(command, tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text(MOVE)
    flags = [Path(sys.executable).parent / "bt-run", path, "--watch", "--config", "fake", "--out", tmp_path / "runs"]
    with subprocess.Popen(flags, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as run:
        try:
            assert any("move_to RUNNING" in line for line in iter(run.stderr.readline, ""))
            path.write_text("tree: t\nroot:\n  sequence:\n    - wait: {duration_s: 0.3}\n")
            run.communicate(timeout=60)
        finally:
            run.kill()
    require_same(command(main, next((tmp_path / "runs").iterdir()), "--json"), "SUCCESS")


def test_a_run_that_a_person_interrupted(command, tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text(MOVE)
    flags = [Path(sys.executable).parent / "bt-run", path, "--config", "fake", "--out", tmp_path / "runs"]
    with subprocess.Popen(flags, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as run:
        try:
            assert any("move_to RUNNING" in line for line in iter(run.stderr.readline, ""))
            run.send_signal(signal.SIGINT)
            run.communicate(timeout=60)
        finally:
            run.kill()
    run = next((tmp_path / "runs").iterdir())
    (run / "run.mcap").rename(tmp_path / "copied.mcap")  # one file is all that it takes
    require_same(command(main, tmp_path / "copied.mcap", "--json"), "INTERRUPTED")


WISHES = {
    20: Wish("hold"),
    30: Wish("resume"),
    40: Wish("step"),
    45: Wish("step"),
    50: Wish("step_to_change"),
    70: Wish("resume"),
    72: Wish("parameter", path="pick_place/move_to", name="speed", text="0.5"),
    74: Wish("breakpoint", path="pick_place/place", status="RUNNING"),
    130: Wish("resume"),
    131: Wish("prompt", path="pick_place/place", text="place the red block in the container"),
    160: Wish("skip", path="pick_place/place"),
}


def test_a_steered_run_is_steered_again(command, tmp_path, monkeypatch):
    helms, refused = [], []

    class Kept(Helm):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            helms.append(self)

    def steer(record):
        if record.step in WISHES:
            refused.append(helms[0].wish(WISHES[record.step], "anna"))

    monkeypatch.setattr("bt_robot.runtime.steering.Helm", Kept)
    watched(monkeypatch, steer)
    run = recorded(tmp_path, "pick_place", "--fast", "--max-time", 15)
    assert refused == [""] * len(WISHES)
    done = command(main, run, "--json")
    require_same(done, done.json["recorded"]["status"])
    other = command(main, run, "--tree", edited(tmp_path, "name: place", "name: put"), "--json").json
    assert other["notes"][0] == "a person steered the recorded run; the replay is steered in the same way"
    assert any("(breakpoint) is not done again: " in note for note in other["notes"])


def edited(tmp_path, old, new):
    """The main job's tree with a change."""
    text = (TREES / "pick_place.yaml").read_text()
    assert old in text
    path = tmp_path / "edited.yaml"
    path.write_text(text.replace(old, new))
    return path


def test_another_condition_shows_where_the_tree_goes_another_way(command, job, tmp_path):
    path = edited(tmp_path, "holding_object: {for_s: 0.3}", "holding_object: {for_s: 0.1}")
    done = command(main, job, "--tree", path)
    assert done.code == 1
    assert max(map(len, done.out.splitlines())) <= 80
    first = re.search(r"first at (\d\.\d\d) s, in (\S+)", done.out)
    assert first[2].endswith("/holding_object")
    assert re.search(r"recorded FAILURE: .*\n +now      SUCCESS", done.out)
    result = command(main, job, "--tree", path, "--json").json
    assert (
        result["first"]["path"] == result["nodes"][0]["path"] or result["first"]["step"] == result["nodes"][0]["step"]
    )
    assert result["commands"]["from_s"] >= result["first"]["time_s"]
    assert {each["joint"] for each in result["commands"]["joints"]} <= {
        "shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll", "gripper",
    }  # fmt: skip
    assert f"commands differ from {result['commands']['from_s']:.2f} s on" in done.out


def test_the_same_tree_from_a_file_is_the_same(command, job):
    done = command(main, job, "--tree", "pick_place")
    assert (done.code, done.out.splitlines()[-1].split(": ")[1]) == (
        0,
        "the same statuses and commands in every one",
    )


def test_nodes_that_are_new_and_nodes_that_are_gone(command, job, tmp_path):
    path = edited(tmp_path, "    - move_to: {pose: rest, speed: 0.3}\n", "    - wait: {duration_s: 0.1}\n")
    result = command(main, job, "--tree", path, "--json").json
    assert (result["added"], result["removed"]) == (["pick_place/wait"], ["pick_place/move_to"])
    assert result["replayed"]["status"] == "SUCCESS"
    assert result["replayed"]["time_s"] < result["recorded"]["time_s"]


def test_a_node_with_another_name_goes_the_same_way_and_is_told(command, job, tmp_path):
    path = edited(tmp_path, "name: pick\n", "name: grab\n")
    done = command(main, job, "--tree", path)
    assert done.code == 1
    assert done.out.splitlines()[2:] == [
        "191 ticks compared: the same statuses and commands in every one",
        "  renamed pick_place/pick → pick_place/grab",
    ]
    (renamed,) = command(main, job, "--tree", path, "--json").json["renamed"]
    assert renamed == {"recorded": "pick_place/pick", "replayed": "pick_place/grab", "nodes": 11}


def test_a_shorter_time_limit_is_what_differs_and_not_the_node_that_it_halts(command, job, tmp_path):
    path = edited(tmp_path, "done: {holding_object: {for_s: 0.3}}\n        time_limit_s: 20",
                  "done: {holding_object: {for_s: 0.3}}\n        time_limit_s: 1.5")  # fmt: skip
    first = command(main, job, "--tree", path, "--json").json["first"]
    assert first["path"] == "pick_place/pick/timeout"
    assert (first["time_s"], first["recorded"]["status"], first["replayed"]["status"]) == (1.5, "RUNNING", "FAILURE")
    assert first["replayed"]["reason"].startswith("not done within 1.5 s")


def test_another_speed_shows_in_the_commands_before_it_does_in_a_status(command, job, tmp_path):
    done = command(main, job, "--tree", edited(tmp_path, "speed: 0.3", "speed: 0.5"))
    lines = done.out.splitlines()
    assert re.fullmatch(r"  first at 3.\d\d s: another command, in pick_place/move_to", lines[3])
    assert re.fullmatch(r"  the first other status at \d.\d\d s, in pick_place/move_to", lines[4])


def test_a_new_leaf_in_front_is_told_where_the_old_one_waits_for_it(command, job, tmp_path):
    path = edited(tmp_path, "    - move_to", "    - wait: {duration_s: 0.5}\n    - move_to")
    done = command(main, job, "--tree", path)
    assert "  added   pick_place/wait" in done.out
    assert "now      IDLE: not asked; pick_place/wait is RUNNING" in done.out


def test_another_tree_altogether_is_told_in_a_few_lines(command, job):
    done = command(main, job, "--tree", "tour")
    assert done.code == 1
    assert "renamed pick_place → tour" in done.out
    assert re.search(r"removed pick_place/pick and 10 below it", done.out)
    assert len(done.out.splitlines()) < 50


def test_an_answer_that_comes_at_other_times_is_no_fault_of_the_tree(command, job, tmp_path):
    text = (TREES / "pick_place.yaml").read_text()
    skills = re.search(
        r"(    - vla_skill:\n        name: pick.*?)(    - vla_skill:\n        name: place.*?)    - m", text, re.DOTALL
    )
    path = edited(tmp_path, skills[1] + skills[2], skills[2] + skills[1])
    result = command(main, job, "--tree", path, "--json").json
    assert result["first"]["path"] == "pick_place/place"
    assert result["notes"][0].startswith("at 0.00 s the replay asks the policy for 'place it in the container'; ")


def test_a_prompt_that_was_never_asked_has_no_policy_and_that_is_said(command, job, tmp_path):
    path = edited(tmp_path, "prompt: place it in the container", "prompt: put it into the box")
    result = command(main, job, "--tree", path, "--json").json
    assert (result["status"], result["replayed"]["status"]) == ("DIFFERS", "RUNNING")
    assert result["notes"] == [
        "the recorded run never asked the policy for 'put it into the box': it is unavailable there"
    ]
    assert result["replayed"]["reason"] == "the recording is over"


def test_what_nobody_looked_for_is_looked_for_in_the_recorded_pictures(command, job, tmp_path):
    path = edited(tmp_path, "{holding_object: {for_s: 0.3}}", "{object_in_region: {camera: front, colour: red}}")
    result = command(main, job, "--tree", path, "--json").json
    assert "in the pictures of the recording" in result["notes"][0]
    assert any(each["path"].endswith("object_in_region") for each in result["nodes"]) or result["added"]


LATE_LOOK = """
tree: t
root:
  sequence:
    - wait: {duration_s: 2}
    - force_success: {child: {object_in_region: {camera: front, colour: red, max_age_s: 0.2}}}
    - wait: {duration_s: 1}
"""


def test_a_look_when_the_recorded_run_did_not_is_as_old_as_the_recorded_picture(command, tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text(LATE_LOOK)
    run = recorded(tmp_path / "runs", path, "--fast", "--record-hz", 2)
    require_same(command(main, run, "--json"), "SUCCESS")
    words = {}
    for wait_s in (0, 0.4):
        path.write_text(LATE_LOOK.replace("duration_s: 2}", f"duration_s: {wait_s}}}"))
        result = command(main, run, "--tree", path, "--json").json
        (words[wait_s],) = (each["replayed"] for each in result["nodes"] if each["path"].endswith("object_in_region"))
        assert f" at {wait_s:.2f} s: it is looked for in the pictures" in result["notes"][0]
    assert words[0]["status"] == "SUCCESS"
    assert (words[0.4]["status"], words[0.4]["reason"][:10]) == ("FAILURE", "not known:")


CHANCE = """
import random
from bt_robot.tree import Condition, failure, success

class ByChance(Condition):
    \"\"\"Say yes or no by chance.\"\"\"

    type_name = "by_chance"

    def on_tick(self, ctx):
        return success() if random.random() < 0.5 else failure("no luck")
"""


def test_a_leaf_that_reads_what_is_not_recorded_is_told_as_such(command, tmp_path, monkeypatch):
    site = tmp_path / "site"
    install(
        site,
        entries={"bt_robot.leaves": {"by_chance": "by_chance_leaf:ByChance"}},
        modules={"by_chance_leaf.py": CHANCE},
    )
    monkeypatch.syspath_prepend(str(site))
    path = tmp_path / "t.yaml"
    path.write_text("tree: t\nroot: {repeat: {times: 40, child: {force_success: {child: by_chance}}}}\n")
    run = recorded(tmp_path / "runs", path, "--config", "fake", "--fast")
    result = command(main, run, "--json").json
    assert result["status"] == "DIFFERS"
    assert result["first"]["path"].endswith("/by_chance")
    same_tree, leaves = result["notes"]
    assert same_tree.startswith("it is the tree that ran: ")
    assert leaves.startswith("leaves of other packages: by_chance (my-parts 1.2); ")
    monkeypatch.setattr("random.random", lambda: 0.9)
    calm = recorded(tmp_path / "calm", path, "--config", "fake", "--fast")
    require_same(command(main, calm, "--json"), "SUCCESS")


def test_other_versions_are_named_where_something_differs(command, job, tmp_path, monkeypatch):
    monkeypatch.setattr("bt_robot.cli.casting.versions", lambda: {"bt-robot": "99.0"})
    path = edited(tmp_path, "for_s: 0.3", "for_s: 0.6")
    (note,) = command(main, job, "--tree", path, "--json").json["notes"]
    assert re.match(r"other versions than in the recorded run: bt-robot \S+ → 99.0, python \S+ → none", note)
    require_same(command(main, job, "--json"), "SUCCESS")


def test_a_tree_that_is_not_the_one_of_its_recorded_files_is_told(command, job, tmp_path, monkeypatch):
    other = load_task(str(edited(tmp_path, "name: pick\n", "name: grab\n")))
    monkeypatch.setattr("bt_robot.cli.casting.load_definitions", lambda *_: other)
    result = command(main, job, "--json").json
    assert result["status"] == "DIFFERS"
    assert result["notes"][0].startswith("the tree that ran from 0.00 s on is not the one of its recorded files: ")


def test_what_groot2_did_to_a_node_is_told_and_not_done_again(command, tmp_path, monkeypatch):
    def others(session, *_):
        class Sink:
            def publish(self, record):
                if record.step == 5:
                    session.plans.tree.hook("t/b", before=lambda: Status.RUNNING)
                if record.step == 40:
                    session.plans.tree.unhook("t/b")

        return [contextlib.nullcontext(Sink())]

    monkeypatch.setattr(run_module, "_others", others)
    path = tmp_path / "t.yaml"
    waits = "{wait: {name: a, duration_s: 0.5}}, {wait: {name: b, duration_s: 0.1}}"
    path.write_text(f"tree: t\nroot: {{sequence: [{waits}]}}\n")
    run = recorded(tmp_path / "runs", path, "--config", "fake", "--fast")
    result = command(main, run, "--json").json
    assert result["status"] == "DIFFERS"
    assert result["notes"][0].startswith("at 0.50 s another program, as Groot2, had a node wait or answered for it; ")


def test_a_recording_that_lacks_ticks_is_replayed_up_to_there(command, job, monkeypatch):
    records = RecordedRun.records

    def without_some(self, *arguments):
        return (record for record in records(self, *arguments) if record.step not in (60, 61))

    monkeypatch.setattr(RecordedRun, "records", without_some)
    result = command(main, job, "--json").json
    assert (result["status"], result["ticks"]) == ("SAME", 60)
    assert result["notes"] == [
        "the recording lacks what was between 1.97 s and 2.07 s; only what was before can be replayed, and the run went"
        " on to SUCCESS"
    ]
    done = command(main, job, "--expect", "SUCCESS")
    assert (done.code, done.out.splitlines()[-1]) == (1, "expected SUCCESS: the recording is over before that")


LOOK = "tree: t\nroot:\n  sequence:\n    - wait: {duration_s: 0.3}\n    - in_region: {z_m: [0.9, 1.0]}\n"


def test_a_failed_run_becomes_a_regression_test(command, tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text(LOOK)
    run = recorded(tmp_path / "runs", path, "--fast")
    assert command(main, run, "--expect", "FAILURE").code == 0
    failed = command(main, run, "--tree", path, "--expect", "SUCCESS")
    assert failed.code == 1
    assert failed.out.splitlines()[-1] == "expected SUCCESS: it ended otherwise"
    path.write_text(LOOK.replace("[0.9, 1.0]", "[-0.5, 1.0]"))
    mended = command(main, run, "--tree", path, "--expect", "SUCCESS")
    assert mended.code == 0
    assert mended.out.splitlines()[-1] == "expected SUCCESS: so it ended"


def test_the_recipe_for_pytest_works(command, tmp_path):
    path = tmp_path / "trees" / "my_task.yaml"
    path.parent.mkdir()
    path.write_text(LOOK)
    run = recorded(tmp_path / "runs", path, "--fast")
    home = tmp_path / "tests" / "runs"
    home.mkdir(parents=True)
    (run / "run.mcap").rename(home / "too_high.mcap")
    recipe = re.search(r"```python\n(.*?)```", (DOCS / "replaying.md").read_text(), re.DOTALL)[1]
    (tmp_path / "tests" / "test_runs.py").write_text(recipe)
    pytest_run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, "tests"]
    failed = subprocess.run(pytest_run, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert (failed.returncode, "1 failed, 1 passed" in failed.stdout) == (1, True)
    assert "expected SUCCESS: it ended otherwise" in failed.stdout
    path.write_text(LOOK.replace("[0.9, 1.0]", "[-0.5, 1.0]"))
    done = subprocess.run(pytest_run, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert (done.returncode, "2 passed" in done.stdout) == (0, True)


def test_what_is_no_recording_and_a_tree_that_does_not_fit(command, job, tmp_path):
    done = command(main, tmp_path / "no.mcap")
    assert done.code == 2
    assert "there is no" in done.err
    path = edited(tmp_path, "pose: rest", "pose: home")
    done = command(main, job, "--tree", path, "--json")
    assert (done.code, done.json["status"]) == (2, "INVALID")
    assert "'home'" in done.err


def test_the_words_of_a_recording_do_nothing_to_the_terminal(command, tmp_path):
    evil = "\x1b[2J\nWARNING \u202eforged"
    end = {"status": "FAILURE", "time_s": 1.0, "reason": evil, "failed_path": evil}
    state = {"status": "FAILURE", "reason": evil}
    first = {"path": evil, "time_s": 1.0, "recorded": state, "replayed": state, "asked_in_both": True}
    result = {"recorded": end, "replayed": end, "ticks": 1, "first": first, "nodes": [first, first], "expect": None}
    result |= {"renamed": [], "added": [evil], "removed": [evil], "notes": [evil]}
    result |= {"commands": {"from_s": 1.0, "at": evil, "joints": []}}
    assert describe(result).replace("\n", "").isprintable()
    done = command(main, tmp_path / f"{evil}.mcap")
    assert done.code == 2
    assert done.err.replace("\n", "").isprintable()
