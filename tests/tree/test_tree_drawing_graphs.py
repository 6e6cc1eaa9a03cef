"""Trees as graphs for Graphviz and Mermaid: complete, in order, and safe from what is written in trees."""

from __future__ import annotations

import re

import pydot
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tree_leaves import say, tree_of

from bt_robot.messages import NodeInfo, NodeState, Status
from bt_robot.tree.drawing.dot import draw_dot
from bt_robot.tree.drawing.mermaid import draw_mermaid
from bt_robot.tree.drawing.outline import Outline
from tests.scale import examples

EVIL = 'x"]; evil [label="\\" <script>alert(1)</script> &amp; `*_~|{}()[]#quot; %%{init}%% --> end \\n\n\x07\u202e'


PARSER = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pydot's, of what it is built on


def outline(root="{sequence: [{retry: {attempts: 2, child: look}}, {fallback: [look, look]}]}", states=()):
    return Outline(tree_of(root).nodes, states)


def edges(text, arrow):
    return re.findall(rf"^  (n\d+) {arrow} (n\d+)$", text, flags=re.MULTILINE)


def test_the_graph_has_every_node_and_its_children_in_order():
    for text, arrow in ((draw_dot(outline(), "t"), "->"), (draw_mermaid(outline(), "t"), "---")):
        assert edges(text, arrow) == [("n0", "n1"), ("n1", "n2"), ("n0", "n3"), ("n3", "n4"), ("n3", "n5")]


@PARSER
def test_graphviz_reads_it():
    (graph,) = pydot.graph_from_dot_data(draw_dot(outline(), "t"))
    assert len(graph.get_edges()) == 5
    shapes = {node.get_name(): node.get("shape") for node in graph.get_nodes() if node.get_name()[1:].isdigit()}
    assert shapes == {"n0": "box", "n1": "hexagon", "n2": "ellipse", "n3": "box", "n4": "ellipse", "n5": "ellipse"}


@pytest.mark.parametrize("status", Status)
def test_a_status_has_a_sign_and_colours(status):
    states = (NodeState(status, "because"),)
    dot, mermaid = draw_dot(outline("look", states), "t"), draw_mermaid(outline("look", states), "t")
    others = [draw_dot(outline("look", (NodeState(other, "because"),)), "t") for other in Status if other is not status]
    assert dot not in others
    assert f":::{status.lower()}" in mermaid
    assert ("because" in dot) == (status is not Status.SUCCESS)


def test_a_wide_tree_is_drawn_from_the_left():
    few, many = (f"{{sequence: [{', '.join(['look'] * count)}]}}" for count in (12, 13))
    assert "rankdir=TB" in draw_dot(outline(few), "t")
    assert "rankdir=LR" in draw_dot(outline(many), "t")
    assert "flowchart LR" in draw_mermaid(outline(many), "t")


def hostile(text):
    nodes = (NodeInfo(text, text, text, 0, -1, text, text, text), NodeInfo(text, "b", "b", 1, 0, "action"))
    return Outline(nodes, (NodeState(Status.FAILURE, text), NodeState(Status.IDLE)))


@PARSER
@settings(max_examples=examples(10), deadline=None)
@given(st.one_of(st.text(max_size=40), st.just(EVIL)))
@example(EVIL)
def test_words_stay_words_for_graphviz(text):
    (graph,) = pydot.graph_from_dot_data(draw_dot(hostile(text), text))
    assert {node.get_name() for node in graph.get_nodes()} - {"graph", "node", "edge"} == {"n0", "n1"}
    assert [(edge.get_source(), edge.get_destination()) for edge in graph.get_edges()] == [("n0", "n1")]


@given(st.one_of(st.text(max_size=40), st.just(EVIL)))
@example(EVIL)
def test_words_stay_words_for_mermaid(text):
    drawn = draw_mermaid(hostile(text), text)
    head, *lines = drawn.split("---\n")[2].splitlines()
    assert head == "flowchart TB"
    node = re.compile(
        r'  n\d+(\[|\{\{|\[\[|\(|\(\[)"([\w ,.:…“”—→✓✗▶+-]|#\d+;|<br>|�)*"(\]|\}\}|\]\]|\)|\]\)):::[a-z]+'
    )
    assert all(node.fullmatch(line) for line in lines[:2]), lines[:2]
    assert lines[2] == "  n0 --- n1"
    assert re.fullmatch(r'title: "([^"\\\n]|\\.)*"', drawn.split("---\n")[1].strip("\n"))


def test_what_is_folded_up_is_counted():
    folded = outline().collapsed(["fallback"])
    assert "+ 2 nodes" in draw_dot(folded, "t")
    assert "+ 2 nodes" in draw_mermaid(folded, "t")


def test_prompts_are_in_the_box_where_they_are_set():
    root = f"{{sequence: {{prompt: pick it up, children: [{say('S')}, look]}}}}"
    assert draw_dot(outline(root), "t").count("pick it up") == 1


def test_graphviz_takes_no_word_for_a_character():
    assert "&amp;lt;" in draw_dot(hostile("&lt;"), "t")
