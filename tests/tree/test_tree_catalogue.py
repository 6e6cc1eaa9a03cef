"""Every node type can be listed, explained, and copied from its example."""

from __future__ import annotations

import textwrap

import pytest

from bt_robot.errors import Code, LoadError, Problem
from bt_robot.nodes import standard_registry
from bt_robot.tree import Action, Input, Output, Registry, parse_tree, success
from bt_robot.tree.vocabulary.built_in import BUILT_IN
from bt_robot.tree.vocabulary.catalogue import entries, entry
from bt_robot.tree.vocabulary.examples import example

REGISTRY = standard_registry()
ENTRIES = list(entries(REGISTRY))


class Paint(Action):
    """Paint it.

    It takes
    a while. Or two.
    """

    type_name = "paint"
    aliases = ("colour_it",)
    colour = Input(str, doc="e.g. `blue`")
    coats = Input(int, minimum=3, maximum=5, doc="how often")
    speed_rad_s = Input(float, maximum=0.5, doc="how fast [rad/s]")
    where = Input(tuple[float, ...], length=2, doc="where [m]")
    dry = Input(bool, doc="whether it dries")
    tool = Input(str | None, default=None, doc="with what")
    left_m = Output(float, doc="what is left [m]")

    def on_tick(self, ctx):
        return success()


def test_every_type_is_there_once_by_kind():
    assert [one.type for one in ENTRIES][: len(BUILT_IN)] == [
        word for kind in ("composite", "decorator") for word, built_in in BUILT_IN.items() if built_in.kind == kind
    ]
    assert {one.type for one in ENTRIES} == {*REGISTRY.type_names}
    assert len(ENTRIES) == len(REGISTRY.type_names)
    kinds = [one.kind for one in ENTRIES]
    assert kinds == sorted(kinds, key=["composite", "decorator", "action", "condition"].index)


@pytest.mark.parametrize("one", ENTRIES, ids=lambda one: one.type)
def test_every_type_says_what_it_does(one):
    assert one.summary.endswith(".")
    assert one.doc.startswith(one.summary)
    assert (one.children is None) == (one.kind in ("action", "condition"))
    assert all(port.doc for port in one.ports)


@pytest.mark.parametrize("one", ENTRIES, ids=lambda one: one.type)
def test_every_example_loads(one):
    text = f"tree: t\nroot:\n  sequence:\n{textwrap.indent(one.example, '    ')}"
    problems: tuple[Problem, ...] = ()
    try:
        assert parse_tree(text, "t.yaml", REGISTRY).root.children[0].type == one.type
    except LoadError as error:
        problems = error.problems
    # A key that an example reads is for another node to write.
    assert {problem.code for problem in problems} <= {Code.NEVER_WRITTEN}


def test_a_leaf_in_one_form():
    (found,) = [one for one in entries(Registry([Paint])) if one.type == "paint"]
    assert (found.kind, found.origin, found.aliases) == ("action", "", ("colour_it",))
    assert (found.summary, found.doc) == ("Paint it.", "Paint it.\n\nIt takes a while. Or two.")
    names = [(port.name, port.direction, port.required) for port in found.ports]
    assert names[0] == ("colour", "input", True)
    assert names[-2:] == [("tool", "input", False), ("left_m", "output", False)]


def test_an_example_takes_values_from_the_words_and_from_the_ranges():
    assert example(Paint) == "- paint: {colour: blue, coats: 3, speed_rad_s: 0.5, where: [2, 2], dry: true}"


@pytest.mark.parametrize(
    ("word", "type_name"),
    [("sequence", "sequence"), ("selector", "fallback"), ("Fallback", "fallback"), ("colour_it", "paint")],
)
def test_a_type_is_found_by_each_of_its_names(word, type_name):
    found = entry(Registry([Paint]), word)
    assert found is not None
    assert found.type == type_name


def test_an_unknown_word_is_none():
    assert entry(REGISTRY, "no_such_node") is None
