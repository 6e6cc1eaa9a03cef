import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.arm import so101


def test_joints_are_lerobots_in_lerobots_order():
    assert so101.JOINT_NAMES == (
        "shoulder_pan",
        "shoulder_lift",
        "elbow_flex",
        "wrist_flex",
        "wrist_roll",
        "gripper",
    )
    assert so101.JOINT_NAMES[so101.GRIPPER] == "gripper"
    assert tuple(link.joint for link in so101.LINKS if link.joint) == so101.JOINT_NAMES


@given(st.floats(0, 1))
def test_an_opening_survives_the_way_to_an_angle_and_back(opening):
    assert so101.rad_to_gripper(so101.gripper_to_rad(opening)) == pytest.approx(opening, abs=1e-12)


def test_the_openings_of_the_published_table():
    assert so101.rad_to_gripper(0.0) == pytest.approx(0.0909, abs=1e-4)
    assert so101.rad_to_gripper(0.158) == pytest.approx(0.173, abs=1e-3)
    assert so101.rad_to_gripper(0.65) == pytest.approx(0.429, abs=1e-3)
    assert (so101.gripper_to_rad(0.0), so101.gripper_to_rad(1.0)) == pytest.approx((-0.174533, 1.745329))


def test_only_the_gripper_changes_its_unit():
    joints = np.array([0.1, -0.2, 0.3, -0.4, 0.5, 0.25])
    angles = so101.to_rad(joints)
    assert angles[:5].tolist() == joints[:5].tolist()
    assert angles[5] == pytest.approx(0.305432, abs=1e-6)
    np.testing.assert_allclose(so101.from_rad(angles), joints, atol=1e-12)


def test_rest_lies_well_inside_the_limits():
    margin = np.minimum(so101.REST - so101.LIMITS.lower, so101.LIMITS.upper - so101.REST)
    assert margin.min() > 0.05


@pytest.mark.parametrize("figures", [so101.REST, so101.LOWER, so101.UPPER, so101.LIMITS.velocity])
def test_figures_cannot_be_changed_by_accident(figures):
    with pytest.raises(ValueError, match="read-only"):
        figures[0] = 1.0
