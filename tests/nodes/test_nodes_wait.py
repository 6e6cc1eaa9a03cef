"""wait: time on the run's clock."""

from bt_robot.messages import Status
from bt_robot.nodes.wait import Wait


def test_it_succeeds_when_the_time_has_passed(world):
    leaf = Wait(duration_s=1.0)
    assert world.tick(leaf, start=True).reason == "1.0 s left"
    assert world.tick(leaf, after_s=0.9).status is Status.RUNNING
    assert world.tick(leaf, after_s=0.1).status is Status.SUCCESS


def test_it_starts_anew(world):
    leaf = Wait(duration_s=1.0)
    world.tick(leaf, start=True)
    world.now_s = 5.0
    assert world.tick(leaf, start=True).status is Status.RUNNING
