"""How the composites and decorators that the language itself has are described, and all of them by their words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bt_robot.tree.vocabulary.composites import COMPOSITES
from bt_robot.tree.vocabulary.decorators import DECORATORS
from bt_robot.tree.vocabulary.node_type import BuiltIn

BUILT_IN: Mapping[str, BuiltIn] = MappingProxyType({built_in.type: built_in for built_in in (*COMPOSITES, *DECORATORS)})
"""The node types of the language, by their word."""

ALIASES: Mapping[str, str] = MappingProxyType(
    {alias: built_in.type for built_in in BUILT_IN.values() for alias in built_in.aliases}
)
"""Other words for some of them, most of them py_trees'."""
