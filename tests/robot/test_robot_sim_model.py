import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.arm import kinematics, so101, workcell
from bt_robot.robot.sim import engine
from bt_robot.robot.sim.model import mjcf

mujoco = engine.load()
MODEL = mujoco.MjModel.from_xml_string(mjcf(("red", "green")))


@given(st.tuples(*(st.floats(low, high) for low, high in so101.RANGES_RAD)))
def test_the_model_and_our_kinematics_agree(angles):
    data = mujoco.MjData(MODEL)
    data.qpos[:6] = angles
    mujoco.mj_kinematics(MODEL, data)
    for name, pose in kinematics.link_poses(np.array(angles)).items():
        np.testing.assert_allclose(data.body(name).xpos, pose.position_m, atol=1e-9)
        np.testing.assert_allclose(data.body(name).xmat.reshape(3, 3), pose.rotation, atol=1e-9)


@given(st.tuples(*(st.floats(low, high) for low, high in zip(so101.LOWER, so101.UPPER, strict=True))))
def test_the_tip_that_conditions_see_is_the_models_to_less_than_a_millimetre(joints):
    data = mujoco.MjData(MODEL)
    data.qpos[:6] = so101.to_rad(np.array(joints))
    mujoco.mj_kinematics(MODEL, data)
    gripper = data.body("gripper")
    tip = gripper.xpos + gripper.xmat.reshape(3, 3) @ [kinematics.TCP_OPEN_M, 0.0, -kinematics.TCP_DEPTH_M]
    np.testing.assert_allclose(kinematics.So101Kinematics().tip(np.array(joints)), tip, atol=1e-9)


def test_joints_and_actuators_are_in_our_order_and_range():
    assert tuple(MODEL.joint(i).name for i in range(6)) == so101.JOINT_NAMES
    assert tuple(MODEL.actuator(i).name for i in range(6)) == so101.JOINT_NAMES
    np.testing.assert_allclose(MODEL.jnt_range[:6], so101.RANGES_RAD)
    np.testing.assert_allclose(MODEL.actuator_ctrlrange, so101.RANGES_RAD)


def test_only_the_colours_asked_for_are_there():
    assert [MODEL.body(i).name for i in range(MODEL.nbody)][-2:] == ["red", "green"]


def test_a_block_has_its_published_size_and_mass():
    np.testing.assert_allclose(MODEL.geom("red").size, [workcell.BLOCK_HALF_M] * 3)
    assert MODEL.body("red").mass == pytest.approx(workcell.BLOCK_MASS_KG)


@pytest.mark.parametrize("camera", workcell.CAMERAS.values(), ids=workcell.CAMERAS)
def test_cameras_stand_and_look_as_the_figures_say(camera):
    data = mujoco.MjData(MODEL)
    angles = so101.to_rad(so101.REST)
    data.qpos[:6] = angles
    mujoco.mj_kinematics(MODEL, data)
    mujoco.mj_camlight(MODEL, data)
    carrier = kinematics.link_poses(angles)[camera.link or "base"]
    seen = data.cam(camera.name)
    np.testing.assert_allclose(seen.xpos, carrier.position_m + carrier.rotation @ camera.position_m, atol=1e-9)
    np.testing.assert_allclose(seen.xmat.reshape(3, 3), carrier.rotation @ camera.rotation, atol=1e-6)
    assert MODEL.camera(camera.name).fovy[0] == pytest.approx(np.degrees(camera.fovy_rad))


def test_nothing_of_the_arm_or_table_could_be_taken_for_a_block():
    for index in range(MODEL.ngeom):
        if MODEL.geom(index).name not in workcell.BLOCK_COLOURS:
            red, green, blue, _ = MODEL.geom_rgba[index]
            container = (red, green, blue) == pytest.approx(workcell.CONTAINER_COLOUR)
            assert container or max(red, green, blue) - min(red, green, blue) < 0.05
