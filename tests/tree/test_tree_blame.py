"""The leaf that kept a tick busy is named, whatever it was busy with."""

from __future__ import annotations

import time

import pytest
from tree_leaves import Look, ManualContext, Play, say, tree_of

from bt_robot.tree import Action, Input, Registry, build_tree, parse_tree, running
from bt_robot.tree.engine import blame, counting, hooks, leaf_node, node

TIMED = (counting, hooks, leaf_node, node)
"""The modules that look at the clock."""


class Clock:
    """A clock that leaves move themselves."""

    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


CLOCK = Clock()


@pytest.fixture(autouse=True)
def _on_the_clock(monkeypatch):
    for module in TIMED:
        monkeypatch.setattr(module, "perf_counter", CLOCK)


class Slow(Action):
    """Take some time in each hook."""

    type_name = "slow"
    start_s = Input(float, default=0.0, doc="in on_start")
    tick_s = Input(float, default=0.0, doc="in on_tick")
    halt_s = Input(float, default=0.0, doc="in on_halt")
    leave_s = Input(float, default=0.0, doc="in on_leaving")

    def on_start(self, ctx):
        CLOCK.now_s += self.start_s

    def on_tick(self, ctx):
        CLOCK.now_s += self.tick_s
        return running()

    def on_halt(self, ctx):
        CLOCK.now_s += self.halt_s
        return running() if self.leave_s else None

    def on_leaving(self, ctx):
        CLOCK.now_s += self.leave_s
        return running()


def slowest(root, ticks=1):
    tree = build_tree(parse_tree(f"tree: t\nroot: {root}\n", "t.yaml", Registry([Slow, Play, Look])))
    for _ in range(ticks):
        tree.tick(ManualContext())
    return tree.slowest


@pytest.mark.parametrize(
    ("root", "ticks", "expected"),
    [
        ("{parallel: [{slow: {tick_s: 1}}, {slow: {tick_s: 3}}, {slow: {tick_s: 2}}]}", 1, ("t/slow_2", 3.0)),
        ("{parallel: [{slow: {tick_s: 1}}, {slow: {tick_s: 3}}, {slow: {tick_s: 2}}]}", 2, ("t/slow_2", 3.0)),
        ("{parallel: [{slow: {start_s: 4, tick_s: 1}}, {slow: {tick_s: 3}}]}", 1, ("t/slow", 5.0)),
        ("{parallel: [{slow: {start_s: 4, tick_s: 1}}, {slow: {tick_s: 3}}]}", 2, ("t/slow_2", 3.0)),
        ("{sequence: [{play: {script: S}}, {fallback: [{slow: {tick_s: 1}}]}]}", 1, ("t/fallback/slow", 1.0)),
    ],
)
def test_the_slowest_leaf_of_the_latest_tick_is_named(root, ticks, expected):
    assert slowest(root, ticks) == expected


def test_what_halting_took_is_the_halted_leafs_own_and_not_the_next_ones():
    branches = "{sequence: [{look: {script: FS}}, {slow: {tick_s: 1}}]}, {slow: {halt_s: 2}}"
    assert slowest(f"{{reactive_fallback: [{branches}]}}", 2) == ("t/slow", 2.0)
    guarded = "{reactive_sequence: [{look: {script: SF}}, {slow: {halt_s: 2}}]}"
    assert slowest(f"{{parallel: [{{force_success: {{child: {guarded}}}}}, {{slow: {{tick_s: 1}}}}]}}", 2) == (
        "t/force_success/reactive_sequence/slow",
        2.0,
    )


def test_a_leaf_that_is_leaving_can_be_the_slowest():
    root = "{reactive_fallback: [{look: {script: FS}}, {slow: {leave_s: 2}}]}"
    assert slowest(root, 3) == ("t/slow", 2.0)


def test_a_leaf_that_is_held_took_no_time():
    tree = build_tree(
        parse_tree("tree: t\nroot: {parallel: [{slow: {tick_s: 3}}, {slow: {tick_s: 1}}]}", "t", Registry([Slow]))
    )
    tree.hook("t/slow", before=lambda: running().status)
    tree.tick(ManualContext())
    assert tree.slowest == ("t/slow_2", 1.0)


def test_nobody_is_blamed_before_the_first_tick_and_in_a_tree_that_is_not_observed():
    tree = tree_of(say("R"))
    assert tree.slowest is None
    assert blame.slowest_leaf(node.Run(observed=False)) is None


def test_a_real_leaf_is_timed_by_the_real_clock(monkeypatch):
    for module in TIMED:
        monkeypatch.setattr(module, "perf_counter", time.perf_counter)
    tree, ctx = tree_of(f"{{sequence: [{say('SR')}, {say('R')}]}}"), ManualContext()
    tree.tick(ctx)
    tree.tick(ctx)
    assert tree.slowest is not None
    assert tree.slowest[0] == "t/play_2"
    assert tree.slowest[1] > 0.0
