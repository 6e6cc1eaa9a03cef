"""The flight recorder: each fault's last bus transactions in a file of their own, and never a fault of its own."""

import json

import pytest

from bt_robot.robot.so101.bus import Transaction
from bt_robot.robot.so101.guardian.box import MOST_FILES, FlightRecorder

HISTORY = [
    Transaction(100.0, 0.0017, b"\xff\xff\xfe", b"\xff\xff\x01", 3, (2, 5)),
    Transaction(100.0100001, 0.0, b"\xff\xff", b""),
]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "runs" / "faults"


def test_a_fault_is_written_down_with_its_reason_and_what_was_on_the_bus(folder):
    box = FlightRecorder(folder)
    words = box.save("elbow_flex (id 3): no answer", HISTORY)
    assert words == f"the last bus transactions are in {box.files[0]}"
    assert box.files[0].parent == folder
    lines = [json.loads(line) for line in box.files[0].read_text().splitlines()]
    assert lines == [
        {"reason": "elbow_flex (id 3): no answer"},
        {"time_s": 100.0, "took_s": 0.0017, "request": "fffffe", "received": "ffff01", "dropped": 3, "missing": [2, 5]},
        {"time_s": 100.01, "took_s": 0.0, "request": "ffff", "received": "", "dropped": 0, "missing": []},
    ]


def test_a_fault_that_lasts_is_written_once(folder):
    box = FlightRecorder(folder)
    assert box.save("why", HISTORY)
    assert [box.save("why", HISTORY) for _ in range(5)] == [""] * 5
    assert len(list(folder.iterdir())) == 1


def test_a_fault_that_comes_again_is_written_again(folder):
    box = FlightRecorder(folder)
    for reason in ("why", "", "why", "another"):
        box.save(reason, HISTORY)
    assert len(set(box.files)) == len(list(folder.iterdir())) == 3


def test_without_a_fault_nothing_is_written(folder):
    box = FlightRecorder(folder)
    assert box.save("", HISTORY) == ""
    assert not folder.exists()


def test_without_a_folder_nothing_is_written():
    box = FlightRecorder(None)
    assert box.save("why", HISTORY) == ""
    assert box.files == []


def test_a_fault_that_comes_again_and_again_does_not_fill_the_disk(folder):
    box = FlightRecorder(folder)
    said = [box.save(f"fault {i}", HISTORY) for i in range(3 * MOST_FILES)]
    assert len(list(folder.iterdir())) == MOST_FILES
    assert all(said[:MOST_FILES])
    assert not any(said[MOST_FILES:])


def test_two_guardians_do_not_write_over_each_other(folder):
    """One after the other within a second, as when another guardian rescues the arm of one that died."""
    for reason in ("the first one's", "the second one's"):
        FlightRecorder(folder).save(reason, HISTORY)
    assert len(list(folder.iterdir())) == 2


def test_a_folder_that_cannot_be_made_costs_a_line_and_nothing_else(tmp_path):
    (tmp_path / "file").touch()
    box = FlightRecorder(tmp_path / "file" / "faults")
    words = box.save("why", HISTORY)
    assert words.startswith("the last bus transactions could not be saved: ")
    assert "Not a directory" in words
    assert box.files == []
    assert box.save("why", HISTORY) == ""


def test_a_history_that_is_empty_is_written_too(folder):
    box = FlightRecorder(folder)
    box.save("why", [])
    assert box.files[0].read_text() == '{"reason": "why"}\n'
