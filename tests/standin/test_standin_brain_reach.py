import math

import numpy as np
import pytest

from bt_robot.arm import so101
from bt_robot.arm.kinematics import TCP_HOLDING_M, forward
from bt_robot.standin import reach
from bt_robot.standin.perception import TablePose

REST = so101.to_rad(so101.REST)


@pytest.mark.parametrize("x", [0.15, 0.22, 0.29])
@pytest.mark.parametrize("yaw", [0.0, 0.4, 1.2])
def test_a_descent_ends_at_the_block_and_keeps_its_pitch(x, yaw):
    ways = reach.descents(TablePose(x, 0.05, yaw, 1.0), REST, None, [])
    assert ways
    for way in ways:
        points = [forward(point) for point in way.points]
        heights = [point.z_m for point in points]
        assert heights == sorted(heights, reverse=True)
        assert points[-1].z_m == pytest.approx(reach.grasp_height(way.pitch_rad))
        assert {round(point.pitch_rad, 9) for point in points} == {round(way.pitch_rad, 9)}
        assert all((p.x_m, p.y_m) == pytest.approx((x, 0.05)) for p in points)
        assert math.remainder(way.yaw_rad - yaw, math.pi / 2) == pytest.approx(0, abs=1e-9)


def test_the_jaws_stay_clear_of_a_neighbour():
    block, beside = TablePose(0.22, 0.0, 0.0, 1.0), (0.22, 0.04)
    best = reach.descents(block, REST, None, [beside])[0]
    along = np.array([math.cos(best.yaw_rad), math.sin(best.yaw_rad)])
    moving_jaw = np.array([0.22, 0.0]) + 0.045 * along
    assert math.dist(moving_jaw, beside) > 0.03


def test_a_block_out_of_reach_has_no_descent():
    assert reach.descents(TablePose(0.6, 0.0, 0.0, 1.0), REST, None, []) == []


def test_above_what_a_vertical_hand_reaches_the_hand_tilts():
    angles = reach.relaxed(0.25, 0.0, 0.12, 0.0, TCP_HOLDING_M)
    assert angles is not None
    assert forward(angles, TCP_HOLDING_M).pitch_rad < math.pi / 2 - 0.05
    assert forward(angles, TCP_HOLDING_M).z_m == pytest.approx(0.12)


def test_carrying_turns_the_wrist_as_little_as_it_can():
    present = np.append(reach.relaxed(0.2, -0.1, 0.095, 0.5, TCP_HOLDING_M), 0.16)
    angles = reach.easiest(0.2, 0.1, 0.095, present)
    assert angles is not None
    assert abs(angles[4] - present[4]) <= math.pi / 4 + 0.1
