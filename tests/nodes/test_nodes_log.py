"""log: a line for people, with the node's path, and not too often."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.messages import Status
from bt_robot.nodes import standard_registry
from bt_robot.nodes.log import BURST, Log
from bt_robot.tree import Slot, build_tree, parse_tree


class Listener(SimpleNamespace):
    """A tick context that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(now_s=0.0, path="t/log", told=[])

    def tell(self, words: str) -> None:
        self.told.append(words)


@pytest.fixture
def ctx():
    return Listener()


def test_it_tells_a_line_and_succeeds(ctx):
    outcome = Log(message="half done").on_tick(ctx)
    assert (outcome.status, outcome.reason) == (Status.SUCCESS, "half done")
    assert ctx.told == ["t/log: half done"]


@pytest.mark.parametrize("level", ["warning", "error"])
def test_a_serious_line_says_so(ctx, level):
    Log(message="no", level=level).on_tick(ctx)
    assert ctx.told == [f"{level.upper()}: t/log: no"]


@pytest.mark.parametrize(
    ("value", "words"), [(0.25, "0.25"), ("red", "red"), ((1.0, 2.0), "(1.0, 2.0)"), (False, "False")]
)
def test_a_value_is_told_behind_the_message(ctx, value, words):
    Log(message="it is", value=value).on_tick(ctx)
    assert ctx.told == [f"t/log: it is {words}"]


def test_a_key_that_holds_nothing_is_no_reason_to_fail(ctx):
    slot = Slot("width")
    leaf = Log(message="width", value=slot)
    assert leaf.on_tick(ctx).status is Status.SUCCESS
    slot.write(0.3)
    leaf.on_tick(ctx)
    assert ctx.told == ["t/log: width (nothing yet)", "t/log: width 0.3"]


def test_a_line_stays_one_line(ctx):
    Log(message="one\ntwo\r\nthree", value="a\nb").on_tick(ctx)
    assert ctx.told == ["t/log: one two three a b"]


def test_it_tells_the_same_line_once_in_a_period_and_counts_the_others(ctx):
    leaf = Log(message="hm", period_s=1.0)
    for tick in range(31):
        ctx.now_s = tick / 30
        assert leaf.on_tick(ctx).status is Status.SUCCESS
    assert ctx.told == ["t/log: hm", "t/log: hm (29 lines left out before)"]


def test_lines_that_differ_may_come_faster_but_not_all_the_time(ctx):
    slot = Slot("n")
    leaf = Log(message="n", value=slot, period_s=1.0)
    for tick in range(30 * 10 + 1):
        ctx.now_s = tick / 30
        slot.write(tick)
        leaf.on_tick(ctx)
    assert ctx.told[: BURST + 1] == [*(f"t/log: n {n}" for n in range(BURST)), "t/log: n 30 (25 lines left out before)"]
    assert len(ctx.told) == BURST + 10


@given(st.lists(st.tuples(st.floats(0.0, 2.0), st.sampled_from("ab")), max_size=60))
def test_nothing_makes_it_tell_more_than_its_burst_and_a_line_in_a_period(steps):
    ctx, slot = Listener(), Slot("x")
    leaf = Log(message="it is", value=slot, period_s=0.5)
    for passed_s, value in steps:
        ctx.now_s += passed_s
        slot.write(value)
        leaf.on_tick(ctx)
    assert len(ctx.told) <= BURST + ctx.now_s / 0.5 + 1e-6


def test_in_a_tree_the_line_has_the_path_of_the_node(ctx):
    tree = build_tree(
        parse_tree("tree: t\nroot: {sequence: [{log: {name: first, message: hi}}]}", "t.yaml", standard_registry())
    )
    tree.tick(ctx)
    assert ctx.told == ["t/first: hi"]
