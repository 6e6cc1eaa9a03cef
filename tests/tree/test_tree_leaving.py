"""A leaf that is halted may take several ticks to let go; until then nothing else of the tree is ticked."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from tree_leaves import Look, Play

from bt_robot.messages import Status
from bt_robot.tree import Action, Input, Registry, Tree, build_tree, failure, parse_tree, running, success

R, S, F, IDLE = Status.RUNNING, Status.SUCCESS, Status.FAILURE, Status.IDLE


class Back(Action):
    """Work for ever; when halted, move back for as many ticks as the script has letters."""

    type_name = "back"
    script = Input(str, doc="what on_leaving says: Running, Success, Failure, None, eXception")
    to = Input(float, default=1.0, doc="where it moves, and minus that when it is leaving")
    idle = Input(bool, default=False, doc="whether it moves only when it is leaving")
    leave_at_most_s: ClassVar[float] = 3.0
    left = 0

    def on_start(self, ctx):
        self.left = 0

    def on_tick(self, ctx):
        if not self.idle:
            ctx.propose(np.full(2, self.to))
        return running("working")

    def on_halt(self, ctx):
        if ctx is not None:
            ctx.log.append("halt")
            ctx.propose(np.full(2, 9.0))
        return running("letting go")

    def on_leaving(self, ctx) -> Any:
        ctx.log.append(f"leaving {self.script}")
        ctx.propose(np.full(2, -self.to))
        letter = self.script[self.left % len(self.script)]
        self.left += 1
        if letter == "X":
            raise ZeroDivisionError("division by zero")
        return {"R": running("moving back"), "S": success("free"), "F": failure("it is stuck"), "N": None}[letter]


class Move(Action):
    """Propose something."""

    type_name = "move"

    def on_tick(self, ctx):
        ctx.log.append("move")
        ctx.propose(np.full(2, 5.0))
        return running("moving")


class Context:
    """A tick that notes what it is proposed."""

    def __init__(self):
        self.now_s, self.log, self.proposals = 0.0, [], []

    def propose(self, positions):
        self.proposals.append(positions[0])


def tree_of(root: str) -> Tree:
    return build_tree(parse_tree(f"tree: t\nroot: {root}\n", "t.yaml", Registry([Back, Move, Play, Look])))


def ticks(tree: Tree, ctx: Context, count: int) -> list[Status]:
    said: list[Status] = []
    for _ in range(count):
        said.append(tree.tick(ctx))  # pyright: ignore[reportArgumentType]
        ctx.now_s += 1.0
    return said


def test_only_the_leaving_leaf_is_ticked_until_it_is_done():
    tree, ctx = tree_of("{reactive_fallback: [{look: {script: FS}}, {back: {script: RS}}]}"), Context()
    assert ticks(tree, ctx, 4) == [R, R, R, S]
    assert ctx.log == ["halt", "leaving RS", "leaving RS"]
    assert ctx.proposals == [1.0, -1.0, -1.0]
    assert [node.path for node in tree.visited] == ["t/back"]


def test_the_leaf_that_takes_over_has_to_wait():
    root = "{reactive_fallback: [{sequence: [{look: {script: FS}}, move]}, {back: {script: RS}}]}"
    tree, ctx = tree_of(root), Context()
    assert ticks(tree, ctx, 5) == [R] * 5
    assert ctx.log == ["move", "halt", "leaving RS", "leaving RS", "move"]
    assert ctx.proposals == [1.0, -1.0, -1.0, 5.0]  # nothing in the tick of the halt


def test_the_end_of_the_tree_is_withheld_until_all_have_let_go():
    tree, ctx = tree_of("{parallel: [{back: {script: RRS}}, {play: {script: RF}}]}"), Context()
    assert ticks(tree, ctx, 2) == [R, R]
    assert tree.failure is None
    assert ticks(tree, ctx, 3) == [R, R, F]
    assert tree.failure is not None
    assert tree.failure.path == "t/play"
    assert ticks(tree, ctx, 1) == [R]  # a tree that has ended starts again


def test_a_leaving_leaf_is_shown_as_running_with_what_it_says():
    tree, ctx = tree_of("{reactive_fallback: [{look: {script: FS}}, {back: {script: RS}}]}"), Context()
    shown = []
    for _ in range(4):
        ticks(tree, ctx, 1)
        shown.append((tree.states()[2].status, tree.states()[2].reason, tree.states()[2].since_s))
    assert shown == [
        (R, "working", 0.0),
        (R, "leaving: letting go", 0.0),
        (R, "leaving: moving back", 0.0),
        (IDLE, "halted: free", 3.0),
    ]


def test_a_leaf_that_takes_too_long_is_cut_off(caplog):
    tree, ctx = tree_of("{reactive_fallback: [{look: {script: FSS}}, {back: {script: R}}]}"), Context()
    assert ticks(tree, ctx, 5) == [R, R, R, R, S]
    assert not tree.leaving
    assert tree.states()[2].reason == "cut off while it was leaving: moving back; it had 3 s to let go"
    words = "t/back was cut off while it was leaving: it had 3 s to let go"
    assert [record.getMessage() for record in caplog.records] == [words]
    assert ctx.proposals == [1.0, -1.0, -1.0]


@pytest.mark.parametrize(
    ("letter", "reason"),
    [
        ("X", "halted, but did not let go: raised ZeroDivisionError: division by zero"),
        ("N", "halted, but did not let go: on_leaving returned a NoneType, not an Outcome"),
        ("F", "halted, but did not let go: it is stuck"),
    ],
)
def test_a_leaf_that_fails_to_let_go_is_done_with_it(letter, reason):
    root = f"{{reactive_fallback: [{{look: {{script: FSS}}}}, {{back: {{script: {letter}}}}}]}}"
    tree, ctx = tree_of(root), Context()
    assert ticks(tree, ctx, 3) == [R, R, S]
    assert tree.states()[2].reason == reason
    assert ctx.proposals == [1.0]


def test_several_leaves_may_leave_at_once_each_at_its_own_pace():
    root = "{parallel: [{back: {script: RRS, idle: true}}, {back: {script: S, idle: true}}, {play: {script: F}}]}"
    tree, ctx = tree_of(root), Context()
    assert ticks(tree, ctx, 4) == [R, R, R, F]
    assert [line for line in ctx.log if "tick" not in line and "start" not in line] == [
        "halt",
        "halt",
        "leaving RRS",
        "leaving S",
        "leaving RRS",
        "leaving RRS",
    ]


def test_two_leaving_leaves_that_move_contradict_each_other_and_neither_is_executed(caplog):
    root = "{parallel: [{back: {script: RRS, idle: true}}, {back: {script: S, idle: true}}, {play: {script: F}}]}"
    tree, ctx = tree_of(root), Context()
    assert ticks(tree, ctx, 4) == [R, R, R, F]
    assert ctx.proposals == [-1.0, -1.0]
    words = "raised ProposalError: a second command in the same tick; only one node at a time can command the arm"
    assert tree.states()[2].reason == f"halted, but did not let go: {words}"


def test_halting_the_tree_leaves_it_leaving_and_leave_goes_on_with_that():
    tree, ctx = tree_of("{sequence: [{back: {script: RS}}]}"), Context()
    ticks(tree, ctx, 1)
    tree.halt()
    assert tree.leaving
    assert [state.status for state in tree.states()] == [IDLE, R]
    assert [tree.leave(ctx), tree.leave(ctx), tree.leave(ctx)] == [True, False, False]  # pyright: ignore[reportArgumentType]
    assert [state.status for state in tree.states()] == [IDLE, IDLE]
    assert ctx.proposals == [1.0, -1.0, -1.0]


def test_a_tree_that_is_ticked_after_a_halt_lets_go_first_and_starts_again():
    tree, ctx = tree_of("{back: {script: RS}}"), Context()
    ticks(tree, ctx, 1)
    tree.halt()
    assert ticks(tree, ctx, 3) == [R, R, R]
    assert ctx.proposals == [1.0, -1.0, -1.0, 1.0]


def test_leaves_can_be_cut_off_at_once(caplog):
    tree, ctx = tree_of("{back: {script: R}}"), Context()
    ticks(tree, ctx, 1)
    tree.halt()
    tree.cut_off("the run is over")
    assert not tree.leaving
    assert tree.states()[0].status is IDLE
    assert tree.states()[0].reason == "cut off while it was leaving: letting go; the run is over"
    assert [r.getMessage() for r in caplog.records] == ["t was cut off while it was leaving: the run is over"]


def test_an_on_halt_that_answers_nonsense_is_told():
    class Odd(Move):
        """Answer nonsense."""

        type_name = "odd"

        def on_halt(self, ctx):
            return 3

    tree = build_tree(parse_tree("tree: t\nroot: odd", "t.yaml", Registry([Odd])))
    ticks(tree, Context(), 1)
    tree.halt()
    assert tree.states()[0].reason == "raised TypeError: on_halt returned a int, not an Outcome"


def test_an_on_halt_that_is_done_at_once_may_say_so():
    class Quick(Move):
        """Let go at once."""

        type_name = "quick"

        def on_halt(self, ctx):
            return success("the jaws are open")

    tree = build_tree(parse_tree("tree: t\nroot: quick", "t.yaml", Registry([Quick])))
    ticks(tree, Context(), 1)
    tree.halt()
    assert not tree.leaving
    assert tree.states()[0].reason == "halted: the jaws are open"
