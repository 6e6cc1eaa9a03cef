"""arm_still: measured, not planned."""

import numpy as np
import pytest

from bt_robot.messages import Status
from bt_robot.nodes.arm_still import ArmStill


def ticks(world, leaf, count, *, after_s=0.1, move=None):
    said = []
    for i in range(count):
        if move is not None:
            world.joints = world.joints + np.array(move) * (1 if i % 2 else -1)
        said.append(world.tick(leaf, start=world.step == i == 0, after_s=after_s))
    return said


def test_an_arm_that_has_stood_still_long_enough_is_still(world):
    said = ticks(world, ArmStill(for_s=0.5), 7)
    assert [outcome.status for outcome in said] == [Status.FAILURE] * 5 + [Status.SUCCESS] * 2
    assert said[-1].reason == "pan moved 0.000 in 0.5 s; 0.00 s old, confidence 1.00"


@pytest.mark.parametrize(("motion", "still"), [(0.019, True), (0.021, False)])
def test_an_arm_that_trembles_is_still_within_its_limit(world, motion, still):
    said = ticks(world, ArmStill(for_s=0.5, max_motion=0.02), 20, move=(0, motion, 0))[-1]
    assert (said.status is Status.SUCCESS) is still
    assert said.reason.startswith(f"lift moved {motion:.3f} in 0.5 s")


def test_an_arm_that_creeps_is_not_still(world):
    leaf = ArmStill(for_s=1.0, max_motion=0.02)
    for i in range(60):
        world.joints = np.array([0.001 * i, 0.0, 0.5])
        said = world.tick(leaf, start=i == 0)
    assert said.status is Status.FAILURE


@pytest.mark.parametrize(("gripper", "still"), [(True, False), (False, True)])
def test_the_gripper_may_be_left_out(world, gripper, still):
    said = ticks(world, ArmStill(for_s=0.5, gripper=gripper), 20, move=(0, 0, 0.3))[-1]
    assert (said.status is Status.SUCCESS) is still


def test_measurements_that_stand_still_are_no_arm_that_does(world):
    leaf = ArmStill(for_s=0.3)
    world.tick(leaf, start=True)
    world.measured_s = 0.0
    said = [world.tick(leaf, after_s=0.1) for _ in range(6)]
    assert {outcome.status for outcome in said} == {Status.FAILURE}
    assert said[-1].reason == "not known: the joints were last measured 0.60 s ago, the limit is 0.5 s"


def test_what_was_seen_before_a_pause_does_not_count(world):
    leaf = ArmStill(for_s=0.5)
    ticks(world, leaf, 7)
    assert world.tick(leaf, after_s=3.0).status is Status.FAILURE
