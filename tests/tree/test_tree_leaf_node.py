"""Whatever a leaf raises becomes its FAILURE, is logged once with its path, and halts what it must."""

from __future__ import annotations

import logging
from typing import Any, cast

from tree_leaves import ManualContext, Wait, say, tree_of

from bt_robot.messages import Status
from bt_robot.tree import Registry, build_tree, parse_tree
from bt_robot.tree.engine.leaf_node import MAX_REASON


class Raising(Wait):
    """Raise what the test says."""

    type_name = "raising"
    error: Exception = ValueError("")

    def on_tick(self, ctx):
        raise self.error


def reason_of(error: Exception) -> str:
    tree = build_tree(parse_tree("tree: t\nroot: {raising: {duration_s: 1}}", "t", Registry([Raising])))
    cast(Any, tree.root).leaf.error = error
    assert tree.tick(ManualContext()) is Status.FAILURE
    return tree.states()[0].reason


def test_an_exception_is_a_failure_with_its_type_and_words(caplog):
    assert reason_of(KeyError("pose")) == "raised KeyError: 'pose'"
    assert [record.getMessage() for record in caplog.records] == ["t raised KeyError: 'pose'"]
    assert caplog.records[0].exc_info is not None
    assert caplog.records[0].levelno == logging.ERROR


def test_an_exception_without_words_still_has_its_type():
    assert reason_of(ValueError()) == "raised ValueError"


def test_the_words_of_an_exception_can_not_forge_lines_of_a_log():
    assert reason_of(ValueError("a\n2026-01-01 INFO all is well")) == "raised ValueError: a 2026-01-01 INFO all is well"


def test_the_words_of_an_exception_have_an_end():
    assert len(reason_of(ValueError("x" * 10_000))) == len("raised ValueError: ") + MAX_REASON


def test_an_exception_that_can_not_be_printed_is_a_failure_too():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError

    assert reason_of(Mute()) == "raised Mute: (it can't be printed)"


def test_a_key_that_was_not_written_yet_is_a_failure_without_traceback(caplog):
    writer = '{fallback: [look, {measure: {seen: "{x}"}}]}'  # it is not its turn
    tree = tree_of(f'{{sequence: [{writer}, {{wait: {{duration_s: "{{x}}"}}}}]}}')
    assert tree.tick(ManualContext()) is Status.FAILURE
    assert tree.states()[4].reason == "nothing was written to the key 'x' yet"
    assert not caplog.records


def test_what_fails_to_start_is_not_ticked_and_starts_again_the_next_time():
    tree, ctx = tree_of(say("S", start="raises")), ManualContext()
    assert tree.tick(ctx) is Status.FAILURE
    assert tree.tick(ctx) is Status.FAILURE
    assert ctx.log == ["start S", "start S"]


def test_what_failed_to_start_once_may_start_the_next_time():
    class Moody(Wait):
        """Start at the second attempt."""

        type_name = "moody"
        starts = 0

        def on_start(self, ctx):
            self.starts += 1
            if self.starts == 1:
                raise ValueError("not in the mood")

    tree = build_tree(parse_tree("tree: t\nroot: {moody: {duration_s: 1}}", "t", Registry([Moody])))
    assert [tree.tick(ManualContext()) for _ in range(2)] == [Status.FAILURE, Status.RUNNING]


def test_an_exception_halts_the_running_siblings():
    tree, ctx = tree_of(f"{{parallel: [{say('R')}, {say('RX')}]}}"), ManualContext()
    tree.tick(ctx)
    assert tree.tick(ctx) is Status.FAILURE
    assert ctx.log[-1] == "halt R"


def test_a_leaf_that_raises_when_halted_in_a_tick_has_failed_and_the_tick_goes_on(caplog):
    tree, ctx = tree_of(f"{{reactive_fallback: [{say('FS')}, {say('R', halt='raises')}]}}"), ManualContext()
    assert tree.tick(ctx) is Status.RUNNING
    assert tree.tick(ctx) is Status.SUCCESS
    assert tree.states()[2].status is Status.FAILURE
    assert tree.states()[2].reason == "raised RuntimeError: stuck"
    assert len(caplog.records) == 1


def test_on_halt_is_called_only_while_running():
    tree, ctx = tree_of(f"{{reactive_sequence: [{say('SSF')}, {say('SR')}]}}"), ManualContext()
    for _ in range(3):
        tree.tick(ctx)
    assert [line for line in ctx.log if line.startswith("halt")] == ["halt SR"]


class Unsure(Wait):
    """Raise when it is asked whether it can work."""

    type_name = "unsure"

    def why_not(self, setup):
        raise KeyError("pose")


def test_a_leaf_that_raises_when_it_is_asked_why_not_is_told_and_the_others_are_asked():
    text = "tree: t\nroot:\n  sequence:\n    - unsure: {duration_s: 1}\n    - unsure: {name: again, duration_s: 1}"
    tree = build_tree(parse_tree(text, "t", Registry([Unsure])))
    assert tree.objections(cast(Any, None)) == [
        ("t/unsure", "raised KeyError: 'pose'"),
        ("t/again", "raised KeyError: 'pose'"),
    ]
