"""`.btlog`: the bytes, and what is left of them when the disk is full or the run is killed."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from bt_robot.messages import NodeInfo, NodeState, Status
from bt_robot.telemetry.groot2.btlog import BtLog, header
from bt_robot.telemetry.groot2.codes import read_transitions

LAYOUT = (
    NodeInfo("t", "sequence", "t", 0, -1, "composite"),
    NodeInfo("t/a", "wait", "a", 1, 0, "action"),
)
RUNNING = tuple(NodeState(Status.RUNNING, ticked=True) for _ in LAYOUT)
DONE = tuple(NodeState(Status.SUCCESS, ticked=True) for _ in LAYOUT)
START_US = 1_790_000_000_000_000


def xml(layout):
    return f"<root>π {len(layout)}</root>"


def read(path):
    data = path.read_bytes()
    (size,) = struct.unpack_from("<i", data, 19)
    assert data[:19] == b"BTCPP4-FileLogger2\x01"
    assert struct.unpack_from("<q", data, 23 + size) == (START_US,)
    return data[23 : 23 + size].decode(), list(read_transitions(data[31 + size :]))


def test_the_head_of_the_file():
    assert header("<a/>", 5) == b"BTCPP4-FileLogger2\x01" + b"\x04\0\0\0<a/>" + b"\x05" + bytes(7)


def test_a_run(tmp_path, record):
    log = BtLog(tmp_path / "tree.btlog", xml, START_US)
    for step, states in enumerate((RUNNING, RUNNING, DONE)):
        log.publish(replace(record(step), nodes=states, layout=LAYOUT))
    log.close()
    text, transitions = read(tmp_path / "tree.btlog")
    assert text == "<root>π 2</root>"
    assert [(t.time_us, t.uid, t.code) for t in transitions] == [(0, 1, 1), (0, 2, 1), (66667, 1, 2), (66667, 2, 2)]


def test_an_edited_tree_gets_a_file_of_its_own(tmp_path, record):
    log = BtLog(tmp_path / "tree.btlog", xml, START_US)
    log.publish(replace(record(0), nodes=RUNNING, layout=LAYOUT))
    log.publish(replace(record(1), nodes=RUNNING[:1], layout=LAYOUT[:1]))
    log.close()
    assert read(tmp_path / "tree.btlog")[0] == "<root>π 2</root>"
    assert read(tmp_path / "tree-2.btlog")[0] == "<root>π 1</root>"


def test_a_tree_with_another_prompt_goes_on_in_the_same_file(tmp_path, record):
    log = BtLog(tmp_path / "tree.btlog", xml, START_US)
    log.publish(replace(record(0), nodes=RUNNING, layout=LAYOUT))
    log.publish(replace(record(1), nodes=DONE, layout=(LAYOUT[0], replace(LAYOUT[1], prompt="another one"))))
    log.close()
    assert [path.name for path in tmp_path.iterdir()] == ["tree.btlog"]
    assert [(t.uid, t.code) for t in read(tmp_path / "tree.btlog")[1]] == [(1, 1), (2, 1), (1, 2), (2, 2)]


def test_a_run_that_is_killed_leaves_all_but_its_last_second(tmp_path, record):
    log = BtLog(tmp_path / "tree.btlog", xml, START_US)
    log.publish(replace(record(0), nodes=RUNNING, layout=LAYOUT))
    log.publish(replace(record(31), nodes=DONE, layout=LAYOUT))
    killed = (tmp_path / "tree.btlog").read_bytes()
    log.close()
    assert killed == (tmp_path / "tree.btlog").read_bytes()


def test_a_tree_with_more_nodes_than_the_format_has_numbers_is_refused(tmp_path, record):
    log = BtLog(tmp_path / "tree.btlog", xml, START_US)
    with pytest.raises(ValueError, match="numbers for 65535 nodes, and the tree has 65536"):
        log.publish(replace(record(0), nodes=RUNNING[:1] * 2**16, layout=LAYOUT[:1] * 2**16))
