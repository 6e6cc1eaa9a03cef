"""The language's own words: what each does is written down, and every alias leads to one."""

from __future__ import annotations

from bt_robot.nodes import standard_registry
from bt_robot.tree.engine.makers import MAKERS
from bt_robot.tree.vocabulary.built_in import ALIASES, BUILT_IN


def test_every_word_has_a_kind_an_explanation_and_something_that_runs_it():
    for word, built_in in BUILT_IN.items():
        assert built_in.type == word
        assert built_in.kind in ("composite", "decorator")
        assert built_in.doc.endswith(".")
        assert built_in.on_halt.endswith(".")
        assert all(port.doc and port.name == name for name, port in built_in.ports.items())
        assert built_in.keyed <= built_in.ports.keys()
    assert MAKERS.keys() == BUILT_IN.keys()


def test_every_alias_leads_to_one_word():
    assert set(ALIASES.values()) <= BUILT_IN.keys()
    assert len(ALIASES) == sum(len(built_in.aliases) for built_in in BUILT_IN.values())
    registry = standard_registry()
    assert not ALIASES.keys() & (BUILT_IN.keys() | registry.leaves.keys() | registry.aliases.keys())


def test_what_can_never_be_reached_is_amiss():
    for word, values, count, found in (
        (
            "parallel",
            {"success_count": 3, "failure_count": 1},
            2,
            ("success_count", "at most 2, the number of children"),
        ),
        ("parallel", {"success_count": "all", "failure_count": 2}, 2, None),
        ("parallel_all", {"max_failures": 3}, 2, ("max_failures", "at most 2, the number of children")),
        ("quorum", {"at_least": 3}, 2, ("at_least", "at most 2, the number of children")),
        ("votes", {"at_least": 3, "of": 2}, 1, ("at_least", "at most 2, the number of answers looked at")),
        ("votes", {"at_least": 2, "of": 2}, 1, None),
        ("sequence", {}, 2, None),
    ):
        assert BUILT_IN[word].amiss(values, count) == found
