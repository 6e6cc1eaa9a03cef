"""A tree as a picture: well-formed, self-contained, nothing outside its frame."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_leaves import tree_of

from bt_robot.messages import NodeInfo, NodeState, Status
from bt_robot.tree.drawing.text import draw_svg
from tests.scale import examples

SVG = "{http://www.w3.org/2000/svg}"
EVIL = "<script>alert('x')</script> & \"\x1b[31m\x00\ud800"


def texts(svg: str) -> str:
    return " ".join("".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text"))


def test_each_node_is_shown_with_its_words():
    tree = tree_of("{sequence: {prompt: pick it up, children: [{wait: {duration_s: 2}}, look]}}")
    states = [NodeState(Status.FAILURE), NodeState(Status.FAILURE, "too late"), NodeState(Status.IDLE)]
    shown = texts(draw_svg(tree.nodes, states, "the title"))
    for words in ("the title", "FAILURE", "t sequence", "“pick it up”", "wait", "duration_s=2", "too late", "look"):
        assert words in shown


@pytest.mark.parametrize("status", Status)
def test_a_status_has_a_shape_of_its_own(status):
    tree = tree_of("look")
    own = draw_svg(tree.nodes, [NodeState(status)], "").split("</style>")[1].split("<g><title>")[1]
    others = {
        draw_svg(tree.nodes, [NodeState(other)], "").split("<g><title>")[1] for other in Status if other is not status
    }
    assert own not in others


def test_words_can_not_become_markup_and_no_byte_breaks_the_file():
    tree = tree_of("{sequence: [look]}")
    svg = draw_svg(tree.nodes, [NodeState(Status.RUNNING, EVIL)] * 2, EVIL)
    tags = {element.tag.removeprefix(SVG) for element in ET.fromstring(svg).iter()}
    assert tags == {"svg", "title", "style", "rect", "text", "tspan", "g", "path", "circle"}
    svg.encode()
    assert "alert('x')" in texts(svg)


def test_nothing_is_fetched_from_elsewhere():
    svg = draw_svg(tree_of("look").nodes, [NodeState(Status.IDLE)], "t")
    assert svg.replace('xmlns="http://www.w3.org/2000/svg"', "").count("http") == 0
    assert "url(" not in svg


@settings(max_examples=examples(60))
@given(st.integers(1, 12), st.integers(1, 4), st.text(max_size=400))
def test_rows_follow_each_other_inside_the_frame(count, depth, reason):
    inner = "{inverter: {child: " * depth + "look" + "}}" * depth
    tree = tree_of(f"{{sequence: [{', '.join([inner] * count)}]}}")
    states = [NodeState(Status.FAILURE, reason) for _ in tree.nodes]
    root = ET.fromstring(draw_svg(tree.nodes, states, "title"))
    ys = [float(text.get("y", "0")) for text in root.iter(f"{SVG}text")]
    assert ys[2:-4] == sorted(ys[2:-4])
    assert max(ys) < float(root.get("height", "0"))


def test_a_subtree_is_framed_with_all_that_is_in_it():
    nodes = (
        NodeInfo("t", "sequence", "t", 0, -1, "composite"),
        NodeInfo("t/pick", "skill", "pick", 1, 0, "subtree"),
        NodeInfo("t/pick/a", "a", "a", 2, 1, "action"),
        NodeInfo("t/pick/b", "b", "b", 2, 1, "action"),
        NodeInfo("t/c", "c", "c", 1, 0, "action"),
    )
    root = ET.fromstring(draw_svg(nodes, (), "title"))
    (frame,) = [rect for rect in root.iter(f"{SVG}rect") if rect.get("class") == "b"]
    top, bottom = float(frame.get("y")), float(frame.get("y")) + float(frame.get("height"))
    rows = {text.find(f"{SVG}tspan").text: float(text.get("y")) for text in root.iter(f"{SVG}text") if len(text)}
    assert {name for name, y in rows.items() if top < y < bottom} == {"pick", "a", "b"}


def test_without_statuses_the_kinds_of_nodes_are_shown():
    svg = draw_svg(tree_of("{inverter: {child: look}}").nodes, (), "title")
    assert "decorator subtree action condition" in texts(svg)
    assert "IDLE" not in texts(svg)


def test_what_is_folded_up_is_counted():
    nodes = tree_of("{inverter: {child: look}}").nodes[:1]
    assert "+1 nodes" in texts(draw_svg(nodes, (), "title", (1,)))
