"""execute_chunk: one planned action per tick, hold when there is none."""

import numpy as np

from bt_robot.messages import Status
from bt_robot.nodes.execute_chunk import ExecuteChunk


def test_the_action_of_the_step_is_proposed(world):
    world.plan.actions = np.array([[0.1, 0.2, 0.3], [0.2, 0.2, 0.3]])
    outcome = world.tick(ExecuteChunk(), start=True)
    assert outcome.status is Status.RUNNING
    assert world.proposal.tolist() == [0.1, 0.2, 0.3]


def test_without_an_action_nothing_is_proposed_and_it_says_so(world):
    outcome = world.tick(ExecuteChunk(), start=True)
    assert (outcome.status, outcome.reason) == (Status.RUNNING, "no action planned for now; holding")
    assert world.proposal is None


def frozen(world, leaf, seconds):
    """Tick a leaf whose plan never moves the arm; return its outcomes."""
    world.plan.actions = world.joints[None, :]
    return [world.tick(leaf, start=i == 0) for i in range(round(seconds * 30))]


def test_a_policy_that_never_moves_the_arm_is_a_failure_after_some_time(world):
    *before, last = frozen(world, ExecuteChunk(stuck_after_s=2.0), 2.2)
    assert before[50].status is Status.RUNNING
    assert (last.status, last.reason) == (
        Status.FAILURE,
        "the policy's actions have moved no joint for 2 s; is it frozen, or done?",
    )
    assert world.proposal is None


def test_a_joint_that_moves_starts_the_time_anew(world):
    leaf = ExecuteChunk(stuck_after_s=2.0)
    frozen(world, leaf, 1.9)
    world.joints = world.joints + np.array([0.0, 0.0, 0.1])  # the gripper counts, too
    world.plan.actions = world.joints[None, :]
    assert all(world.tick(leaf).status is Status.RUNNING for _ in range(57))


def starve(world, leaf, seconds):
    world.plan.clear()
    outcomes = [world.tick(leaf) for _ in range(round(seconds * 30))]
    world.plan.actions = world.joints[None, :]
    return outcomes


def test_time_without_actions_is_not_held_against_the_policy(world):
    leaf = ExecuteChunk(stuck_after_s=2.0)
    frozen(world, leaf, 1.9)
    assert all(outcome.status is Status.RUNNING for outcome in starve(world, leaf, 60.0))
    assert world.tick(leaf).status is Status.RUNNING


def test_a_frozen_policy_is_found_out_also_when_the_plan_runs_dry_between_its_chunks(world):
    leaf = ExecuteChunk(stuck_after_s=2.0)
    frozen(world, leaf, 0.8)
    statuses = []
    for _ in range(3):
        starve(world, leaf, 0.3)
        statuses += [world.tick(leaf).status for _ in range(24)]
    assert statuses[0] is Status.RUNNING
    assert statuses[-1] is Status.FAILURE


def test_standing_still_may_be_allowed_for_ever(world):
    assert frozen(world, ExecuteChunk(stuck_after_s=None), 30.0)[-1].status is Status.RUNNING
