"""chunk_idle: a plan that asks for nothing new."""

import numpy as np
import pytest

from bt_robot.messages import Status
from bt_robot.nodes.chunk_idle import ChunkIdle


def idle(world, prompt="sort", count=30):
    world.plan.prompt, world.plan.actions = prompt, np.tile(world.commanded, (count, 1))


def after_two_ticks(world, leaf):
    world.tick(leaf, start=True)
    return world.tick(leaf)


def test_a_plan_to_stay_put_is_idle_after_a_while(world):
    leaf = ChunkIdle(prompt="sort", for_s=0.5)
    idle(world)
    world.tick(leaf, start=True)
    statuses = [world.tick(leaf, after_s=0.2).status for _ in range(5)]
    assert statuses[0] is Status.FAILURE
    assert statuses[-1] is Status.SUCCESS


def test_a_gripper_that_squeezes_what_it_holds_is_idle(world):
    world.joints, world.commanded = np.array([0.0, 0.0, 0.17]), np.zeros(3)
    idle(world)
    assert after_two_ticks(world, ChunkIdle(prompt="sort", for_s=0.0)).status is Status.SUCCESS


def test_one_planned_motion_anywhere_in_the_plan_is_not_idle(world):
    idle(world)
    world.plan.actions[29, 2] += 0.2
    world.plan.age = 6
    said = after_two_ticks(world, ChunkIdle(prompt="sort", for_s=0.0))
    assert said.reason == "planned speed 0.200; 0.20 s old, confidence 0.87"


@pytest.mark.parametrize("left", [50, 15, 5, 1])
def test_a_plan_that_moves_on_steadily_is_never_idle_however_little_of_it_is_left(world, left):
    idle(world, count=left)
    world.plan.actions[:, 0] += 0.07 / 30 * np.arange(1, left + 1)
    said = after_two_ticks(world, ChunkIdle(prompt="sort", for_s=0.0))
    assert said.status is Status.FAILURE
    assert said.reason.startswith("planned speed 0.070")


def test_rest_planned_for_another_prompt_does_not_count(world):
    idle(world, prompt="before")
    assert after_two_ticks(world, ChunkIdle(prompt="sort", for_s=0.0)).reason == "no actions planned for this prompt"
