"""The tables of a run: a row per thing that happened, and who did it."""

import csv
from dataclasses import replace

import pytest

from bt_robot.messages import KeyWrite, NodeState, Splice, Status
from bt_robot.telemetry.export.tables import write_tables

JOINTS = ("a", "b", "gripper")


@pytest.fixture
def tables(tmp_path):
    """A function that writes the tables of ticks, and returns their rows by the table's name."""

    def write(records, acts=()):
        paths = write_tables(records, JOINTS, tmp_path, lambda _: None, acts)
        return {path.stem: list(csv.DictReader(path.read_text().splitlines())) for path in paths}

    return write


def test_every_tick_is_a_row_with_its_joints(tables, record, nodes):
    rows = tables([record(step, layout=nodes) for step in range(3)])["ticks"]
    assert [row["step"] for row in rows] == ["0", "1", "2"]
    assert [float(rows[2][f"measured_{name}"]) for name in JOINTS] == pytest.approx([0.2, 0.2, 0.5])
    assert (rows[0]["status"], rows[0]["prompt"], rows[0]["proposed_a"]) == ("RUNNING", "pick up", "")


def test_a_node_has_a_row_when_its_status_changes(tables, record, nodes):
    first = record(0, layout=nodes)
    later = replace(record(1, layout=nodes), nodes=(*first.nodes[:2], NodeState(Status.FAILURE, "timed out")))
    rows = tables([first, later, replace(later, step=2)])["nodes"]
    assert [row["path"] for row in rows] == ["t", "t/pick", "t/pick/wait", "t/pick/wait"]
    assert (rows[3]["step"], rows[3]["status"], rows[3]["reason"]) == ("1", "FAILURE", "timed out")


def test_what_people_did_after_the_last_tick_has_its_time(tables, record, nodes):
    (row,) = tables([record(step, layout=nodes) for step in range(3)], ["ada: emergency stop"])["events"]
    assert (row["step"], row["who"], row["words"]) == ("2", "person", "ada: emergency stop")


def test_events_say_who_made_them(tables, record, nodes):
    tick = record(
        0, layout=nodes, events=("1 tick missed", "person: ada: hold", "the person: is late"), acts=("ada: hold",)
    )
    rows = tables([tick])["events"]
    assert [(row["who"], row["words"]) for row in rows] == [
        ("run", "1 tick missed"),
        ("person", "ada: hold"),
        ("run", "the person: is late"),
    ]


def test_keys_and_chunks_have_theirs(tables, record, nodes, chunk):
    written = (KeyWrite("t/pick", "count", 3), KeyWrite("t", "words", ("a", "b")), KeyWrite("t", "name", "red, or so"))
    splice = Splice("rejected", skipped=4, disagreement_rad=0.5)
    found = tables([record(0, layout=nodes, written=written, chunk=chunk, splice=splice)])
    assert [(row["scope"], row["key"], row["value"]) for row in found["keys"]] == [
        ("t/pick", "count", "3"),
        ("t", "words", '["a", "b"]'),
        ("t", "name", "red, or so"),
    ]
    (row,) = found["chunks"]
    assert (row["outcome"], row["skipped"], row["disagreement_rad"], row["actions"]) == ("rejected", "4", "0.5", "50")
