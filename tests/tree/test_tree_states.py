"""The states follow what a tick has changed, and come to the same as looking at every node."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tree_leaves import ManualContext, say, tree_of
from tree_strategies import leaves, tree_specs

from bt_robot.messages import Status
from bt_robot.tree import Action, Registry, build_tree, parse_tree, running, success
from bt_robot.tree.engine.states import STATUS
from tests.scale import examples

SPECS = tree_specs(below=leaves("SFRX"))


@settings(max_examples=examples(200))
@given(SPECS, st.lists(st.sampled_from(["tick", "tick", "tick", "halt", "look"]), min_size=1, max_size=12))
def test_the_states_are_what_the_nodes_say(spec, steps):
    ctx, tree, unobserved = ManualContext(), build_tree(spec), build_tree(spec, observed=False)
    since_s, told = [0.0] * len(tree.nodes), [(Status.IDLE, "", False)] * len(tree.nodes)
    before = [state.status for state in tree.states()]
    for step in steps:
        if step == "look":
            unobserved.states()
            continue
        if step == "halt":
            tree.halt()
            unobserved.halt()
        else:
            ctx.now_s += 1.0
            tree.tick(ctx)
            unobserved.tick(ctx)
        nodes = sorted(tree.root.iterate(), key=lambda node: node.index)
        told = [(state.status, state.reason, state.ticked) for state in tree.states()]
        assert told == [(STATUS[n.status], n.feedback_message, n in tree.visited) for n in nodes]
        statuses = [status for status, _, _ in told]
        since_s = [s if a is b else ctx.now_s for s, a, b in zip(since_s, before, statuses, strict=True)]
        assert [state.since_s for state in tree.states()] == since_s
        if tree.failure is not None:
            cause = tree.states()[0].cause
            assert tree.nodes[0 if cause is None else cause].path == tree.failure.path
        before = statuses
    assert [(state.status, state.reason, state.ticked) for state in unobserved.states()] == told


def test_a_node_that_is_not_ticked_any_more_says_so():
    tree, ctx = tree_of(f"{{reactive_fallback: [{say('FS')}, {say('R')}]}}"), ManualContext()
    tree.tick(ctx)
    tree.tick(ctx)
    assert [(state.status, state.ticked) for state in tree.states()] == [
        (Status.SUCCESS, True),
        (Status.SUCCESS, True),
        (Status.IDLE, False),
    ]


def test_a_failure_names_the_node_that_explains_it_and_no_alternative_that_only_did_not_apply():
    tree, ctx = tree_of(f"{{sequence: [{{fallback: [{say('F')}, {say('D')}]}}]}}"), ManualContext()
    tree.tick(ctx)
    assert [state.cause for state in tree.states()] == [2, 2, None, None]
    assert tree.states()[2].reason == "F says F"


def test_a_node_that_did_not_fail_names_none():
    tree, ctx = tree_of(f"{{fallback: [{say('FS')}, {say('R')}]}}"), ManualContext()
    tree.tick(ctx)
    assert [state.cause for state in tree.states()] == [None] * 3


class Weigh(Action):
    """Succeed on evidence that gets older."""

    type_name = "weigh"

    def on_tick(self, ctx):
        return success("seen", age_s=ctx.now_s, confidence=0.9)


def test_the_age_and_the_confidence_of_evidence_are_told():
    tree, ctx = build_tree(parse_tree("tree: t\nroot: weigh", "t.yaml", Registry([Weigh]))), ManualContext()
    for now_s in (0.001, 0.002):  # the same in words
        ctx.now_s = now_s
        tree.tick(ctx)
        assert (tree.states()[0].age_s, tree.states()[0].confidence) == (now_s, 0.9)


class Quiet(Action):
    """Succeed without a word, always with the same outcome."""

    type_name = "quiet"

    def on_tick(self, ctx):
        return success()


def test_a_node_that_was_reset_and_says_the_same_again_is_told_again():
    root = "{retry: {attempts: 3, child: {timeout: {duration_s: 1, child: {reactive_sequence: [quiet, busy]}}}}}"
    tree = build_tree(parse_tree(f"tree: t\nroot: {root}\n", "t.yaml", Registry([Quiet, Busy])))
    ctx, seen = ManualContext(), []
    for _ in range(4):
        ctx.now_s += 0.6
        tree.tick(ctx)
        seen.append(tree.states()[3].status)
    assert seen == [Status.SUCCESS, Status.SUCCESS, Status.IDLE, Status.SUCCESS]


class Busy(Action):
    """Run for ever."""

    type_name = "busy"

    def on_tick(self, ctx):
        return running()
