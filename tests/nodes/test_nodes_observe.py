"""observe: only fresh measurements pass."""

import numpy as np
import pytest

from bt_robot.messages import Frame, Health, Status
from bt_robot.nodes.observe import Observe


def frame(name, captured_s):
    return Frame(name, captured_s, lambda: np.zeros((4, 4, 3), np.uint8))


def test_fresh_measurements_pass_and_the_joints_are_written(world):
    world.frames = {"front": frame("front", 0.0)}
    leaf = Observe()
    assert world.tick(leaf, start=True).status is Status.SUCCESS
    assert leaf.joints == (0.0, 0.0, 0.5)


def test_a_stale_camera_fails_with_its_age(world):
    world.now_s, world.frames = 10.0, {"front": frame("front", 10.0), "wrist": frame("wrist", 9.0)}
    outcome = world.tick(Observe(), start=True)
    assert outcome.status is Status.FAILURE
    assert outcome.reason == "camera wrist: last measured 1.00 s ago, the limit is 0.5 s"


def test_stale_joints_fail(world):
    world.now_s, world.measured_s = 10.0, 8.0
    assert world.tick(Observe(), start=True).reason == "the joints: last measured 2.00 s ago, the limit is 0.5 s"


def test_a_missing_camera_fails_with_those_that_are_there(world):
    world.frames = {"front": frame("front", 0.0)}
    assert world.tick(Observe(cameras=("wrist",)), start=True).reason == "no camera 'wrist'; there is front"


@pytest.mark.parametrize(
    ("health", "reason"),
    [
        (Health(stopped="no servo answers"), "no servo answers"),
        (Health(doubts=("camera 'wrist': no new picture for 0.21 s",)), "camera 'wrist': no new picture for 0.21 s"),
        (Health(strain="elbow_flex (id 3): blocked"), "elbow_flex (id 3): blocked"),
        (Health(stopped="no servo answers", strain="elbow_flex (id 3): blocked"), "no servo answers"),
    ],
)
def test_a_robot_that_is_unwell_fails_with_what_it_suffers_from(world, health, reason):
    world.health = health
    outcome = world.tick(Observe(), start=True)
    assert (outcome.status, outcome.reason) == (Status.FAILURE, reason)


def test_what_a_person_should_read_is_no_failure(world):
    world.health = Health(notes=("shoulder_pan (id 1): 61 °C; the arm stops at 65 °C",))
    assert world.tick(Observe(), start=True).status is Status.SUCCESS
