"""Trees are built, ticked, halted and drawn however wide and deep they are."""

from __future__ import annotations

import sys

import pytest
from py_trees.common import Status as Oracle
from tree_leaves import Look, ManualContext, Play

from bt_robot.errors import InputError
from bt_robot.messages import Status
from bt_robot.tree import NodeSpec, Tree, TreeSpec, build_tree, draw_text
from bt_robot.tree.engine.building import MAX_DEPTH
from tests.scale import examples

WIDE = examples(10_000)
DEEP = 1000

VALUES = {
    "parallel": {"success_count": "all", "failure_count": 1},
    "retry": {"attempts": 2},
    "timeout": {"duration_s": 1e9},
    "delay": {"duration_s": 0.0},
    "run_once": {"until": "end"},
}
COMPOSITES = ("sequence", "reactive_sequence", "fallback", "reactive_fallback", "parallel", "sequence_with_memory")
DECORATORS = ("inverter", "force_success", "retry", "timeout", "delay", "run_once")


def play(path: str, script: str) -> NodeSpec:
    return NodeSpec(path, "play", "play", "action", {"script": script}, leaf=Play)


def wide(script: str) -> Tree:
    leaves = [play(f"t/{place}", script) for place in range(WIDE)]
    return build_tree(TreeSpec("t", NodeSpec("t", "sequence", "t", "composite", {}, tuple(leaves))))


def deep(types: tuple[str, ...], script: str, levels: int = DEEP) -> Tree:
    node = play(str(levels), script)
    for level in reversed(range(levels)):
        word = types[level % len(types)]
        kind = "composite" if word in COMPOSITES else "decorator"
        node = NodeSpec(str(level), word, word, kind, VALUES.get(word, {}), (node,))
    return build_tree(TreeSpec("t", node))


def test_a_wide_tree_is_built_ticked_and_drawn():
    tree, ctx = wide("S"), ManualContext()
    for _ in range(2):
        assert tree.tick(ctx) is Status.SUCCESS
        assert len(tree.visited) == WIDE + 1
    assert len(draw_text(tree.nodes, tree.states()).splitlines()) == WIDE + 1


@pytest.mark.parametrize(
    "types", [*[(word,) for word in (*COMPOSITES, *DECORATORS)], (*COMPOSITES, *DECORATORS)], ids=lambda types: types[0]
)
def test_a_deep_tree_is_built_ticked_halted_and_drawn(types):
    tree, ctx = deep(types, "RS"), ManualContext()
    assert tree.tick(ctx) is Status.RUNNING
    assert len(tree.visited) == DEEP + 1
    tree.halt()
    assert {state.status for state in tree.states()} == {Status.IDLE}
    tree.tick(ctx)
    assert len(tree.visited) == DEEP + 1
    tree.root.stop(Oracle.INVALID)
    assert {node.status for node in tree.visited} == {Oracle.INVALID}
    assert len(draw_text(tree.nodes, tree.states()).splitlines()) == DEEP + 1


def test_the_recursion_limit_is_raised_only_for_a_deep_tree_and_only_as_far_as_needed():
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(1000)
        deep(("sequence",), "S", 100)
        assert sys.getrecursionlimit() == 1000
        deep(("sequence",), "S", 500)
        assert 1000 < sys.getrecursionlimit() <= 1000 + 10 * 500
    finally:
        sys.setrecursionlimit(limit)


def test_a_tree_that_is_too_deep_is_refused():
    with pytest.raises(InputError, match=r"^the tree is 10,001 levels deep; expected at most 10,000$"):
        deep(("sequence",), "S", MAX_DEPTH + 1)


def test_what_looks_only_is_found_from_the_leaves_up():
    look = NodeSpec("t/0/0", "look", "look", "condition", {"script": "S"}, leaf=Look)
    looks = NodeSpec("t/0", "inverter", "inverter", "decorator", {}, (look,))
    both = NodeSpec("t", "sequence", "t", "composite", {}, (looks, play("t/1", "S")))
    tree = build_tree(TreeSpec("t", both))
    assert [node.looks_only for node in sorted(tree.root.iterate(), key=lambda n: n.index)] == [
        False,
        True,
        True,
        False,
    ]
