import math
from dataclasses import replace

import numpy as np
import pytest

from bt_robot.arm import so101, workcell
from bt_robot.arm.kinematics import PAN_AXIS_M, TCP_HOLDING_M, Grasp, inverse
from bt_robot.errors import RobotError
from bt_robot.messages import Command
from bt_robot.robot.sim import SimSettings
from bt_robot.robot.sim.robot import SimRobot

SMALL = SimSettings(image_width=32, image_height=32, container=(0.15, 0.15))


@pytest.fixture
def robot():
    robot = SimRobot(SMALL, seed=1, control_period_s=1 / 30)
    robot.connect()
    yield robot
    robot.close()


def go(robot, joints, ticks=45):
    """Move in a straight line through joint space, then stand for a while."""
    start = robot.observe(0, 0.0).joints
    for tick in range(ticks + 15):
        share = min(1.0, (tick + 1) / ticks)
        robot.command(Command(tick, start + share * (joints - start), np.zeros(6)))


def at(grasp, opening, offset=TCP_HOLDING_M):
    return np.append(inverse(grasp, offset), opening)


def test_it_starts_at_rest_and_stays_there(robot):
    np.testing.assert_allclose(robot.observe(0, 0.0).joints, so101.REST, atol=1e-6)
    go(robot, so101.REST)
    np.testing.assert_allclose(robot.observe(60, 2.0).joints, so101.REST, atol=0.01)


@pytest.mark.parametrize("side", [-1, 1])
def test_at_rest_it_touches_nothing_wherever_the_container_stands(side):
    azimuth, radius = side * workcell.CONTAINER_AZIMUTH_RAD[0], workcell.CONTAINER_RADIUS_M[0]
    place = (PAN_AXIS_M + radius * math.cos(azimuth), radius * math.sin(azimuth))
    robot = SimRobot(SimSettings(container=place), seed=0, control_period_s=1 / 30)
    robot.connect()
    turned = so101.REST.copy()
    turned[0] -= side * 0.15  # as far as the arm may still swing on its way home
    go(robot, turned)
    np.testing.assert_allclose(robot.observe(60, 2.0).joints, turned, atol=0.01)
    go(robot, so101.REST)
    np.testing.assert_allclose(robot.observe(60, 2.0).joints, so101.REST, atol=0.01)


def test_it_reaches_a_pose_to_within_a_servos_error(robot):
    target = np.array([0.5, -0.8, 0.6, 0.9, 0.3, 0.6])
    go(robot, target)
    np.testing.assert_allclose(robot.observe(60, 2.0).joints, target, atol=0.01)


def test_targets_beyond_the_range_are_cut_and_said(robot):
    sent = robot.command(Command(0, np.array([9.0, -1.6, 1.35, 1.2, 0.0, -1.0]), np.zeros(6)))
    assert (sent[0], sent[5]) == (so101.UPPER[0], 0.0)


@pytest.mark.parametrize("period_s", [1 / 30, 1 / 50, 0.007, 0.1])
def test_a_command_takes_one_control_period(period_s):
    robot = SimRobot(SMALL, 0, period_s)
    robot.connect()
    for tick in range(3):
        robot.command(Command(tick, so101.REST, np.zeros(6)))
    assert robot.simulated_s == pytest.approx(3 * period_s)


@pytest.mark.parametrize("period_s", [0.0, -1.0, math.nan, math.inf])
def test_a_control_period_must_be_positive_and_finite(period_s):
    with pytest.raises(ValueError, match="expected a positive number"):
        SimRobot(SMALL, 0, period_s)


def test_a_block_is_gripped_lifted_held_through_a_stop_and_released():
    robot = SimRobot(replace(SMALL, blocks=("red",)), seed=1, control_period_s=1 / 30)
    robot.connect()
    robot.disturb("red", 0.22, -0.05)
    down = Grasp(0.22, -0.05, 0.014, 0.0)
    go(robot, at(Grasp(0.22, -0.05, 0.06, 0.0), 0.43, 0.0165))
    go(robot, at(down, 0.43, 0.0165))
    go(robot, at(down, 0.0, 0.0165))
    assert robot.touches_jaws("red")
    go(robot, at(Grasp(0.22, -0.05, 0.09, 0.0), 0.0))
    assert robot.block_position("red")[2] > 0.06
    seen = robot.observe(0, 0.0)
    tip = robot.body.kinematics.tip(seen.joints)
    assert np.linalg.norm(tip - robot.block_position("red")) < 0.015
    assert seen.effort.load[5] == pytest.approx(0.5)  # it squeezes with all that it may, half of what its motor can do
    assert np.all(seen.effort.load[:5] < 0.5)
    assert 0.1 < robot.observe(0, 0.0).joints[5] < 0.25
    assert not robot.in_container("red")
    robot.stop()
    assert robot.block_position("red")[2] > 0.06
    go(robot, at(Grasp(0.22, -0.05, 0.09, 0.0), 0.5))
    assert not robot.touches_jaws("red")
    assert robot.block_position("red")[2] == pytest.approx(workcell.BLOCK_HALF_M, abs=0.002)


def test_only_a_block_at_rest_inside_counts_as_in_the_container(robot):
    go(robot, so101.REST)
    assert not robot.in_container("green")
    robot.disturb("green", 0.15, 0.16)
    assert robot.in_container("green")
    robot.disturb("green", 0.15, 0.15 + workcell.CONTAINER_OUTER_HALF_M + 0.02)
    assert not robot.in_container("green")


def test_a_block_that_still_falls_into_the_container_is_not_in_it_yet(robot):
    go(robot, so101.REST)
    robot.disturb("green", 0.15, 0.16)
    robot._world.data.joint("green").qpos[2] = 0.039  # let go just below the walls' top
    target = Command(0, so101.REST, np.zeros(6))
    seen = []
    for step in range(30):
        robot.command(replace(target, step=step))
        seen.append(robot.in_container("green"))
    assert seen[0] is False
    assert seen[-1] is True


def test_a_block_that_is_not_there_is_an_error():
    robot = SimRobot(SimSettings(blocks=("red",)), 0, 1 / 30)
    robot.connect()
    with pytest.raises(RobotError, match="there is no green block; expected one of red"):
        robot.in_container("green")


def test_connecting_again_starts_anew(robot):
    before = robot.block_position("red")
    robot.disturb("red", 0.2, -0.2)
    robot.close()
    robot.connect()
    assert robot.block_position("red") == before
