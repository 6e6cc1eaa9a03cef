import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.arm import workcell
from bt_robot.arm.kinematics import PAN_AXIS_M
from bt_robot.errors import RobotRefused
from bt_robot.robot.sim import SimSettings
from bt_robot.robot.sim.placement import place
from tests.scale import examples

seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=examples(50))
@given(seeds)
def test_everything_is_apart_and_in_reach(seed):
    placement = place(SimSettings(), seed)
    spots = [(x, y) for x, y, _ in placement.blocks.values()]
    assert len(spots) == 3
    for index, spot in enumerate(spots):
        low, high = workcell.SPAWN_RADIUS_M
        assert low <= math.dist(spot, (PAN_AXIS_M, 0)) <= high
        gaps = [abs(a - b) for a, b in zip(spot, placement.container_m, strict=True)]
        assert max(gaps) >= workcell.SPAWN_CONTAINER_GAP_M
        assert all(math.dist(spot, other) >= workcell.SPAWN_BLOCK_GAP_M for other in spots[:index])


@settings(max_examples=examples(20))
@given(seeds)
def test_a_seed_always_gives_the_same_placement(seed):
    assert place(SimSettings(), seed) == place(SimSettings(), seed)


def test_seeds_differ():
    assert len({place(SimSettings(), seed).container_m for seed in range(20)}) == 20


def test_a_fixed_container_stays_where_it_is_put():
    assert place(SimSettings(container=(0.2, 0.1)), 5).container_m == (0.2, 0.1)


def test_no_room_is_a_refusal_that_says_what_to_do(monkeypatch):
    monkeypatch.setattr(workcell, "SPAWN_BLOCK_GAP_M", 1.0)
    with pytest.raises(RobotRefused) as caught:
        place(SimSettings(container=(0.2, 0.0)), 0)
    assert str(caught.value) == (
        "the simulation found no room for 3 blocks with the container at (0.2, 0.0); "
        "move the container or ask for fewer blocks"
    )
