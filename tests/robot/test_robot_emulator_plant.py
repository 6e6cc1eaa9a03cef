import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.arm.so101 import RANGES_RAD, REST, to_rad
from bt_robot.robot.emulator.plant import MAX_SPEED_RAD_S, Drive, FirstOrderPlant

OFF = Drive(0.0, 0.0)


def run(plant, drive, seconds, dt_s=0.005):
    motion = None
    for _ in range(round(seconds / dt_s)):
        (motion,) = plant.step(dt_s, [drive])
    return motion


def test_a_joint_follows_its_goal_with_a_lag_of_30_ms():
    plant = FirstOrderPlant([0.0])
    assert run(plant, Drive(0.1, 1.0), 0.03).position_rad == pytest.approx(0.063, abs=0.002)
    assert run(plant, Drive(0.1, 1.0), 0.5).position_rad == pytest.approx(0.1, abs=1e-6)


@given(st.sampled_from([0.0001, 0.001, 0.005, 0.05, 0.5]), st.floats(-1.5, 1.5))
def test_no_step_is_too_long_to_stay_stable(dt_s, goal):
    plant = FirstOrderPlant([0.0])
    last = 0.0
    for _ in range(50):
        position = plant.step(dt_s, [Drive(goal, 1.0)])[0].position_rad
        assert min(last, goal) - 1e-9 <= position <= max(last, goal) + 1e-9
        last = position


def test_far_from_its_goal_it_moves_at_the_motors_top_speed():
    motion = run(FirstOrderPlant([-1.7]), Drive(1.7, 1.0), 0.2)
    assert (motion.speed_rad_s, motion.load) == (pytest.approx(MAX_SPEED_RAD_S), 1.0)


def test_half_the_torque_is_half_the_speed():
    assert run(FirstOrderPlant([-1.7]), Drive(1.7, -0.0 + 0.5), 0.1).speed_rad_s == pytest.approx(MAX_SPEED_RAD_S / 2)


def test_a_speed_limit_holds():
    motion = run(FirstOrderPlant([0.0]), Drive(-1.7, 1.0, 0.5), 1.0)
    assert (motion.speed_rad_s, motion.position_rad) == (pytest.approx(-0.5), pytest.approx(-0.5))


def test_a_blocked_joint_stays_and_takes_its_stall_current():
    motion = run(FirstOrderPlant([0.2]), Drive(1.0, 0.8, None, blocked=True), 0.1)
    assert (motion.position_rad, motion.speed_rad_s, motion.load) == (0.2, 0.0, 0.8)
    assert motion.current_ma == pytest.approx(0.8 * 2700, abs=10)


def test_five_degrees_from_its_goal_a_blocked_motor_pushes_with_more_than_60_percent():
    assert run(FirstOrderPlant([0.0]), Drive(0.0873, 1.0, None, blocked=True), 0.01).load > 0.6


def test_a_joint_that_moves_freely_takes_little_current():
    assert run(FirstOrderPlant([-1.7]), Drive(1.7, 1.0), 0.2).current_ma < 100


def test_without_torque_it_stays_where_it_is():
    assert run(FirstOrderPlant([0.7]), OFF, 1.0).position_rad == 0.7


def test_with_gravity_the_arm_sinks_to_its_rest_pose_and_the_gripper_does_not():
    start = [0.5, 0.0, 0.0, 0.0, 0.5, 0.5]
    plant = FirstOrderPlant(start, gravity=True)
    for _ in range(2000):
        motions = plant.step(0.005, [OFF] * 6)
    rest = to_rad(REST)
    ends = [motion.position_rad for motion in motions]
    assert ends == pytest.approx([0.5, rest[1], rest[2], rest[3], 0.5, 0.5], abs=0.01)


def test_torque_holds_against_gravity():
    plant = FirstOrderPlant([0.0] * 6, gravity=True)
    motions = plant.step(0.5, [Drive(0.0, 1.0)] * 6)
    assert [motion.position_rad for motion in motions] == [0.0] * 6


def test_the_mechanics_stop_a_joint_which_then_pushes():
    motion = run(FirstOrderPlant([1.8]), Drive(3.0, 1.0), 1.0)
    assert motion.position_rad == RANGES_RAD[0][1]
    assert motion.load == 1.0
    assert motion.current_ma > 2600


def test_a_joint_put_beyond_its_range_only_comes_back():
    plant = FirstOrderPlant([0.0])
    plant.place(0, 2.5)
    assert run(plant, Drive(3.0, 1.0), 0.1).position_rad == 2.5
    assert run(plant, Drive(1.0, 1.0), 3.0).position_rad == pytest.approx(1.0)


def test_no_time_no_motion():
    plant = FirstOrderPlant([0.3])
    motion = plant.step(0.0, [Drive(1.0, 1.0)])[0]
    assert (motion.position_rad, motion.speed_rad_s) == (0.3, 0.0)


def test_it_starts_at_rest():
    motions = FirstOrderPlant().step(0.0, [OFF] * 6)
    assert [motion.position_rad for motion in motions] == pytest.approx(list(to_rad(REST)))
