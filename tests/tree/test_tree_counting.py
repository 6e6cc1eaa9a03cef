"""Children side by side: the counts decide, and the failure is a real one's."""

from __future__ import annotations

from typing import Any

import pytest
from tree_leaves import ManualContext, say, tree_of


def after(root: str, ticks: int) -> tuple[str, Any, ManualContext]:
    tree, ctx = tree_of(root), ManualContext()
    for _ in range(ticks):
        ctx.log.clear()
        tree.tick(ctx)
    return "".join(state.status.value[0] for state in tree.states()), tree, ctx


def kids(*scripts: str) -> str:
    return f"children: [{', '.join(say(script) for script in scripts)}]"


@pytest.mark.parametrize(
    ("options", "scripts", "statuses"),
    [
        ("", ("S", "R"), "RSR"),
        ("", ("F", "R"), "FFI"),
        ("success_count: 1, ", ("R", "S"), "SIS"),
        ("success_count: 1, ", ("F", "S"), "FFS"),
        ("success_count: 1, failure_count: all, ", ("F", "S", "R"), "SFSI"),
        ("success_count: 1, failure_count: all, ", ("F", "F"), "FFF"),
        ("failure_count: 2, ", ("F", "R"), "FFI"),
        ("success_count: 2, failure_count: 2, ", ("F", "R", "S"), "RFRS"),
    ],
    ids=[
        "one success of two",
        "one failure",
        "the first success",
        "failure wins in one tick",
        "a success beside a failure that is allowed",
        "no success at all",
        "too few are left",
        "still open",
    ],
)
def test_a_parallel_is_decided_by_its_counts(options, scripts, statuses):
    assert after(f"{{parallel: {{{options}{kids(*scripts)}}}}}", 1)[0] == statuses


def test_a_parallel_does_not_tick_children_that_have_ended():
    _, _, ctx = after(f"{{parallel: {{failure_count: 2, success_count: 1, {kids('F', 'R')}}}}}", 2)
    assert ctx.log == ["tick R"]


def test_a_parallel_all_waits_for_all():
    root = f"{{parallel_all: {{max_failures: 2, {kids('F', 'RRS', 'S')}}}}}"
    assert [after(root, ticks)[0] for ticks in (1, 2, 3)] == ["RFRS", "RFRS", "SFSS"]


def test_a_parallel_all_fails_in_the_words_of_a_child():
    _, tree, _ = after(f"{{parallel_all: [{say('F')}, {say('RS')}]}}", 2)
    assert (tree.failure.path, tree.failure.reason) == ("t/play", "F says F")


def look(*scripts: str) -> str:
    return f"children: [{', '.join(f'{{look: {{script: {script}}}}}' for script in scripts)}]"


def test_a_quorum_asks_all_in_every_tick_and_says_who_disagrees():
    root = f"{{quorum: {{at_least: 2, {look('S', 'SF', 'FS')}}}}}"
    assert after(root, 1)[0] == "SSSF"
    statuses, tree, _ = after(f"{{quorum: {{at_least: 2, {look('S', 'F', 'F')}}}}}", 1)
    assert statuses == "FSFF"
    assert tree.failure.reason == "1 of 3 agree, 2 must; t/look_3: F looks F"


def test_a_quorum_of_conditions_declines():
    _, tree, _ = after(f"{{fallback: [{say('F')}, {{quorum: {{at_least: 1, {look('F')}}}}}]}}", 1)
    assert tree.failure.path == "t/play"


def test_a_quorum_counts_what_is_said_in_one_tick_only():
    root = f"{{quorum: {{at_least: 2, {kids('SF', 'RS', 'RR')}}}}}"
    assert [after(root, ticks)[0] for ticks in (1, 2)] == ["RSRR", "RFSR"]
    assert after(root, 2)[1].states()[0].reason == "1 of 3 agree, 2 must"
