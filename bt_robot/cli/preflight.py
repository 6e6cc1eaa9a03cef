"""What can be found wrong with a task before anything is opened: tree, config, profile and robot held together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bt_robot.cli.settings import RunSettings
from bt_robot.errors import RobotRefused, UsageError
from bt_robot.messages import JointLimits, Joints, Observation, Setup
from bt_robot.policy.dialect.dialect import Dialect
from bt_robot.policy.dialect.profile import Profile, load_profile
from bt_robot.tree import Tree, TreeSpec, build_tree

START_TOLERANCE = 0.05
"""How far outside its limits a joint may stand when a run starts [rad, gripper 0 … 1]."""


@dataclass(frozen=True, slots=True)
class Plans:
    """A task whose parts fit together.

    Attributes:
        tree: Freshly built.
        limits: The safety envelope.
        poses: Named poses, (n,) each.
        profile: The policy server's dialect; None when the tree asks no policy.
        prompts: The prompts of the tree's policy queries, in order.
    """

    tree: Tree
    limits: JointLimits
    poses: Mapping[str, Joints]
    profile: Profile | None
    prompts: tuple[str, ...]


def preflight(settings: RunSettings, spec: TreeSpec, robot: JointLimits) -> Plans:
    """Hold a tree and a config together.

    Args:
        settings: The config.
        spec: The tree.
        robot: The robot's own limits.

    Raises:
        UsageError: They do not fit; every misfit is told.
        LoadError: The profile could not be loaded.
    """
    try:
        limits = settings.limits.envelope(robot)
        poses = settings.named_poses(robot)
    except ValueError as error:
        raise UsageError(str(error)) from error
    tree = build_tree(spec)
    misfits = [f"{path}: {why}" for path, why in tree.objections(Setup(limits, poses, tuple(settings.robot.cameras)))]
    misfits += _wrong_expectations(settings, spec)
    prompts = tuple(node.prompt for node in tree.nodes if node.type == "query_policy")
    profile = load_profile(settings.policy.profile).with_horizon(settings.policy.horizon) if prompts else None
    if profile is not None:
        misfits += _wrong_policy(settings, profile, limits)
    if misfits:
        raise UsageError("\n".join(misfits))
    return Plans(tree, limits, poses, profile, prompts)


def _wrong_policy(settings: RunSettings, profile: Profile, limits: JointLimits) -> list[str]:
    """Return why a profile can't be used with a robot and the way its actions are to be executed."""
    found: list[str] = []
    try:
        settings.policy.execution.resolved(incremental=profile.incremental)
    except ValueError as error:
        found.append(f"policy.{error}")
    try:
        Dialect(profile, limits, jpeg_quality=settings.policy.jpeg_quality)
    except ValueError as error:
        found.append(f"profile '{settings.policy.profile}': {error}")
    missing = [camera for camera in profile.images if camera not in settings.robot.cameras]
    if missing:
        all_of_them = ",".join(dict.fromkeys([*settings.robot.cameras, *missing]))
        found.append(
            f"profile '{settings.policy.profile}' wants the camera '{missing[0]}'; the config's robot has:"
            f" {', '.join(settings.robot.cameras) or 'none'} (try --set robot.cameras=[{all_of_them}], or name the"
            " profile's cameras as the robot does)"
        )
    if settings.policy.execution.strategy == "rtc" and profile.rtc is None:
        found.append(
            f"policy.execution.strategy is rtc, but the profile '{settings.policy.profile}' has no rtc section: it does"
            " not say how the server is told the plan; expected align, or a profile with rtc"
        )
    return found


def _wrong_expectations(settings: RunSettings, spec: TreeSpec) -> list[str]:
    """Return what a tree expects of blocks that are not there."""
    if settings.cell is None:
        return []
    blocks = settings.cell.blocks
    return [
        f"expects: there is no {colour} block; the config has {', '.join(blocks) or 'none'}"
        for colour in spec.expects.get("in_container", ())
        if colour not in blocks
    ]


def require_inside(observation: Observation, limits: JointLimits) -> None:
    """Refuse an arm that stands outside its limits.

    Raises:
        RobotRefused: A joint does, with where it stands and what to do.
    """
    joints = observation.joints
    inside = (joints >= limits.lower - START_TOLERANCE) & (joints <= limits.upper + START_TOLERANCE)
    bad = np.flatnonzero(~inside)  # a joint that is not a number is not inside
    if bad.size:
        i = int(bad[0])
        raise RobotRefused(
            f"{limits.names[i]} stands at {joints[i]:.3f}, outside {limits.lower[i]:.3f} … {limits.upper[i]:.3f};"
            " move it inside by hand, or widen the limits in the config"
        )
