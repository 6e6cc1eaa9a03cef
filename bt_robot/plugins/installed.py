"""The entry points of the installed packages, read without importing any of them.

Format: https://packaging.python.org/en/latest/specifications/entry-points/
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from bt_robot import __version__
from bt_robot.errors import PluginError

logger = logging.getLogger(__name__)

LEAVES: Final = "bt_robot.leaves"
ROBOTS: Final = "bt_robot.robots"
POLICIES: Final = "bt_robot.policies"
PROFILES: Final = "bt_robot.profiles"

SWITCH: Final = "BT_ROBOT_PLUGINS"
"""The environment variable that leaves every plug-in alone when it is 0."""

_OWN_NAME: Final = "bt-robot"


@dataclass(frozen=True, slots=True)
class Plugin:
    """One entry point of an installed package.

    Attributes:
        word: What users call the part: its name in the package's metadata.
        target: Where it is, `package.module:object`.
        origin: The package and its version, e.g. `bt-grippers 1.2`.
        objection: Why it must not be imported; empty if it may.
    """

    word: str
    target: str
    origin: str
    objection: str
    _entry: EntryPoint

    def load(self) -> object:
        """Import the part.

        Raises:
            PluginError: It must not be imported, or can't be.
        """
        if self.objection:
            raise PluginError(self.objection)
        try:
            return self._entry.load()
        except (Exception, SystemExit) as error:  # whatever another package does wrong, the others still work
            logger.info("%s of %s can't be imported", self.target, self.origin, exc_info=True)
            raise PluginError(f"{type(error).__name__}: {error}") from error


def installed(group: str) -> dict[str, Plugin]:
    """Return the parts of one kind that the installed packages bring along, by their words.

    A word that two packages claim belongs to neither. With `BT_ROBOT_PLUGINS=0` all of them are there, and none may be
    imported.

    Args:
        group: LEAVES, ROBOTS, POLICIES or PROFILES.
    """
    found: dict[str, Plugin] = {}
    for entry in sorted(entry_points(group=group), key=lambda entry: (entry.name, _origin(entry))):
        plugin = Plugin(entry.name, entry.value, _origin(entry), _objection(entry), entry)
        first = found.get(entry.name)
        if first is not None:
            origin = f"{first.origin} and {plugin.origin}"
            plugin = replace(plugin, origin=origin, objection="both bring it; uninstall one of them")
        found[entry.name] = plugin
    return found


def _origin(entry: EntryPoint) -> str:
    if entry.dist is None:
        return "a package without metadata"
    return f"{entry.dist.metadata['Name']} {entry.dist.version}"


def _objection(entry: EntryPoint) -> str:
    if os.environ.get(SWITCH) == "0":
        return f"plug-ins are switched off by {SWITCH}=0"
    from packaging.requirements import InvalidRequirement, Requirement  # most users have no plug-ins
    from packaging.utils import canonicalize_name

    for text in (entry.dist.requires if entry.dist else None) or ():
        try:
            needed = Requirement(text)
        except InvalidRequirement:
            continue
        if canonicalize_name(needed.name) != _OWN_NAME or (needed.marker and not needed.marker.evaluate({"extra": ""})):
            continue
        if not needed.specifier.contains(__version__, prereleases=True):
            return f"it is made for bt-robot {needed.specifier}, and this is {__version__}; install the one that fits"
    return ""
