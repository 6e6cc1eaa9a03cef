"""Whether what a tree promises came true, where the robot knows the truth about its world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from bt_robot.robot.base import Robot

EXPECTATIONS = ("in_container",)
"""What a tree may expect: each is a list of colours."""


@runtime_checkable
class KnowsTruth(Protocol):
    """A simulated robot: it can tell where the blocks really are."""

    def in_container(self, colour: str) -> bool:
        """Whether a block lies at rest inside the container."""
        ...


def unmet(expects: Mapping[str, tuple[str, ...]], robot: Robot) -> tuple[str, ...] | None:
    """Return what a tree expects and is not so, in words; None where nobody can tell.

    Args:
        expects: The tree's `expects`, e.g. `{"in_container": ("red",)}`.
        robot: The robot, still connected.
    """
    if not expects or not isinstance(robot, KnowsTruth):
        return None
    colours = expects.get("in_container", ())
    return tuple(f"the {colour} block is not in the container" for colour in colours if not robot.in_container(colour))
