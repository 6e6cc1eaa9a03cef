"""Whose command is executed: the one of a node that still wants it."""

import logging
from typing import ClassVar

import numpy as np
import pytest

from bt_robot.messages import Status
from bt_robot.tree import Action, Condition, Input, Registry, build_tree, failure, parse_tree, running, success

HERE, THERE = np.zeros(3), np.ones(3)


class Go(Action):
    """Propose, then say what it is told."""

    type_name = "go"
    to = Input(float, default=1.0, doc="where to")
    then = Input(str, default="run", doc="run, succeed, fail or raise")
    twice = Input(bool, default=False, doc="propose twice")

    def on_tick(self, ctx):
        ctx.propose(THERE * self.to)
        if self.twice:
            ctx.propose(HERE)
        if self.then == "raise":
            raise RuntimeError("broken")
        return {"run": running("going"), "succeed": success("there"), "fail": failure("no way")}[self.then]

    def on_halt(self, ctx):
        if ctx is not None:
            ctx.propose(HERE)


class Hold(Action):
    """Propose nothing, for ever."""

    type_name = "hold"

    def on_tick(self, ctx):
        return running("holding")


class Never(Condition):
    """A condition that does not hold."""

    type_name = "never"

    def on_tick(self, ctx):
        return failure("it is not so")


class Context:
    """A tick that notes what it is proposed."""

    def __init__(self):
        self.now_s = 0.0
        self.proposals = []

    def propose(self, positions):
        self.proposals.append(positions.tolist())


def ticked(root, ticks=1):
    """Tick a one-line tree; return the tree and what the last tick proposed."""
    tree = build_tree(parse_tree(f"tree: t\nroot: {root}\n", "t.yaml", Registry([Go, Hold, Never])))
    for _ in range(ticks):
        ctx = Context()
        tree.tick(ctx)
        ctx.now_s += 1.0
    return tree, ctx.proposals


def test_a_running_leafs_proposal_is_executed():
    assert ticked("go")[1] == [[1.0] * 3]


def test_a_leaf_that_succeeded_gives_way_to_the_next_one():
    _, proposals = ticked("{sequence: [{go: {to: 2, then: succeed}}, {go: {to: 3}}]}")
    assert proposals == [[3.0] * 3]


def test_the_last_motion_of_a_tick_that_succeeds_is_executed():
    assert ticked("{go: {then: succeed}}")[1] == [[1.0] * 3]


@pytest.mark.parametrize("then", ["fail", "raise"])
def test_nothing_is_executed_for_a_leaf_that_failed(then, caplog):
    with caplog.at_level(logging.CRITICAL):
        tree, proposals = ticked(f"{{fallback: [{{go: {{then: {then}}}}}, hold]}}")
    assert proposals == []
    assert tree.states()[-1].status is Status.RUNNING


def test_nothing_is_executed_for_a_leaf_that_was_halted_in_the_same_tick():
    assert ticked("{reactive_fallback: [{parallel: [go, never]}, hold]}")[1] == []
    assert ticked("{fallback: [{timeout: {duration_s: 0, child: go}}, hold]}")[1] == []


def test_recovery_may_move_in_the_tick_in_which_the_first_attempt_timed_out():
    _, proposals = ticked("{fallback: [{timeout: {duration_s: 0, child: go}}, {go: {to: 5}}]}")
    assert proposals == [[5.0] * 3]


def test_two_running_leaves_contradict_each_other_and_neither_is_executed(caplog):
    with caplog.at_level(logging.CRITICAL):
        tree, proposals = ticked("{parallel: [go, {go: {name: again}}]}")
    assert proposals == []
    assert tree.failure.path == "t/again"
    words = "raised ProposalError: a second command in the same tick; only one node at a time can command the arm"
    assert tree.failure.reason == words


def test_a_leaf_that_proposes_twice_contradicts_itself(caplog):
    with caplog.at_level(logging.CRITICAL):
        tree, proposals = ticked("{go: {twice: true}}")
    assert proposals == []
    assert tree.failure.reason.startswith("raised ProposalError: ")


def test_nothing_is_executed_for_a_leaf_that_is_held_or_whose_answer_is_replaced_by_failure():
    held, failed = {"before": lambda: Status.RUNNING}, {"after": lambda _: Status.FAILURE}
    for hook, then in ((held, "run"), (failed, "run"), (failed, "succeed")):
        tree, proposals = ticked(f"{{fallback: [{{go: {{then: {then}}}}}, hold]}}")
        assert proposals == [[1.0] * 3]
        tree.hook("t/go", **hook)
        ctx = Context()
        assert tree.tick(ctx) is Status.RUNNING
        assert ctx.proposals == []


class Junk(Action):
    """Propose what is no command."""

    type_name = "junk"
    what: ClassVar = None

    def on_tick(self, ctx):
        ctx.propose(self.what)
        return running("going")


@pytest.mark.parametrize("what", [None, "abc", [1, "x"], [[1], [1, 2]], [1j, 2.0]], ids=str)
def test_what_is_no_command_is_the_failure_of_the_leaf_that_proposed_it(what, caplog):
    Junk.what = what
    tree = build_tree(parse_tree("tree: t\nroot: {fallback: [junk, hold]}\n", "t.yaml", Registry([Junk, Hold])))
    ctx = Context()
    with caplog.at_level(logging.CRITICAL):
        assert tree.tick(ctx) is Status.RUNNING
    assert tree.states()[1].status is Status.FAILURE
    assert tree.states()[1].reason.startswith("raised ")
    assert ctx.proposals == []


def test_a_proposal_is_a_copy_of_what_the_leaf_had():
    Junk.what = np.zeros(3)
    tree = build_tree(parse_tree("tree: t\nroot: junk\n", "t.yaml", Registry([Junk])))
    ctx = Context()
    ctx.propose = lambda positions: ctx.proposals.append(positions)
    tree.tick(ctx)
    Junk.what += 1.0
    assert ctx.proposals[0].tolist() == [0.0] * 3


def test_a_leaf_that_proposes_while_it_is_halted_does_not_disturb_the_one_that_runs():
    """`Go.on_halt` proposes; the leaf that took over keeps its command."""
    tree = build_tree(
        parse_tree(
            "tree: t\nroot: {reactive_fallback: [{inverter: {child: {go: {to: 7, then: succeed}}}}, go]}\n",
            "t.yaml",
            Registry([Go, Hold]),
        )
    )
    first, second = Context(), Context()
    tree.tick(first)
    tree.tick(second)
    assert first.proposals == second.proposals == [[1.0] * 3]
