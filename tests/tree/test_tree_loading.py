"""Loading is total: a valid tree loads and keeps its shape, and anything else raises LoadError and nothing but that."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_leaves import REGISTRY, ManualContext

from bt_robot.errors import LoadError
from bt_robot.messages import Status
from bt_robot.tree import NodeSpec, build_tree, load_tree, parse_tree
from tests.scale import examples

VALID = """\
tree: sort-blocks
description: Everything that the language has.
prompt: look around
expects: {in_container: [red, green]}
root:
  sequence:
    - measure: {value: 2, seen: "{width}"}
    - retry:
        attempts: 3
        prompt: pick up the red block
        child:
          timeout:
            duration_s: 20
            child:
              reactive_fallback:
                - look: {script: F}
                - parallel: {success_count: 1, children: [ask, {wait: {duration_s: "{width}"}}]}
    - inverter: {child: {force_failure: {child: {repeat: {times: 2, child: look}}}}}
    - {wait: {name: rest, duration_s: 0.5, how: moving, joints: [0.1, -0.2], quick: true}}
"""

SCALARS = st.one_of(
    st.floats(0, 100, allow_nan=False).map(lambda x: {"wait": {"duration_s": repr(x)}}),
    st.sampled_from(["S", "F", "SF"]).map(lambda script: {"play": {"script": script}}),
    st.just("look"),
    st.just({"measure": {"seen": '"{k}"'}}),
)


def nodes() -> st.SearchStrategy[Any]:
    return st.recursive(
        SCALARS,
        lambda kids: st.one_of(
            st.tuples(
                st.sampled_from(["sequence", "fallback", "reactive_sequence", "reactive_fallback", "parallel"]),
                st.lists(kids, min_size=1, max_size=4),
            ).map(lambda pair: {pair[0]: list(pair[1])}),
            kids.map(lambda kid: {"inverter": {"child": kid}}),
            st.tuples(st.integers(1, 9), kids).map(lambda p: {"retry": {"attempts": str(p[0]), "child": p[1]}}),
        ),
        max_leaves=12,
    )


def flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(below)}" for key, below in value.items()) + "}"
    return "[" + ", ".join(map(flow, value)) + "]" if isinstance(value, list) else value


def shape(spec: NodeSpec) -> Any:
    """Return the written form of a loaded node."""
    shown = {name: shown_value(value) for name, value in spec.values.items()}
    if spec.kind in ("action", "condition"):
        return {spec.type: shown} if shown else spec.type
    if spec.kind == "decorator":
        return {spec.type: {**shown, "child": shape(spec.children[0])}}
    return {spec.type: [shape(child) for child in spec.children]}


def shown_value(value: Any) -> str:
    return str(value) if isinstance(value, int | float | str) else f'"{{{value.name}}}"'


@settings(max_examples=examples(200))
@given(nodes())
def test_what_is_written_is_what_is_loaded(tree):
    spec = parse_tree(f"tree: t\nroot: {flow(tree)}", "t.yaml", REGISTRY)
    again = parse_tree(f"tree: t\nroot: {flow(shape(spec.root))}", "t.yaml", REGISTRY)
    assert shape(spec.root) == tree
    assert again == spec


@settings(max_examples=examples(100))
@given(nodes())
def test_paths_are_unique_and_lead_to_the_parent(tree):
    built = build_tree(parse_tree(f"tree: t\nroot: {flow(tree)}", "t.yaml", REGISTRY))
    paths = [node.path for node in built.nodes]
    assert len(set(paths)) == len(paths)
    for node in built.nodes[1:]:
        assert node.path == f"{paths[node.parent]}/{node.name}"
        assert node.depth == built.nodes[node.parent].depth + 1


@settings(max_examples=examples(400))
@given(st.data())
def test_a_broken_file_raises_nothing_but_load_errors(data):
    text = VALID
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        until = data.draw(st.integers(at, min(at + 12, len(text))))
        junk = data.draw(
            st.one_of(
                st.sampled_from(
                    ["", "{", "}", "[", "]", "- ", ": ", "\n", "  ", '"', "$x", "&a ", "*a", "!!str ", "#"]
                ),
                st.sampled_from(["look", "wait", "child", "children", "name: a", "'{k}'", ".nan", "null", "\t", "1e9"]),
                st.text(max_size=5),
            )
        )
        text = text[:at] + junk + text[until:]
    try:
        spec = parse_tree(text, "t.yaml", REGISTRY)
    except LoadError as error:
        problems = error.problems
    else:
        build_tree(spec).tick(ManualContext())
        return
    assert problems
    assert all(problem.file == "t.yaml" and problem.message for problem in problems)


@settings(max_examples=examples(200))
@given(st.text(max_size=80))
def test_any_text_at_all_raises_nothing_but_load_errors(text):
    with pytest.raises(LoadError):
        parse_tree(text, "t.yaml", REGISTRY)


def test_the_header_is_kept():
    spec = parse_tree(VALID, "t.yaml", REGISTRY)
    assert spec.name == "sort-blocks"
    assert spec.description == "Everything that the language has."
    assert spec.expects == {"in_container": ("red", "green")}
    assert spec.files == ()
    assert build_tree(spec).tick(ManualContext()) is Status.RUNNING


def test_the_files_that_were_read_are_kept(tmp_path):
    (tmp_path / "a.yaml").write_text("tree: a\ninclude: [b.yaml]\nroot: b\n")
    (tmp_path / "b.yaml").write_text("subtree: b\nroot: look\n")
    assert load_tree(tmp_path / "a.yaml", REGISTRY).files == (tmp_path / "a.yaml", tmp_path / "b.yaml")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing", None, ": can't be read: No such file or directory; expected a YAML file"),
        ("latin", b"tree: t\xe4", ":1:8: byte 7 is not UTF-8; expected UTF-8 text"),
        ("huge", b"#" * 1_000_001, ": the file has more than 1000000 bytes; expected a smaller file"),
        ("empty", b"", ": the file is empty"),
    ],
)
def test_a_file_that_is_no_text_is_refused(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LoadError) as error:
        load_tree(path, REGISTRY)
    assert str(error.value) == f"{path}{message}"


@pytest.mark.parametrize(
    "text",
    [
        "tree: t\nroot: " + "{inverter: {child: " * 300 + "look" + "}}" * 300,
        "tree: t\nroot: " + "[" * 600,
        "tree: t\nroot: {sequence: [" + "{wiat: {duraton_s: 1}}, " * 9000 + "look]}",
        'tree: t\nroot: {sequence: [{measure: {seen: "{x}"}}, '
        + '{wait: {duration_s: "{x}", lable: 1}}, ' * 6000
        + "]}",
        "tree: t\nroot: {sequence: ["
        + "".join(f'{{measure: {{seen: "{{y{i}}}"}}}}, {{wait: {{duration_s: "{{x{i}}}"}}}}, ' for i in range(4500))
        + "]}",
        "tree: t\ninclude: [" + "".join(f"x{i}.yaml, " for i in range(40_000)) + "]\nroot: look",
        "tree: t\na: &a [1, 1]\nb: &b [*a, *a]\nroot: *b",
    ],
)
def test_a_malicious_text_is_refused(text):
    with pytest.raises(LoadError):
        parse_tree(text, "t.yaml", REGISTRY)
