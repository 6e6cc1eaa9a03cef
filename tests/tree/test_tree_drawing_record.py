"""How a run's tree is kept beside its pictures, and read again."""

from __future__ import annotations

import json

import pytest
from tree_leaves import ManualContext, say, tree_of

from bt_robot.errors import LoadError
from bt_robot.tree.drawing.record import FILE, read_record, tree_record


@pytest.fixture
def record():
    tree = tree_of(f"{{sequence: [{say('S')}, {{retry: {{attempts: 1, prompt: go, child: {say('F')}}}}}]}}")
    tree.tick(ManualContext())
    return tree, tree_record(tree.nodes, tree.states(), "t: FAILURE")


def test_what_is_written_is_read(record, tmp_path):
    tree, said = record
    (tmp_path / FILE).write_text(json.dumps(said))
    outline, title = read_record(tmp_path)
    assert title == "t: FAILURE"
    assert outline.nodes == tree.nodes
    assert [(s.status, s.reason) for s in outline.states] == [(s.status, s.reason) for s in tree.states()]
    assert read_record(tmp_path / FILE) == (outline, title)


def broken(said, index, **changes):
    rows = [{**row, **(changes if number == index else {})} for number, row in enumerate(said["nodes"])]
    return {**said, "nodes": rows}


@pytest.mark.parametrize(
    "change",
    [
        lambda said: [],
        lambda said: {"title": "t"},
        lambda said: {**said, "nodes": []},
        lambda said: {**said, "nodes": 3},
        lambda said: broken(said, 0, parent=0),
        lambda said: broken(said, 1, parent=-1),
        lambda said: broken(said, 1, parent=1),
        lambda said: broken(said, 3, parent=1),
        lambda said: broken(said, 1, parent=True),
        lambda said: broken(said, 1, status="GOOD"),
        lambda said: broken(said, 1, reason=None),
    ],
)
def test_anything_else_is_refused(record, change, tmp_path):
    (tmp_path / FILE).write_text(json.dumps(change(record[1])))
    with pytest.raises(LoadError, match=r"tree\.json: is not what a run writes; expected the folder of a run"):
        read_record(tmp_path)


def test_a_file_that_is_not_there_or_no_json(tmp_path):
    with pytest.raises(LoadError, match="can't be read"):
        read_record(tmp_path)
    (tmp_path / FILE).write_text("[" * 100_000)
    with pytest.raises(LoadError, match="is no JSON"):
        read_record(tmp_path)
