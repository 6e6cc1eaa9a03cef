"""Edits of a running tree's files: noticed when they rest, refused with their mistakes, taken once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bt_robot.cli.run import main
from bt_robot.cli.watching import Watcher
from bt_robot.nodes import standard_registry
from bt_robot.tree import build_tree, load_tree

TREE = "tree: t\ninclude: [part.yaml]\nroot:\n  sequence:\n    - part\n    - wait: {duration_s: 1}\n"
PART = "subtree: part\nroot:\n  wait: {duration_s: 1}\n"


class Desk:
    """A folder with a tree, and the watcher of a run of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ticks = 0
        self.write("t.yaml", TREE)
        self.write("part.yaml", PART)
        self.loads = 0
        self.watcher = Watcher(self.load()[0], self.load)

    def load(self):
        self.loads += 1
        spec = load_tree(self.folder / "t.yaml", standard_registry())
        return spec, build_tree(spec)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text)
        self.ticks += 1
        os.utime(path, ns=(self.ticks, self.ticks))  # two edits within the clock's grain are two edits

    def look(self, times: int = 3):
        for _ in range(times):
            self.watcher.look()
        return self.watcher.take()


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_nothing_is_loaded_while_nothing_is_edited(desk):
    assert desk.look(10) is None
    assert desk.loads == 1


def test_an_edit_is_taken_once_and_is_the_tree_that_runs(desk):
    desk.write("t.yaml", TREE.replace("duration_s: 1", "duration_s: 2"))
    tree = desk.look()
    assert [node.detail for node in tree.nodes] == ["", "", "duration_s=1", "duration_s=2"]
    assert desk.watcher.spec.root.children[1].values == {"duration_s": 2.0}
    assert len(desk.watcher.taken) == 1
    assert desk.look() is None
    assert desk.loads == 2


def test_an_edit_counts_when_the_files_rest(desk):
    desk.write("t.yaml", TREE.replace("duration_s: 1", "duration_s: 2"))
    assert desk.look(1) is None
    desk.write("t.yaml", TREE.replace("duration_s: 1", "duration_s: 3"))
    assert desk.look(1) is None
    assert desk.loads == 1
    assert desk.look(1).nodes[-1].detail == "duration_s=3"


def test_an_edit_of_an_included_file_counts(desk):
    desk.write("part.yaml", PART.replace("1", "4"))
    assert desk.look().nodes[2].detail == "duration_s=4"


def test_the_newest_of_two_edits_is_taken(desk):
    for seconds in "23":
        desk.write("part.yaml", PART.replace("1", seconds))
        desk.watcher.look()
        desk.watcher.look()
    assert desk.watcher.take().nodes[2].detail == "duration_s=3"
    assert desk.watcher.take() is None
    assert len(desk.watcher.taken) == 1


def test_an_edit_with_mistakes_tells_them_once_and_changes_nothing(desk):
    desk.write("t.yaml", TREE.replace("wait", "wiat"))
    heading, mistake = desk.look()
    assert heading == "the edit changes nothing:"
    assert mistake.startswith("t.yaml:6:7")
    assert "did you mean 'wait'" in mistake
    assert desk.watcher.spec.root.children[1].type == "wait"
    assert desk.look() is None


def test_a_mistake_after_an_edit_that_nobody_took_yet_is_told_after_it(desk):
    for text in (TREE.replace("duration_s: 1", "duration_s: 2"), TREE.replace("wait", "wiat")):
        desk.write("t.yaml", text)
        desk.watcher.look()
        desk.watcher.look()
    assert desk.watcher.take().nodes[-1].detail == "duration_s=2"
    assert "t.yaml:6:7" in desk.watcher.take()[1]


def test_a_mistake_that_was_mended_before_it_could_be_told_is_none(desk):
    for text in (TREE.replace("wait", "wiat"), TREE):
        desk.write("t.yaml", text)
        desk.watcher.look()
        desk.watcher.look()
    assert desk.watcher.take() is None


def test_a_mistake_that_is_still_there_in_the_end_is_logged(desk, caplog):
    desk.watcher.remind()
    assert caplog.text == ""
    desk.write("t.yaml", TREE.replace("wait", "wiat"))
    desk.look()
    desk.watcher.remind()
    assert "t.yaml:6:7" in caplog.text
    desk.write("t.yaml", TREE)
    desk.look()
    caplog.clear()
    desk.watcher.remind()
    assert caplog.text == ""


def test_mended_in_a_file_that_the_edit_newly_includes(desk):
    desk.write("more.yaml", PART.replace("part", "more").replace("wait", "wiat"))
    desk.write("t.yaml", TREE.replace("[part", "[more.yaml, part").replace("- part", "- more"))
    assert "more.yaml:3:3" in desk.look()[1]
    desk.write("more.yaml", PART.replace("part", "more"))
    assert desk.look().nodes[1].name == "more"


def test_a_file_that_comes_back_after_it_was_gone(desk):
    (desk.folder / "part.yaml").unlink()
    assert "part.yaml" in desk.look()[1]
    desk.write("part.yaml", PART.replace("1", "5"))
    assert desk.look().nodes[2].detail == "duration_s=5"


@pytest.mark.parametrize("name", ["t.yaml", "other.yaml"])
def test_what_does_not_change_the_tree_does_not_end_it(desk, name):
    desk.write(name, "# a word to the reader\n" + TREE if name == "t.yaml" else "anything: else")
    assert desk.look() is None
    assert desk.loads == 2


def test_a_defect_of_ours_does_not_end_the_run(desk, caplog):
    desk.watcher._load = lambda: 1 / 0
    desk.write("part.yaml", PART.replace("1", "2"))
    assert desk.look() is None
    assert "ZeroDivisionError" in caplog.text


def test_the_thread_watches_until_the_run_ends(desk):
    with desk.watcher:
        assert desk.watcher._thread.is_alive()
    assert not desk.watcher._thread.is_alive()


LONG = "tree: t\nroot:\n  sequence:\n    - move_to: {pose: rest, speed: 0.05}\n    - wait: {duration_s: 600}\n"


def test_a_run_goes_on_with_the_edited_tree_and_tells_what_is_wrong_with_one(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text(LONG)
    command = [Path(sys.executable).parent / "bt-run", path, "--watch", "--config", "fake", "--no-artifacts", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        try:
            told = iter(run.stderr.readline, "")
            assert any("wait RUNNING" in line for line in told)
            path.write_text(LONG.replace("wait:", "wiat:"))
            assert any("t.yaml:5:7" in line for line in told)
            path.write_text(LONG.replace("600", "0.01"))
            assert any("the edited tree takes over, from its root" in line for line in told)
            out, rest = run.communicate(timeout=60)
        finally:
            run.kill()
    result = json.loads(out)
    assert (run.returncode, result["status"], result["edits"]) == (0, "SUCCESS", 1)
    assert "wait SUCCESS" in rest


def test_watch_needs_a_file_and_a_person(command):
    for arguments, words in ((["--prompt", "go"], "needs a tree file"), (["pick_place", "--fast"], "leave --fast out")):
        done = command(main, *arguments, "--watch", "--config", "fake", "--json")
        assert done.code == 2
        assert words in done.err
