"""The registry is the closed list of what tree files may name."""

from __future__ import annotations

import pytest
from tree_leaves import Look, Wait

from bt_robot.errors import LoadError
from bt_robot.tree import Action, Leaf, Registry, parse_tree, success
from bt_robot.tree.vocabulary.built_in import ALIASES, BUILT_IN


def leaf(name: str, doc: str = "Do it.", base: type[Leaf] = Action, aliases: tuple[str, ...] = ()) -> type[Leaf]:
    body = {"type_name": name, "aliases": aliases, "__doc__": doc, "on_tick": lambda self, ctx: success()}
    return type("Sample", (base,), body)


def test_the_leaves_are_known_by_their_words():
    registry = Registry([Wait, Look])
    assert dict(registry.leaves) == {"wait": Wait, "look": Look}
    assert registry.type_names == (*BUILT_IN, "wait", "look")


def test_two_leaves_of_one_name_are_refused():
    with pytest.raises(ValueError, match="'wait' is registered twice: by Wait and by Sample"):
        Registry([Wait, leaf("wait")])


@pytest.mark.parametrize("word", [*BUILT_IN, *ALIASES])
def test_the_words_of_the_language_are_taken(word):
    with pytest.raises(ValueError, match=f"'{word}' can't be registered: it is a word of the tree language"):
        Registry([leaf(word)])


def test_a_leaf_needs_a_docstring_to_show():
    with pytest.raises(TypeError, match="'do_it' can't be registered: Sample has no docstring to show to users"):
        Registry([leaf("do_it", doc=" ")])


@pytest.mark.parametrize("bad", [leaf(""), leaf("do_it", base=Leaf)])
def test_a_leaf_needs_a_name_and_a_kind(bad):
    with pytest.raises(TypeError, match="Sample can't be registered: it needs a type_name, and Action or Condition"):
        Registry([bad])


def test_a_leaf_may_have_other_words():
    registry = Registry([leaf("do_it", aliases=("make_it", "run_it"))])
    assert dict(registry.aliases) == {"make_it": "do_it", "run_it": "do_it"}
    assert registry.type_names == (*BUILT_IN, "do_it")
    assert parse_tree("tree: t\nroot: {sequence: [run_it]}", "t.yaml", registry).root.children[0].type == "do_it"


@pytest.mark.parametrize("words", [("do_it", ("wait",)), ("wait", ()), ("other", ("do_it",)), ("other", ("make_it",))])
def test_no_word_stands_for_two_leaves(words):
    name, aliases = words
    with pytest.raises(ValueError, match=r"'\w+' is registered twice: by \w+ and by Sample"):
        Registry([Wait, leaf("do_it", aliases=("make_it",)), leaf(name, aliases=aliases)])


def test_another_word_can_not_be_one_of_the_language():
    with pytest.raises(ValueError, match="'selector' can't be registered: it is a word of the tree language"):
        Registry([leaf("do_it", aliases=("selector",))])


def test_another_word_must_be_a_word():
    with pytest.raises(TypeError, match="Sample: the type name 'Do It' is not a word like 'move_to'"):
        leaf("do_it", aliases=("Do It",))


def test_no_subtree_can_have_another_word_of_a_leaf():
    registry = Registry([leaf("do_it", aliases=("run_it",))])
    with pytest.raises(LoadError, match="subtree: 'run_it' is a node type already"):
        parse_tree("subtree: run_it\nroot: do_it", "t.yaml", registry)
