import threading

import numpy as np
import pytest

from bt_robot.arm import so101, workcell
from bt_robot.robot.sim import engine
from bt_robot.robot.sim.camera import RayRenderer
from bt_robot.robot.sim.model import mjcf

SIZE = 96


@pytest.fixture(scope="module")
def model():
    return engine.load().MjModel.from_xml_string(mjcf(("red",)))


@pytest.fixture(scope="module")
def renderer(model):
    return RayRenderer(model, SIZE, SIZE)


def qpos_with_block(model, x, y):
    qpos = model.qpos0.copy()
    qpos[:6] = so101.to_rad(so101.REST)
    qpos[6:9] = (x, y, workcell.BLOCK_HALF_M)
    return qpos


def reddish(image):
    red, green, blue = (image[..., i].astype(int) for i in range(3))
    return np.argwhere((red > 80) & (green < red / 2) & (blue < red / 2))


@pytest.mark.parametrize("name", ["front", "top"])
@pytest.mark.parametrize(("x", "y"), [(0.20, 0.15), (0.27, 0.0), (0.16, -0.18)])
def test_a_block_is_seen_where_the_projection_says(model, renderer, name, x, y):
    pixels = reddish(renderer.render(name, qpos_with_block(model, x, y)))
    u, v = workcell.CAMERAS[name].project(np.array([[x, y, workcell.BLOCK_HALF_M]]), SIZE, SIZE)[0]
    assert len(pixels) > 15
    np.testing.assert_allclose(pixels.mean(axis=0), [v, u], atol=1.2)


def test_the_wrist_camera_sees_what_lies_between_the_jaws(model, renderer):
    data = engine.load().MjData(model)
    data.qpos[:6] = so101.to_rad(so101.REST)
    engine.load().mj_kinematics(model, data)
    below = data.body("gripper").xpos + data.body("gripper").xmat.reshape(3, 3) @ (0.0165, 0.0, -0.13)
    pixels = reddish(renderer.render("wrist", qpos_with_block(model, below[0], below[1])))
    assert len(pixels) > 100


def test_faces_towards_the_light_are_brighter(model, renderer):
    image = renderer.render("front", qpos_with_block(model, 0.27, 0.0))
    shades = {tuple(image[v, u]) for v, u in reddish(image)}
    assert len(shades) >= 2


def test_above_the_table_there_is_sky(model, renderer):
    assert tuple(renderer.render("front", qpos_with_block(model, 0.2, 0.1))[0, 0]) == (200, 205, 210)


def test_threads_do_not_mix_their_pictures(model, renderer):
    moments = [qpos_with_block(model, 0.20, y) for y in (-0.15, -0.05, 0.05, 0.15)]
    expected = [renderer.render("front", moment) for moment in moments]
    got = [None] * len(moments)

    def look(index):
        got[index] = renderer.render("front", moments[index])

    threads = [threading.Thread(target=look, args=(index,)) for index in range(len(moments))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    for seen, wanted in zip(got, expected, strict=True):
        np.testing.assert_array_equal(seen, wanted)
