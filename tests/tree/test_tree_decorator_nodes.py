"""Decorators say what they are at, and the time-out runs on the run's clock."""

from __future__ import annotations

import pytest
from tree_leaves import ManualContext, say, tree_of

from bt_robot.messages import Status


def reasons(root: str, ticks: int) -> list[tuple[str, str]]:
    tree, ctx = tree_of(root), ManualContext()
    return [(tree.tick(ctx).value, tree.states()[0].reason) for _ in range(ticks)]


def test_a_retry_counts_its_attempts():
    assert reasons(f"{{retry: {{attempts: 2, child: {say('FRF')}}}}}", 3) == [
        ("RUNNING", "attempt 1 of 2 failed: FRF says F"),
        ("RUNNING", "attempt 2 of 2"),
        ("FAILURE", "attempt 2 of 2 failed: FRF says F"),
    ]


def test_a_repeat_counts_its_rounds():
    assert reasons(f"{{repeat: {{times: 2, child: {say('SRS')}}}}}", 3) == [
        ("RUNNING", "1 of 2 times done"),
        ("RUNNING", "round 2 of 2"),
        ("SUCCESS", "2 of 2 times done"),
    ]


@pytest.mark.parametrize(
    ("root", "said"),
    [
        (f"{{inverter: {{child: {say('S')}}}}}", ("FAILURE", "its child succeeded: S says S")),
        (f"{{inverter: {{child: {say('F')}}}}}", ("SUCCESS", "")),
        (f"{{force_success: {{child: {say('F')}}}}}", ("SUCCESS", "its child failed: F says F")),
        (f"{{force_failure: {{child: {{sequence: [{say('S')}]}}}}}}", ("FAILURE", "its child succeeded")),
    ],
)
def test_what_changes_a_status_says_so(root, said):
    assert reasons(root, 1) == [said]


def test_a_timeout_measures_on_the_runs_clock_halts_its_child_and_says_what_it_was():
    tree, ctx = (
        tree_of(f"{{timeout: {{duration_s: 20, child: {{sequence: [{say('S')}, {say('R')}]}}}}}}"),
        ManualContext(),
    )
    ctx.now_s = 100.0
    assert tree.tick(ctx) is Status.RUNNING
    assert tree.states()[0].reason == "20.0 s left"
    ctx.now_s = 119.9
    assert tree.tick(ctx) is Status.RUNNING
    ctx.now_s = 120.0
    assert tree.tick(ctx) is Status.FAILURE
    assert ctx.log[-1] == "halt R"
    assert tree.failure is not None
    assert tree.failure.path == "t"
    assert tree.failure.reason == "not done within 20 s; it was: t/sequence/play_2: R says R"
    assert [state.status.value for state in tree.states()] == ["FAILURE", "IDLE", "IDLE", "IDLE"]


def test_a_timeout_that_is_halted_has_no_time_left():
    tree = tree_of(f"{{timeout: {{duration_s: 20, child: {say('R')}}}}}")
    tree.tick(ManualContext())
    tree.halt()
    assert tree.states()[0].reason == ""


def test_a_timeout_starts_again_with_its_child():
    tree, ctx = tree_of(f"{{timeout: {{duration_s: 1, child: {say('RSR')}}}}}"), ManualContext()
    for now_s, status in ((0.0, "RUNNING"), (0.9, "SUCCESS"), (5.0, "RUNNING"), (5.9, "RUNNING"), (6.0, "SUCCESS")):
        ctx.now_s = now_s
        assert tree.tick(ctx).value == status


def test_a_child_that_is_done_in_the_last_moment_is_done():
    tree, ctx = tree_of(f"{{timeout: {{duration_s: 1, child: {say('RS')}}}}}"), ManualContext()
    tree.tick(ctx)
    ctx.now_s = 1.0
    assert tree.tick(ctx) is Status.SUCCESS


def test_a_child_that_fails_in_time_explains_itself():
    tree = tree_of(f"{{timeout: {{duration_s: 1, child: {say('F')}}}}}")
    tree.tick(ManualContext())
    assert tree.failure is not None
    assert (tree.failure.path, tree.failure.reason) == ("t/play", "F says F")


def test_a_timeout_explains_a_failure_even_beside_others():
    timeout = f"{{timeout: {{duration_s: 0, child: {say('R')}}}}}"
    tree = tree_of(f"{{fallback: [{timeout}, look_f]}}".replace("look_f", "{look: {script: F}}"))
    tree.tick(ManualContext())
    assert tree.failure is not None
    assert tree.failure.path == "t/timeout"


def test_a_timeout_around_a_retry_says_which_attempt_it_was():
    tree = tree_of(f"{{timeout: {{duration_s: 0, child: {{retry: {{attempts: 3, child: {say('F')}}}}}}}}}")
    tree.tick(ManualContext())
    assert tree.failure is not None
    assert tree.failure.reason == "not done within 0 s; it was: t/retry: attempt 1 of 3 failed: F says F"
