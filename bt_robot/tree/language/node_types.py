"""What a word stands for where a node is expected: the language's own types, leaves, and the subtrees of the files."""

from __future__ import annotations

from bt_robot.tree.language.files import Library
from bt_robot.tree.language.header import Definition
from bt_robot.tree.vocabulary.built_in import ALIASES, BUILT_IN
from bt_robot.tree.vocabulary.leaf import Leaf
from bt_robot.tree.vocabulary.node_type import BuiltIn
from bt_robot.tree.vocabulary.registry import Registry

Meaning = BuiltIn | type[Leaf] | Definition


class NodeTypes:
    """The node types that the files of one tree may name."""

    def __init__(self, registry: Registry, library: Library) -> None:
        """Put a registry's types and a library's subtrees together."""
        self._registry = registry
        self._leaves = registry.leaves
        self._subtrees = library.subtrees

    def find(self, word: str) -> Meaning | None:
        """Return what a word or an alias of one stands for; None if nothing has it."""
        word = self._registry.aliases.get(word) or ALIASES.get(word, word)
        return BUILT_IN.get(word) or self._leaves.get(word) or self._subtrees.get(word)

    def __contains__(self, word: str) -> bool:
        """Whether a word stands for something."""
        return self.find(word) is not None

    @property
    def words(self) -> tuple[str, ...]:
        """Every word, aliases too."""
        return (*self._registry.words, *self._subtrees)

    def refusal(self, word: str) -> str:
        """Return why a leaf from an installed package can't be used; empty for any other word."""
        return self._registry.refusal(word)


def word_of(meaning: Meaning) -> str:
    """Return the word under which specs and paths have a node type."""
    if isinstance(meaning, BuiltIn):
        return meaning.type
    return meaning.name if isinstance(meaning, Definition) else meaning.type_name


def kind_of(meaning: Meaning) -> str:
    """Return the kind of a node type, as in NodeSpec."""
    return "subtree" if isinstance(meaning, Definition) else meaning.kind
