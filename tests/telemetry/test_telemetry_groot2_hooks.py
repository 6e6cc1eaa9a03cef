"""Breakpoints hold their node and nothing else; forced results answer for it."""

from __future__ import annotations

import pytest

from bt_robot.messages import NodeInfo, NodeState, Status
from bt_robot.telemetry.groot2.hooks import MAX_HOOKS, Hooks
from bt_robot.telemetry.groot2.protocol import HookWish, Unlock

HELD = Status.RUNNING


@pytest.fixture
def hooks():
    return Hooks()


def test_a_node_without_a_hook_is_ticked(hooks):
    assert hooks.before(1) is None
    assert hooks.after(1, Status.SUCCESS) is None


def test_a_breakpoint_holds_until_it_is_let_go_and_is_told_once(hooks):
    hooks.insert([HookWish(1, "pre")])
    assert [hooks.before(1), hooks.before(1), hooks.before(2)] == [HELD, HELD, None]
    assert hooks.take_reached() == [1]
    assert hooks.take_reached() == []
    assert hooks.unlock(Unlock(1, "pre", None, False))
    assert hooks.before(1) is None
    assert hooks.before(1) is HELD  # the next tick stops there again
    assert hooks.take_reached() == [1]


def test_a_breakpoint_may_be_let_go_with_a_result_and_for_good(hooks):
    hooks.insert([HookWish(1, "pre")])
    hooks.before(1)
    hooks.unlock(Unlock(1, "pre", "FAILURE", True))
    assert hooks.before(1) is Status.FAILURE
    assert hooks.before(1) is None
    assert hooks.dump() == []


def test_letting_go_what_does_not_hold_yet_lets_nothing_go(hooks):
    hooks.insert([HookWish(1, "pre")])
    hooks.unlock(Unlock(1, "pre", "SUCCESS", False))
    assert hooks.before(1) is HELD


def test_a_breakpoint_behind_a_node_keeps_what_it_said(hooks):
    hooks.insert([HookWish(1, "post")])
    assert hooks.before(1) is None
    assert hooks.after(1, Status.SUCCESS) is HELD
    assert hooks.before(1) is HELD
    hooks.unlock(Unlock(1, "post", None, False))
    assert hooks.before(1) is Status.SUCCESS
    assert hooks.before(1) is None


def test_a_forced_result_answers_before_or_after_the_node(hooks):
    hooks.insert([HookWish(1, "pre", hold=False, result="SUCCESS"), HookWish(2, "post", hold=False, result="FAILURE")])
    assert [hooks.before(1), hooks.before(1)] == [Status.SUCCESS] * 2
    assert hooks.before(2) is None
    assert hooks.after(2, Status.SUCCESS) is Status.FAILURE
    assert hooks.take_reached() == []


def test_once_is_once(hooks):
    hooks.insert([HookWish(1, "pre", hold=False, result="SUCCESS", once=True)])
    assert [hooks.before(1), hooks.before(1)] == [Status.SUCCESS, None]


@pytest.mark.parametrize("switch", ["disable", "remove", "nobody_there", "remove_one"])
def test_what_holds_goes_on_when_its_hook_is_gone_or_switched_off(hooks, switch):
    hooks.insert([HookWish(1, "pre")])
    assert hooks.before(1) is HELD
    if switch == "disable":
        hooks.disable_all()
    elif switch == "remove":
        hooks.remove_all()
    elif switch == "remove_one":
        assert hooks.remove(1, "pre")
        assert not hooks.remove(1, "pre")
    else:
        hooks.heeded = False
    assert hooks.before(1) is None


def test_a_node_that_held_after_its_end_says_it_when_nobody_is_there_any_more(hooks):
    hooks.insert([HookWish(1, "post")])
    hooks.after(1, Status.FAILURE)
    hooks.heeded = False
    assert hooks.before(1) is Status.FAILURE


def test_a_node_that_held_after_its_end_says_it_when_the_hook_is_removed(hooks):
    hooks.insert([HookWish(1, "post")])
    hooks.after(1, Status.SUCCESS)
    hooks.remove_all()
    assert [hooks.before(1), hooks.before(1)] == [Status.SUCCESS, None]


@pytest.mark.parametrize("position", ["pre", "post"])
def test_a_node_that_was_halted_holds_no_more_and_begins_anew(hooks, position):
    hooks.insert([HookWish(1, position)])
    hooks.before(1)
    hooks.after(1, Status.SUCCESS)
    hooks.settle([NodeState(Status.RUNNING)])
    assert hooks.holding
    hooks.settle([NodeState(Status.IDLE)])
    assert not hooks.holding
    hooks.unlock(Unlock(1, position, "FAILURE", False))
    assert hooks.before(1) is (HELD if position == "pre" else None)


def test_a_node_owes_what_it_said_until_it_is_halted(hooks):
    hooks.insert([HookWish(1, "post")])
    hooks.after(1, Status.SUCCESS)
    hooks.remove(1, "post")
    hooks.settle([NodeState(Status.RUNNING)])
    assert hooks.places[1] == {1}
    hooks.settle([NodeState(Status.IDLE)])
    assert hooks.places[1] == set()
    assert hooks.before(1) is None


def test_hooks_are_for_the_nodes_of_one_tree(hooks):
    layout = (NodeInfo("t", "wait", "t", 0, -1, "action"),)
    changed = (NodeInfo("t", "wait", "t", 0, -1, "action", "another prompt"),)
    hooks.adopt(layout, same=False)
    hooks.insert([HookWish(1, "post")])
    hooks.after(1, Status.SUCCESS)
    hooks.adopt(changed, same=True)
    assert hooks.places == (changed, {1})
    assert hooks.before(1) is HELD
    hooks.adopt(layout, same=False)
    assert hooks.places == (layout, set())
    assert hooks.before(1) is None


def test_there_is_an_end_to_the_number_of_hooks(hooks):
    assert hooks.insert(HookWish(uid, "pre") for uid in range(1, MAX_HOOKS + 1))
    assert not hooks.insert([HookWish(1, "post")])
    assert hooks.insert([HookWish(1, "pre", once=True)])
