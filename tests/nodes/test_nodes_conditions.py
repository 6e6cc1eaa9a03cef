"""The conditions that end a skill."""

import numpy as np
import pytest

from bt_robot.messages import LinkState, Status
from bt_robot.nodes.conditions import ChunkIdle, HoldingObject, PolicyAvailable, ReleasedObject


def gripper(world, measured, commanded=None):
    world.joints = np.array([0.0, 0.0, measured])
    world.commanded = np.array([0.0, 0.0, measured if commanded is None else commanded])


def test_a_gripper_that_stops_short_of_its_command_holds_something(world):
    leaf = HoldingObject()
    gripper(world, 0.17, 0.0)
    world.tick(leaf, start=True)
    statuses = [world.tick(leaf, after_s=0.1).status for _ in range(5)]
    assert statuses[0] is Status.FAILURE
    assert statuses[-1] is Status.SUCCESS


def test_a_closing_gripper_holds_nothing_however_far_behind_its_command(world):
    leaf = HoldingObject(for_s=0.3)
    world.tick(leaf, start=True)
    for measured in np.linspace(0.9, 0.1, 20):
        gripper(world, measured, 0.0)
        assert world.tick(leaf, after_s=0.1).status is Status.FAILURE


def test_a_gripper_that_closed_on_nothing_holds_nothing(world):
    leaf = HoldingObject()
    gripper(world, 0.01, 0.0)
    world.tick(leaf, start=True)
    assert [world.tick(leaf, after_s=0.2).status for _ in range(5)] == [Status.FAILURE] * 5


def test_a_gripper_that_is_stuck_wide_open_holds_nothing(world):
    leaf = HoldingObject()
    gripper(world, 1.0, 0.5)
    world.tick(leaf, start=True)
    assert [world.tick(leaf, after_s=0.2).status for _ in range(5)] == [Status.FAILURE] * 5


def test_evidence_from_before_a_pause_does_not_count(world):
    leaf = HoldingObject()
    gripper(world, 0.17, 0.0)
    world.tick(leaf, start=True)
    for _ in range(5):
        world.tick(leaf, after_s=0.1)
    assert world.tick(leaf, after_s=10.0).status is Status.FAILURE


def test_a_gripper_that_has_been_open_for_a_while_has_released(world):
    leaf = ReleasedObject()
    gripper(world, 0.2)
    assert world.tick(leaf, start=True).reason == "open 0.20, expected 0.3"
    gripper(world, 0.4)
    assert world.tick(leaf, after_s=0.1).status is Status.FAILURE
    assert world.tick(leaf, after_s=0.1).status is Status.FAILURE
    assert world.tick(leaf, after_s=0.15).status is Status.SUCCESS


def test_policy_available_tells_the_links_reason(world):
    assert world.tick(PolicyAvailable(), start=True).status is Status.SUCCESS
    world.policy.state = LinkState(available=False, reason="gone")
    assert world.tick(PolicyAvailable()).reason == "policy unavailable: gone"


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
    gripper(world, 0.17, 0.0)
    idle(world)
    assert after_two_ticks(world, ChunkIdle(prompt="sort", for_s=0.0)).status is Status.SUCCESS


def test_one_planned_motion_anywhere_in_the_plan_is_not_idle(world):
    idle(world)
    world.plan.actions[29, 2] += 0.2
    assert after_two_ticks(world, ChunkIdle(prompt="sort", for_s=0.0)).reason == "planned speed 0.200"


@pytest.mark.parametrize("left", [50, 15, 5, 1])
def test_a_plan_that_moves_on_steadily_is_never_idle_however_little_of_it_is_left(world, left):
    idle(world, count=left)
    world.plan.actions[:, 0] += 0.07 / 30 * np.arange(1, left + 1)
    assert after_two_ticks(world, ChunkIdle(prompt="sort", for_s=0.0)).reason == "planned speed 0.070"


def test_rest_planned_for_another_prompt_does_not_count(world):
    idle(world, prompt="before")
    assert after_two_ticks(world, ChunkIdle(prompt="sort", for_s=0.0)).reason == "no actions planned for this prompt"
