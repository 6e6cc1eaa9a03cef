"""What every robot must do; a new robot adds one line to ROBOTS."""

import time
from dataclasses import replace

import numpy as np
import pytest

from bt_robot.arm import so101
from bt_robot.errors import RobotError
from bt_robot.messages import Command
from bt_robot.robot.cameras.settings import SimulatedCameraSettings
from bt_robot.robot.emulated import EmulatedSo101
from bt_robot.robot.fake import FakeRobot, FakeSettings
from bt_robot.robot.sim import SimSettings
from bt_robot.robot.sim.robot import SimRobot
from bt_robot.robot.so101.assembly import calibration_of
from bt_robot.robot.so101.settings import EMULATED, GuardSettings, So101Settings
from bt_robot.testing import ROBOT_LAWS

PERIOD_S = 1 / 30
ELBOW = 2


def _fake():
    return FakeRobot(FakeSettings(image_width=64, image_height=48))


def _sim():
    return SimRobot(SimSettings(image_width=64, image_height=48), seed=3, control_period_s=PERIOD_S)


def _emulated():
    calibration, _ = calibration_of(EMULATED_SETTINGS)
    limits = calibration.limits(so101.LIMITS)
    return EmulatedSo101(EMULATED_SETTINGS, 3, 1 / PERIOD_S, calibration, limits, limits)


VIEWS = {name: SimulatedCameraSettings(view=name) for name in ("front", "wrist")}
EMULATED_SETTINGS = So101Settings(
    port=EMULATED,
    bus_latency_s=0.1,
    cameras=VIEWS,
    cell=SimSettings(image_width=64, image_height=48),
    guard=GuardSettings(park_s=1.0, linger_s=0.0, record=""),
)

ROBOTS = {"fake": _fake, "sim": _sim, "so101": _emulated}
REAL_TIME = {"so101"}
"""Robots that move by the wall's clock: a command takes its time, and no two runs are equal to the last bit."""


@pytest.fixture(params=ROBOTS)
def kind(request):
    return request.param


@pytest.fixture
def make(kind):
    return ROBOTS[kind]


@pytest.fixture
def robot(make):
    robot = make()
    robot.connect()
    robot.arm()
    yield robot
    robot.close()


def hold(robot, step=0):
    joints = robot.observe(step, step * PERIOD_S).joints
    return Command(step, joints.copy(), np.zeros_like(joints))


def send(robot, command):
    """Send a command, and let its period pass where that takes time."""
    sent = robot.command(command)
    if isinstance(robot, EmulatedSo101):
        time.sleep(PERIOD_S)
    return sent


def walk(robot, steps=20):
    """Raise the forearm and return every measurement."""
    command, seen = hold(robot), []
    for step in range(steps):
        target = command.positions.copy()
        target[ELBOW] -= 0.02
        command = Command(step, target, (target - command.positions) / PERIOD_S)
        send(robot, command)
        seen.append(robot.observe(step, step * PERIOD_S).joints)
    return np.array(seen)


@pytest.mark.parametrize("law", ROBOT_LAWS, ids=lambda law: law.__name__)
def test_it_keeps_the_laws_that_robots_of_other_packages_are_held_to(make, kind, law):
    law(make, period_s=PERIOD_S, wait=time.sleep if kind in REAL_TIME else lambda _: None)


def test_the_order_is_lerobots(make):
    assert make().limits.names == so101.JOINT_NAMES


def test_where_its_hand_is_is_known(make):
    assert make().body.kinematics.tip(so101.REST) == pytest.approx([0.188, 0.0, 0.065], abs=0.002)


def test_an_observation_says_what_was_asked_for_and_when(robot):
    observation = robot.observe(7, 1.25)
    assert observation.step == 7
    assert observation.time_s <= 1.25
    assert observation.joints.shape == (6,)
    assert observation.joints.dtype == np.float64
    assert np.all(np.isfinite(observation.joints))


def test_each_camera_shows_rgb_bytes_and_its_capture_time(robot):
    frames = robot.observe(3, 0.5).frames
    assert set(frames) == {"front", "wrist"}
    for name, frame in frames.items():
        assert frame.camera == name
        assert frame.captured_s <= 0.5
        assert frame.image.shape == (48, 64, 3)
        assert frame.image.dtype == np.uint8


def test_observing_is_too_cheap_to_block(robot):
    robot.observe(0, 0.0)
    times = []
    for step in range(50):
        begun = time.perf_counter()
        robot.observe(step, step * PERIOD_S)
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.001  # the best of many says what it costs, however busy the machine is


def test_a_frame_shows_the_moment_of_its_observation(robot, kind):
    before = robot.observe(0, 0.0).frames["front"].image.astype(float)
    frame = robot.observe(0, 0.0).frames["front"]
    walk(robot)
    after = robot.observe(0, 0.0).frames["front"].image.astype(float)
    assert np.abs(frame.image - before).mean() <= (0.5 if kind in REAL_TIME else 0.0)
    assert kind == "fake" or np.abs(after - before).mean() > 1.0


def test_what_it_hands_over_cannot_change_it_or_be_changed(robot):
    observation = robot.observe(0, 0.0)
    before = observation.joints.copy()
    with pytest.raises(ValueError, match="read-only"):
        observation.joints[0] = 9.0
    with pytest.raises(ValueError, match="read-only"):
        observation.frames["front"].image[0, 0, 0] = 9
    walk(robot)
    np.testing.assert_array_equal(observation.joints, before)


def test_it_keeps_nothing_of_the_command_it_was_given(robot, kind):
    command = hold(robot)
    sent = send(robot, command)
    expected = robot.observe(1, PERIOD_S).joints.copy()
    command.positions[:] = 0.0
    sent[:] = 0.0
    np.testing.assert_allclose(robot.observe(2, PERIOD_S).joints, expected, atol=0.02 if kind in REAL_TIME else 0.0)


def test_it_goes_where_it_is_told(robot):
    seen = walk(robot, 30)
    assert seen[0, ELBOW] - seen[-1, ELBOW] == pytest.approx(29 * 0.02, abs=0.05)


def test_equal_commands_give_equal_measurements(make, kind):
    runs = []
    for _ in range(2):
        robot = make()
        robot.connect()
        robot.arm()
        runs.append(walk(robot))
        robot.close()
    np.testing.assert_allclose(*runs, atol=0.1 if kind in REAL_TIME else 0.0)


def test_it_stays_where_it_was_stopped(robot):
    walk(robot)
    robot.stop()
    stopped = robot.observe(20, 20 * PERIOD_S).joints
    np.testing.assert_allclose(robot.observe(21, 21 * PERIOD_S).joints, stopped, atol=0.02)


@pytest.mark.parametrize("use", [lambda r: r.observe(0, 0.0), lambda r: r.command(Command(0, so101.REST, so101.REST))])
@pytest.mark.parametrize("closed", [False, True])
def test_it_must_be_connected(make, use, closed):
    robot = make()
    if closed:
        robot.connect()
        robot.close()
    with pytest.raises(RobotError, match=r"not connected; call connect\(\) first"):
        use(robot)


@pytest.mark.parametrize("again", ["connect", "arm"])
def test_connecting_or_arming_a_second_time_does_not_move_it(robot, kind, again):
    walk(robot)
    before = robot.observe(0, 0.0).joints
    getattr(robot, again)()
    atol = 0.05 if kind in REAL_TIME else 0.0  # it still arrives
    np.testing.assert_allclose(robot.observe(0, 0.0).joints, before, atol=atol)


def test_nothing_is_wrong_with_it(robot):
    health = robot.observe(0, 0.0).health
    assert (health.stopped, health.doubts, health.strain) == ("", (), "")


def test_a_target_that_is_not_finite_is_an_error(robot):
    command = hold(robot)
    command = replace(command, positions=np.where(np.arange(6) == 2, np.nan, command.positions))
    with pytest.raises(RobotError, match="not finite"):
        robot.command(command)
