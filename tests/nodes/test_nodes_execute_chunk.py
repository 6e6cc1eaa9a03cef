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
