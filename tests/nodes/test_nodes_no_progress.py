"""no_progress: told to move, and gets nowhere."""

import numpy as np
import pytest

from bt_robot.messages import Status
from bt_robot.nodes.no_progress import NoProgress

FAR = np.array([0.5, 0.0, 0.5])


@pytest.fixture
def leaf(world):
    world.plan.prompt, world.plan.actions = "sort", np.tile(FAR, (20, 1))
    return NoProgress(prompt="sort", for_s=1.0)


def ticks(world, leaf, count=12):
    world.tick(leaf, start=True)
    return [world.tick(leaf, after_s=0.1) for _ in range(count)]


def test_an_arm_that_stays_where_it_is_though_it_is_to_move_makes_no_progress(world, leaf):
    said = ticks(world, leaf)
    assert [outcome.status for outcome in said] == [Status.FAILURE] * 9 + [Status.SUCCESS] * 3
    assert said[-1].reason == "pan moved most, 0.000 in 1.0 s; planned are 0.500; 0.00 s old, confidence 0.83"


def test_an_arm_that_is_blocked_is_seen_by_its_joints_not_by_its_command(world, leaf):
    world.commanded = FAR
    assert ticks(world, leaf)[-1].status is Status.SUCCESS


def test_an_arm_that_moves_makes_progress(world, leaf):
    world.tick(leaf, start=True)
    for i in range(30):
        world.joints = np.array([0.01 * i, 0.0, 0.5])
        assert world.tick(leaf, after_s=0.1).status is Status.FAILURE


def test_an_arm_that_trembles_about_one_place_makes_none(world, leaf):
    world.tick(leaf, start=True)
    for i in range(30):
        world.joints = np.array([0.02 * (i % 2), 0.0, 0.5])
        said = world.tick(leaf, after_s=0.1)
    assert said.status is Status.SUCCESS


def test_an_arm_whose_plan_is_at_rest_may_be_done(world, leaf):
    world.plan.actions = np.tile([0.09, 0.0, 0.5], (20, 1))
    assert ticks(world, leaf)[-1].status is Status.FAILURE


def test_jaws_that_squeeze_are_where_they_are_wanted(world, leaf):
    world.commanded = np.array([0.0, 0.0, 0.0])
    world.plan.actions = np.tile([0.0, 0.0, 0.0], (20, 1))
    assert ticks(world, leaf)[-1].status is Status.FAILURE


def test_time_without_actions_does_not_count(world, leaf):
    ticks(world, leaf)
    world.plan.clear()
    assert world.tick(leaf, after_s=0.1).reason == "no actions planned for this prompt"
    world.plan.actions = np.tile(FAR, (20, 1))
    assert world.tick(leaf, after_s=0.1).status is Status.FAILURE


def test_actions_for_another_prompt_do_not_count(world, leaf):
    world.plan.prompt = "other"
    assert ticks(world, leaf)[-1].reason == "no actions planned for this prompt"


def test_old_joints_say_nothing(world, leaf):
    ticks(world, leaf)
    world.measured_s = world.now_s - 0.6
    assert world.tick(leaf, after_s=0.0).reason.startswith("not known: the joints were last measured 0.60 s ago")
