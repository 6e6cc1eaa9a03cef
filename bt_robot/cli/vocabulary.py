"""The node types that tree files may name here: those of the project, and those of installed packages."""

from __future__ import annotations

from bt_robot.nodes import standard_registry
from bt_robot.plugins.leaves import plugin_leaves
from bt_robot.tree import Registry


def installed_registry() -> Registry:
    """Return every node type; a leaf of an installed package is imported when something asks for it."""
    own = standard_registry()
    return Registry(own.leaves.values(), plugin_leaves({*own.leaves, *own.aliases}))
