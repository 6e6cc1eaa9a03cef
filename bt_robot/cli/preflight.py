"""What can be found wrong with a task before anything is opened: tree, config, profile and robot held together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from bt_robot.cli.prompts import prompts_of
from bt_robot.cli.settings import RunSettings
from bt_robot.config.problems import Mark, Problems
from bt_robot.errors import RobotRefused, UsageError
from bt_robot.messages import JointLimits, Joints, Observation, Setup
from bt_robot.policy.dialect.dialect import Dialect
from bt_robot.policy.dialect.profile import Profile, load_profile
from bt_robot.robot.base import Robot
from bt_robot.tree import NodeSpec, Tree, TreeSpec, build_tree

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


def preflight(settings: RunSettings, spec: TreeSpec, robot: Robot, *, people: bool = True) -> Plans:
    """Hold a tree and a config together.

    Args:
        settings: The config.
        spec: The tree.
        robot: The robot, not connected yet.
        people: Whether there is a way to ask a person.

    Raises:
        LoadError: They do not fit, or the profile could not be loaded; every misfit is told, with its place.
        UsageError: The config does not fit the robot.
    """
    setup = setup_of(settings, robot, people=people)
    limits, poses = setup.limits, setup.poses
    tree = build_tree(spec)
    problems = Problems()
    note_objections(tree.objections(setup), spec, problems)
    for why in _wrong_expectations(settings, spec):
        problems.add(Mark(str(spec.files[0]) if spec.files else spec.name), why)
    prompts = prompts_of(spec)
    profile = load_profile(settings.policy.profile).with_horizon(settings.policy.horizon) if prompts else None
    if profile is not None:
        for why in _wrong_policy(settings, profile, limits):
            problems.add(Mark("the config"), why)
    problems.raise_if_any()
    return Plans(tree, limits, poses, profile, prompts)


def setup_of(settings: RunSettings, robot: Robot, *, people: bool = True) -> Setup:
    """Return what a tree will run with.

    Args:
        settings: The config.
        robot: The robot, not connected yet.
        people: Whether there is a way to ask a person.

    Raises:
        UsageError: The config's limits or poses do not fit the robot.
    """
    try:
        limits = settings.limits.envelope(robot.limits)
        poses = settings.named_poses(robot.limits)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return Setup(limits, poses, tuple(settings.robot.cameras), robot.body, settings.vlm is not None, people)


def note_objections(objections: Sequence[tuple[str, str]], spec: TreeSpec, problems: Problems) -> None:
    """Note what leaves object to, at their places, with the lines that their files have there."""
    if not objections:
        return
    for file in spec.files:
        with suppress(OSError, UnicodeDecodeError):
            problems.show(str(file), file.read_text(encoding="utf-8-sig"))
    marks = dict(_marks(spec.root))
    for path, why in objections:
        problems.add(marks.get(path) or Mark(spec.name), f"{path}: {why}")


def _marks(node: NodeSpec) -> Iterator[tuple[str, Mark | None]]:
    yield node.path, node.mark
    for child in node.children:
        yield from _marks(child)


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
