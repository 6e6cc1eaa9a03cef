"""Leaves from installed packages: an entry point's name is the node type, and it leads to the class."""

from __future__ import annotations

from collections.abc import Collection

from bt_robot.plugins.installed import LEAVES
from bt_robot.plugins.shelf import Shelf
from bt_robot.tree import Leaf
from bt_robot.tree.vocabulary.built_in import ALIASES, BUILT_IN
from bt_robot.tree.vocabulary.registry import check_leaf


def plugin_leaves(taken: Collection[str]) -> Shelf[type[Leaf]]:
    """Return the leaves that installed packages bring along.

    Args:
        taken: The words of the leaves that bt-robot has itself.
    """
    return Shelf(LEAVES, "node", _checked, {*taken, *BUILT_IN, *ALIASES})


def _checked(word: str, found: object) -> type[Leaf]:
    if not (isinstance(found, type) and issubclass(found, Leaf)):
        raise TypeError(f"{found!r} is no class derived from bt_robot.tree.Action or Condition")
    check_leaf(found)
    if word not in (found.type_name, *found.aliases):
        raise ValueError(f"{found.__qualname__} is called '{found.type_name}'; name its entry point so")
    return found
