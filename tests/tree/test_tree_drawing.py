"""A tree as lines of text."""

from __future__ import annotations

from tree_leaves import ManualContext, say, tree_of

from bt_robot.tree.drawing.text import draw_text

ROOT = f"{{sequence: [{{retry: {{name: red, attempts: 2, prompt: go on, child: {say('F')}}}}}, {{fallback: [look]}}]}}"


def test_the_plain_tree():
    assert draw_text(tree_of(ROOT).nodes).splitlines() == [
        "t (sequence)",
        "├─ red (retry) attempts=2 “go on”",
        "│  └─ play script=F",
        "└─ fallback",
        "   └─ look",
    ]


def test_the_tree_with_what_each_node_said():
    tree = tree_of(ROOT)
    tree.tick(ManualContext())
    assert draw_text(tree.nodes, tree.states()).splitlines() == [
        "▶ t (sequence)",
        "├─ ▶ red (retry) attempts=2 “go on” — attempt 1 of 2 failed: F says F",
        "│  └─ ✗ play script=F — F says F",
        "└─ · fallback",
        "   └─ · look",
    ]


def test_a_single_node():
    assert draw_text(tree_of("look").nodes) == "t (look)"
