"""A child is started again and again: for every item, or until it fails or succeeds."""

from __future__ import annotations

from typing import Any

import pytest
from tree_leaves import ManualContext, play_spec, say, tree_of

from bt_robot.messages import Status
from bt_robot.tree import Key, NodeSpec, TreeSpec, build_tree


def reasons(root: str, ticks: int) -> list[tuple[str, str]]:
    tree, ctx = tree_of(root), ManualContext()
    return [(tree.tick(ctx).value, tree.states()[0].reason) for _ in range(ticks)]


def each(items: str, child: str) -> str:
    return f'{{for_each: {{items: {items}, item: "{{word}}", child: {child}}}}}'


def test_for_each_runs_its_child_for_every_item_one_a_tick_at_most():
    tree, ctx = tree_of(each("[red, green]", '{ask: {prompt: "{word}"}}')), ManualContext()
    assert [tree.tick(ctx).value for _ in range(3)] == ["RUNNING", "SUCCESS", "RUNNING"]
    assert ctx.log == ["red", "green", "red"]


def test_for_each_says_which_item_it_is_at():
    assert reasons(each("[red, green]", say("SR")), 3) == [
        ("RUNNING", "item 1 of 2: red"),
        ("RUNNING", "item 2 of 2: green"),
        ("SUCCESS", "item 2 of 2: green"),
    ]


def test_for_each_fails_when_its_child_does_for_its_reason():
    tree, ctx = tree_of(each("[red, green]", say("SF"))), ManualContext()
    assert [tree.tick(ctx).value for _ in range(2)] == ["RUNNING", "FAILURE"]
    assert tree.failure is not None
    assert (tree.failure.path, tree.failure.reason) == ("t/play", "SF says F")


def test_for_each_over_nothing_succeeds_without_its_child():
    """py_trees' ForEach ticks the child once."""
    tree, ctx = tree_of(each("[]", say("F"))), ManualContext()
    assert tree.tick(ctx) is Status.SUCCESS
    assert ctx.log == []
    assert tree.states()[0].reason == "the list is empty"


def test_for_each_begins_with_the_first_item_after_it_was_halted():
    tree, ctx = tree_of(each("[red, green]", say("SRS"))), ManualContext()
    tree.tick(ctx)
    tree.tick(ctx)
    assert tree.states()[0].reason == "item 2 of 2: green"
    tree.halt()
    tree.tick(ctx)
    assert tree.states()[0].reason == "item 1 of 2: red"


@pytest.mark.parametrize(
    ("written", "reason"),
    [([], "nothing was written to the key 'words' yet"), (["red, green"], "'red, green' is no list")],
    ids=["nothing", "no list"],
)
def test_for_each_fails_when_its_key_holds(written, reason):
    root = NodeSpec(
        "t",
        "for_each",
        "t",
        "decorator",
        {"items": Key("t", "words"), "item": Key("t", "word")},
        (play_spec("t/a", "S"),),
    )
    tree: Any = build_tree(TreeSpec("t", root))
    for value in written:
        tree.root._bound.write(value)
    assert tree.tick(ManualContext()) is Status.FAILURE
    assert (tree.failure.path, tree.failure.reason) == ("t", reason)


def test_what_keeps_running_until_a_failure_tells_what_its_child_says():
    assert reasons(f"{{keep_running_until_failure: {{child: {say('SRF')}}}}}", 3) == [
        ("RUNNING", "SRF says S"),
        ("RUNNING", "SRF says R"),
        ("FAILURE", "SRF says F"),
    ]


def test_waiting_until_something_is_so_tells_why_it_is_not():
    root = "{wait_until: {child: {sequence: [{look: {script: FS}}]}}}"
    assert reasons(root, 2) == [("RUNNING", "FS looks F"), ("SUCCESS", "")]


def test_for_ever_counts_without_an_end():
    assert reasons(f"{{retry: {{attempts: forever, child: {say('FR')}}}}}", 2) == [
        ("RUNNING", "attempt 1 failed: FR says F"),
        ("RUNNING", "attempt 2"),
    ]
    assert reasons(f"{{repeat: {{times: forever, child: {say('SR')}}}}}", 2) == [
        ("RUNNING", "1 times done"),
        ("RUNNING", "round 2"),
    ]
