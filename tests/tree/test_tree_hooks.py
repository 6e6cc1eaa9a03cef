"""A node can be paused and replaced from outside, and the rest of the tree goes on."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_leaves import ManualContext, say, tree_of
from tree_strategies import leaves, tree_specs

from bt_robot.errors import InputError
from bt_robot.messages import Status
from bt_robot.tree import build_tree
from tests.scale import examples

R, S, F = Status.RUNNING, Status.SUCCESS, Status.FAILURE


def reasons(tree):
    return [(state.status.value, state.reason) for state in tree.states()]


def test_a_node_that_is_held_is_not_ticked_but_the_tree_is_running():
    tree, ctx = tree_of(f"{{sequence: [{say('S')}, {say('SR')}]}}"), ManualContext()
    tree.hook("t/play_2", before=lambda: R)
    assert [tree.tick(ctx), tree.tick(ctx)] == [R, R]
    assert ctx.log == ["start S", "tick S"]
    assert reasons(tree)[2] == ("RUNNING", "held by a breakpoint")
    assert [node.path for node in tree.visited] == ["t/play_2", "t"]
    tree.unhook("t/play_2")
    assert tree.tick(ctx) is S
    assert ctx.log[2:] == ["start SR", "tick SR"]


def test_a_node_that_only_pretended_to_run_is_idle_when_its_hook_is_gone():
    tree, ctx = tree_of(say("S")), ManualContext()
    tree.hook("t", after=lambda _: R)
    tree.tick(ctx)
    tree.unhook("t")
    assert tree.states()[0].status is Status.IDLE


def test_a_running_node_stays_as_it_is_while_it_is_held():
    tree, ctx = tree_of(say("RS")), ManualContext()
    tree.tick(ctx)
    answers = iter([R, R, None])
    tree.hook("t", before=lambda: next(answers))
    assert [tree.tick(ctx) for _ in range(3)] == [R, R, S]
    assert ctx.log == ["start RS", "tick RS", "tick RS"]


def test_a_node_that_is_held_before_it_started_is_not_halted():
    tree, ctx = tree_of(say("R")), ManualContext()
    tree.hook("t", before=lambda: R)
    tree.tick(ctx)
    tree.halt()
    assert ctx.log == []
    assert tree.states()[0].status is Status.IDLE


def test_a_running_node_that_is_held_can_be_halted():
    tree, ctx = tree_of(f"{{reactive_fallback: [{say('FFS')}, {say('R')}]}}"), ManualContext()
    tree.tick(ctx)
    tree.hook("t/play_2", before=lambda: R)
    assert [tree.tick(ctx), tree.tick(ctx)] == [R, S]
    assert ctx.log[-1] == "halt R"


@pytest.mark.parametrize("answer", [S, F])
def test_a_node_that_is_answered_for_is_not_ticked_and_halted_if_it_ran(answer):
    tree, ctx = tree_of(say("R")), ManualContext()
    tree.hook("t", before=lambda: answer)
    assert tree.tick(ctx) is answer
    assert ctx.log == []
    assert reasons(tree) == [(answer.value, "forced")]
    tree.unhook("t")
    tree.tick(ctx)
    tree.hook("t", before=lambda: answer)
    assert tree.tick(ctx) is answer
    assert ctx.log == ["start R", "tick R", "halt R"]


def test_a_forced_failure_explains_the_trees():
    tree = tree_of(f"{{sequence: [{say('S')}, {say('R')}]}}")
    tree.hook("t/play_2", before=lambda: F)
    tree.tick(ManualContext())
    assert tree.failure is not None
    assert (tree.failure.path, tree.failure.reason) == ("t/play_2", "forced")


def test_a_hook_after_a_node_is_told_its_answer_and_can_replace_it():
    tree, ctx, told = tree_of(f"{{fallback: [{say('S')}, {say('RS')}]}}"), ManualContext(), []
    tree.hook("t/play", after=lambda status: told.append(status) or F)
    assert [tree.tick(ctx), tree.tick(ctx)] == [R, S]
    assert told == [S]
    assert reasons(tree)[1] == ("IDLE", "forced")


def test_a_running_node_whose_answer_is_replaced_by_an_end_is_halted():
    tree, ctx = tree_of(say("R")), ManualContext()
    tree.hook("t", after=lambda _: S)
    assert tree.tick(ctx) is S
    assert ctx.log == ["start R", "tick R", "halt R"]


def test_an_end_that_is_replaced_by_running_starts_again():
    tree, ctx = tree_of(say("S")), ManualContext()
    tree.hook("t", after=lambda _: R)
    assert [tree.tick(ctx), tree.tick(ctx)] == [R, R]
    assert ctx.log == ["start S", "tick S"] * 2


def test_composites_and_children_of_a_parallel_can_be_held_too():
    tree, ctx = tree_of(f"{{parallel: [{say('R')}, {{sequence: [{say('RR')}]}}]}}"), ManualContext()
    tree.tick(ctx)
    for path in ("t/play", "t/sequence"):
        tree.hook(path, before=lambda: R)
    ctx.log.clear()
    assert tree.tick(ctx) is R
    assert ctx.log == []


def test_a_new_hook_takes_the_place_of_the_old_one_and_none_is_left_after_unhook():
    tree, ctx = tree_of(say("R")), ManualContext()
    tree.hook("t", before=lambda: F)
    tree.hook("t", after=lambda _: S)
    assert tree.tick(ctx) is S
    tree.unhook("t")
    tree.unhook("t")
    assert tree.tick(ctx) is R


@pytest.mark.parametrize("kind", ["before", "after"])
def test_a_hook_that_raises_or_answers_nonsense_is_dropped_and_logged(kind, caplog):
    def broken(*_):
        raise ZeroDivisionError

    tree, ctx = tree_of(f"{{sequence: [{say('R')}]}}"), ManualContext()
    tree.hook("t/play", **{kind: broken})
    assert [tree.tick(ctx), tree.tick(ctx)] == [R, R]
    tree.hook("t/play", **{kind: lambda *_: Status.IDLE})
    assert [tree.tick(ctx), tree.tick(ctx)] == [R, R]
    assert [r.getMessage() for r in caplog.records] == [f"the hook {kind} t/play failed and is dropped"] * 2


def test_a_path_that_does_not_exist_is_refused_with_the_nearest_one():
    tree = tree_of(f"{{sequence: [{say('R')}]}}")
    with pytest.raises(InputError, match=r"^the tree has no node 't/pray'; did you mean 't/play'\?$"):
        tree.hook("t/pray", before=lambda: R)


def test_several_may_hook_a_node_and_each_takes_only_its_own_hook_away():
    tree, ctx = tree_of(say("RRRS")), ManualContext()
    answers = {"page": None, "groot2": R}
    for owner in answers:
        tree.hook("t", before=lambda owner=owner: answers[owner], owner=owner)
    assert tree.tick(ctx) is R
    assert ctx.log == []
    answers["page"] = F
    assert tree.tick(ctx) is F
    tree.unhook("t", "page")
    assert tree.tick(ctx) is R
    assert ctx.log == []
    tree.unhook("t", "groot2")
    tree.tick(ctx)
    assert ctx.log == ["start RRRS", "tick RRRS"]


@pytest.mark.parametrize(("script", "end"), [("F", F), ("S", S)])
def test_an_end_that_was_held_back_is_told_in_the_nodes_own_words(script, end):
    tree, ctx = tree_of(f"{{sequence: [{say(script)}]}}"), ManualContext()
    answers = iter([None, R, end])
    tree.hook("t/play", before=lambda: next(answers), after=lambda _: R)
    assert [tree.tick(ctx), tree.tick(ctx)] == [R, R]
    assert reasons(tree)[1] == ("RUNNING", "held by a breakpoint")
    assert tree.tick(ctx) is end
    assert reasons(tree)[1] == (end.value, f"{script} says {script}")
    assert ctx.log == [f"start {script}", f"tick {script}"]
    assert end is S or (tree.failure is not None and tree.failure.reason == "F says F")


def test_an_end_that_was_held_back_is_forgotten_when_the_node_is_halted():
    tree, ctx = tree_of(f"{{sequence: [{say('F')}]}}"), ManualContext()
    tree.hook("t/play", after=lambda _: R)
    tree.tick(ctx)
    tree.halt()
    tree.hook("t/play", before=lambda: F)
    assert tree.tick(ctx) is F
    assert tree.failure is not None
    assert tree.failure.reason == "forced"


def test_the_status_of_a_node_can_be_asked_in_the_middle_of_a_tick():
    tree, ctx, seen = tree_of(f"{{sequence: [{say('S')}, {say('R')}]}}"), ManualContext(), []
    tree.hook("t/play_2", before=lambda: seen.append([tree.status_of(node.path) for node in tree.nodes]))
    tree.tick(ctx)
    assert seen == [[Status.IDLE, S, Status.IDLE]]


ANSWERS = st.lists(st.sampled_from([None, None, R, S, F]), min_size=1, max_size=4)


@settings(max_examples=examples(150))
@given(tree_specs(below=leaves("SFRX")), st.data(), st.lists(st.sampled_from(["tick", "tick", "halt"]), max_size=10))
def test_whatever_hooks_answer_a_leaf_is_started_before_and_halted_after_it_is_ticked(spec, data, steps):
    tree, ctx = build_tree(spec), ManualContext()
    for node in tree.nodes:
        if data.draw(st.booleans()):
            before, after = (iter(data.draw(ANSWERS) * 20) for _ in range(2))
            tree.hook(node.path, before=lambda b=before: next(b, None), after=lambda _, a=after: next(a, None))
    for step in steps:
        _ = tree.halt() if step == "halt" else tree.tick(ctx)
        if data.draw(st.integers(0, 5)) == 0:
            tree.unhook(data.draw(st.sampled_from(tree.nodes)).path)
    tree.halt()
    assert Status.RUNNING not in {state.status for state in tree.states()}
    active: set[str] = set()
    for event, label in [e for e in ctx.log if isinstance(e, tuple)]:
        if event == "start":
            active.add(label)
        elif event == "tick":
            assert label in active
        else:
            assert label in active
            active.remove(label)
