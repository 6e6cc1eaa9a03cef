import threading

import numpy as np
import pytest

from bt_robot.arm import so101
from bt_robot.errors import RobotError
from bt_robot.robot.sim import SimSettings
from bt_robot.robot.sim.mirror import MirrorWorld, StateReader, StateWriter
from bt_robot.robot.sim.model import PHYSICS_STEP_S
from bt_robot.robot.sim.placement import place
from bt_robot.robot.sim.robot import SimRobot
from bt_robot.robot.sim.world import World

CELL = SimSettings(image_width=64, image_height=48, cameras=("front", "wrist"), container=(0.15, 0.15))
SEED = 3


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "state")


@pytest.fixture
def world():
    return World(CELL, place(CELL, SEED), PHYSICS_STEP_S)


@pytest.fixture
def writer(path, world):
    writer = StateWriter(path, world.model.nq, world.model.nv)
    writer.write(100.0, world.data.qpos, world.data.qvel)
    yield writer
    writer.close()


@pytest.fixture
def mirror(writer, path):
    mirror = MirrorWorld(CELL, SEED, path, clock=lambda: 100.25)
    yield mirror
    mirror.close()


def test_what_was_written_is_read(path):
    writer = StateWriter(path, 3, 2)
    reader = StateReader(path)
    for n in range(5):
        writer.write(float(n), np.arange(3.0) + n, np.arange(2.0) - n)
        time_s, qpos, qvel = reader.read()
        assert time_s == n
        assert qpos.tolist() == [n, n + 1, n + 2]
        assert qvel.tolist() == [-n, 1 - n]
    writer.close()
    reader.close()


def test_what_was_read_is_a_copy(path):
    writer = StateWriter(path, 1, 1)
    reader = StateReader(path)
    writer.write(1.0, np.array([1.0]), np.array([1.0]))
    _, qpos, _ = reader.read()
    for n in range(4):
        writer.write(2.0, np.array([9.0 + n]), np.array([9.0]))
    assert qpos[0] == 1.0
    writer.close()
    reader.close()


def test_a_reader_never_sees_half_a_state(path):
    writer = StateWriter(path, 200, 200)
    writer.write(0.0, np.zeros(200), np.zeros(200))
    reader = StateReader(path)
    end = threading.Event()

    def write():
        n = 0.0
        while not end.is_set():
            n += 1.0
            writer.write(n, np.full(200, n), np.full(200, n))

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(3000):
            time_s, qpos, qvel = reader.read()
            assert np.all(qpos == time_s)
            assert np.all(qvel == time_s)
    finally:
        end.set()
        thread.join()
        writer.close()
        reader.close()


def test_a_state_stays_readable_when_its_writer_is_gone(path):
    writer = StateWriter(path, 1, 1)
    writer.write(4.0, np.array([1.5]), np.array([0.0]))
    writer.close()
    reader = StateReader(path)
    assert reader.read()[0] == 4.0
    reader.close()


def test_before_the_first_state_there_is_none(path):
    writer = StateWriter(path, 1, 1)
    reader = StateReader(path)
    with pytest.raises(RobotError, match="has not told its state yet"):
        reader.read()
    writer.close()
    reader.close()


def test_a_file_that_is_none_of_ours_is_refused(tmp_path):
    with pytest.raises(RobotError, match=r"can't be read.*is the emulator running"):
        StateReader(str(tmp_path / "absent"))
    for content in (b"", b"short", bytes(500)):
        (tmp_path / "other").write_bytes(content)
        with pytest.raises(RobotError, match=r"can't be read|is not the state of an emulator"):
            StateReader(str(tmp_path / "other"))


def test_the_mirror_has_the_arms_joints(mirror, world, writer):
    np.testing.assert_allclose(mirror.joints(), so101.REST, atol=1e-9)
    world.data.qpos[0] = 0.7
    writer.write(101.0, world.data.qpos, world.data.qvel)
    assert mirror.joints()[0] == pytest.approx(0.7)


def test_the_mirror_judges_where_a_block_lies(mirror, world, writer):
    assert not mirror.in_container("green")
    world.disturb("green", 0.15, 0.16)
    writer.write(101.0, world.data.qpos, world.data.qvel)
    assert mirror.in_container("green")
    assert mirror.block_position("green")[:2] == pytest.approx((0.15, 0.16))
    assert not mirror.touches_jaws("green")
    world.data.joint("green").qvel[:3] = 0.5
    writer.write(102.0, world.data.qpos, world.data.qvel)
    assert not mirror.in_container("green")


def test_a_block_that_is_not_there_is_an_error(writer, path):
    mirror = MirrorWorld(CELL, SEED, path)
    with pytest.raises(RobotError, match="there is no blue block"):
        mirror.in_container("blue")
    mirror.close()


def test_its_pictures_are_those_of_the_simulation(mirror):
    robot = SimRobot(CELL, SEED, 1 / 30)
    robot.connect()
    theirs = robot.observe(0, 0.0).frames
    ours = mirror.frames(5.0)
    assert set(ours) == {"front", "wrist"}
    for name, frame in ours.items():
        np.testing.assert_array_equal(frame.image, theirs[name].image)
        assert frame.camera == name
    robot.close()


def test_a_frame_is_as_old_as_the_state_it_shows(mirror):
    assert mirror.frame("top", 50.0).captured_s == pytest.approx(49.75)


def test_a_frame_shows_the_moment_it_was_asked_for(mirror, world, writer):
    frame = mirror.frame("front", 5.0)
    before = mirror.frame("front", 5.0).image
    world.data.qpos[1] = 0.5
    writer.write(101.0, world.data.qpos, world.data.qvel)
    np.testing.assert_array_equal(frame.image, before)
    assert np.any(mirror.frame("front", 5.0).image != before)


def test_the_state_of_another_cell_is_refused(writer, path):
    with pytest.raises(RobotError, match="another cell"):
        MirrorWorld(SimSettings(blocks=("red",)), SEED, path)
