"""Which part of a tree is drawn, and what is folded up."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tree_leaves import tree_of

from bt_robot.messages import NodeState, Status
from bt_robot.tree.drawing.outline import Outline
from bt_robot.tree.drawing.text import draw_outline

ROOT = "{sequence: [{retry: {name: red, attempts: 2, child: {sequence: [look, look]}}}, {fallback: [look]}]}"


def outline(root=ROOT):
    return Outline(tree_of(root).nodes)


def lines(outline):
    return [line.strip("│├└─ ") for line in draw_outline(outline).splitlines()]


def test_a_branch_is_folded_up_by_its_path():
    assert lines(outline().collapsed(["t/red"])) == ["t (sequence)", "red (retry) ⊞3 attempts=2", "fallback", "look"]


def test_every_node_of_a_type_is_folded_up():
    assert lines(outline().collapsed(["fallback", "retry"])) == [
        "t (sequence)",
        "red (retry) ⊞3 attempts=2",
        "fallback ⊞1",
    ]


def test_everything_below_a_depth_is_folded_up():
    assert lines(outline().collapsed(["depth:2"])) == [
        "t (sequence)",
        "red (retry) attempts=2",
        "sequence ⊞2",
        "fallback",
        "look",
    ]
    assert lines(outline().collapsed(["depth:0"])) == ["t (sequence) ⊞6"]
    assert outline().collapsed(["depth:99"]) == outline()


def test_one_branch_alone_has_its_own_root():
    part = outline().only("t/red/sequence")
    assert [(node.depth, node.parent) for node in part.nodes] == [(0, -1), (1, 0), (1, 0)]
    assert lines(part) == ["sequence", "look", "look_2 (look)"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            lambda o: o.collapsed(["retri"]),
            "'retri' is neither a path nor a node type of this tree (did you mean 'retry'?)",
        ),
        (lambda o: o.collapsed(["depth:x"]), "'depth:x' is neither a path nor a node type"),
        (lambda o: o.only("t/rod"), "there is no node 't/rod' in this tree (did you mean 't/red'?)"),
    ],
)
def test_what_fits_nothing_is_refused(wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        wrong(outline())


def test_an_outline_fits_together():
    with pytest.raises(ValueError, match="one state and one count"):
        Outline(outline().nodes, (NodeState(Status.IDLE),))


@given(st.recursive(st.just([]), lambda kids: st.lists(kids, max_size=3), max_leaves=15), st.sets(st.integers(0, 30)))
def test_nothing_is_lost_by_folding(shape, chosen):
    def source(node):
        return f"{{sequence: [{', '.join(map(source, node))}]}}" if node else "look"

    whole = outline(source(shape))
    rules = [whole.nodes[index].path for index in chosen if index < len(whole.nodes)]
    part = whole.collapsed(rules)
    assert len(part.nodes) + sum(part.hidden) == len(whole.nodes)
    for index, node in enumerate(part.nodes):
        assert node.depth == (part.nodes[node.parent].depth + 1 if node.parent >= 0 else 0)
        assert node.path.startswith(part.nodes[max(node.parent, 0)].path)
        assert node.parent < index or index == 0
