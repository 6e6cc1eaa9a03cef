import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.arm import workcell
from bt_robot.arm.kinematics import PAN_AXIS_M
from bt_robot.arm.workcell import CAMERAS, FRONT, TOP


@pytest.mark.parametrize("camera", CAMERAS.values(), ids=CAMERAS)
def test_a_cameras_axes_are_a_right_handed_frame(camera):
    np.testing.assert_allclose(camera.rotation.T @ camera.rotation, np.eye(3), atol=1e-12)
    assert np.linalg.det(camera.rotation) == pytest.approx(1)


@given(st.floats(0.1, 0.3), st.floats(-0.2, 0.2), st.floats(0, 0.05), st.sampled_from([FRONT, TOP]))
def test_a_projected_point_is_found_again(x, y, z, camera):
    u, v = camera.project(np.array([[x, y, z]]), 224, 160)[0]
    assert camera.back_project(u, v, 224, 160, z) == pytest.approx((x, y), abs=1e-9)


@given(st.integers(0, 39), st.integers(0, 29))
def test_the_ray_of_a_pixel_leads_back_to_it(column, row):
    ray = FRONT.rays(40, 30)[row * 40 + column]
    point = FRONT.position_m + FRONT.rotation @ ray
    np.testing.assert_allclose(FRONT.project(point[None], 40, 30)[0], [column, row], atol=1e-9)


def test_what_the_front_camera_looks_at_is_in_the_middle():
    np.testing.assert_allclose(FRONT.project(np.array([[0.165, 0, 0.055]]), 224, 224)[0], [111.5, 111.5], atol=1e-9)


def test_left_of_the_arm_is_right_in_the_picture_and_near_is_low():
    points = np.array([[0.2, 0.0, 0.0], [0.2, 0.1, 0.0], [0.3, 0.0, 0.0]])
    middle, left, near = FRONT.project(points, 224, 224)
    assert left[0] > middle[0]
    assert near[1] > middle[1]


@given(
    st.floats(*workcell.SPAWN_RADIUS_M),
    st.floats(-workcell.SPAWN_AZIMUTH_RAD, workcell.SPAWN_AZIMUTH_RAD),
)
def test_the_front_camera_sees_all_of_a_block_wherever_it_may_lie(radius, azimuth):
    _in_picture(radius, azimuth, workcell.BLOCK_HALF_M * math.sqrt(2), 2 * workcell.BLOCK_HALF_M)


@given(
    st.floats(*workcell.CONTAINER_RADIUS_M),
    st.floats(*workcell.CONTAINER_AZIMUTH_RAD),
    st.sampled_from([-1, 1]),
)
def test_the_front_camera_sees_all_of_the_container_wherever_it_may_stand(radius, azimuth, side):
    _in_picture(radius, side * azimuth, workcell.CONTAINER_OUTER_HALF_M, workcell.CONTAINER_HEIGHT_M)


def _in_picture(radius, azimuth, half, height):
    x, y = PAN_AXIS_M + radius * math.cos(azimuth), radius * math.sin(azimuth)
    corners = np.array([[x + i * half, y + j * half, z] for i in (-1, 1) for j in (-1, 1) for z in (0, height)])
    pixels = FRONT.project(corners, 224, 224)
    assert pixels.min() > 0
    assert pixels.max() < 223
