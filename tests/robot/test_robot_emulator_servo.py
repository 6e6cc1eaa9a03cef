import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.robot.emulator.plant import FirstOrderPlant, Motion
from bt_robot.robot.emulator.servo import RAD_PER_TICK, Servo
from bt_robot.robot.so101.wire import packets
from bt_robot.robot.so101.wire import registers as r
from tests.robot.emulator_kit import Host


def free_joint(eeprom=None, mount_ticks=2047, start_rad=0.0):
    """One servo whose shaft nothing stops."""
    plant = FirstOrderPlant([start_rad], ranges_rad=[(-100.0, 100.0)])
    return Host([Servo(eeprom, mount_ticks)], plant)


@pytest.fixture
def host():
    return free_joint()


def test_a_goal_switches_torque_on(host):
    assert host.read(r.TORQUE_ENABLE) == 0
    host.goal(2100)
    assert host.read(r.TORQUE_ENABLE) == 1
    host.run(0.5)
    assert host.state().position == 2100
    assert host.state().goal_echo == 2100


def test_a_goal_that_comes_as_a_part_of_a_longer_write_switches_torque_on(host):
    host.ask(packets.write(1, r.ACCELERATION.address, bytes((254, 0x34, 0x08, 0, 0, 0, 0))))
    assert host.read(r.TORQUE_ENABLE) == 1
    assert host.state().goal_echo == 0x0834


def test_torque_off_lasts_only_while_nobody_writes_goals(host):
    host.goal(2100)
    host.write(r.TORQUE_ENABLE, 0)
    host.run(0.1)
    assert host.read(r.TORQUE_ENABLE) == 0
    host.goal(2100)
    assert host.read(r.TORQUE_ENABLE) == 1


def test_in_wheel_mode_a_speed_switches_torque_on_even_0_and_a_goal_does_not(host):
    host.write(r.MODE, 1)
    host.goal(2100)
    assert host.read(r.TORQUE_ENABLE) == 0
    host.write(r.GOAL_SPEED, 0)
    assert host.read(r.TORQUE_ENABLE) == 1


def test_in_step_mode_a_goal_switches_torque_on(host):
    host.write(r.MODE, 3)
    host.goal(10)
    assert host.read(r.TORQUE_ENABLE) == 1


def test_a_change_of_mode_switches_torque_speed_and_acceleration_to_0(host):
    host.write(r.ACCELERATION, 50)
    host.write(r.GOAL_SPEED, 300)
    host.goal(2100)
    host.write(r.MODE, 2)
    assert [host.read(x) for x in (r.TORQUE_ENABLE, r.GOAL_SPEED, r.ACCELERATION)] == [0, 0, 0]


def test_writing_the_mode_it_has_changes_nothing(host):
    host.goal(2100)
    host.write(r.MODE, 0)
    assert host.read(r.TORQUE_ENABLE) == 1


def test_torque_on_without_a_goal_drives_to_0(host):
    host.write(r.TORQUE_ENABLE, 1)
    host.run(3.0)
    assert host.state().position == 0


def test_nothing_holds_the_host_back_when_it_dies(host):
    host.goal(2500)
    host.run(60.0)
    assert host.state().position == 2500
    assert host.read(r.TORQUE_ENABLE) == 1


@pytest.mark.parametrize(("goal", "followed"), [(500, 1000), (3500, 3000), (-40, 1000), (2000, 2000), (1000, 1000)])
def test_goals_are_clamped_to_the_limits_without_a_word(goal, followed):
    host = free_joint({"min_position": 1000, "max_position": 3000})
    assert host.write(r.GOAL_POSITION, goal).error == 0
    host.run(2.0)
    assert host.state().position == host.state().goal_echo == followed
    assert host.read(r.GOAL_POSITION) == goal


@pytest.mark.parametrize(("goal", "followed"), [(500, 500), (3500, 3500), (1100, 1000), (2900, 3000)])
def test_limits_may_hold_the_seam_between_them(goal, followed):
    host = free_joint({"min_position": 3000, "max_position": 1000})
    host.goal(goal)
    assert host.state().goal_echo == followed


def test_limits_of_0_mean_no_limits():
    host = free_joint({"min_position": 0, "max_position": 0})
    host.goal(-500)
    assert host.state().goal_echo == -500


@pytest.mark.parametrize("offset", [-2047, -300, 0, 300, 2047])
def test_present_is_actual_less_the_offset(offset):
    host = free_joint({"position_offset": offset}, mount_ticks=2047)
    assert host.state().position == (2047 - offset) % 4096


def test_position_wraps_at_a_full_turn():
    host = free_joint(start_rad=(4094 - 2047) * RAD_PER_TICK)
    assert host.state().position == 4094
    host.plant.place(0, (4097 - 2047) * RAD_PER_TICK)
    host.run(0.01)
    assert host.state().position == 1


def test_with_full_angle_feedback_position_leaves_the_turn():
    host = free_joint({"phase": 12 | 16}, start_rad=(4090 - 2047) * RAD_PER_TICK)
    for ticks in (4090, 4106, -20):
        host.plant.place(0, (ticks - 2047) * RAD_PER_TICK)
        host.run(0.01)
        assert host.state().position == ticks


def test_the_count_of_turns_is_lost_at_a_boot():
    host = free_joint({"phase": 12 | 16})
    host.plant.place(0, (4106 - 2047) * RAD_PER_TICK)
    host.run(0.01)
    host.faults.reboot(1)
    assert host.state().position == 10


def test_it_never_takes_the_short_way_across_the_seam():
    host = free_joint(start_rad=(4000 - 2047) * RAD_PER_TICK)
    host.goal(100)
    host.run(0.1)
    assert 3000 < host.state().position < 4000
    host.run(5.0)
    assert host.state().position == 100


@given(st.integers(-2047, 2047), st.integers(0, 4095), st.integers(0, 4095))
def test_it_goes_where_it_is_told_with_any_offset_and_any_mount(offset, mount, goal):
    host = free_joint({"position_offset": offset}, mount)
    host.goal(goal)
    host.run(4.0)
    assert host.state().position == goal
    assert math.remainder(host.servo(1).rad_of(goal) - host.servo(1).motion.position_rad, math.tau) == pytest.approx(
        0.0, abs=1e-3
    )


def test_goal_speed_limits_a_move(host):
    host.write(r.GOAL_SPEED, 200)
    host.goal(2447)
    host.run(1.0)
    state = host.state()
    assert 2047 + 180 < state.position < 2047 + 205
    assert abs(state.speed - 200) <= 2
    assert state.moving
    host.run(2.0)
    assert host.state().position == 2447
    assert not host.state().moving


def test_torque_limit_limits_the_load(host):
    host.write(r.TORQUE_LIMIT, 300)
    host.faults.freeze(1)
    host.goal(2500)
    host.run(0.1)
    assert host.state().load == 300


def test_the_load_has_the_sign_of_the_drive(host):
    host.faults.freeze(1)
    host.goal(1500)
    host.run(0.1)
    assert host.state().load == -1000


def test_the_torque_limit_can_not_exceed_what_eeprom_allows():
    host = free_joint({"max_torque": 400})
    assert host.read(r.TORQUE_LIMIT) == 400
    host.write(r.TORQUE_LIMIT, 1000)
    host.faults.freeze(1)
    host.goal(2500)
    host.run(0.1)
    assert host.state().load == 400


def test_damping_gives_no_drive(host):
    host.write(r.GOAL_POSITION, 2500)
    host.write(r.TORQUE_ENABLE, 2)
    before = host.state().position
    host.run(0.5)
    assert abs(host.state().position - before) <= 1
    assert host.read(r.TORQUE_ENABLE) == 2


def test_torque_128_makes_the_present_position_the_middle_and_burns_it_in():
    host = free_joint(start_rad=0.3)
    assert host.read(r.LOCK) == 1
    host.write(r.TORQUE_ENABLE, 128)
    assert host.state().position == 2048
    assert host.read(r.TORQUE_ENABLE) == 0
    host.faults.reboot(1)
    assert host.state().position == 2048


def test_eeprom_writes_need_an_open_lock_to_survive_a_reboot(host):
    host.write(r.P_GAIN, 16)
    host.faults.reboot(1)
    assert host.read(r.P_GAIN) == 32
    host.write(r.LOCK, 0)
    host.write(r.P_GAIN, 16)
    host.write(r.LOCK, 1)
    host.faults.reboot(1)
    assert host.read(r.P_GAIN) == 16


def test_a_reboot_forgets_torque_goal_and_limit():
    host = free_joint({"max_torque": 500})
    host.write(r.TORQUE_LIMIT, 200)
    host.goal(2100)
    host.faults.reboot(1)
    assert [host.read(x) for x in (r.TORQUE_ENABLE, r.GOAL_POSITION, r.LOCK, r.TORQUE_LIMIT)] == [0, 0, 1, 500]
    assert host.state().goal_echo == 0


def test_an_announced_write_is_done_when_the_action_comes(host):
    host.ask(packets.reg_write(1, r.GOAL_POSITION.address, b"\x34\x08"))
    assert host.read(r.WRITE_PENDING) == 1
    assert host.read(r.TORQUE_ENABLE) == 0
    host.ask(packets.action())
    assert host.read(r.WRITE_PENDING) == 0
    assert host.state().goal_echo == 0x0834
    assert host.read(r.TORQUE_ENABLE) == 1


def test_an_action_without_an_announcement_does_nothing(host):
    host.ask(packets.action())
    assert host.read(r.TORQUE_ENABLE) == 0


def test_a_new_id_is_in_force_at_once_and_acknowledged_under_the_old_one(host):
    assert host.write(r.ID, 9).servo_id == 1
    assert host.states((1,)) == {}
    assert host.state(9).servo_id == 9


def test_response_level_0_answers_only_what_asks(host):
    host.write(r.RESPONSE_LEVEL, 0)
    assert host.write(r.TORQUE_LIMIT, 500) is None
    assert host.read(r.TORQUE_LIMIT) == 500
    assert host.replies(packets.ping(1), (1,), 0)
    assert host.states((1,))


def test_it_warms_up_under_load_and_cools_down_again(host):
    host.faults.freeze(1)
    host.goal(2500)
    host.run(20.0)
    warm = host.state().temperature_c
    host.write(r.TORQUE_ENABLE, 0)
    host.run(600.0)
    assert warm >= 30
    assert host.state().temperature_c < warm


def test_a_motors_current_pulls_the_supply_down(host):
    before = host.state().voltage_v
    host.faults.freeze(1)
    host.goal(2500)
    host.run(0.1)
    state = host.state()
    assert state.current_ma == pytest.approx(2700, abs=15)
    assert state.voltage_v == pytest.approx(before - 0.4, abs=0.11)


def test_an_unknown_line_rate_is_none():
    servo = Servo({"baud_rate": 9})
    assert servo.baud == 0


def test_a_position_far_out_is_told_as_far_as_the_register_goes():
    servo = Servo({"phase": 12 | 16})
    servo.motion = Motion(1e4, 0.0, 0.0, 0.0)
    assert r.decode(r.PRESENT_POSITION, servo.read(56, 2)) == 32767
