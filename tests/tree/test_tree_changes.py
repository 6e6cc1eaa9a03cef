"""A tree that runs can be given other prompts and other values, as far as the file could have said so."""

from __future__ import annotations

import numpy as np
import pytest
from tree_leaves import ManualContext, say, tree_of

from bt_robot.arm import so101
from bt_robot.errors import InputError
from bt_robot.messages import Setup, Status
from bt_robot.nodes import standard_registry
from bt_robot.tree import build_tree, load_tree, parse_tree

R, S, F = Status.RUNNING, Status.SUCCESS, Status.FAILURE


def standard(text):
    return build_tree(parse_tree(text, "t.yaml", standard_registry()))


def change(tree, path, name, text):
    """Prepare a change and take it; return its words."""
    prepared = tree.change(path, name, text)
    tree.take(prepared)
    return prepared.words


def refusal(tree, path, name, text):
    with pytest.raises(InputError) as refused:
        tree.change(path, name, text)
    return str(refused.value)


def detail_of(tree, path):
    return next(node.detail for node in tree.nodes if node.path == path)


# Prompts

SKILLS = """
tree: t
root:
  sequence:
    prompt: tidy up
    children:
      - query_policy
      - sequence: {prompt: pick, name: deeper, children: [query_policy]}
      - reactive_sequence: {name: same, children: [query_policy, execute_chunk]}
"""


def prompts(tree):
    return {node.path: node.prompt for node in tree.nodes}


def test_a_prompt_is_changed_at_a_node_and_below_but_not_where_a_deeper_one_is_in_force():
    tree = standard(SKILLS)
    assert change(tree, "t", "prompt", " put all away ") == "prompt of t: 'tidy up' → 'put all away'"
    assert prompts(tree) == {
        "t": "put all away",
        "t/query_policy": "put all away",
        "t/deeper": "pick",
        "t/deeper/query_policy": "pick",
        "t/same": "put all away",
        "t/same/query_policy": "put all away",
        "t/same/execute_chunk": "put all away",
    }
    change(tree, "t/same", "prompt", "wipe")
    assert {prompts(tree)[path] for path in ("t", "t/query_policy")} == {"put all away"}
    assert {prompts(tree)[path] for path in ("t/same", "t/same/query_policy")} == {"wipe"}


def test_nothing_is_changed_before_it_is_taken_and_the_layouts_are_known_afterwards():
    tree = standard(SKILLS)
    before = tree.nodes
    prepared = tree.change("t", "prompt", "put all away")
    assert tree.nodes is before
    tree.take(prepared)
    assert tree.nodes is not before
    assert [each is known for each, known in zip((before, tree.nodes), tree.layouts, strict=True)] == [True, True]


@pytest.mark.parametrize("text", ["", "  ", "x" * 1001, "two\nlines", "\x1b[31m"])
def test_what_is_no_prompt_is_refused(text):
    assert "expected a line of 1 to 1000 characters" in refusal(standard(SKILLS), "t", "prompt", text)


def test_a_prompt_can_only_be_changed_where_there_is_one_and_somebody_asks_for_it():
    tree = standard("tree: t\nroot: {sequence: [{sequence: {prompt: go, children: [query_policy]}}, execute_chunk]}")
    assert refusal(tree, "t", "prompt", "x") == "no prompt is in force at 't'; there are some below, e.g. at t/sequence"
    assert refusal(tree, "t/execute_chunk", "prompt", "x") == "no prompt is in force at 't/execute_chunk'"
    tree = standard("tree: t\nroot: {sequence: {prompt: go, children: [execute_chunk]}}")
    assert refusal(tree, "t", "prompt", "x") == "the prompt at 't' can't be changed: no policy is asked there"
    keyed = """
tree: t
root: {sequence: [{set_blackboard: {value: a, key: "{what}"}}, {query_policy: {prompt: "{what}"}}]}
"""
    words = refusal(standard(keyed), "t/query_policy", "prompt", "x")
    assert words == "the prompt at 't/query_policy' can't be changed: the prompt comes from the key \"{what}\""


# Values


def test_a_value_of_a_leaf_counts_from_the_next_tick_on_and_is_shown():
    tree, ctx = tree_of(f"{{sequence: [{say('RRRR')}]}}"), ManualContext()
    tree.tick(ctx)
    assert change(tree, "t/play", "script", "SS") == "script of t/play: RRRR → SS"
    assert detail_of(tree, "t/play") == "script=SS"
    assert tree.tick(ctx) is S
    assert change(tree, "t/play", "script", "S") == "script of t/play: SS → S"


def test_a_text_is_taken_as_it_is_typed():
    tree = standard("tree: t\nroot: {log: {message: hello}}")
    for text in ("12", "yes", "a: b", "[x]"):
        change(tree, "t", "message", text)
        assert detail_of(tree, "t") == f"message={text}"


def test_other_values_are_read_as_in_a_tree_file():
    tree = standard("tree: t\nroot: {execute_chunk: {}}")
    change(tree, "t", "stuck_after_s", "2.5")
    assert detail_of(tree, "t") == "stuck_after_s=2.5"
    change(tree, "t", "stuck_after_s", "")
    assert detail_of(tree, "t") == "stuck_after_s=None"
    observe = standard("tree: t\nroot: {observe: {cameras: [front]}}")
    change(observe, "t", "cameras", "[wrist, front]")
    assert detail_of(observe, "t") == "cameras=[wrist, front]"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-1", "stuck_after_s: '-1'; expected a number of at least 0.1"),
        (".nan", "stuck_after_s: '.nan'; expected a number of at least 0.1"),
        ("1e999", "stuck_after_s: '1e999'; expected a number of at least 0.1"),
        ("[1]", "stuck_after_s: '[1]'; expected a number of at least 0.1"),
        ("soon", "stuck_after_s: 'soon'; expected a number of at least 0.1"),
        ("{a: b", "stuck_after_s: '{a: b'; expected a number of at least 0.1"),
        ('"{limit_s}"', "stuck_after_s: '\"{limit_s}\"'; expected a number of at least 0.1"),
    ],
)
def test_a_value_that_the_file_could_not_give_is_refused(text, words):
    assert refusal(standard("tree: t\nroot: execute_chunk"), "t", "stuck_after_s", text) == words


def test_a_parameter_that_does_not_exist_is_refused_with_the_nearest_one():
    tree = standard("tree: t\nroot: execute_chunk")
    words = "'t' (execute_chunk): 'stuck_after' is no parameter of it; did you mean 'stuck_after_s'?"
    assert refusal(tree, "t", "stuck_after", "1") == words
    assert refusal(tree, "u", "stuck_after_s", "1").startswith("the tree has no node 'u'")


def test_values_that_contradict_each_other_are_refused():
    tree = standard("tree: t\nroot: {ask_vlm: {question: is it there?, of: 3, at_least: 2}}")
    words = refusal(tree, "t", "at_least", "1")
    assert words == "'t': at_least: 1; expected more than half of the 3 in 'of', and no more than all of them"
    votes = standard("tree: t\nroot: {votes: {at_least: 2, of: 3, child: always_success}}")
    assert "at most 3" in refusal(votes, "t", "at_least", "4")


def test_a_value_that_the_robot_does_not_go_with_is_refused():
    tree = standard("tree: t\nroot: {move_to: {pose: rest}}")
    tree.objections(Setup(so101.LIMITS, {"rest": so101.REST, "up": np.zeros(6)}, ()))
    assert refusal(tree, "t", "pose", "res").startswith("'t': ")
    change(tree, "t", "pose", "up")
    assert detail_of(tree, "t") == "pose=up"


def test_what_comes_from_the_blackboard_or_goes_there_is_left_alone():
    tree = standard("""
tree: t
root: {sequence: [{set_blackboard: {value: 1.0, key: "{n_s}"}}, {wait: {duration_s: "{n_s}"}}]}
""")
    words = "'t/wait': 'duration_s' comes from the blackboard; it can't be given another value"
    assert refusal(tree, "t/wait", "duration_s", "2") == words
    words = "'t/set_blackboard' (set_blackboard): 'key' is a key that it writes"
    assert refusal(tree, "t/set_blackboard", "key", "2") == words


def test_a_time_limit_is_counted_from_the_start_whatever_it_is():
    tree, ctx = tree_of(f"{{timeout: {{duration_s: 1.0, child: {say('R')}}}}}"), ManualContext()
    tree.tick(ctx)
    change(tree, "t", "duration_s", "2.0")
    ctx.now_s = 1.5
    assert tree.tick(ctx) is R
    change(tree, "t", "duration_s", "1.6")
    ctx.now_s = 1.6
    assert tree.tick(ctx) is F


def test_a_delay_is_counted_from_the_start_whatever_it_is():
    tree, ctx = tree_of(f"{{delay: {{duration_s: 1.0, child: {say('S')}}}}}"), ManualContext()
    tree.tick(ctx)
    change(tree, "t", "duration_s", "2.0")
    ctx.now_s = 1.5
    assert tree.tick(ctx) is R
    ctx.now_s = 2.0
    assert tree.tick(ctx) is S


@pytest.mark.parametrize(("root", "name", "end"), [("repeat", "times", S), ("retry", "attempts", F)])
def test_a_loop_that_went_round_more_often_than_it_now_may_ends_with_the_round_in_progress(root, name, end):
    tree, ctx = tree_of(f"{{{root}: {{{name}: 9, child: {say(end.name[0])}}}}}"), ManualContext()
    assert [tree.tick(ctx) for _ in range(4)] == [R] * 4
    change(tree, "t", name, "2")
    assert tree.tick(ctx) is end


@pytest.mark.parametrize(
    ("root", "name", "text", "says"),
    [
        ("{retry: {attempts: 2, child: CHILD}}", "attempts", "1", "F"),
        ("{retry: {attempts: 1, child: CHILD}}", "attempts", "forever", "R"),
        ("{repeat: {times: 1, child: CHILD}}", "times", "2", "F"),
        ("{quorum: {at_least: 1, children: [CHILD, {play: {script: S}}]}}", "at_least", "2", "F"),
        ("{steady: {for_s: 5.0, child: {play: {script: S}}}}", "for_s", "0", "S"),
        ("{votes: {at_least: 2, of: 3, child: {play: {script: S}}}}", "at_least", "1", "S"),
    ],
)
def test_the_languages_own_nodes_take_other_values(root, name, text, says):
    tree = tree_of(root.replace("CHILD", "{play: {script: F}}"))
    change(tree, "t", name, text)
    assert tree.tick(ManualContext()).name[0] == says
    assert f"{name}={text}" in detail_of(tree, "t")


def test_what_is_fixed_when_a_tree_is_built_is_refused():
    tree = tree_of(f"{{parallel: {{success_count: 1, children: [{say('S')}, {say('R')}]}}}}")
    words = "'t' (parallel): 'success_count' can't be changed while the tree runs; edit the file"
    assert refusal(tree, "t", "success_count", "2") == words


def test_a_call_of_a_subtree_is_left_alone_and_the_nodes_in_it_are_not(tmp_path):
    (tmp_path / "s.yaml").write_text(
        "subtree: s\nparameters: {limit_s: {type: float}}\nroot: {wait: {duration_s: $limit_s}}\n"
    )
    (tmp_path / "t.yaml").write_text("tree: t\ninclude: [s.yaml]\nroot: {sequence: [{s: {limit_s: 1.0}}]}\n")
    tree = build_tree(load_tree(tmp_path / "t.yaml", standard_registry()))
    assert refusal(tree, "t/s", "limit_s", "2") == "'t/s' is a call of a subtree; change the nodes in it"
    change(tree, "t/s/wait", "duration_s", "2")
    assert detail_of(tree, "t/s/wait") == "duration_s=2"
