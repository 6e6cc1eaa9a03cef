"""Robots from installed packages: an entry point's name is the word for `robot.type`, and it leads to the settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from typing import cast

from bt_robot.config.schema import json_schema
from bt_robot.errors import BtRobotError, PluginError
from bt_robot.plugins.installed import ROBOTS
from bt_robot.plugins.shelf import Shelf
from bt_robot.robot.base import Robot
from bt_robot.robot.settings import RobotSettings

_PARTS = ("cameras", "real_time", "make")
_ROBOT = tuple(name for name in vars(Robot) if not name.startswith("_"))


class RobotTypes(Mapping[str, type]):
    """The words for `robot.type`: those given, and those of installed packages, imported when they are looked up."""

    def __init__(self, own: Mapping[str, type]) -> None:
        """Start with the robots that bt-robot has itself."""
        self._own = own
        self._plugins = plugin_robots(own)

    def __getitem__(self, word: str) -> type:
        """Return the settings for a word.

        Raises:
            KeyError: There is no such robot.
            PluginError: It comes from a package, and can't be used.
        """
        return self._own[word] if word in self._own else self._plugins.load(word)

    def __contains__(self, word: object) -> bool:
        """Whether there is such a robot, usable or not."""
        return word in self._own or word in self._plugins.words

    def __iter__(self) -> Iterator[str]:
        yield from self._own
        yield from (word for word in self._plugins.words if word not in self._own)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def plugin_robots(taken: Collection[str]) -> Shelf[type[RobotSettings]]:
    """Return the settings of the robots that installed packages bring along.

    Args:
        taken: The words for the robots that bt-robot has itself.
    """
    return Shelf(ROBOTS, "robot", _checked, taken)


def make_plugin_robot(settings: RobotSettings, seed: int, control_hz: float) -> Robot:
    """Return the robot of another package, not connected yet.

    Args:
        settings: The settings.
        seed: Places what a simulated work cell leaves open.
        control_hz: How often it is observed and commanded [Hz].

    Raises:
        RobotRefused: There is no such robot on this machine.
        PluginError: It can't be made, or is none.
    """
    kind = type(settings)
    whose = f"the robot of {kind.__module__}.{kind.__qualname__}"
    try:
        robot = settings.make(seed, control_hz)
    except BtRobotError:
        raise
    except Exception as error:
        raise PluginError(f"{whose} could not be made: {type(error).__name__}: {error}") from error
    missing = [name for name in _ROBOT if not hasattr(robot, name)]
    if missing:
        raise PluginError(f"{whose} has no '{missing[0]}'; see bt_robot.robot.base.Robot")
    return robot


def _checked(word: str, found: object) -> type[RobotSettings]:
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        raise TypeError(f"{found!r} is no dataclass of the robot's settings")
    names = {field.name for field in dataclasses.fields(found)}
    missing = [part for part in _PARTS if part not in names and not hasattr(found, part)]
    if missing:
        raise TypeError(f"{found.__qualname__} has no '{missing[0]}'; see bt_robot.robot.settings.RobotSettings")
    if "type" in names:
        raise TypeError(f"{found.__qualname__} has a field 'type', which is where a config says '{word}'")
    json_schema(found)  # refuses what can't be read from YAML
    return cast(type[RobotSettings], found)
