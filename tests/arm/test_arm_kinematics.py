import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bt_robot.arm.kinematics import (
    PAN_AXIS_M,
    TCP_HOLDING_M,
    TCP_OPEN_M,
    Grasp,
    forward,
    gripper_pose,
    inverse,
    link_poses,
)
from bt_robot.arm.so101 import RANGES_RAD, REST, WRIST_ROLL_IN_PLANE_RAD

grasps = st.builds(
    lambda r, azimuth, z, yaw, pitch: Grasp(
        PAN_AXIS_M + r * math.cos(azimuth), r * math.sin(azimuth), z, yaw, math.pi / 2 - pitch
    ),
    st.floats(0.06, 0.40),
    st.floats(-1.5, 1.5),
    st.floats(0.0, 0.3),
    st.floats(-math.pi, math.pi),
    st.floats(0, 1.0),
)
offsets = st.sampled_from([TCP_OPEN_M, TCP_HOLDING_M, 0.0])


@given(grasps, offsets)
def test_inverse_undoes_forward(grasp, offset):
    angles = inverse(grasp, offset)
    assume(angles is not None)
    there = forward(angles, offset)
    assert (there.x_m, there.y_m, there.z_m) == pytest.approx((grasp.x_m, grasp.y_m, grasp.z_m), abs=1e-10)
    assert there.pitch_rad == pytest.approx(grasp.pitch_rad, abs=1e-10)
    assert math.remainder(there.yaw_rad - grasp.yaw_rad, 2 * math.pi) == pytest.approx(0, abs=1e-10)


@given(grasps, offsets)
def test_inverse_never_leaves_a_joints_range(grasp, offset):
    angles = inverse(grasp, offset)
    assume(angles is not None)
    assert all(low <= angle <= high for angle, (low, high) in zip(angles, RANGES_RAD, strict=False))


@pytest.mark.parametrize("radius", [0.07, 0.13, 0.20, 0.26])
@pytest.mark.parametrize("azimuth", [-1.0, 0.0, 1.0])
def test_the_hand_points_down_wherever_blocks_lie(radius, azimuth):
    grasp = Grasp(PAN_AXIS_M + radius * math.cos(azimuth), radius * math.sin(azimuth), 0.013, azimuth)
    assert inverse(grasp) is not None


@pytest.mark.parametrize(
    "grasp",
    [Grasp(0.6, 0, 0.02, 0), Grasp(0.25, 0, 0.15, 0), Grasp(PAN_AXIS_M, 0, 0.1, 0)],
    ids=["far", "high", "axis"],
)
def test_what_is_out_of_reach_has_no_solution(grasp):
    assert inverse(grasp) is None


def test_the_published_places_at_zero():
    poses = link_poses(np.zeros(6))
    np.testing.assert_allclose(poses["upper_arm"].position_m, [0.0692, -0.0183, 0.1166], atol=1e-4)
    np.testing.assert_allclose(poses["lower_arm"].position_m, [0.0972, -0.0183, 0.2292], atol=1e-4)
    np.testing.assert_allclose(poses["wrist"].position_m, [0.2321, -0.0183, 0.2344], atol=1e-4)
    np.testing.assert_allclose(poses["gripper"].position_m, [0.2932, -0.0002, 0.2344], atol=1e-4)


def test_the_published_signs():
    def tcp(joint, angle):
        angles = np.zeros(5)
        angles[joint] = angle
        return forward(angles)

    ahead = tcp(0, 0.0)
    assert tcp(0, 0.3).y_m < ahead.y_m  # pan turns clockwise from above
    assert all(tcp(joint, 0.3).z_m < ahead.z_m for joint in (1, 2, 3))  # lift, elbow and wrist go down


def test_at_the_offset_the_jaws_open_in_the_arms_plane():
    hand = gripper_pose(np.array([0, -0.3, 0.3, math.pi / 2, WRIST_ROLL_IN_PLANE_RAD]))
    assert hand.rotation[:, 2] == pytest.approx([0, 0, 1], abs=1e-6)  # approach (-z) is down
    assert hand.rotation[:, 0] == pytest.approx([1, 0, 0], abs=1e-6)  # the moving jaw opens outwards


def test_at_rest_the_hand_is_near_the_base_and_above_the_table():
    rest = forward(REST)
    assert rest.z_m > 0.04
    assert math.hypot(rest.x_m, rest.y_m) < 0.2
