"""The language's own words: what each does is written down, and every alias leads to one."""

from __future__ import annotations

from bt_robot.tree.engine.tree import _MAKERS
from bt_robot.tree.vocabulary.built_in import ALIASES, BUILT_IN


def test_every_word_has_a_kind_an_explanation_and_something_that_runs_it():
    for word, built_in in BUILT_IN.items():
        assert built_in.type == word
        assert built_in.kind in ("composite", "decorator")
        assert built_in.doc.endswith(".")
        assert all(port.doc for port in built_in.ports.values())
    assert _MAKERS.keys() == BUILT_IN.keys()


def test_every_alias_leads_to_a_word():
    assert set(ALIASES.values()) <= BUILT_IN.keys()
    assert not ALIASES.keys() & BUILT_IN.keys()
