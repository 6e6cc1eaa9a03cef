"""The tree in BehaviorTree.CPP's numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bt_robot.messages import NodeInfo, NodeState, Status
from bt_robot.telemetry.groot2.codes import StatusCodes, Transition, read_transitions

LAYOUT = (
    NodeInfo("t", "sequence", "t", 0, -1, "composite"),
    NodeInfo("t/a", "wait", "a", 1, 0, "action"),
    NodeInfo("t/b", "wait", "b", 1, 0, "action"),
)
I, R, S, F = (NodeState(status) for status in (Status.IDLE, Status.RUNNING, Status.SUCCESS, Status.FAILURE))  # noqa: E741
TR, TS, TF = (NodeState(state.status, ticked=True) for state in (R, S, F))


def test_a_transition_is_nine_bytes():
    assert Transition(0x010203040506, 0x0A0B, 3).to_bytes() == bytes.fromhex("060504030201 0b0a 03")


@given(st.lists(st.builds(Transition, st.integers(0, 2**48 - 1), st.integers(1, 0xFFFF), st.integers(0, 4))))
def test_transitions_are_read_as_they_were_written_and_a_cut_one_is_left_out(transitions):
    data = b"".join(transition.to_bytes() for transition in transitions)
    assert list(read_transitions(data)) == transitions
    assert list(read_transitions(data[:-1])) == transitions[:-1]


def test_a_time_that_does_not_fit_is_the_nearest_that_does():
    assert Transition(-5, 1, 1).to_bytes()[:6] == bytes(6)
    assert Transition(2**50, 1, 1).to_bytes()[:6] == b"\xff" * 6


def test_only_what_changed_is_told_with_numbers_from_one():
    codes = StatusCodes(LAYOUT)
    assert codes.update((TR, TR, I)) == [(1, 1), (2, 1)]
    assert codes.update((TR, TR, I)) == []
    assert codes.update((TR, TS, TR)) == [(2, 2), (3, 1)]
    assert codes.codes == [1, 2, 1]
    assert codes.to_bytes() == bytes.fromhex("010001 020002 030001")


def test_a_child_that_has_ended_keeps_its_status_while_its_parent_is_at_work():
    codes = StatusCodes(LAYOUT)
    codes.update((TR, TS, TR))
    assert codes.update((TR, S, TR)) == []
    assert codes.update((TF, S, TF)) == [(1, 3), (2, 0), (3, 3)]


def test_idle_remembers_what_it_was():
    codes = StatusCodes(LAYOUT)
    codes.update((TR, TS, TR))
    assert codes.update((I, I, I)) == [(1, 0), (2, 0), (3, 0)]
    assert codes.codes == [11, 12, 11]
    assert codes.update((I, I, I)) == []
    assert codes.update((TF, TF, I)) == [(1, 3), (2, 3)]


def test_a_node_is_idle_when_its_parent_stops_being_ticked_although_it_says_nothing_new():
    codes = StatusCodes(LAYOUT)
    running, ended = TR, S
    codes.update((running, ended, TR))
    assert codes.update((NodeState(Status.RUNNING), ended, R)) == [(1, 0), (2, 0), (3, 0)]
