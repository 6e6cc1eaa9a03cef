"""The engine beside py_trees' own classes: the same in every node and every call, but for what docs/engine.md lists."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import py_trees
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from py_trees.common import OneShotPolicy, ParallelPolicy
from py_trees.common import Status as Oracle
from tree_leaves import Look, ManualContext, Play, tree_of

from bt_robot.messages import Status
from bt_robot.tree import Key, NodeSpec, Tree, TreeSpec, build_tree
from tests.scale import examples

LETTERS = {"S": Oracle.SUCCESS, "F": Oracle.FAILURE, "R": Oracle.RUNNING, "X": Oracle.FAILURE}
"""An exception has to be to a tree what a FAILURE is."""


@dataclass(frozen=True)
class Shape:
    """A node type and what is below it; a leaf, and a guard's condition, is its script."""

    type: str
    below: tuple[Shape, ...] = ()
    script: str = ""


# The same tree in py_trees' own classes


class OracleLeaf(py_trees.behaviour.Behaviour):
    def __init__(self, script: str, log: list[str]) -> None:
        super().__init__("play")
        self.script, self.log, self.ticks = script, log, 0

    def initialise(self) -> None:
        self.log.append(f"start {self.script}")

    def update(self) -> Oracle:
        self.log.append(f"tick {self.script}")
        self.ticks += 1
        return LETTERS[self.script[(self.ticks - 1) % len(self.script)]]

    def terminate(self, new_status: Oracle) -> None:
        if new_status is Oracle.INVALID and self.status is Oracle.RUNNING:
            self.log.append(f"halt {self.script}")


class OracleCondition:
    """What an EternalGuard asks; its letters go on from tick to tick like a leaf's."""

    def __init__(self, script: str) -> None:
        self.script, self.ticks = script, 0

    def __call__(self) -> bool:
        self.ticks += 1
        return self.script[(self.ticks - 1) % len(self.script)] == "S"


decorators, composites = py_trees.decorators, py_trees.composites
COMPOSITES = {
    "sequence": lambda kids: composites.Sequence("", True, kids),
    "reactive_sequence": lambda kids: composites.Sequence("", False, kids),
    "fallback": lambda kids: composites.Selector("", True, kids),
    "reactive_fallback": lambda kids: composites.Selector("", False, kids),
    "parallel": lambda kids: composites.Parallel("", ParallelPolicy.SuccessOnAll(), kids),
    "parallel one": lambda kids: composites.Parallel("", ParallelPolicy.SuccessOnOne(), kids),
}
DECORATORS = {
    "inverter": lambda kid, _: decorators.Inverter("", kid),
    "force_success": lambda kid, _: decorators.FailureIsSuccess("", kid),
    "force_failure": lambda kid, _: decorators.SuccessIsFailure("", kid),
    "running_is_success": lambda kid, _: decorators.RunningIsSuccess("", kid),
    "running_is_failure": lambda kid, _: decorators.RunningIsFailure("", kid),
    "keep_running_until_failure": lambda kid, _: decorators.SuccessIsRunning("", kid),
    "wait_until": lambda kid, _: decorators.FailureIsRunning("", kid),
    "retry": lambda kid, _: decorators.Retry("", kid, 2),
    "repeat": lambda kid, _: decorators.Repeat("", kid, 2),
    "timeout": lambda kid, _: decorators.Timeout("", kid, 2.5),
    "run_once": lambda kid, _: decorators.OneShot("", kid, OneShotPolicy.ON_COMPLETION),
    "run_once success": lambda kid, _: decorators.OneShot("", kid, OneShotPolicy.ON_SUCCESSFUL_COMPLETION),
    "report_status": lambda kid, _: decorators.StatusToBlackboard("", kid, "status"),
    "for_each": lambda kid, _: decorators.ForEach("", kid, "items", "item"),
    "guard": lambda kid, script: decorators.EternalGuard("", kid, OracleCondition(script)),
}
VALUES: dict[str, dict[str, object]] = {
    "parallel": {"success_count": "all", "failure_count": 1},
    "parallel one": {"success_count": 1, "failure_count": 1},
    "retry": {"attempts": 2},
    "repeat": {"times": 2},
    "timeout": {"duration_s": 2.5},
    "run_once": {"until": "end"},
    "run_once success": {"until": "success"},
    "for_each": {"items": ("a", "b"), "item": Key("t", "item")},
    "report_status": {"status": Key("t", "status")},
}


def oracle_of(shape: Shape, log: list[str]) -> Any:
    """Return a shape in py_trees' classes."""
    below = [oracle_of(child, log) for child in shape.below]
    if shape.type == "play":
        return OracleLeaf(shape.script, log)
    if shape.type in COMPOSITES:
        return COMPOSITES[shape.type](below)
    return DECORATORS[shape.type](below[0], shape.script)


def spec_of(shape: Shape, path: str = "t") -> NodeSpec:
    """Return a shape as our engine takes it."""
    if shape.type == "play":
        return NodeSpec(path, "play", "play", "action", {"script": shape.script}, leaf=Play)
    below = [spec_of(child, f"{path}/{place}") for place, child in enumerate(shape.below)]
    if shape.type == "guard":
        below.insert(0, NodeSpec(f"{path}/if", "look", "look", "condition", {"script": shape.script}, leaf=Look))
    word, kind = shape.type.split()[0], "composite" if shape.type in COMPOSITES else "decorator"
    return NodeSpec(path, word, word, kind, VALUES.get(shape.type, {}), tuple(below))


def ours_of(shape: Shape) -> tuple[Tree, list[Any]]:
    """Return a running tree, and the nodes that have a counterpart in py_trees, from the root down."""
    tree = build_tree(TreeSpec("t", spec_of(shape)))
    return tree, [node for node in preorder(tree.root) if not node.path.endswith("/if")]


def preorder(node: Any) -> list[Any]:
    return [node, *(below for child in node.children for below in preorder(child))]


def shapes(letters: str) -> st.SearchStrategy[Shape]:
    """Return a strategy for trees of all types that both have."""
    leaf = st.builds(Shape, st.just("play"), st.just(()), st.text(letters, min_size=1, max_size=5))

    def above(kids: st.SearchStrategy[Shape]) -> st.SearchStrategy[Shape]:
        several = st.lists(kids, min_size=1, max_size=4).map(tuple)
        script = st.text("SF", min_size=1, max_size=5)
        return st.one_of(
            st.builds(Shape, st.sampled_from(sorted(COMPOSITES)), several),
            st.builds(Shape, st.sampled_from(sorted(DECORATORS)), st.tuples(kids), script),
        )

    return st.recursive(leaf, above, max_leaves=14)


# Side by side


class Pair:
    """Both trees, ticked in turn; after every step they are the same."""

    def __init__(self, shape: Shape) -> None:
        self.ctx, self.log = ManualContext(), []
        self.tree, self.ours = ours_of(shape)
        self.oracle = oracle_of(shape, self.log)
        self.theirs = preorder(self.oracle)
        self.below_guards = self._below_guards()

    def tick(self) -> None:
        self.ctx.now_s += 1.0
        status = self.tree.tick(self.ctx)
        ticked = list(self.oracle.tick())
        assert status.value == self.oracle.status.value
        assert [self.place(node) for node in self.tree.visited if node in self.ours] == [
            self.theirs.index(node) for node in ticked
        ]
        assert self.ctx.log == self.log
        self.compare()

    def halt(self) -> None:
        if self.oracle.status is Oracle.RUNNING:
            self.oracle.stop(Oracle.INVALID)
            self.tree.halt()
            assert sorted(self.ctx.log) == sorted(self.log)  # ours halts deepest first
            self.compare()

    def place(self, node: Any) -> int:
        return self.ours.index(node)

    def compare(self) -> None:
        self.ctx.log.clear()
        self.log.clear()
        for place, (mine, their) in enumerate(zip(self.ours, self.theirs, strict=True)):
            if place in self.below_guards:
                assert (mine.status is Oracle.RUNNING) is (their.status is Oracle.RUNNING)
                continue
            assert mine.status is their.status
            if isinstance(their, composites.Composite):
                assert self._current(mine) == self._current(their)
        states = {state.status.value for state in self.tree.states()}
        assert states == {"IDLE" if n.status is Oracle.INVALID else n.status.value for n in preorder(self.tree.root)}

    def _current(self, node: Any) -> int | None:
        return None if node.current_child is None else node.children.index(node.current_child)

    def _below_guards(self) -> set[int]:
        guards = [node for node in self.theirs if isinstance(node, decorators.EternalGuard)]
        return {self.theirs.index(node) for guard in guards for node in preorder(guard)[1:]}


def leaf(script: str) -> Shape:
    return Shape("play", (), script)


@settings(max_examples=examples(400))
@example(Shape("sequence", (Shape("fallback", (leaf("FS"), leaf("S"))),)), ["tick", "tick"])  # is reset by the sequence
@example(Shape("sequence", (leaf("SF"), Shape("fallback", (leaf("FS"), leaf("S"))))), ["tick", "tick"])
@given(shapes("SFRX"), st.lists(st.sampled_from(["tick", "tick", "tick", "halt"]), min_size=1, max_size=12))
def test_every_tree_does_exactly_what_py_trees_does(shape, steps):
    with patch.object(decorators, "time", SimpleNamespace(monotonic=lambda: pair.ctx.now_s)):
        py_trees.blackboard.Blackboard.set("items", ["a", "b"])
        pair = Pair(shape)
        for step in steps:
            getattr(pair, step)()


# What is different, as docs/engine.md says


def test_an_exception_is_a_failure_and_halts_what_runs_beside_it():
    tree, ctx = tree_of("{parallel: [{play: {script: R}}, {play: {script: X}}]}"), ManualContext()
    assert tree.tick(ctx) is Status.FAILURE
    assert ctx.log[-1] == "halt R"

    class Raising(OracleLeaf):
        def update(self) -> Oracle:
            raise ZeroDivisionError

    running = OracleLeaf("R", [])
    oracle = COMPOSITES["parallel"]([running, Raising("", [])])
    with pytest.raises(ZeroDivisionError):
        oracle.tick_once()
    assert running.status is Oracle.RUNNING


def test_for_each_of_an_empty_list_does_nothing():
    spec = NodeSpec("t", "for_each", "t", "decorator", VALUES["for_each"] | {"items": ()}, (spec_of(leaf("F"), "t/0"),))
    tree, ctx = build_tree(TreeSpec("t", spec)), ManualContext()
    assert tree.tick(ctx) is Status.SUCCESS
    assert ctx.log == []

    py_trees.blackboard.Blackboard.set("items", [])
    log: list[str] = []
    oracle = oracle_of(Shape("for_each", (leaf("F"),)), log)
    oracle.tick_once()
    assert log == ["start F", "tick F"]


def test_retry_can_go_on_forever():
    spec = NodeSpec("t", "retry", "t", "decorator", {"attempts": "forever"}, (spec_of(leaf("F"), "t/0"),))
    tree = build_tree(TreeSpec("t", spec))
    assert {tree.tick(ManualContext()) for _ in range(5)} == {Status.RUNNING}

    oracle = decorators.Retry("", OracleLeaf("F", []), -1)
    oracle.tick_once()
    assert oracle.status is Oracle.FAILURE


def test_a_timeout_is_over_at_its_time_and_not_only_after_it():
    tree, ctx = tree_of("{timeout: {duration_s: 1, child: {play: {script: R}}}}"), ManualContext()
    now = SimpleNamespace(monotonic=lambda: ctx.now_s)
    with patch.object(decorators, "time", now):
        oracle = decorators.Timeout("", OracleLeaf("R", []), 1.0)
        oracle.tick_once()
        tree.tick(ctx)
        ctx.now_s = 1.0
        oracle.tick_once()
        assert tree.tick(ctx) is Status.FAILURE
        assert oracle.status is Oracle.RUNNING


def test_a_guard_that_fails_resets_a_child_that_had_ended():
    pair = Pair(Shape("guard", (leaf("S"),), "SF"))
    pair.tick()
    pair.tick()
    assert (pair.ours[1].status, pair.theirs[1].status) == (Oracle.INVALID, Oracle.SUCCESS)


def test_halting_the_whole_tree_goes_from_the_deepest_leaf_up():
    pair = Pair(Shape("parallel", (leaf("R"), Shape("sequence", (leaf("RR"),)))))
    pair.tick()
    pair.oracle.stop(Oracle.INVALID)
    pair.tree.halt()
    assert (pair.ctx.log, pair.log) == (["halt RR", "halt R"], ["halt R", "halt RR"])


def test_no_outcome_is_a_failure_and_not_no_status():
    tree = tree_of("{play: {script: N}}")
    assert tree.tick(ManualContext()) is Status.FAILURE

    class Mute(OracleLeaf):
        def update(self) -> Oracle:
            return None  # pyright: ignore[reportReturnType]

    oracle = Mute("", [])
    oracle.tick_once()
    assert oracle.status is Oracle.INVALID
