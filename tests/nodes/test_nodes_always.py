"""Leaves that always say the same, under their own words and those of other libraries."""

from __future__ import annotations

from typing import Any

import pytest

from bt_robot.nodes import standard_registry
from bt_robot.tree import build_tree, parse_tree


class Context:
    now_s = 0.0


def said(root: str) -> tuple[str, str]:
    tree, ctx = build_tree(parse_tree(f"tree: t\nroot: {root}", "t.yaml", standard_registry())), Context()
    anything: Any = ctx
    return tree.tick(anything).value, tree.states()[0].reason


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        (("always_success", "success"), ("SUCCESS", "")),
        (("always_failure", "failure"), ("FAILURE", "it always fails")),
        (("always_running", "running"), ("RUNNING", "")),
    ],
)
def test_it_always_says(words, outcome):
    for word in words:
        assert said(word) == outcome


def test_a_failure_on_purpose_has_the_words_it_is_given():
    assert said("{always_failure: {reason: no such block}}") == ("FAILURE", "no such block")


@pytest.mark.parametrize("word", ["wait", "sleep", "timer"])
def test_waiting_has_many_names(word):
    assert said(f"{{{word}: {{duration_s: 2}}}}") == ("RUNNING", "2.0 s left")
