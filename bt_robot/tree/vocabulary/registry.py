"""The leaves that tree files may name: a closed list, made in Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from bt_robot.tree.vocabulary.built_in import ALIASES, BUILT_IN
from bt_robot.tree.vocabulary.leaf import Leaf


class Registry:
    """The node types of tree files: the given leaves and the language's composites and decorators.

    Attributes:
        leaves: The leaf classes, by the word for them.
    """

    def __init__(self, leaves: Iterable[type[Leaf]]) -> None:
        """Register leaf classes.

        Raises:
            TypeError: A class has no type name or no docstring, or is neither Action nor Condition.
            ValueError: Two classes have the same type name, or one has a word of the language.
        """
        self._leaves: dict[str, type[Leaf]] = {}
        for leaf in leaves:
            self._add(leaf)
        self.leaves: Mapping[str, type[Leaf]] = MappingProxyType(self._leaves)

    def _add(self, leaf: type[Leaf]) -> None:
        name = leaf.type_name
        if not (name and leaf.kind):
            raise TypeError(f"{leaf.__qualname__} can't be registered: it needs a type_name, and Action or Condition")
        if not (leaf.__doc__ or "").strip():
            raise TypeError(f"'{name}' can't be registered: {leaf.__qualname__} has no docstring to show to users")
        if name in BUILT_IN or name in ALIASES:
            raise ValueError(f"'{name}' can't be registered: it is a word of the tree language")
        if name in self._leaves:
            raise ValueError(
                f"'{name}' is registered twice: by {self._leaves[name].__qualname__} and by {leaf.__qualname__}"
            )
        self._leaves[name] = leaf

    @property
    def type_names(self) -> tuple[str, ...]:
        """Every node type: composites and decorators first, then the leaves in their order."""
        return (*BUILT_IN, *self._leaves)
