"""When a child is started, on the run's clock, and what is said in between."""

from __future__ import annotations

from typing import Any

import pytest
from tree_leaves import ManualContext, say, tree_of


def course(root: str, *steps: Any) -> list[tuple[str, str]]:
    """Tick at some times [s], or halt; return status and reason of the root after each step."""
    tree, ctx, seen = tree_of(root), ManualContext(), []
    for step in steps:
        if step == "halt":
            tree.halt()
        else:
            ctx.now_s = step
            tree.tick(ctx)
        state = tree.states()[0]
        seen.append((state.status.value, state.reason))
    return seen


DELAY = f"{{delay: {{duration_s: 2, child: {say('RS')}}}}}"


def test_a_delay_says_when_it_will_start():
    assert course(DELAY, 10.0, 11.5, 12.0, 12.1) == [
        ("RUNNING", "starts in 2.0 s"),
        ("RUNNING", "starts in 0.5 s"),
        ("RUNNING", ""),
        ("SUCCESS", ""),
    ]


@pytest.mark.parametrize("interruption", [("halt",), (12.0, 12.1)], ids=["halted", "ended"])
def test_a_delay_begins_anew_after_it_was(interruption):
    assert course(DELAY, 10.0, *interruption, 13.0)[-1] == ("RUNNING", "starts in 2.0 s")


LIMIT = "{{rate_limit: {{period_s: 2, child: {}}}}}"


def test_a_rate_limit_repeats_what_its_child_said_and_how_long_ago_it_began():
    assert course(LIMIT.format(say("SF")), 10.0, 11.5, 12.0, 13.0) == [
        ("SUCCESS", "SF says S"),
        ("SUCCESS", "started 1.5 s ago: SF says S"),
        ("FAILURE", "SF says F"),
        ("FAILURE", "started 1.0 s ago: SF says F"),
    ]


def test_a_rate_limit_ticks_a_child_that_runs():
    assert [status for status, _ in course(LIMIT.format(say("RRS")), 10.0, 10.5, 11.0, 11.5)] == [
        "RUNNING",
        "RUNNING",
        "SUCCESS",
        "SUCCESS",
    ]


def test_a_rate_limit_whose_child_was_halted_has_nothing_to_say_until_the_period_is_over():
    assert course(LIMIT.format(say("SRS")), 10.0, 12.0, "halt", 13.0, 14.0)[2:] == [
        ("IDLE", ""),
        ("RUNNING", "halted; may start again in 1.0 s"),
        ("SUCCESS", "SRS says S"),
    ]


def test_a_failure_that_a_rate_limit_repeats_is_the_childs():
    tree, ctx = tree_of(LIMIT.format(say("F"))), ManualContext()
    for _ in range(2):
        tree.tick(ctx)
        assert tree.failure is not None
        assert (tree.failure.path, tree.failure.reason) == ("t/play", "F says F")


def test_a_clock_that_is_set_back_does_not_stop_a_child_for_long():
    assert course(LIMIT.format(say("SF")), 1000.0, 1.0)[-1] == ("FAILURE", "SF says F")
    assert course(COOLDOWN.format("any", say("SF")), 1000.0, 1.0)[-1] == ("FAILURE", "SF says F")


COOLDOWN = "{{cooldown: {{duration_s: 2, after: {}, child: {}}}}}"


def test_a_cooldown_declines_for_a_while_after_the_child_has_ended():
    tree = tree_of(f"{{fallback: [{say('F')}, {COOLDOWN.format('any', say('SR'))}]}}")
    ctx = ManualContext()
    assert tree.tick(ctx).value == "SUCCESS"
    ctx.now_s = 0.5
    assert tree.tick(ctx).value == "FAILURE"
    assert tree.states()[2].reason == "cooling down for another 1.5 s"
    assert tree.failure is not None
    assert tree.failure.path == "t/play"
    ctx.now_s = 2.0
    assert tree.tick(ctx).value == "RUNNING"


@pytest.mark.parametrize(
    ("after", "script", "then"),
    [
        ("success", "FR", "RUNNING"),
        ("success", "SR", "FAILURE"),
        ("failure", "SR", "RUNNING"),
        ("failure", "FR", "FAILURE"),
    ],
)
def test_a_cooldown_may_be_for_one_way_to_end(after, script, then):
    assert course(COOLDOWN.format(after, say(script)), 0.0, 1.0)[-1][0] == then


@pytest.mark.parametrize(("after", "then"), [("any", "FAILURE"), ("success", "RUNNING"), ("failure", "RUNNING")])
def test_a_child_that_was_halted_has_to_cool_down_after_any_end(after, then):
    assert course(COOLDOWN.format(after, say("R")), 0.0, "halt", 1.0)[-1][0] == then


def test_run_once_says_for_ever_how_it_ended():
    assert course(f"{{run_once: {{child: {say('RFS')}}}}}", 0.0, 1.0, 2.0, "halt", 3.0) == [
        ("RUNNING", "RFS says R"),
        ("FAILURE", "done once: RFS says F"),
        ("FAILURE", "done once: RFS says F"),
        ("FAILURE", "done once: RFS says F"),
        ("FAILURE", "done once: RFS says F"),
    ]


def test_run_once_may_run_again_when_it_was_halted_before_its_end():
    assert [status for status, _ in course(f"{{run_once: {{child: {say('RS')}}}}}", 0.0, "halt", 1.0, 2.0)] == [
        "RUNNING",
        "IDLE",
        "SUCCESS",
        "SUCCESS",
    ]


def test_run_once_until_success_lets_a_failure_be_tried_again():
    root = f"{{run_once: {{until: success, child: {say('FSF')}}}}}"
    assert [status for status, _ in course(root, 0.0, 1.0, 2.0, 3.0)] == ["FAILURE", "SUCCESS", "SUCCESS", "SUCCESS"]
