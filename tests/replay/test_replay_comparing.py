"""Where two runs differ: by path, in the first tick, in commands, in nodes."""

from dataclasses import replace

import numpy as np
import pytest

from bt_robot.messages import Command, NodeInfo, NodeState, Status
from bt_robot.replay.comparing import Comparison, End, Renamed
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
    moved = (LAYOUT[0], NodeInfo("t/c", "log", "c", 1, 0, "action"), LAYOUT[1])
    found = Comparison(("j", "k"))
    found.compare(tick(0, ["RUNNING", "SUCCESS", "RUNNING"]), tick(0, ["RUNNING", "RUNNING", "SUCCESS"], layout=moved))
    assert (found.added, found.removed, dict(found.nodes)) == (["t/c"], ["t/b"], {})
    assert (found.ticked_alike, found.alike) == (True, False)


def test_a_renamed_node_is_told_once_and_compared_like_any_other():
    renamed = tuple(replace(node, path=f"u{node.path[1:]}", name=node.name if node.depth else "u") for node in LAYOUT)
    found = Comparison(("j", "k"))
    for step, status in enumerate(["RUNNING", "SUCCESS"]):
        found.compare(tick(step, ["RUNNING"] * 3), tick(step, ["RUNNING", "RUNNING", status], layout=renamed))
    assert found.renamed == [Renamed("t", "u", 3)]
    assert (found.added, found.removed, list(found.nodes)) == ([], [], ["u/b"])
    assert not found.alike


LIMITED = (
    NodeInfo("t", "sequence", "t", 0, -1, "composite"),
    NodeInfo("t/timeout", "timeout", "timeout", 1, 0, "decorator"),
    NodeInfo("t/timeout/b", "wait", "b", 2, 1, "action"),
)


def test_of_two_that_differ_the_one_that_answered_first_explains_the_other():
    found = Comparison(("j", "k"))
    found.compare(tick(0, ["RUNNING", "FAILURE", "RUNNING"]), tick(0, ["SUCCESS", "SUCCESS", "SUCCESS"]))
    assert found.first.path == "t/a"


def test_a_node_that_halts_its_child_explains_it():
    found = Comparison(("j", "k"))
    found.compare(
        tick(0, ["RUNNING", "RUNNING", "RUNNING"], layout=LIMITED),
        tick(0, ["FAILURE", "FAILURE", "IDLE"], layout=LIMITED),
    )
    assert list(found.nodes) == ["t", "t/timeout", "t/timeout/b"]
    assert found.first.path == "t/timeout"


def test_where_the_trees_go_different_ways_the_topmost_node_is_told_and_what_runs_instead():
    def at(step, *states):
        return record(
            step, nodes=tuple(NodeState(Status(s), old, 0.0, asked) for s, old, asked in states), layout=LAYOUT
        )

    found = Comparison(("j", "k"))
    found.compare(
        at(0, ("RUNNING", "", True), ("RUNNING", "", True), ("IDLE", "of earlier", False)),
        at(0, ("RUNNING", "", True), ("IDLE", "of earlier", False), ("RUNNING", "", True)),
    )
    assert found.first.path == "t/b"
    assert found.first.recorded.reason == "not asked; t/a is RUNNING"
    assert found.nodes["t/a"].replayed.reason == "not asked; t/b is RUNNING"
    assert not any(each.asked_in_both for each in found.nodes.values())


def test_a_node_without_words_has_those_of_the_node_below_it_that_said_the_same():
    was = tick(0, ["RUNNING", "RUNNING", "RUNNING"], layout=LIMITED)
    failed = (NodeState(Status.FAILURE, "", 0.0, True), NodeState(Status.FAILURE, "not done within 1 s", 0.0, True))
    found = Comparison(("j", "k"))
    found.compare(was, replace(was, nodes=(*failed, was.nodes[2])))
    assert found.nodes["t"].replayed.reason == "timeout: not done within 1 s"
    assert found.nodes["t"].recorded.reason == ""


def test_a_command_that_differs_before_any_status_is_told_with_the_node_that_was_running():
    found = Comparison(("j", "k"))
    found.compare(tick(0, ["RUNNING", "SUCCESS", "RUNNING"]), tick(0, ["RUNNING", "SUCCESS", "RUNNING"], (0.0, 0.1)))
    assert (found.first, found.commands_from_s, found.commands_at) == (None, 0.0, "t/b")


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
