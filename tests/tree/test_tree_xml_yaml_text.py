"""What is written as YAML is read as it was, on one line and as a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.config.problems import Mark, Problems
from bt_robot.config.source import ListNode, MapNode, ScalarNode, parse
from bt_robot.config.values import is_null
from bt_robot.tree.formats.values import same_source
from bt_robot.tree.formats.yaml_text import Remarks, file_text, flow

HERE = Mark("")
WORDS = st.one_of(
    st.sampled_from(
        ["true", "no", "1", "-", "- a", "#", "a #b", "a: b", "[", "{k}", "$p", "'", '"', "~", "null", "!x"]
    ),
    st.sampled_from(
        ["&a", "*a", "%a", "@a", "`a", "a,b", "|", ">", "?", "...", "---", "0x10", " a ", "a\nb", "\t", ""]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=10),
)
QUOTED = st.builds(lambda text: ScalarNode(text, False, HERE), WORDS)
PLAIN = st.builds(
    lambda text: ScalarNode(text, True, HERE), st.sampled_from(["1", "-0.5", "1e3", "true", "look", "$p"])
)
NULL = st.just(ScalarNode("null", True, HERE))
NODES = st.recursive(
    st.one_of(QUOTED, PLAIN, NULL),
    lambda kids: st.one_of(
        st.builds(lambda items: ListNode(tuple(items), HERE), st.lists(kids, max_size=3)),
        st.builds(
            lambda pairs: MapNode(tuple((ScalarNode(key, True, HERE), value) for key, value in pairs.items()), HERE),
            st.dictionaries(st.sampled_from(["a", "b_1", "name"]), kids, max_size=3),
        ),
    ),
    max_leaves=8,
)


def read(text):
    problems = Problems()
    node = parse(text, "t.yaml", problems)
    assert problems.found == [], text
    return node


@given(NODES, st.sampled_from(["'", '"']))
def test_one_line(node, quote):
    text = flow(node, quote)
    assert "\n" not in text
    assert same_source(read(f"[{text}]"), ListNode((node,), HERE))


@given(QUOTED)
def test_text_in_quotes_never_becomes_anything_else(node):
    read_back = read(f"a: {flow(node)}").get("a")
    assert read_back.text == node.text
    assert not is_null(read_back)
    assert flow(read_back) == flow(node)


@given(st.dictionaries(st.sampled_from(["tree", "description", "root", "parameters"]), NODES, min_size=1))
def test_a_whole_file(entries):
    head = MapNode(tuple((ScalarNode(key, True, HERE), value) for key, value in entries.items()), HERE)
    assert same_source(read(file_text(head, Remarks())), head)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("pick it up, then wait; slowly", "pick it up, then wait; slowly"),
        ("20 cups", "20 cups"),
        ("done [s]", '"done [s]"'),
        ("1", '"1"'),
        ("yes", '"yes"'),
        ('say "hi"', 'say "hi"'),
        ("a: b", '"a: b"'),
    ],
)
def test_a_line_of_its_own_needs_few_quotes(text, written):
    head = MapNode(((ScalarNode("description", True, HERE), ScalarNode(text, False, HERE)),), HERE)
    assert file_text(head, Remarks()) == f"description: {written}\n"
