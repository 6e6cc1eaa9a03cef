"""What a config file can say, as one frozen value: the composition root's own vocabulary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import numpy as np

from bt_robot.cli.model_settings import VlmSettings, WriterSettings
from bt_robot.cli.policy_settings import PolicySettings
from bt_robot.config.builtin import find_file
from bt_robot.config.overlay import overlay
from bt_robot.config.source import MapNode, Mark, Problems, read_file
from bt_robot.config.values import Rule, Tagged, bind
from bt_robot.messages import JointLimits, Joints
from bt_robot.plugins.profiles import resolved_profile
from bt_robot.plugins.robots import RobotTypes
from bt_robot.robot.fake import FakeSettings
from bt_robot.robot.settings import RobotSettings
from bt_robot.robot.sim.settings import SimSettings
from bt_robot.robot.so101.settings import So101Settings

ROBOTS: Mapping[str, type] = {"sim": SimSettings, "fake": FakeSettings, "so101": So101Settings}
"""The robots that come with the project; installed packages may bring more."""


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """The safety envelope, on top of the robot's mechanical range."""

    margin_rad: Annotated[float, Rule(doc="distance kept from each end of a joint's range [rad]", minimum=0.0)] = 0.02
    velocity_rad_s: Annotated[float, Rule(doc="greatest joint speed [rad/s]", minimum=0.01, maximum=20.0)] = 3.0
    acceleration_rad_s2: Annotated[
        float, Rule(doc="greatest joint acceleration [rad/s²]", minimum=0.1, maximum=500.0)
    ] = 30.0
    gripper_velocity: Annotated[float, Rule(doc="greatest gripper speed [openings/s]", minimum=0.01, maximum=20.0)] = (
        5.0
    )
    gripper_acceleration: Annotated[
        float, Rule(doc="greatest gripper acceleration [openings/s²]", minimum=0.1, maximum=500.0)
    ] = 80.0

    def envelope(self, robot: JointLimits) -> JointLimits:
        """Return the limits in force for a robot: these, and nowhere beyond its own.

        Raises:
            ValueError: The margin leaves a joint no room.
        """
        arm = np.arange(len(robot.names)) < len(robot.names) - 1
        margin = np.where(arm, self.margin_rad, 0.0)
        lower, upper = robot.lower + margin, robot.upper - margin
        if np.any(lower >= upper):
            raise ValueError(f"limits.margin_rad of {self.margin_rad:g} leaves a joint no room")
        velocity = np.minimum(np.where(arm, self.velocity_rad_s, self.gripper_velocity), robot.velocity)
        acceleration = np.minimum(
            np.where(arm, self.acceleration_rad_s2, self.gripper_acceleration), robot.acceleration
        )
        return JointLimits(robot.names, lower, upper, velocity, acceleration)


@dataclass(frozen=True, slots=True)
class RunSettings:
    """A whole config file."""

    robot: Annotated[
        SimSettings | FakeSettings | So101Settings | RobotSettings,
        Tagged("type", RobotTypes(ROBOTS)),
        Rule(doc="which robot, and its own settings"),
    ]
    control_hz: Annotated[float, Rule(doc="control rate [Hz]", minimum=1.0, maximum=500.0)] = 30.0
    limits: Annotated[LimitSettings, Rule(doc="the safety envelope")] = field(default_factory=LimitSettings)
    policy: Annotated[PolicySettings, Rule(doc="the policy server")] = field(default_factory=PolicySettings)
    vlm: Annotated[VlmSettings | None, Rule(doc="the vision-language model that `ask_vlm` asks")] = None
    writer: Annotated[WriterSettings | None, Rule(doc="the language model that `bt-write` asks")] = None
    poses: Annotated[Mapping[str, tuple[float, ...]], Rule(doc="named poses, see above")] = field(
        default_factory=dict[str, tuple[float, ...]]
    )

    @property
    def cell(self) -> SimSettings | None:
        """The simulated work cell that the robot stands in; None where the world is real, or there is none."""
        if isinstance(self.robot, So101Settings):
            return self.robot.cell if self.robot.emulated else None
        return self.robot if isinstance(self.robot, SimSettings) else None

    @property
    def real_time(self) -> bool:
        """Whether the robot moves by the wall clock, so that a run can't be faster."""
        if isinstance(self.robot, (SimSettings, FakeSettings)):
            return False
        return isinstance(self.robot, So101Settings) or self.robot.real_time

    def named_poses(self, robot: JointLimits) -> dict[str, Joints]:
        """Return the poses as joint vectors, (n,) each.

        Raises:
            ValueError: A pose has the wrong number of joints, or lies outside a robot's range.
        """
        found: dict[str, Joints] = {}
        for name, values in self.poses.items():
            joints = np.array(values)
            if joints.shape != robot.lower.shape:
                raise ValueError(f"pose '{name}' has {len(values)} values, expected one for each of {robot.names}")
            outside = np.flatnonzero((joints < robot.lower) | (joints > robot.upper))
            if outside.size:
                i = int(outside[0])
                raise ValueError(
                    f"pose '{name}': {robot.names[i]} at {joints[i]:g} is outside"
                    f" {robot.lower[i]:.3f} … {robot.upper[i]:.3f}"
                )
            found[name] = joints
        return found


def load_settings(given: str, assignments: Sequence[str] = ()) -> RunSettings:
    """Read a config file, with single values replaced; a profile may lie beside it.

    Args:
        given: A path, or the name of a built-in config.
        assignments: `key=value` each, e.g. `policy.timeout_s=3`.

    Raises:
        LoadError: Everything wrong with the file and the assignments, or the profile's name.
    """
    path: Path = find_file(given, "configs")
    problems = Problems()
    root = read_file(path, problems, shown=given if Path(given).is_file() else str(path))
    if root is None:
        root = MapNode((), Mark(given))
        problems.raise_if_any()
    for assignment in assignments:
        root = overlay(root, assignment, problems)
    settings = bind(RunSettings, root, problems, "config")
    problems.raise_if_any()
    assert isinstance(settings, RunSettings), "a config without problems is complete"
    beside = path.parent / settings.policy.profile
    given = settings.policy.profile
    profile = str(beside) if beside.is_file() and not Path(given).is_file() else resolved_profile(given)
    return replace(settings, policy=replace(settings.policy, profile=profile))
