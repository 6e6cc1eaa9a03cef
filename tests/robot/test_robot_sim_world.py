import numpy as np
import pytest

from bt_robot.arm import so101, workcell
from bt_robot.errors import RobotError
from bt_robot.robot.sim import SimSettings
from bt_robot.robot.sim.camera import RayRenderer
from bt_robot.robot.sim.placement import place
from bt_robot.robot.sim.world import JOINTS, World

CELL = SimSettings(image_width=32, image_height=32, container=(0.15, 0.15))


@pytest.fixture
def world():
    return World(CELL, place(CELL, 1), 0.002)


def test_it_is_built_with_the_arm_at_rest_and_everything_in_its_place(world):
    np.testing.assert_allclose(world.data.qpos[:JOINTS], so101.to_rad(so101.REST))
    assert world.model.opt.timestep == 0.002
    for colour, (x, y, _) in world.placement.blocks.items():
        centre, speed = world.block(colour)
        assert tuple(centre) == pytest.approx((x, y, workcell.BLOCK_HALF_M))
        assert speed == 0.0


def test_it_makes_the_renderer_of_its_settings(world):
    renderer = world.renderer()
    assert isinstance(renderer, RayRenderer)
    assert renderer.render("top", world.data.qpos).shape == (32, 32, 3)
    renderer.close()


def test_it_takes_any_state(world):
    other = World(CELL, place(CELL, 2), 0.002)
    world.take(other.data.qpos, other.data.qvel)
    for colour in CELL.blocks:
        np.testing.assert_array_equal(world.block(colour)[0], other.block(colour)[0])


@pytest.mark.parametrize(
    "question",
    [lambda w: w.block("blue"), lambda w: w.in_container("blue"), lambda w: w.disturb("blue", 0.2, 0.0)],
)
def test_a_block_that_is_not_there_is_an_error(world, question):
    with pytest.raises(RobotError, match="there is no blue block; expected one of red, green, yellow"):
        question(world)
