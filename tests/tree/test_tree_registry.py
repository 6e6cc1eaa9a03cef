"""The registry is the closed list of what tree files may name."""

from __future__ import annotations

import pytest
from tree_leaves import Look, Wait

from bt_robot.tree import Action, Leaf, Registry, success
from bt_robot.tree.vocabulary.built_in import ALIASES, BUILT_IN


def leaf(name: str, doc: str = "Do it.", base: type[Leaf] = Action) -> type[Leaf]:
    body = {"type_name": name, "__doc__": doc, "on_tick": lambda self, ctx: success()}
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
