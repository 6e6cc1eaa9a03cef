"""`bt-convert`: what it writes, keeps, refuses and says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bt_robot.cli.convert import main


def test_a_tree_becomes_xml_and_comes_back(tmp_path, capsys):
    assert main(["trees/pick_place.yaml", "-o", str(tmp_path / "a.xml")]) == 0
    assert main([str(tmp_path / "a.xml"), "-o", str(tmp_path / "mine" / "b.yaml")]) == 0
    assert (tmp_path / "mine" / "b.yaml").read_text() == Path("trees/pick_place.yaml").read_text()
    assert not (tmp_path / "mine" / "skills").exists(), "the built-in skill says the same and is found anyway"
    assert "skills/vla_skill.yaml says the same already" in capsys.readouterr().err


def test_without_a_file_to_write_the_text_is_shown(capsys):
    assert main(["hold_demo"]) == 0
    assert capsys.readouterr().out.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<root BTCPP_format="4"')


@pytest.fixture
def two_files(tmp_path):
    (tmp_path / "skill.yaml").write_text("subtree: skill\nroot: observe\n")
    (tmp_path / "t.yaml").write_text("tree: t\ninclude: [skill.yaml]\nroot: skill\n")
    assert main([str(tmp_path / "t.yaml"), "-o", str(tmp_path / "t.xml")]) == 0
    return tmp_path


def test_a_subtree_is_written_beside_the_tree(two_files, capsys):
    assert main([str(two_files / "t.xml"), "-o", str(two_files / "new" / "t.yaml"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["files"] == [str(two_files / "new" / name) for name in ("t.yaml", "skill.yaml")]
    assert (two_files / "new" / "skill.yaml").read_text() == "subtree: skill\nroot: observe\n"


def test_several_files_can_not_be_shown(two_files, capsys):
    assert main([str(two_files / "t.xml")]) == 2
    assert "the tree has subtrees of its own (skill.yaml); give -o FILE" in capsys.readouterr().err


def test_a_file_that_says_something_else_is_not_replaced_unless_asked(two_files, capsys):
    (two_files / "skill.yaml").write_text("subtree: skill\nroot: {wait: {duration_s: 1}}\n")
    assert main([str(two_files / "t.xml"), "-o", str(two_files / "t.yaml")]) == 2
    assert "there already, and not the same: " in capsys.readouterr().err
    assert "wait" in (two_files / "skill.yaml").read_text()
    assert main([str(two_files / "t.xml"), "-o", str(two_files / "t.yaml"), "--force"]) == 0
    assert "observe" in (two_files / "skill.yaml").read_text()


@pytest.mark.parametrize("tree", ["pick_place", "sort_blocks", "hold_demo"])
def test_there_and_back_is_the_same(tree, tmp_path, capsys):
    assert main(["--check", tree]) == 0
    assert main([tree, "-o", str(tmp_path / "t.xml")]) == 0
    assert main(["--check", str(tmp_path / "t.xml"), "--json"]) == 0
    out = capsys.readouterr().out
    assert f"{tree}: the same there and back" in out
    assert json.loads(out.splitlines()[-1])["status"] == "OK"


def test_problems_have_their_place_in_the_xml(tmp_path, capsys):
    path = tmp_path / "t.xml"
    path.write_text('<root BTCPP_format="4">\n  <BehaviorTree ID="t"><observ/></BehaviorTree>\n</root>\n')
    assert main([str(path), "--json", "-o", str(tmp_path / "t.yaml")]) == 2
    captured = capsys.readouterr()
    assert f"{path}:2:24: unknown node type 'observ'" in captured.err
    assert json.loads(captured.out.splitlines()[-1])["problems"][0]["line"] == 2
    assert not (tmp_path / "t.yaml").exists()


def test_json_needs_a_file(capsys):
    assert main(["pick_place", "--json"]) == 2
    assert "give -o FILE, too" in capsys.readouterr().err


def test_a_place_that_can_not_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["pick_place", "-o", str(tmp_path / "file" / "a.xml")]) == 2
    assert "can't be written" in capsys.readouterr().err
