"""`bt-check`: every problem, without running anything."""

import io
import sys

import pytest

from bt_robot.cli.check import main


@pytest.fixture
def stdin(monkeypatch):
    """A function that puts a text or bytes on stdin."""

    def put(data):
        stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))

    return put


def test_good_trees_are_drawn(command):
    done = command(main, "pick_place", "sort_blocks", "hold_demo")
    assert done.code == 0
    for word in ("pick", "query_policy", "hold_position"):
        assert word in done.out


def test_bad_trees_are_told_with_every_problem_and_good_ones_still_drawn(command, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("tree: bad\nroot:\n  sequence:\n    - wiat\n    - move_to: {pose: rest, sped: 1}\n")
    done = command(main, bad, "pick_place")
    assert done.code == 2
    assert done.err.count("bad.yaml:") == 3
    assert done.err.endswith(f"{bad}: 2 problems\n")
    assert "query_policy" in done.out


def test_json_lists_problems_with_their_places(command, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("tree: bad\nroot: wiat\n")
    done = command(main, bad, "--json")
    (tree,) = done.json["trees"]
    assert (done.json["status"], tree["ok"]) == ("INVALID", False)
    assert {k: tree["problems"][0][k] for k in ("line", "column")} == {"line": 2, "column": 7}


def test_a_tree_is_held_against_a_config_on_request(command, tmp_path):
    tree = tmp_path / "lost.yaml"
    tree.write_text(
        "tree: lost\nexpects: {in_container: [blue]}\nroot:\n  sequence:\n"
        "    - observe: {cameras: [side]}\n    - move_to: {pose: rset}\n"
    )
    assert command(main, tree).code == 0
    done = command(main, tree, "--config", "sim", "--json")
    assert done.code == 2
    assert [(problem["line"], problem["message"]) for problem in done.json["trees"][0]["problems"]] == [
        (0, "expects: there is no blue block; the config has red, green, yellow"),
        (5, "lost/observe: no camera 'side' in the config; there is front, wrist"),
        (6, "lost/move_to: no pose 'rset' in the config; there is rest (did you mean 'rest'?)"),
    ]
    assert command(main, tree, "--config", "sim").err.splitlines()[-3:-1] == [
        "   6 |     - move_to: {pose: rset}",
        "     |       ^^^^^^^",
    ]


def test_an_expectation_that_nobody_can_judge_is_refused(command, tmp_path):
    tree = tmp_path / "odd.yaml"
    tree.write_text("tree: odd\nexpects: {in_containr: [red]}\nroot: {wait: {duration_s: 1}}\n")
    done = command(main, tree)
    assert done.code == 2
    assert done.err.splitlines()[-3:] == [
        f"{tree}: expects: unknown 'in_containr'",
        "     expected in_container",
        "     did you mean 'in_container'?",
    ]


def test_a_text_on_stdin_is_checked_as_if_it_were_in_a_file(command, tmp_path, stdin):
    (tmp_path / "skills").mkdir()
    (tmp_path / "skills" / "grasp.yaml").write_text("subtree: grasp\nroot: observe\n")
    name = tmp_path / "mine.yaml"
    stdin("tree: mine\ninclude: [skills/grasp.yaml]\nroot: {sequence: [grasp, grap]}\n")
    done = command(main, "-", "--stdin-filename", name, "--json")
    (problem,) = done.json["trees"][0]["problems"]
    assert (problem["file"], problem["line"], problem["code"]) == (str(name), 3, "unknown-node")
    assert problem["hint"] == "did you mean 'grasp'?"
    stdin("tree: mine\ninclude: [skills/grasp.yaml]\nroot: {sequence: [grasp, observe]}\n")
    assert command(main, "-", "--stdin-filename", name).code == 0


def test_a_text_on_stdin_without_a_name_finds_the_built_in_trees_only(command, stdin):
    stdin("tree: mine\ninclude: [skills/vla_skill.yaml]\nroot: {vla_skill: {prompt: a, done: observe}}\n")
    assert command(main, "-").code == 0
    stdin("tree: mine\nroot: obsreve\n")
    assert command(main, "-").err.startswith("stdin:2:7: unknown node type 'obsreve'\n")


def test_a_text_on_stdin_is_bounded_and_must_be_text(command, stdin):
    stdin(b"#" * 1_000_001)
    assert "more than 1000000 bytes" in command(main, "-").err
    stdin(b"tree: \xff")
    assert command(main, "-").err.startswith("stdin:1:7: byte 6 is not UTF-8\n")


@pytest.mark.parametrize(
    ("flags", "words"),
    [(["-", "-"], "'-' is given twice"), (["pick_place", "--stdin-filename", "a.yaml"], "give - as TREE, too")],
)
def test_flags_about_stdin_that_make_no_sense(command, flags, words):
    done = command(main, *flags)
    assert done.code == 2
    assert words in done.err


def test_a_config_is_shown_with_its_line_too(command, tmp_path):
    config = tmp_path / "mine.yaml"
    config.write_text("robot:\n  type: sim\ncontrol_hz: fast\n")
    done = command(main, "pick_place", "--config", config, "--json")
    assert done.code == 2
    assert done.err.splitlines()[-3:] == [
        "   3 | control_hz: fast",
        "     |             ^^^^",
        "     expected a number from 1 to 500",
    ]
    assert [problem["code"] for problem in done.json["problems"]] == ["wrong-type"]


def test_the_trees_of_a_line_are_judged_one_by_one(command, tmp_path):
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("tree: good\nroot: observe\n")
    bad.write_text("tree: bad\nroot: obsreve\n")
    done = command(main, good, bad, "--json")
    assert [(tree["tree"], tree["ok"]) for tree in done.json["trees"]] == [(str(good), True), (str(bad), False)]
