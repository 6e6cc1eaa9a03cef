"""`bt-draw`: the formats by their suffixes, parts of trees, and runs."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from bt_robot.cli import run
from bt_robot.cli.draw import main
from bt_robot.cli.task import load_task
from bt_robot.messages import NodeState, Status
from bt_robot.tree import build_tree
from bt_robot.tree.drawing.record import FILE, tree_record


@pytest.fixture
def run_folder(tmp_path):
    nodes = build_tree(load_task("pick_place")).nodes
    states = [NodeState(Status.FAILURE, "too late") if i < 3 else NodeState(Status.IDLE) for i in range(len(nodes))]
    (tmp_path / FILE).write_text(json.dumps(tree_record(nodes, states, "pick_place: FAILURE after 20.0 s")))
    return tmp_path


def test_a_tree_is_shown_as_text_of_80_columns(capsys):
    assert main(["sort_blocks"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "sort_blocks (sequence)"
    assert len(lines) > 38, "one line a node at least"
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("suffix", "start"),
    [("svg", "<svg "), ("dot", "digraph "), ("gv", "digraph "), ("mmd", "---\ntitle"), ("txt", "pick_place (seq")],
)
def test_the_suffix_says_the_format(suffix, start, tmp_path):
    path = tmp_path / "deep" / f"tree.{suffix}"
    assert main(["pick_place", "-o", str(path)]) == 0
    assert path.read_text(encoding="utf-8").startswith(start)


def test_a_format_may_be_said(capsys):
    assert main(["pick_place", "--format", "ascii"]) == 0
    assert capsys.readouterr().out.isascii()


def test_xml_is_drawn_too(tmp_path, capsys):
    path = tmp_path / "t.xml"
    path.write_text('<root BTCPP_format="4"><BehaviorTree ID="t"><Inverter><observe/></Inverter></BehaviorTree></root>')
    assert main([str(path)]) == 0
    assert capsys.readouterr().out == "t (inverter)\n└─ observe\n"


def test_parts_of_a_tree(capsys, tmp_path):
    assert main(["sort_blocks", "--collapse", "vla_skill", "--width", "40"]) == 0
    out = capsys.readouterr().out
    assert "vla_skill ⊞10" in out
    assert "observe" not in out
    assert main(["pick_place", "--only", "pick_place/place", "-o", str(tmp_path / "t.txt"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {"status": "OK", "file": str(tmp_path / "t.txt"), "format": "unicode", "nodes": 24, "drawn": 11}


def test_a_run_is_drawn_as_it_ended(run_folder, capsys):
    assert main([str(run_folder)]) == 0
    assert capsys.readouterr().out.startswith("✗ pick_place (sequence) — too late\n├─ ✗ pick (vla_skill)")
    assert main([str(run_folder), "-o", str(run_folder / "end.svg")]) == 0
    words = "".join(ET.fromstring((run_folder / "end.svg").read_text()).itertext())
    assert "pick_place: FAILURE after 20.0 s" in words


def test_a_run_that_left_only_its_recording_is_drawn_as_that_ends(command, tmp_path, capsys):
    tree = tmp_path / "late.yaml"
    tree.write_text("tree: late\nroot: {timeout: {duration_s: 0.1, child: {wait: {duration_s: 9}}}}\n")
    command(run.main, tree, "--config", "fake", "--fast", "--out", tmp_path / "runs")
    (folder,) = (tmp_path / "runs").iterdir()
    (folder / FILE).unlink()
    for arguments in ([folder], [folder / "run.mcap"], [tree, "--status", folder / "run.mcap"]):
        capsys.readouterr()
        assert main([str(each) for each in arguments]) == 0
        assert capsys.readouterr().out.startswith("✗ late (timeout) duration_s=0.1 — not done within 0.1 s")
    assert main([str(folder), "-o", str(tmp_path / "end.svg")]) == 0
    assert "late: FAILURE after 0.1 s" in "".join(ET.fromstring((tmp_path / "end.svg").read_text()).itertext())


def test_the_statuses_of_a_run_go_to_the_nodes_of_the_same_paths(run_folder, capsys, tmp_path):
    assert main(["pick_place", "--status", str(run_folder)]) == 0
    assert "✗ pick_place (sequence) — too late" in capsys.readouterr().out
    assert main(["sort_blocks", "--status", str(run_folder)]) == 2
    assert f"{run_folder} is a run of 'pick_place', not of 'sort_blocks'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pick_place", "-o", "tree.pgn"], "what 'tree.pgn' is to be is not known; expected .svg, .dot"),
        (["pick_place", "--json"], "give -o FILE, too"),
        (["pick_place", "--collapse", "vla_skil"], "(did you mean 'vla_skill'?)"),
        (["pick_place", "--only", "pick_place/pik"], "there is no node 'pick_place/pik' in this tree"),
        (["pick_plac"], "there is no such file"),
        (["pick_place", "--status", "/nowhere"], "/nowhere: can't be read"),
        (["pick_place", "--width", "3"], "'3' is not a number of columns from 30 to 10000"),
    ],
)
def test_what_is_refused(arguments, message, capsys):
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
