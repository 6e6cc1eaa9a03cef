"""What holds in every tree, whatever it is made of and whatever its leaves do."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_strategies import KIT, Shape, leaves, shapes, text_of

from bt_robot.messages import NodeState, Status
from bt_robot.tree import Tree, build_tree, parse_tree
from bt_robot.tree.vocabulary.built_in import BUILT_IN
from tests.scale import examples

TREES = shapes(leaves("SFRRX"), max_leaves=16).map(lambda shape: parse_tree(text_of(shape), "t.yaml", KIT))
STEPS = st.lists(st.one_of(st.sampled_from([0.25, 0.5, 1.0]), st.just("halt")), min_size=1, max_size=16)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """Do not write down the exceptions that the leaves raise on purpose."""
    monkeypatch.setattr(logging.getLogger("bt_robot.tree.engine.leaf_node"), "disabled", True)


class Log:
    """A tick's context that logs what the leaves do."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.log: list[tuple[str, str]] = []


def steps_of(tree: Tree, ctx: Any, steps: list[Any]) -> Any:
    """Do one step after the other, and give what the tree says to it; None for a halt."""
    for step in steps:
        ctx.log.clear()
        if step == "halt":
            tree.halt()
            yield None
        else:
            ctx.now_s += step
            yield tree.tick(ctx)


def below(tree: Tree, index: int) -> range:
    """Return the places of the nodes below one, which follow it in the order of `nodes`."""
    depth = tree.nodes[index].depth
    last = next((i for i in range(index + 1, len(tree.nodes)) if tree.nodes[i].depth <= depth), len(tree.nodes))
    return range(index + 1, last)


def children(tree: Tree, index: int) -> list[int]:
    return [i for i in below(tree, index) if tree.nodes[i].parent == index]


@settings(max_examples=examples(60))
@given(TREES, STEPS)
def test_a_leaf_is_started_ticked_and_ended_or_halted_in_this_order(spec, steps):
    tree, ctx = build_tree(spec), Log()
    labels = [node.detail for node in tree.nodes]
    active: set[str] = set()
    for said in steps_of(tree, ctx, steps):
        for event, label in ctx.log:
            assert (label in active) is (event != "start")
            active ^= {label} if event in ("start", "halt") else set()
        states = dict(zip(labels, tree.states(), strict=True))
        for label in [*active]:
            state = next(state for detail, state in states.items() if detail.startswith(f"label={label} "))
            if state.status is not Status.RUNNING:
                active.remove(label)
        running = sum(s.status is Status.RUNNING and n.kind == "action" for n, s in pairs(tree))
        assert len(active) == running
        if said is not Status.RUNNING:
            assert not active


def pairs(tree: Tree) -> list[tuple[Any, NodeState]]:
    return list(zip(tree.nodes, tree.states(), strict=True))


@settings(max_examples=examples(60))
@given(TREES, STEPS)
def test_what_runs_is_reachable_through_what_runs_and_nothing_runs_when_the_tree_does_not(spec, steps):
    tree = build_tree(spec)
    for said in steps_of(tree, Log(), steps):
        states = tree.states()
        assert (states[0].status is Status.RUNNING) is (said is Status.RUNNING)
        for node, state in pairs(tree)[1:]:
            if state.status is Status.RUNNING:
                assert states[node.parent].status is Status.RUNNING


@settings(max_examples=examples(60))
@given(TREES, STEPS)
def test_a_node_is_ticked_at_most_once_in_a_tick_and_only_below_one_that_is(spec, steps):
    tree, ctx = build_tree(spec), Log()
    for said in steps_of(tree, ctx, steps):
        if said is None:
            continue
        ticks = [label for event, label in ctx.log if event == "tick"]
        assert len(ticks) == len(set(ticks))
        assert len({id(node) for node in tree.visited}) == len(tree.visited)
        states = tree.states()
        for node, state in pairs(tree)[1:]:
            assert states[node.parent].ticked or not state.ticked


GUARDS = ("guard", "while_do_else", "reactive_sequence")
GUARDED = shapes(leaves("SFRRX"), types=(*GUARDS, "sequence", "reactive_fallback", "repeat", "parallel")).map(
    lambda shape: parse_tree(text_of(shape), "t.yaml", KIT)
)


def behind(tree: Tree, index: int) -> list[int]:
    """Return the children of a guard that may not be ticked: those behind one that was asked and does not hold."""
    below, states = children(tree, index), tree.states()
    if tree.nodes[index].type != "reactive_sequence":
        below = below[:2]
    does_not_hold = (Status.FAILURE, Status.RUNNING)
    first = next((i for i, kid in enumerate(below) if states[kid].status in does_not_hold), len(below))
    return below[first + 1 :]


@settings(max_examples=examples(120))
@given(GUARDED, STEPS)
def test_nothing_is_ticked_or_runs_behind_a_guard_that_did_not_hold_in_the_same_tick(spec, steps):
    tree = build_tree(spec)
    for said in steps_of(tree, Log(), steps):
        states = tree.states()
        for index, node in enumerate(tree.nodes):
            if said is None or node.type not in GUARDS or not states[index].ticked:
                continue
            assert states[children(tree, index)[0]].ticked  # it was asked in this very tick
            for kid in behind(tree, index):
                assert not any(states[i].ticked or states[i].status is Status.RUNNING for i in (kid, *below(tree, kid)))


@settings(max_examples=examples(60))
@given(TREES, STEPS)
def test_every_failure_is_explained_by_a_node_of_the_tree(spec, steps):
    tree = build_tree(spec)
    paths = {node.path for node in tree.nodes}
    for said in steps_of(tree, Log(), steps):
        if said is Status.FAILURE:
            assert tree.failure is not None
            assert tree.failure.path in paths
            assert tree.failure.reason
        elif said is not None:
            assert tree.failure is None


LASTING = {"sequence_with_memory", "run_once", "rate_limit", "cooldown"}
"""What remembers something when it is halted, on purpose."""


@settings(max_examples=examples(60))
@given(
    shapes(
        st.text("SFR", min_size=1, max_size=3).map(lambda script: Shape("act", {"script": script, "anew": True})),
        types=sorted(BUILT_IN.keys() - LASTING),
        max_leaves=16,
    ),
    STEPS,
    st.integers(1, 6),
)
def test_a_tree_that_was_halted_begins_as_a_fresh_one_does(shape, steps, ticks):
    spec = parse_tree(text_of(shape), "t.yaml", KIT)
    tree, ctx = build_tree(spec), Log()
    for _ in steps_of(tree, ctx, steps):
        pass
    tree.halt()
    ctx.now_s += 100.0
    again, first = Log(), Log()
    fresh = build_tree(spec)
    again.now_s = ctx.now_s
    for _ in range(ticks):
        again.now_s += 0.5
        first.now_s += 0.5
        assert tree.tick(again) == fresh.tick(first)  # pyright: ignore[reportArgumentType]
        assert again.log == first.log
