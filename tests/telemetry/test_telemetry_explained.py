"""Why a node failed: its own words, those of the node that explains it, or both."""

import pytest

from bt_robot.messages import NodeInfo, NodeState, Status
from bt_robot.telemetry.explained import words_of

NODES = (
    NodeInfo("t", "for_each", "t", 0, -1, "decorator"),
    NodeInfo("t/reach", "move_to", "reach", 1, 0, "action"),
)


@pytest.mark.parametrize(
    ("own", "cause", "words"),
    [
        ("", None, ""),
        ("not done within 1 s", None, "not done within 1 s"),
        ("", 1, "reach: too far"),
        ("item 2 of 3: red", 1, "item 2 of 3: red; reach: too far"),
        ("cleaning up after: too far", 1, "cleaning up after: too far"),
    ],
)
def test_the_words_beside_a_node_that_failed(own, cause, words):
    states = (NodeState(Status.FAILURE, own, cause=cause), NodeState(Status.FAILURE, "too far"))
    assert words_of(NODES, states, 0) == words
