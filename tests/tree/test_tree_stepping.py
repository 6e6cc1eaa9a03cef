"""Sequences that remember, and those that take one step a tick."""

from __future__ import annotations

from tree_leaves import ManualContext, say, tree_of


def test_a_sequence_with_memory_does_not_do_again_what_has_succeeded():
    tree, ctx = tree_of(f"{{sequence_with_memory: [{say('S')}, {say('FRS')}]}}"), ManualContext()
    assert [tree.tick(ctx).value for _ in range(2)] == ["FAILURE", "RUNNING"]
    tree.halt()
    assert tree.tick(ctx).value == "SUCCESS"
    assert [line for line in ctx.log if line.startswith("start")] == ["start S", "start FRS", "start FRS", "start FRS"]
    ctx.log.clear()
    tree.tick(ctx)
    assert ctx.log[0] == "start S"


def test_an_async_sequence_takes_one_step_a_tick():
    tree, ctx = tree_of(f"{{async_sequence: [{say('S')}, {say('S')}, {say('F')}]}}"), ManualContext()
    assert [tree.tick(ctx).value for _ in range(3)] == ["RUNNING", "RUNNING", "FAILURE"]
    assert tree.failure is not None
    assert tree.failure.path == "t/play_3"


def test_an_async_fallback_fails_for_the_last_real_reason():
    tree, ctx = tree_of(f"{{async_fallback: [{say('F')}, {say('D')}]}}"), ManualContext()
    assert [tree.tick(ctx).value for _ in range(2)] == ["RUNNING", "FAILURE"]
    assert tree.failure is not None
    assert tree.failure.path == "t/play"


def test_one_that_was_halted_begins_with_its_first_child():
    for word, script in (("async_sequence", "S"), ("async_fallback", "F")):
        tree, ctx = tree_of(f"{{{word}: [{say(script)}, {say('R')}]}}"), ManualContext()
        tree.tick(ctx)
        tree.tick(ctx)
        tree.halt()
        ctx.log.clear()
        tree.tick(ctx)
        assert ctx.log == [f"start {script}", f"tick {script}"]
