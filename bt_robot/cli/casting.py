"""What takes part in a replay, out of what a recording holds: trees, plan, limits, body."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bt_robot.cli.preflight import note_objections
from bt_robot.cli.record import versions
from bt_robot.cli.robots import make_robot
from bt_robot.cli.settings import RunSettings, load_settings
from bt_robot.cli.task import load_task
from bt_robot.cli.vocabulary import installed_registry
from bt_robot.config.problems import Problems
from bt_robot.config.source import parse
from bt_robot.errors import BtRobotError
from bt_robot.messages import Body, JointLimits, Setup
from bt_robot.policy.chunks.plan import Plan
from bt_robot.policy.dialect.profile import Profile, load_profile
from bt_robot.replay.replaying import Cast
from bt_robot.replay.survey import Survey
from bt_robot.telemetry.recorder import RecordedRun, RecordedTree, RunInfo, Source
from bt_robot.tree import Tree, TreeSpec, build_tree
from bt_robot.tree.language.loading import load_definitions


def cast_of(run: RecordedRun, survey: Survey, tree: str | None) -> tuple[Cast, tuple[str, ...]]:
    """Return what takes part in a replay, and what a person should know about it.

    Args:
        run: The recording.
        survey: What is known of it.
        tree: The tree to replay, as a person named it; None for those that ran.

    Raises:
        LoadError: Everything wrong with the tree, or with the recorded config.
    """
    info, notes = run.info, list[str]()
    with TemporaryDirectory(prefix="bt-replay-") as folder:
        settings, profile = _recorded_settings(info, Path(folder))
    plan = settings.policy.execution.plan(profile, info.control_hz) if profile is not None else Plan(1, 1)
    limits, body = _robot(settings, info, notes)
    ran = _loaded(run, survey)
    specs = [load_task(tree)] if tree is not None else [_recorded_tree(each.sources) for each in ran]
    trees = [build_tree(spec) for spec in specs]
    if tree is None:
        notes += [words for each in zip(ran, trees, strict=True) if (words := _misfit(*each))]
    else:
        setup = Setup(info.limits, info.poses, info.cameras, body, bool(settings.vlm or survey.questions))
        problems = Problems()
        note_objections(trees[0].objections(setup), specs[0], problems)
        problems.raise_if_any()
    return Cast(trees, tree is not None, plan, limits, body), tuple(notes)


def other_causes(run: RecordedRun, cast: Cast) -> list[str]:
    """Return what, other than a change of the tree, may make a replay another one, in words.

    Args:
        run: The recording.
        cast: What took part.
    """
    found: list[str] = []
    if not cast.changed:
        found.append(
            "it is the tree that ran: what differs comes from another version of the program or of what it stands on,"
            " or from a node that reads what is not recorded"
        )
    recorded, now = run.info.versions, versions()
    others = [f"{name} {was} → {now.get(name, 'none')}" for name, was in recorded.items() if now.get(name) != was]
    if others:
        found.append(f"other versions than in the recorded run: {', '.join(others)}")
    registry = installed_registry()
    types = dict.fromkeys(node.type for tree in cast.trees for node in tree.nodes)
    foreign = [f"{each} ({origin})" for each in types if (origin := registry.origin(each))]
    if foreign:
        found.append(
            f"leaves of other packages: {', '.join(foreign)}; what a leaf reads by itself, as the time of day, chance"
            " or a file, is not in the recording"
        )
    return found


def _loaded(run: RecordedRun, survey: Survey) -> list[RecordedTree]:
    """Return the trees of a recording that were loaded from files; the others only had a parameter changed."""
    period_s = 1.0 / run.info.control_hz
    edited = [
        tree for tree in run.trees[1:] if any(abs(tree.from_s - time_s) < period_s / 2 for time_s in survey.took_over_s)
    ]
    return [run.trees[0], *edited]


def _recorded_tree(sources: Sequence[Source]) -> TreeSpec:
    """Load a tree from its recorded files."""
    problems = Problems()
    read = [parse(source.text, source.path, problems) for source in sources]
    problems.raise_if_any()
    return load_definitions([node for node in read if node is not None], installed_registry(), problems)


def _misfit(recorded: RecordedTree, built: Tree) -> str:
    """Return why a tree that was loaded from its recorded files is not the one that ran; empty if it is."""
    if recorded.nodes == tuple(built.nodes):
        return ""
    return (
        f"the tree that ran from {recorded.from_s:.2f} s on is not the one of its recorded files: they were edited"
        " again before it took over, or this version reads them in another way"
    )


def _robot(settings: RunSettings, info: RunInfo, notes: list[str]) -> tuple[JointLimits, Body]:
    """Return the robot's own range, and what else is known of it; nothing is connected."""
    try:
        robot = make_robot(settings, info.seed)
        return robot.limits, robot.body
    except BtRobotError as error:
        notes.append(f"the robot is not known here, so nothing can tell where its hand is: {error}")
        return info.limits, Body()


def _recorded_settings(info: RunInfo, folder: Path) -> tuple[RunSettings, Profile | None]:
    """Return the recorded config, and the profile of its policy; both are loaded from files in a folder.

    A profile finds the ones that it extends where they stood, seen from it.
    """
    config = folder / "config.yaml"
    config.write_text(info.config.text, encoding="utf-8")
    settings = load_settings(str(config), info.assignments)
    if not info.profiles:
        return settings, None
    home = folder / "1" / "2" / "3" / "profiles"
    first = Path(info.profiles[0].path)
    for source in info.profiles:
        place = Path(os.path.normpath(home / os.path.relpath(source.path, first.parent)))
        if place.is_relative_to(folder):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(source.text, encoding="utf-8")
    profile = load_profile(str(home / first.name)).with_horizon(settings.policy.horizon)
    return settings, profile
