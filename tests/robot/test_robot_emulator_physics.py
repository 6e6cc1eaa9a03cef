import numpy as np
import pytest

from bt_robot.arm import so101
from bt_robot.arm.kinematics import Grasp, inverse
from bt_robot.robot.emulator.arm import emulated_servos
from bt_robot.robot.emulator.physics import MujocoPlant
from bt_robot.robot.emulator.plant import Drive
from bt_robot.robot.sim import SimSettings
from bt_robot.robot.sim.model import PHYSICS_STEP_S
from bt_robot.robot.so101.wire import registers as r
from tests.robot.emulator_kit import IDS, Host

CELL = SimSettings(blocks=("red",), container=(0.15, 0.15))


@pytest.fixture
def host():
    return Host(plant=MujocoPlant(CELL, 1), step_s=PHYSICS_STEP_S)


def goals(host, joints):
    """Ticks of a joint vector, as the emulated calibration has them."""
    angles = so101.to_rad(joints)
    return {i: round(host.servo(i).present_ticks()) + round(
        (angles[i - 1] - host.servo(i).motion.position_rad) * 4096 / (2 * np.pi)) for i in IDS}  # fmt: skip


def go(host, joints, seconds=1.5):
    start = joints_of(host)
    for tick in range(45):
        host.sync_write(r.GOAL_POSITION, goals(host, start + (tick + 1) / 45 * (joints - start)))
        host.run(seconds / 45 - 0.001)
    host.run(0.5)


def joints_of(host):
    return so101.from_rad(np.array([host.servo(i).motion.position_rad for i in IDS]))


def test_it_starts_folded_without_torque_and_stays_so(host):
    folded = joints_of(host)
    np.testing.assert_allclose(folded, so101.REST, atol=0.3)
    host.run(5.0)
    np.testing.assert_allclose(joints_of(host), folded, atol=0.03)


def test_it_goes_where_the_servos_are_told(host):
    target = np.array([0.5, -0.8, 0.6, 0.9, 0.3, 0.6])
    go(host, target)
    np.testing.assert_allclose(joints_of(host), target, atol=0.01)


def test_a_raised_arm_falls_without_torque_and_stays_with_it(host):
    go(host, np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.3]))
    host.run(2.0)
    held = joints_of(host)
    np.testing.assert_allclose(held, [0.0, 0.0, 0.0, 0.0, 0.0, 0.3], atol=0.01)
    host.sync_write(r.TORQUE_ENABLE, dict.fromkeys(IDS, 0))
    host.run(2.0)
    assert np.max(np.abs(joints_of(host) - held)) > 0.3
    assert all(state.load == 0 for state in host.states().values())


def test_torque_that_comes_back_holds_the_arm_where_it_is(host):
    go(host, np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.3]))
    host.sync_write(r.TORQUE_ENABLE, dict.fromkeys(IDS, 0))
    host.run(2.0)
    fallen = joints_of(host)
    host.sync_write(r.GOAL_POSITION, {i: s.position for i, s in host.states().items()})
    host.run(0.5)
    np.testing.assert_allclose(joints_of(host), fallen, atol=0.02)


def test_little_torque_does_not_lift_the_arm(host):
    target = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.3])
    host.sync_write(r.TORQUE_LIMIT, dict.fromkeys(IDS, 20))
    go(host, target)
    assert np.max(np.abs(joints_of(host) - target)) > 0.5


def test_a_speed_limit_holds(host):
    host.hold(1)
    host.write(r.GOAL_SPEED, 200, 1)
    before = host.state(1).position
    host.goal(before + 600, 1)
    host.run(1.0)
    assert host.state(1).position - before == pytest.approx(200, abs=15)


def test_a_frozen_joint_pushes_with_all_it_has(host):
    host.hold(2)
    before = host.state(2).position
    host.faults.freeze(2)
    host.goal(before + 300, 2)
    host.run(0.3)
    state = host.state(2)
    assert (state.position, state.load) == (before, 1000)
    assert state.current_ma == pytest.approx(2700, abs=20)
    host.faults.freeze(2, False)
    host.run(1.0)
    assert host.state(2).position == pytest.approx(before + 300, abs=2)


def test_a_hand_moves_a_joint(host):
    host.faults.place(1, 0.4)
    host.run(0.01)
    assert joints_of(host)[0] == pytest.approx(0.4, abs=0.01)


def test_jaws_that_close_on_a_block_hold_it_stall_and_are_overloaded_after_two_seconds(host):
    world = host.plant.world
    world.disturb("red", 0.22, -0.05)
    pose = np.append(inverse(Grasp(0.22, -0.05, 0.06, 0.0), 0.0165), 0.43)
    go(host, pose)
    pose = np.append(inverse(Grasp(0.22, -0.05, 0.014, 0.0), 0.0165), 0.43)
    go(host, pose)
    pose[5] = 0.0
    go(host, pose, 0.7)
    state = host.state(6)
    assert world.touches_jaws("red")
    assert state.load == pytest.approx(-500, abs=10)  # all that LeRobot's limit leaves the gripper
    host.run(2.0)
    state = host.state(6)
    assert (state.status, state.load) == (r.Status.OVERLOAD, pytest.approx(-200, abs=10))
    lifted = np.append(inverse(Grasp(0.22, -0.05, 0.09, 0.0), 0.0165), 0.0)
    go(host, lifted)
    assert world.block("red")[0][2] > 0.06


def test_the_state_is_told_after_each_step():
    told = []
    plant = MujocoPlant(CELL, 1)
    plant.publish_to(lambda qpos, qvel: told.append((qpos.copy(), qvel.copy())))
    for _ in range(3):
        plant.step(0.005, [Drive(0.3, 1.0)] * 6)
    assert len(told) == 4
    assert told[0][0][0] != told[-1][0][0]
    assert (told[0][0].shape, told[0][1].shape) == ((6 + 7,), (6 + 6,))


def test_equal_goals_give_equal_motions():
    ends = []
    for _ in range(2):
        host = Host([*emulated_servos()], MujocoPlant(CELL, 1), step_s=PHYSICS_STEP_S)
        go(host, np.array([0.5, -0.8, 0.6, 0.9, 0.3, 0.6]))
        ends.append(joints_of(host))
    np.testing.assert_array_equal(*ends)


def test_no_time_no_motion():
    plant = MujocoPlant(CELL, 1)
    before = plant.world.data.qpos.copy()
    plant.step(0.0, [Drive(0.3, 1.0)] * 6)
    np.testing.assert_array_equal(plant.world.data.qpos, before)
