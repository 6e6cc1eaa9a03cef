"""A tree keeps count of everything it does, says why it failed, and lets nothing escape."""

from __future__ import annotations

import re
from typing import Any

import py_trees
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_trees.common import Status as Oracle
from tree_leaves import REGISTRY, ManualContext, say, tree_of
from tree_strategies import leaves, tree_specs

from bt_robot.messages import NodeState, Status, TickContext
from bt_robot.tree import Tree, build_tree, parse_tree
from tests.scale import examples


def tick(tree: Tree, ctx: Any) -> Status:
    return tree.tick(ctx)


SPECS = tree_specs(below=leaves("SFRX"))
TICKS = st.lists(st.sampled_from(["tick", "tick", "tick", "halt"]), min_size=1, max_size=12)


@settings(max_examples=examples(150))
@given(SPECS, st.integers(1, 12))
def test_nothing_runs_any_more_when_a_tree_has_ended_or_was_halted(spec, ticks):
    ctx, tree = ManualContext(), build_tree(spec)
    for _ in range(ticks):
        status = tick(tree, ctx)
        running = [state.status is Status.RUNNING for state in tree.states()]
        assert running[0] is (status is Status.RUNNING)
        assert any(running) is running[0]
        assert (tree.failure is not None) is (status is Status.FAILURE)
    tree.halt()
    assert not any(state.status is Status.RUNNING for state in tree.states())
    starts = sum(event[0] == "start" for event in ctx.log)
    tree.halt()
    assert sum(event[0] == "start" for event in ctx.log) == starts


@settings(max_examples=examples(150))
@given(SPECS, TICKS)
def test_what_was_ticked_is_told_once_and_children_before_their_parents(spec, steps):
    ctx, tree = ManualContext(), build_tree(spec)
    for step in steps:
        if step == "halt":
            tree.halt()
            continue
        tick(tree, ctx)
        order = {node.path: place for place, node in enumerate(tree.visited)}
        assert len(order) == len(tree.visited)
        assert tree.visited[-1] is tree.root
        for node in tree.visited[:-1]:
            assert node.parent is not None
            assert order[node.path] < order[node.parent.path]  # pyright: ignore[reportAttributeAccessIssue]


def test_py_trees_can_tick_and_show_a_tree_of_ours():
    tree = tree_of(f"{{sequence: [{say('S')}, {{retry: {{attempts: 2, child: {say('R')}}}}}]}}")
    tree.root.run.begin(ManualContext())  # pyright: ignore[reportArgumentType]
    behaviour_tree, snapshot = py_trees.trees.BehaviourTree(tree.root), py_trees.visitors.SnapshotVisitor()
    behaviour_tree.add_visitor(snapshot)
    behaviour_tree.tick()
    assert list(snapshot.visited.values()) == [Oracle.SUCCESS, Oracle.RUNNING, Oracle.RUNNING, Oracle.RUNNING]
    shown = py_trees.display.unicode_tree(tree.root, show_status=True)
    assert re.findall(r"(\w+) \[", shown) == ["t", "play", "retry", "play"]
    behaviour_tree.root.stop(Oracle.INVALID)
    assert {node.status for node in tree.root.iterate()} == {Oracle.INVALID}


# What a tree says about itself


def test_the_nodes_are_listed_from_the_root_down_with_stable_paths():
    tree = tree_of("{sequence: {prompt: go, children: [{wait: {duration_s: 2}}, {inverter: {child: look}}, look]}}")
    shown = [(n.path, n.type, n.name, n.depth, n.parent, n.kind, n.prompt, n.detail) for n in tree.nodes]
    assert shown == [
        ("t", "sequence", "t", 0, -1, "composite", "go", ""),
        ("t/wait", "wait", "wait", 1, 0, "action", "go", "duration_s=2"),
        ("t/inverter", "inverter", "inverter", 1, 0, "decorator", "go", ""),
        ("t/inverter/look", "look", "look", 2, 2, "condition", "go", ""),
        ("t/look", "look", "look", 1, 0, "condition", "go", ""),
    ]


def test_states_tell_status_reason_since_when_and_whether_ticked():
    tree, ctx = tree_of(f"{{sequence: [{say('S')}, {say('RRS')}]}}"), ManualContext()
    assert set(tree.states()) == {NodeState(Status.IDLE)}
    ctx.now_s = 1.0
    tick(tree, ctx)
    ctx.now_s = 2.0
    tick(tree, ctx)
    assert tree.states() == (
        NodeState(Status.RUNNING, "", 1.0, True),
        NodeState(Status.SUCCESS, "S says S", 1.0, False),
        NodeState(Status.RUNNING, "RRS says R", 1.0, True),
    )
    ctx.now_s = 3.0
    tick(tree, ctx)
    assert tree.states()[2] == NodeState(Status.SUCCESS, "RRS says S", 3.0, True)


def test_a_reason_stays_readable_when_its_node_was_reset():
    tree, ctx = tree_of(f"{{retry: {{attempts: 3, child: {{sequence: [{say('FR')}]}}}}}}"), ManualContext()
    tick(tree, ctx)
    tree.halt()
    assert tree.states()[2] == NodeState(Status.IDLE, "FR says F", 0.0, True)


def test_halting_says_what_a_leaf_was_at():
    tree, ctx = tree_of(say("R")), ManualContext()
    tick(tree, ctx)
    tree.halt()
    assert tree.states()[0] == NodeState(Status.IDLE, "halted: R says R", 0.0, True)


def test_halting_a_tree_that_has_ended_changes_nothing():
    tree, ctx = tree_of(say("F")), ManualContext()
    tick(tree, ctx)
    before = tree.states()
    tree.halt()
    assert tree.states() == before
    assert tree.failure is not None


def test_leaves_are_halted_deepest_first_and_all_of_them_even_if_one_raises(caplog):
    ctx = ManualContext()
    inner = f"{{sequence: [{say('RR')}]}}"
    tree = tree_of(f"{{parallel: [{say('R')}, {inner}, {say('RRR', halt='raises')}]}}")
    tick(tree, ctx)
    ctx.log.clear()
    tree.halt()
    assert ctx.log == ["halt RR", "halt R", "halt RRR"]
    assert {state.status for state in tree.states()} == {Status.IDLE}
    assert tree.states()[4].reason == "raised RuntimeError: stuck"
    assert "t/play_2 raised RuntimeError: stuck" in caplog.text
    tree.halt()
    assert ctx.log == ["halt RR", "halt R", "halt RRR"]


def test_ctrl_c_passes_and_what_had_started_can_still_be_halted():
    tree, ctx = tree_of(f"{{parallel: [{say('R')}, {say('K')}]}}"), ManualContext()
    with pytest.raises(KeyboardInterrupt):
        tick(tree, ctx)
    ctx.log.clear()
    tree.halt()
    assert ctx.log == ["halt R", "halt K"]


def test_the_slowest_leaf_of_the_latest_tick_is_named():
    tree, ctx = tree_of(f"{{sequence: [{say('SR')}, {say('R')}]}}"), ManualContext()
    assert tree.slowest is None
    tick(tree, ctx)
    assert tree.slowest is not None
    assert tree.slowest[0] in ("t/play", "t/play_2")
    assert tree.slowest[1] > 0.0
    tick(tree, ctx)
    assert tree.slowest[0] == "t/play_2"


def test_each_tree_that_is_built_has_its_own_leaves_and_blackboard():
    text = 'tree: t\nroot: {sequence: [{look: {script: SF}}, {measure: {seen: "{x}"}}, {wait: {duration_s: "{x}"}}]}'
    spec = parse_tree(text, "t.yaml", REGISTRY)
    first, second = build_tree(spec), build_tree(spec)
    assert tick(first, ManualContext()) is Status.RUNNING
    assert set(second.states()) == {NodeState(Status.IDLE)}
    assert tick(second, ManualContext()) is Status.RUNNING


# Why a tree failed

EXPLANATIONS = {
    "a leaf": (say("F"), "t", "F says F"),
    "the leaf in a sequence": (f"{{sequence: [{say('S')}, {say('F')}]}}", "t/play_2", "F says F"),
    "the last alternative that failed for real": (
        f"{{fallback: [{say('F')}, {say('FF')}, {say('D')}, look_f]}}",
        "t/play_2",
        "FF says F",
    ),
    "a declined one only when there is no other": (f"{{fallback: [{say('D')}, {say('DD')}]}}", "t/play_2", "DD says D"),
    "a guard in a branch before a branch that declined": (
        f"{{fallback: [look_f, {{sequence: [look_f]}}, {say('D')}]}}",
        "t/sequence/look",
        "F looks F",
    ),
    "the child of a retry": (
        f"{{retry: {{attempts: 1, child: {{fallback: [{say('F')}, look_f]}}}}}}",
        "t/fallback/play",
        "F says F",
    ),
    "a parallel's real failure": (f"{{parallel: [look_f, {say('F')}, {say('R')}]}}", "t/play", "F says F"),
    "an inverter": (f"{{inverter: {{child: {say('S')}}}}}", "t", "its child succeeded: S says S"),
    "an inverted condition declines": (
        f"{{fallback: [{say('F')}, {{inverter: {{child: look}}}}]}}",
        "t/play",
        "F says F",
    ),
    "a forced failure": (f"{{force_failure: {{child: {say('S')}}}}}", "t", "its child succeeded: S says S"),
    "a forced failure that failed anyway": (f"{{force_failure: {{child: {say('F')}}}}}", "t/play", "F says F"),
    "an exception": (say("X"), "t", "raised ZeroDivisionError: division by zero"),
    "an exception in on_start": (say("S", start="raises"), "t", "raised ZeroDivisionError: division by zero"),
    "a failure without a reason": (say("E"), "t", "raised ValueError: a failure needs a reason"),
    "no outcome at all": (say("N"), "t", "on_tick returned a NoneType, not an Outcome"),
    "a number for a reason": (say("W"), "t", "the reason that on_tick returned is a float, not a text"),
    "a condition that hesitates": (
        "{look: {script: R}}",
        "t",
        "a condition answers at once, and this one was RUNNING",
    ),
}


@pytest.mark.parametrize("case", EXPLANATIONS)
def test_a_failure_is_explained_by(case):
    root, path, reason = EXPLANATIONS[case]
    tree = tree_of(root.replace("look_f", "{look: {script: F}}"))
    assert tick(tree, ManualContext()) is Status.FAILURE
    assert tree.failure is not None
    assert (tree.failure.path, tree.failure.reason) == (path, reason)


def test_an_alternative_that_failed_some_ticks_ago_still_explains_the_failure():
    tree, ctx = tree_of(f"{{fallback: [{say('F')}, {say('RD')}]}}"), ManualContext()
    assert tick(tree, ctx) is Status.RUNNING
    assert tree.failure is None
    assert tick(tree, ctx) is Status.FAILURE
    assert tree.failure is not None
    assert tree.failure.path == "t/play"


@settings(max_examples=examples(100))
@given(st.lists(st.text("SFRDXEN", min_size=1, max_size=4), min_size=1, max_size=5), st.data())
def test_no_leaf_can_make_a_tick_raise(scripts, data):
    kids = [say(s, halt=data.draw(st.sampled_from(["fine", "raises"]))) for s in scripts]
    word = data.draw(st.sampled_from(["parallel", "reactive_sequence", "reactive_fallback", "fallback"]))
    tree = tree_of(f"{{{word}: [{', '.join(kids)}]}}")
    for _ in range(6):
        tick(tree, ManualContext())
        for node, state in zip(tree.nodes, tree.states(), strict=True):
            assert state.reason or node.kind != "action" or state.status is not Status.FAILURE
    tree.halt()
    assert Status.RUNNING not in {state.status for state in tree.states()}


def test_a_context_is_only_reachable_during_a_tick():
    contexts: list[TickContext | None] = []
    tree, ctx = tree_of(say("R")), ManualContext()
    leaf: Any = tree.root
    leaf.leaf.on_halt = contexts.append
    tick(tree, ctx)
    tree.halt()
    assert contexts == [None]
