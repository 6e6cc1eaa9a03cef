"""chunks_disagree: a policy that keeps changing its mind."""

import pytest

from bt_robot.messages import Disagreement, Status
from bt_robot.nodes.chunks_disagree import ChunksDisagree


@pytest.fixture
def leaf(world):
    leaf = ChunksDisagree(prompt="sort", min_rms_rad=0.15, in_a_row=2)
    world.plan.prompt = "sort"
    world.tick(leaf, start=True)
    world.tick(leaf)
    return leaf


def arrives(world, leaf, rms_rad, *, delay_steps=3):
    """Tick the leaf in the step in which a chunk arrives."""
    step = world.step + 1
    world.plan.disagreement = Disagreement(step, step - delay_steps, rms_rad, 20)
    return world.tick(leaf)


def test_it_takes_several_chunks_one_after_the_other(world, leaf):
    assert arrives(world, leaf, 0.3).status is Status.FAILURE
    said = arrives(world, leaf, 0.3)
    assert said.status is Status.SUCCESS
    assert said.reason == "0.300 rad from the plan, 2 of 2 in a row; 0.10 s old, confidence 0.67"


def test_one_chunk_counts_once_however_often_it_is_looked_at(world, leaf):
    arrives(world, leaf, 0.3)
    assert [world.tick(leaf).status for _ in range(10)] == [Status.FAILURE] * 10


def test_a_chunk_that_agrees_ends_the_row(world, leaf):
    arrives(world, leaf, 0.3)
    said = arrives(world, leaf, 0.05)
    assert said.reason == "0.050 rad from the plan, 0 of 2 in a row; 0.10 s old, confidence 0.75"
    assert arrives(world, leaf, 0.3).status is Status.FAILURE


@pytest.mark.parametrize(("rms_rad", "holds"), [(0.15, True), (0.149, False)])
def test_the_limit_itself_is_a_disagreement(world, leaf, rms_rad, holds):
    arrives(world, leaf, rms_rad)
    assert (arrives(world, leaf, rms_rad).status is Status.SUCCESS) is holds


def test_a_policy_that_has_fallen_silent_says_nothing(world, leaf):
    arrives(world, leaf, 0.3)
    arrives(world, leaf, 0.3)
    said = [world.tick(leaf, after_s=0.1) for _ in range(40)][-1]
    assert said.status is Status.FAILURE
    assert said.reason == "not known: the newest chunk is 4.3 s old, the limit is 3 s"


def test_chunks_for_another_prompt_do_not_count(world, leaf):
    arrives(world, leaf, 0.3)
    world.plan.prompt = "other"
    assert arrives(world, leaf, 0.3).reason == "no two chunks for this prompt have overlapped yet"
    world.plan.prompt = "sort"
    assert arrives(world, leaf, 0.3).status is Status.FAILURE


def test_without_an_overlap_there_is_nothing_to_compare(world, leaf):
    assert world.tick(leaf).reason == "no two chunks for this prompt have overlapped yet"
