"""Where two runs differ: by path, in the first tick, in commands, in nodes."""

from dataclasses import replace

import numpy as np
import pytest

from bt_robot.messages import Command, NodeInfo, NodeState, Status
from bt_robot.replay.comparing import Comparison, End
from tests.replay.replay_kit import record

LAYOUT = (
    NodeInfo("t", "sequence", "t", 0, -1, "composite"),
    NodeInfo("t/a", "arm_still", "a", 1, 0, "condition"),
    NodeInfo("t/b", "wait", "b", 1, 0, "action"),
)


def tick(step, statuses, joints=(0.0, 0.0), layout=LAYOUT, ticked=True):
    states = tuple(NodeState(Status(status), "", 0.0, ticked) for status in statuses)
    return record(step, nodes=states, layout=layout, command=Command(step, np.array(joints), np.zeros(2)))


def test_equal_ticks_are_alike():
    found = Comparison(("j", "k"))
    for step in range(3):
        found.compare(tick(step, ["RUNNING", "SUCCESS", "RUNNING"]), tick(step, ["RUNNING", "SUCCESS", "RUNNING"]))
    assert (found.alike, found.ticks, found.first, found.commands_from_s) == (True, 3, None, None)


def test_a_node_is_told_with_its_first_tick_and_how_often():
    found = Comparison(("j", "k"))
    for step, status in enumerate(["SUCCESS", "FAILURE", "FAILURE", "SUCCESS"]):
        found.compare(tick(step, ["RUNNING", "SUCCESS", "IDLE"]), tick(step, ["RUNNING", status, "IDLE"]))
    (difference,) = found.nodes.values()
    assert (difference.path, difference.step, difference.ticks) == ("t/a", 1, 2)
    assert (difference.recorded.status, difference.replayed.status) == (Status.SUCCESS, Status.FAILURE)


def test_the_leaf_that_was_ticked_in_both_runs_explains_the_others():
    found = Comparison(("j", "k"))
    now = tick(0, ["SUCCESS", "SUCCESS", "IDLE"])
    now = replace(now, nodes=(*now.nodes[:2], NodeState(Status.IDLE)))
    found.compare(tick(0, ["RUNNING", "FAILURE", "RUNNING"]), now)
    assert list(found.nodes) == ["t", "t/a", "t/b"]
    assert found.first.path == "t/a"


def test_nodes_are_matched_by_path_and_the_others_are_new_or_gone():
    moved = (LAYOUT[0], NodeInfo("t/c", "wait", "c", 1, 0, "action"), LAYOUT[1])
    found = Comparison(("j", "k"))
    found.compare(tick(0, ["RUNNING", "SUCCESS", "RUNNING"]), tick(0, ["RUNNING", "RUNNING", "SUCCESS"], layout=moved))
    assert (found.added, found.removed, dict(found.nodes)) == (["t/c"], ["t/b"], {})
    assert not found.alike


def test_a_joint_is_told_where_its_command_is_furthest_away():
    found = Comparison(("j", "k"))
    for step, off in enumerate([0.0, 1e-9, -0.2, 0.1]):
        found.compare(tick(step, ["RUNNING"] * 3), tick(step, ["RUNNING"] * 3, joints=(0.0, off)))
    (joint,) = found.commands
    assert (joint.joint, joint.time_s, joint.size) == ("k", 0.2, pytest.approx(0.2))
    assert (found.commands_from_s, found.alike) == (0.2, False)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (End("FAILURE", 1.0, "in other words", "t/a"), True),
        (End("SUCCESS", 1.0, "", "t/a"), False),
        (End("FAILURE", 1.1, "", "t/a"), False),
        (End("FAILURE", 1.0, "", "t/b"), False),
    ],
)
def test_runs_end_alike_with_the_same_status_at_the_same_node_and_time(other, same):
    assert End("FAILURE", 1.0, "so", "t/a").same_as(other) is same
