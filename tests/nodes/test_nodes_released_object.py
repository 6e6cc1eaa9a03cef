"""released_object: jaws that are open and squeeze nothing."""

import numpy as np

from bt_robot.messages import Status
from bt_robot.nodes.released_object import ReleasedObject


def gripper(world, measured, commanded=None):
    world.joints = np.array([0.0, 0.0, measured])
    world.commanded = np.array([0.0, 0.0, measured if commanded is None else commanded])


def test_a_gripper_that_has_been_open_for_a_while_has_released(world):
    leaf = ReleasedObject()
    gripper(world, 0.2)
    said = world.tick(leaf, start=True)
    assert said.reason == "open 0.20, expected 0.3; 0.00 s old, confidence 0.60"
    gripper(world, 0.4)
    assert world.tick(leaf, after_s=0.1).status is Status.FAILURE
    assert world.tick(leaf, after_s=0.1).status is Status.FAILURE
    said = world.tick(leaf, after_s=0.15)
    assert said.status is Status.SUCCESS
    assert said.reason == "open 0.40; 0.00 s old, confidence 0.57"


def test_a_gripper_that_squeezes_something_large_has_not_released_it(world):
    leaf = ReleasedObject(for_s=0.0)
    gripper(world, 0.6, 0.3)
    said = world.tick(leaf, start=True)
    assert said.status is Status.FAILURE
    assert said.reason == "open 0.60, and pushing: commanded 0.30 further shut; 0.00 s old, confidence 0.75"


def test_a_gripper_that_is_still_opening_counts(world):
    leaf = ReleasedObject(for_s=0.0)
    gripper(world, 0.35, 1.0)
    assert world.tick(leaf, start=True).status is Status.SUCCESS


def test_old_joints_say_nothing(world):
    leaf = ReleasedObject(for_s=0.0)
    gripper(world, 0.6)
    world.now_s, world.measured_s = 2.0, 1.0
    said = world.tick(leaf, start=True)
    assert said.reason == "not known: the joints were last measured 1.00 s ago, the limit is 0.5 s"
