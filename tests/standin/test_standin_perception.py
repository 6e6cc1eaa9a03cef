import math

import cv2
import numpy as np
import pytest

from bt_robot.arm import workcell
from bt_robot.arm.workcell import FRONT
from bt_robot.robot.sim import SimSettings
from bt_robot.robot.sim.robot import SimRobot
from bt_robot.standin.perception import View

SEEDS = range(12)


def scene(seed):
    robot = SimRobot(SimSettings(cameras=("front",)), seed, 1 / 30)
    robot.connect()
    return robot


def picture(robot):
    return robot.observe(0, 0.0).frames["front"].image


def test_blocks_are_found_to_a_millimetre_and_a_few_degrees():
    errors, turns = [], []
    for seed in SEEDS:
        robot = scene(seed)
        view = View(picture(robot))
        for colour, (x, y, yaw) in robot.placement.blocks.items():
            pose = view.block(view.blob(colour))
            errors.append(math.dist((pose.x_m, pose.y_m), (x, y)))
            turns.append(abs(math.remainder(pose.yaw_rad - yaw, math.pi / 2)))
            assert pose.trusted
    assert max(errors) < 0.0015
    assert np.degrees(np.mean(turns)) < 2.5


def test_the_container_is_found():
    for seed in SEEDS:
        robot = scene(seed)
        found = View(picture(robot)).container()
        assert found is not None
        assert found.trusted
        assert math.dist((found.x_m, found.y_m), robot.placement.container_m) < 0.006


@pytest.mark.parametrize("change", ["noise", "dark", "bright", "jpeg"])
def test_pictures_need_not_be_clean(change):
    robot = scene(3)
    image = picture(robot).astype(np.float64)
    if change == "noise":
        image = image + np.random.default_rng(0).normal(0, 8, image.shape)
    image = np.clip(image * {"dark": 0.8, "bright": 1.2}.get(change, 1.0), 0, 255).astype(np.uint8)
    if change == "jpeg":
        image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 75])[1], cv2.IMREAD_COLOR)
    view = View(image)
    for colour, (x, y, _) in robot.placement.blocks.items():
        pose = view.block(view.blob(colour))
        assert math.dist((pose.x_m, pose.y_m), (x, y)) < 0.004


def test_a_half_hidden_block_is_still_found():
    robot = scene(2)
    image = picture(robot).copy()
    x, y, _ = robot.placement.blocks["red"]
    u, _ = FRONT.project(np.array([[x, y, workcell.BLOCK_HALF_M]]), 224, 224)[0]
    image[:, : round(u)] = 230  # as white as the arm
    view = View(image)
    pose = view.block(view.blob("red"))
    assert math.dist((pose.x_m, pose.y_m), (x, y)) < 0.008


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_blank_picture_shows_nothing(grey):
    view = View(np.full((224, 224, 3), grey, np.uint8))
    assert [view.blob(colour) for colour in workcell.BLOCK_COLOURS] == [None] * 3
    assert view.container() is None


def test_a_place_in_the_container_looks_free_until_something_lies_there():
    robot = scene(1)
    x, y = robot.placement.container_m
    places = [(x + 0.02 * i, y + 0.02 * j) for i in (1, -1) for j in (1, -1)]
    empty = [View(picture(robot)).floor(*place) for place in places]
    robot.disturb("red", *places[0])
    taken = View(picture(robot)).floor(*places[0])
    assert min(floor.free for floor in empty) > 0.9
    assert taken.free < 0.75
    assert taken.hidden < 0.1


def test_a_place_behind_the_arm_is_not_taken_for_free():
    robot = scene(1)
    x, y = robot.placement.container_m
    image = picture(robot).copy()
    u, v = FRONT.project(np.array([[x, y, workcell.BLOCK_HALF_M]]), 224, 224)[0].round().astype(int)
    image[v - 15 : v + 15, u - 15 : u + 15] = 230  # as white as the arm
    floor = View(image).floor(x, y)
    assert floor.free < 0.2
    assert floor.hidden > 0.8
