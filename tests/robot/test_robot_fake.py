import numpy as np
import pytest

from bt_robot.messages import Command
from bt_robot.robot.fake import FakeRobot, FakeSettings


def test_it_is_exactly_where_it_was_told_to_be():
    robot = FakeRobot()
    robot.connect()
    target = np.array([0.1, -0.2, 0.3, 0.4, 0.5, 0.6])
    robot.command(Command(0, target, np.zeros(6)))
    np.testing.assert_array_equal(robot.observe(1, 0.1).joints, target)


def test_it_remembers_every_command_and_stop():
    robot = FakeRobot()
    robot.connect()
    commands = [Command(step, np.full(6, 0.1 * step), np.zeros(6)) for step in range(3)]
    for command in commands:
        robot.command(command)
    robot.stop()
    assert list(robot.commands) == commands
    assert robot.stops == 1


def test_its_pictures_have_the_size_and_grey_it_was_asked_for():
    robot = FakeRobot(FakeSettings(image_width=20, image_height=10, cameras=("left",), grey=7))
    robot.connect()
    image = robot.observe(0, 0.0).frames["left"].image
    assert image.shape == (10, 20, 3)
    assert np.all(image == 7)


def test_it_starts_where_it_is_put():
    robot = FakeRobot(start=np.full(6, 0.2))
    robot.connect()
    assert robot.observe(0, 0.0).joints.tolist() == [0.2] * 6


def test_a_start_of_another_arm_is_refused():
    with pytest.raises(ValueError, match=r"start has shape \(7,\); expected \(6,\)"):
        FakeRobot(start=np.zeros(7))
