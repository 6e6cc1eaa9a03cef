"""A condition is believed when it insists, and only within one attempt."""

from __future__ import annotations

from typing import Any

from tree_leaves import ManualContext, say, tree_of


def look(script: str) -> str:
    return f"{{look: {{script: {script}}}}}"


def said(root: str, *times: Any) -> list[tuple[str, str]]:
    tree, ctx, seen = tree_of(root), ManualContext(), []
    for time in times:
        if time == "halt":
            tree.halt()
            continue
        ctx.now_s = time
        tree.tick(ctx)
        seen.append((tree.states()[0].status.value, tree.states()[0].reason))
    return seen


def letters(root: str, *times: Any) -> str:
    return "".join(status[0] for status, _ in said(root, *times))


def test_a_steady_condition_is_believed_after_some_time_and_says_how_long():
    root = f"{{steady: {{for_s: 0.5, child: {look('S')}}}}}"
    assert said(root, 1.0, 1.25, 1.5) == [
        ("FAILURE", "yes for 0.0 s of 0.5 s: S looks S"),
        ("FAILURE", "yes for 0.2 s of 0.5 s: S looks S"),
        ("SUCCESS", "yes for 0.5 s: S looks S"),
    ]


def test_a_no_begins_the_time_anew():
    assert letters(f"{{steady: {{for_s: 0.5, child: {look('SSFSSS')}}}}}", 0.0, 0.25, 0.5, 0.75, 1.0, 1.25) == "FFFFFS"


def test_what_is_believed_is_given_up_only_after_a_no_that_lasts():
    root = f"{{steady: {{for_s: 0, release_s: 0.5, child: {look('SFSFFF')}}}}}"
    assert said(root, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25)[1:] == [
        ("SUCCESS", "no for 0.0 s of 0.5 s: SFSFFF looks F"),
        ("SUCCESS", "yes for 0.0 s: SFSFFF looks S"),
        ("SUCCESS", "no for 0.0 s of 0.5 s: SFSFFF looks F"),
        ("SUCCESS", "no for 0.2 s of 0.5 s: SFSFFF looks F"),
        ("FAILURE", "no for 0.5 s: SFSFFF looks F"),
    ]


def test_without_a_release_time_a_no_counts_at_once():
    assert letters(f"{{steady: {{for_s: 0, child: {look('SF')}}}}}", 0.0, 0.1) == "SF"


def test_a_gap_makes_it_forget():
    assert letters(f"{{steady: {{for_s: 0.5, child: {look('S')}}}}}", 0.0, 0.5, 1.5, 2.0) == "FSFS"
    assert letters(f"{{steady: {{for_s: 2, max_gap_s: 2, child: {look('S')}}}}}", 0.0, 1.0, 2.0) == "FFS"


def test_evidence_survives_a_parent_that_fails_and_begins_again_in_every_tick():
    root = f"{{reactive_fallback: [{{sequence: [{{steady: {{for_s: 0.5, child: {look('S')}}}}}]}}, {say('R')}]}}"
    assert letters(root, 0.0, 0.25, 0.5) == "RRS"


def test_evidence_of_one_attempt_does_not_count_in_the_next():
    """Each round has to see for itself: one and the same long yes does not end three rounds at once."""
    skill = f"{{reactive_fallback: [{{steady: {{for_s: 0.5, release_s: 9, child: {look('S')}}}}}, {say('R')}]}}"
    root = f"{{repeat: {{times: 3, child: {skill}}}}}"
    assert [reason for _, reason in said(root, *(0.25 * n for n in range(6)))] == [
        "round 1 of 3",
        "round 1 of 3",
        "1 of 3 times done",
        "round 2 of 3",
        "round 2 of 3",
        "2 of 3 times done",
    ]


def test_halting_the_tree_makes_it_forget():
    root = f"{{reactive_fallback: [{{steady: {{for_s: 0.5, child: {look('S')}}}}}, {say('R')}]}}"
    assert letters(root, 0.0, 0.25, "halt", 0.5, 0.75, 1.0) == "RRRRS"


def test_a_condition_that_is_not_believed_declines():
    steady, votes = "{steady: {for_s: 1, child: look}}", "{votes: {at_least: 2, of: 2, child: look}}"
    root = f"{{fallback: [{say('F')}, {steady}, {votes}]}}"
    tree = tree_of(root)
    tree.tick(ManualContext())
    assert tree.failure is not None
    assert tree.failure.path == "t/play"


def test_an_action_that_is_not_done_has_no_say_yet():
    assert said(f"{{steady: {{for_s: 0, child: {say('RS')}}}}}", 0.0, 0.1) == [
        ("RUNNING", "RS says R"),
        ("SUCCESS", "yes for 0.0 s: RS says S"),
    ]
    assert letters(f"{{votes: {{at_least: 1, of: 1, child: {say('RS')}}}}}", 0.0, 0.1) == "RS"


def test_votes_look_at_the_latest_answers():
    root = f"{{votes: {{at_least: 2, of: 3, child: {look('SFSFFS')}}}}}"
    assert said(root, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5) == [
        ("FAILURE", "1 of 1 say yes, 2 must: SFSFFS looks S"),
        ("FAILURE", "1 of 2 say yes, 2 must: SFSFFS looks F"),
        ("SUCCESS", "2 of 3 say yes, 2 must: SFSFFS looks S"),
        ("FAILURE", "1 of 3 say yes, 2 must: SFSFFS looks F"),
        ("FAILURE", "1 of 3 say yes, 2 must: SFSFFS looks F"),
        ("FAILURE", "1 of 3 say yes, 2 must: SFSFFS looks S"),
    ]
