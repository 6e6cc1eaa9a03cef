"""The leaves that tree files may name: a closed list, made in Python."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Protocol

from bt_robot.errors import PluginError
from bt_robot.tree.vocabulary.built_in import ALIASES, BUILT_IN
from bt_robot.tree.vocabulary.leaf import Leaf


class Supply(Protocol):
    """Leaves from elsewhere, by the words for them; each is loaded when it is first asked for."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words, known without loading anything."""
        ...

    def load(self, word: str) -> type[Leaf]:
        """Return a leaf.

        Raises:
            PluginError: It can't be used, with where it comes from and why.
        """
        ...

    def origin(self, word: str) -> str:
        """Say where a leaf comes from, e.g. `bt-grippers 1.2`."""
        ...


class Registry:
    """The node types of tree files: the given leaves, those from elsewhere, and the language's own.

    Attributes:
        leaves: The leaf classes, by the word for them. Looking one up loads it if it comes from elsewhere; going over
            them loads them all, and passes over those that can't be used.
        aliases: Other words for the given leaves, with the word that each stands for.
    """

    def __init__(self, leaves: Iterable[type[Leaf]], elsewhere: Supply | None = None) -> None:
        """Register leaf classes.

        Args:
            leaves: The classes.
            elsewhere: More of them; a word that is taken already keeps its meaning.

        Raises:
            TypeError: A class has no type name or no docstring, or is neither Action nor Condition.
            ValueError: Two classes have the same type name, or one has a word of the language.
        """
        self._leaves: dict[str, type[Leaf]] = {}
        self._aliases: dict[str, str] = {}
        for leaf in leaves:
            self._add(leaf)
        self.aliases: Mapping[str, str] = MappingProxyType(self._aliases)
        self._elsewhere = elsewhere
        self.leaves: Mapping[str, type[Leaf]] = (
            _Leaves(self._leaves, elsewhere) if elsewhere else MappingProxyType(self._leaves)
        )

    def _add(self, leaf: type[Leaf]) -> None:
        check_leaf(leaf)
        for name in (leaf.type_name, *leaf.aliases):
            if name in BUILT_IN or name in ALIASES:
                raise ValueError(f"'{name}' can't be registered: it is a word of the tree language")
            if other := self._leaves.get(self._aliases.get(name, name)):
                raise ValueError(f"'{name}' is registered twice: by {other.__qualname__} and by {leaf.__qualname__}")
        self._leaves[leaf.type_name] = leaf
        self._aliases.update(dict.fromkeys(leaf.aliases, leaf.type_name))

    @property
    def type_names(self) -> tuple[str, ...]:
        """Every node type: composites and decorators first, then the leaves; nothing is loaded for it."""
        more = self._elsewhere.words if self._elsewhere else ()
        return tuple(dict.fromkeys((*BUILT_IN, *self._leaves, *more)))

    @property
    def words(self) -> tuple[str, ...]:
        """Every word for a node type, those that are aliases too; nothing is loaded for it."""
        return (*self.type_names, *self.aliases, *ALIASES)

    def origin(self, word: str) -> str:
        """Say which installed package a leaf comes from, e.g. `bt-grippers 1.2`; empty if from none."""
        return self._elsewhere.origin(word) if self._elsewhere and self._is_elsewhere(word) else ""

    def refusal(self, word: str) -> str:
        """Return why a leaf from elsewhere can't be used; empty when it can, and for every other word."""
        return self._refusal(word) if self._is_elsewhere(word) else ""

    def refusals(self) -> dict[str, str]:
        """Return why leaves from elsewhere can't be used, by their words; the others are loaded for it."""
        words = self._elsewhere.words if self._elsewhere else ()
        return {word: refusal for word in words if (refusal := self._refusal(word))}

    def _is_elsewhere(self, word: str) -> bool:
        own = (self._leaves, self._aliases, BUILT_IN, ALIASES)
        return self._elsewhere is not None and word in self._elsewhere.words and not any(word in some for some in own)

    def _refusal(self, word: str) -> str:
        assert self._elsewhere is not None, "it is asked about a word from there"
        try:
            self._elsewhere.load(word)
        except PluginError as error:
            return str(error)
        return ""


def check_leaf(leaf: type[Leaf]) -> None:
    """Refuse a class that tree files can't use.

    Raises:
        TypeError: It has no type name or no docstring, is neither Action nor Condition, or has no `on_tick`.
    """
    name = leaf.type_name
    if not (name and leaf.kind):
        raise TypeError(f"{leaf.__qualname__} can't be registered: it needs a type_name, and Action or Condition")
    if not (leaf.__doc__ or "").strip():
        raise TypeError(f"'{name}' can't be registered: {leaf.__qualname__} has no docstring to show to users")
    if inspect.isabstract(leaf):
        raise TypeError(f"'{name}' can't be registered: {leaf.__qualname__} has no on_tick")


class _Leaves(Mapping[str, type[Leaf]]):
    """Leaves at hand, and those from elsewhere as they are asked for."""

    def __init__(self, own: Mapping[str, type[Leaf]], elsewhere: Supply) -> None:
        self._own = own
        self._elsewhere = elsewhere

    def __getitem__(self, word: str) -> type[Leaf]:
        if word in self._own:
            return self._own[word]
        if word not in self._elsewhere.words:
            raise KeyError(word)
        try:
            return self._elsewhere.load(word)
        except PluginError:
            raise KeyError(word) from None

    def __iter__(self) -> Iterator[str]:
        yield from self._own
        yield from (word for word in self._elsewhere.words if word not in self._own and word in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)
