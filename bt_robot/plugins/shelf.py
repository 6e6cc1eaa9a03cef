"""Parts of one kind from installed packages, by the words for them; each is imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import Generic, TypeVar

from bt_robot.errors import PluginError
from bt_robot.plugins.installed import Plugin, installed

T = TypeVar("T")


class Shelf(Generic[T]):
    """The plug-ins of one kind."""

    def __init__(self, group: str, noun: str, check: Callable[[str, object], T], taken: Collection[str] = ()) -> None:
        """Prepare; the installed packages are looked at when a word is first asked about.

        Args:
            group: The entry points' group.
            noun: What one of them is called in messages, e.g. `node`.
            check: Takes a word and what it leads to, and returns that; raises TypeError or ValueError if it is wrong.
            taken: Words that have a meaning already, which they keep.
        """
        self._group = group
        self._noun = noun
        self._check = check
        self._taken = taken
        self._loaded: dict[str, T | PluginError] = {}

    @cached_property
    def _plugins(self) -> Mapping[str, Plugin]:
        return installed(self._group)

    @property
    def words(self) -> tuple[str, ...]:
        """The words of all plug-ins; nothing is imported for them."""
        return tuple(self._plugins)

    def origin(self, word: str) -> str:
        """Say where the part for a word comes from, e.g. `bt-grippers 1.2`.

        Raises:
            KeyError: No package brings it.
        """
        return self._plugins[word].origin

    def load(self, word: str) -> T:
        """Import a part and check it.

        Raises:
            KeyError: No package brings it.
            PluginError: It can't be used, with where it comes from and why.
        """
        if word not in self._loaded:
            self._loaded[word] = self._found(word)
        found = self._loaded[word]
        if isinstance(found, PluginError):
            raise found
        return found

    def _found(self, word: str) -> T | PluginError:
        plugin = self._plugins[word]
        came_from = f"{self._noun} '{word}' comes from plug-in {plugin.origin}"
        if word in self._taken:
            return PluginError(f"{came_from}, but bt-robot itself has one of this name")
        try:
            return self._check(word, plugin.load())
        except (PluginError, TypeError, ValueError) as error:
            return PluginError(f"{came_from}, which could not be loaded: {error}")
