"""A tree as lines of text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tree_leaves import ManualContext, say, tree_of

from bt_robot.tree.drawing.outline import Outline
from bt_robot.tree.drawing.text import ASCII, draw_outline, draw_text

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


def test_long_lines_are_wrapped_beside_their_branches():
    root = f"{{sequence: [{{sequence: {{prompt: {'pick up the red block ' * 5}, children: [look]}}}}, look]}}"
    drawn = draw_outline(Outline(tree_of(root).nodes), width=40)
    assert drawn.splitlines() == [
        "t (sequence)",
        "├─ sequence “pick up the red block",
        "│  │  pick up the red block pick up the",
        "│  │  red block pick up the red block",
        "│  │  pick up the red block”",
        "│  └─ look",
        "└─ look",
    ]


def test_ascii_is_ascii():
    root = f"{{sequence: [{{retry: {{attempts: 2, prompt: grün →, child: {say('F')}}}}}, look]}}"
    tree = tree_of(root)
    tree.tick(ManualContext())
    drawn = draw_outline(Outline(tree.nodes, tree.states()), ASCII)
    assert drawn.isascii()
    assert drawn.splitlines()[:3] == [
        "[>] t (sequence)",
        '|- [>] retry attempts=2 "gr\\xfcn ->" - attempt 1 of 2 failed: F says F',
        "|  `- [x] play script=F - F says F",
    ]


@given(st.integers(1, 40), st.integers(0, 300), st.integers(30, 120))
def test_no_line_is_longer_than_asked(depth, words, width):
    root = "{inverter: {child: " * depth + say("'" + "word " * words + "'") + "}}" * depth
    lines = draw_outline(Outline(tree_of(root).nodes), width=width).splitlines()
    assert all(len(line) <= max(width, 3 * depth + 3 + 24) for line in lines)
