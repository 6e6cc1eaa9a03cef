"""move_to and at_pose: motion without the policy."""

import numpy as np
import pytest

from bt_robot.errors import LoadError
from bt_robot.messages import Status
from bt_robot.nodes import standard_registry
from bt_robot.nodes.motion import AtPose, MoveTo
from bt_robot.runtime.governor import govern, rest_at
from bt_robot.tree import parse_tree


def follow(world, leaf, ticks=300):
    """Tick with a perfect arm behind the governor; return the statuses and the verdicts."""
    previous, target, verdicts = rest_at(world.joints, -1), None, []
    outcome = world.tick(leaf, start=True)
    for _ in range(ticks):
        governed = govern(world.proposal, previous, world.limits, 1 / 30, step=world.step, previous_target=target)
        previous, target = governed.command, governed.target
        verdicts.append(governed.verdict)
        world.joints = world.commanded = previous.positions
        if outcome.status is not Status.RUNNING:
            break
        outcome = world.tick(leaf)
    return outcome, verdicts


@pytest.mark.parametrize("speed", [0.1, 0.3, 1.0])
def test_it_arrives_at_a_named_pose_and_the_governor_has_nothing_to_clamp(world, speed):
    outcome, verdicts = follow(world, MoveTo(pose="rest", speed=speed))
    assert outcome.status is Status.SUCCESS
    assert world.joints == pytest.approx([0.5, -0.5, 0.2], abs=1e-6)
    assert all(not verdict.clamped for verdict in verdicts)


def test_it_moves_to_joint_values_too(world):
    assert follow(world, MoveTo(joints=(0.1, 0.2, 0.9)))[0].status is Status.SUCCESS


def test_being_there_already_succeeds_at_once(world):
    world.joints = world.commanded = np.array([0.5, -0.5, 0.2])
    assert world.tick(MoveTo(pose="rest"), start=True).status is Status.SUCCESS


def test_an_arm_that_does_not_follow_fails_with_the_joint(world):
    leaf = MoveTo(pose="rest", speed=1.0, settle_s=0.5)
    outcome = world.tick(leaf, start=True)
    while outcome.status is Status.RUNNING:
        outcome = world.tick(leaf)
    assert (outcome.status, outcome.reason) == (Status.FAILURE, "pan stopped 0.500 rad short of the target")


def test_a_gripper_stopped_by_an_object_is_not_waited_for(world):
    world.joints = world.commanded = np.array([0.5, -0.5, 0.8])
    leaf = MoveTo(pose="rest", speed=1.0)
    outcome = world.tick(leaf, start=True)
    for _ in range(60):
        outcome = world.tick(leaf) if outcome.status is Status.RUNNING else outcome
    assert outcome.status is Status.SUCCESS


@pytest.mark.parametrize(
    ("ports", "reason"),
    [
        ({}, "give either `pose` or `joints`"),
        ({"pose": "rest", "joints": (0.0, 0.0, 0.0)}, "give either `pose` or `joints`"),
        ({"pose": "rset"}, "no pose 'rset' in the config; there is rest (did you mean 'rest'?)"),
        ({"joints": (0.0,)}, "1 joint values, expected 3: pan, lift, gripper"),
        ({"joints": (2.0, 0.0, 0.0)}, "pan at 2.000 is outside -1.000 … 1.000"),
    ],
)
def test_a_target_that_makes_no_sense_fails_and_nothing_moves(world, ports, reason):
    outcome = world.tick(MoveTo(**ports), start=True)
    assert (outcome.status, outcome.reason) == (Status.FAILURE, reason)
    assert world.proposal is None


def test_at_pose_looks_at_the_arm_and_not_at_the_gripper(world):
    said = world.tick(AtPose(pose="rest"), start=True)
    assert said.reason == "pan is 0.500 rad away; 0.00 s old, confidence 0.91"
    world.joints = np.array([0.48, -0.52, 0.9])
    assert world.tick(AtPose(pose="rest")).status is Status.SUCCESS


@pytest.mark.parametrize(
    ("ports", "objection"),
    [
        ("", "pose: left out; expected either 'pose' or 'joints'"),
        ("pose: null", "pose: nothing; expected either 'pose' or 'joints'"),
        ("pose: rest, joints: [0]", "joints: a list of 1; expected either 'pose' or 'joints'"),
    ],
)
@pytest.mark.parametrize("type_", ["move_to", "at_pose"])
def test_a_tree_gives_one_target(type_, ports, objection):
    with pytest.raises(LoadError) as error:
        parse_tree(f"tree: t\nroot: {{{type_}: {{{ports}}}}}", "t.yaml", standard_registry())
    assert str(error.value).endswith(f"{type_}.{objection}")


def test_a_target_may_come_from_a_key():
    text = 'tree: t\nroot: {sequence: [{observe: {joints: "{j}"}}, {move_to: {joints: "{j}"}}]}'
    assert parse_tree(text, "t.yaml", standard_registry()).root.children
