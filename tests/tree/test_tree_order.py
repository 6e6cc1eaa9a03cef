"""A key that only later nodes write is reported; nothing is said where the order is not known before the run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_leaves import REGISTRY, ManualContext

from bt_robot.errors import LoadError
from bt_robot.messages import Status
from bt_robot.nodes import standard_registry
from bt_robot.tree import build_tree, load_tree, parse_tree
from tests.scale import examples

READ = 'wait: {duration_s: "{x}"}'
WRITE = 'measure: {seen: "{x}"}'
NEVER = "look: {script: F}"


def refusal(root: str) -> str:
    try:
        parse_tree(f"tree: t\nroot: {{{root}}}", "t.yaml", REGISTRY)
    except LoadError as error:
        return str(error)
    return ""


def test_it_is_said_where_it_is_read_and_where_it_is_written():
    assert refusal(f"sequence: [{{{READ}}}, look, {{{WRITE}}}]") == (
        "t.yaml:2:39: wait.duration_s: the key 'x' is read here, before anything has written it; expected a key that "
        "is written earlier (measure.seen on line 2 of t.yaml writes it later)"
    )


TOO_EARLY = [
    f"sequence: [{{{READ}}}, {{{WRITE}}}]",
    f"sequence_with_memory: [{{{READ}}}, {{{WRITE}}}]",
    f"sequence: [{{timeout: {{duration_s: 1, child: {{{READ}}}}}}}, {{fallback: [look, {{{WRITE}}}]}}]",
    f"sequence: [{{retry: {{attempts: 3, child: {{{READ}}}}}}}, {{{WRITE}}}]",
    f"sequence: [{{reactive_sequence: [{{{READ}}}, look]}}, {{{WRITE}}}, {{{WRITE}}}]",
    f"sequence: [look, {{sequence: [look, {{{READ}}}]}}, {{sequence: [look, {{{WRITE}}}]}}]",
    f"guard: {{condition: look, child: {{sequence: [{{{READ}}}, {{{WRITE}}}]}}}}",
]

UNKNOWN = [
    # written first
    f"sequence: [{{{WRITE}}}, {{{READ}}}]",
    f"sequence: [{{{WRITE}}}, {{{READ}}}, {{{WRITE}}}]",
    f"sequence: [{{fallback: [look, {{{WRITE}}}]}}, {{{READ}}}]",
    'for_each: {items: [1], item: "{x}", child: {wait: {duration_s: "{x}"}}}',
    # gone through again
    f"repeat: {{times: 2, child: {{sequence: [{{{READ}}}, {{{WRITE}}}]}}}}",
    f"retry: {{attempts: 2, child: {{sequence: [{{{READ}}}, {{{WRITE}}}]}}}}",
    f"reactive_fallback: [{{sequence: [{{{READ}}}, {{{WRITE}}}]}}, look]",
    # not one after the other
    f"fallback: [{{{READ}}}, {{{WRITE}}}]",
    f"parallel: [{{{READ}}}, {{{WRITE}}}]",
    f"reactive_sequence: [{{{READ}}}, {{{WRITE}}}]",
    f"if_then_else: {{condition: look, then: {{{READ}}}, else: {{{WRITE}}}}}",
]


@pytest.mark.parametrize("root", TOO_EARLY)
def test_what_is_certainly_too_early_is_refused(root):
    assert "is read here, before anything has written it" in refusal(root)


@pytest.mark.parametrize("root", UNKNOWN)
def test_what_may_be_right_is_not_refused(root):
    assert refusal(root) == ""


def test_what_is_unset_to_begin_with_is_no_mistake():
    text = 'sequence: [{unset_blackboard: {key: "{x}"}}, {set_blackboard: {key: "{x}", value: 1}}]'
    assert parse_tree(f"tree: t\nroot: {{{text}}}", "t.yaml", standard_registry()).root


def test_a_writer_with_a_mistake_is_the_only_thing_reported():
    found = refusal(f'sequence: [{{measure: {{sen: "{{x}}"}}}}, {{{READ}}}, {{{WRITE}}}]')
    assert found.splitlines()[0].startswith("t.yaml:2:30: unknown parameter of 'measure': 'sen'")
    assert len(found.splitlines()) == 1


def test_it_is_seen_inside_a_subtree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(f"subtree: s\nroot: {{sequence: [{{{READ}}}, {{{WRITE}}}]}}\n")
    Path("t.yaml").write_text("tree: t\ninclude: [s.yaml]\nroot: {sequence: [look, s]}\n")
    with pytest.raises(LoadError, match=r"^s.yaml:2:\d+: wait.duration_s: the key 'x' is read here, before anything"):
        load_tree(Path("t.yaml"), REGISTRY)


def test_it_is_seen_through_subtrees(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("reads.yaml").write_text("subtree: reads\nparameters: {p: {type: float}}\nroot: {wait: {duration_s: $p}}\n")
    Path("writes.yaml").write_text(
        "subtree: writes\nparameters: {p: {type: float, direction: out}}\nroot: {measure: {seen: $p}}\n"
    )
    header = "tree: t\ninclude: [reads.yaml, writes.yaml]\nroot:\n  sequence:\n"
    calls = ['    - reads: {p: "{x}"}\n', '    - writes: {p: "{x}"}\n']
    Path("t.yaml").write_text(header + "".join(calls))
    with pytest.raises(LoadError, match=r"t.yaml:5:18: wait.duration_s: the key 'x' is read here, before anything"):
        load_tree(Path("t.yaml"), REGISTRY)
    Path("t.yaml").write_text(header + "".join(reversed(calls)))
    assert load_tree(Path("t.yaml"), REGISTRY).root


LEAVES = st.sampled_from([READ, WRITE, "look: {script: S}", NEVER])
ONE = ("inverter: {{child: {0}}}", "force_success: {{child: {0}}}", "retry: {{attempts: 2, child: {0}}}")
MANY = ("sequence", "fallback", "reactive_sequence", "reactive_fallback", "parallel", "sequence_with_memory")


def nodes():
    leaves = LEAVES.map(lambda leaf: f"{{{leaf}}}")
    return st.recursive(
        leaves,
        lambda below: (
            st.tuples(st.sampled_from(MANY), st.lists(below, min_size=1, max_size=3)).map(
                lambda node: f"{{{node[0]}: [{', '.join(node[1])}]}}"
            )
            | st.tuples(st.sampled_from(ONE), below).map(lambda node: "{" + node[0].format(node[1]) + "}")
        ),
        max_leaves=6,
    )


@given(nodes())
@settings(max_examples=examples(200), deadline=None)
def test_what_was_refused_never_reads_anything_when_the_tree_runs(node):
    line = f"root: {{sequence: [{node}, {{{WRITE}}}]}}"
    try:
        parse_tree(f"tree: t\n{line}", "t.yaml", REGISTRY)
    except LoadError as error:
        refused = {problem.column for problem in error.problems}
    else:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bt_robot.tree.language.expand.check_order", lambda *_: None)
        tree = build_tree(parse_tree(f"tree: t\n{line}", "t.yaml", REGISTRY))
    columns = [match.start() + READ.index('"') + 1 for match in re.finditer(re.escape(READ), line)]
    waits = [index for index, info in enumerate(tree.nodes) if info.type == "wait"]
    too_early = [index for index, column in zip(waits, columns, strict=True) if column in refused]
    assert len(too_early) == len(refused)
    for _ in range(3):
        status = tree.tick(ManualContext())
        assert not any(" left" in tree.states()[index].reason for index in too_early)
        if status is not Status.RUNNING:
            break
