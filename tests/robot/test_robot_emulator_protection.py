import pytest

from bt_robot.robot.emulator.plant import FirstOrderPlant
from bt_robot.robot.emulator.servo import Servo
from bt_robot.robot.so101.wire import registers as r
from bt_robot.robot.so101.wire.registers import Status
from tests.robot.emulator_kit import Host


def joint(**eeprom):
    return Host([Servo(eeprom)], FirstOrderPlant([0.0], ranges_rad=[(-100.0, 100.0)]), step_s=0.001)


@pytest.fixture
def host():
    return joint()


def status(host):
    return host.state().status


def pushing(host):
    """Stall the motor at full drive."""
    host.faults.freeze(1)
    host.goal(2500)


def test_too_low_a_supply_is_told_at_once_ends_by_itself_and_leaves_the_motor_driving(host):
    host.goal(2100)
    host.faults.supply(3.9, 1)
    host.run(0.001)
    assert status(host) == Status.VOLTAGE
    host.goal(2300)
    host.run(0.5)
    assert host.state().position == 2300
    host.faults.supply(None, 1)
    host.run(0.001)
    assert status(host) == 0


def test_too_high_a_supply_is_told_after_51_firmware_ticks(host):
    host.faults.supply(14.1, 1)
    host.run(0.030)
    assert status(host) == 0
    host.run(0.030)
    assert status(host) == Status.VOLTAGE


def test_a_supply_that_the_mask_names_switches_the_drive_off():
    host = joint(unloading_mask=44 | 1)
    host.faults.supply(3.0, 1)
    pushing(host)
    host.run(0.1)
    assert host.state().load == 0


def test_heat_takes_the_drive_after_50_firmware_ticks_and_gives_it_back_5_degrees_lower(host):
    pushing(host)
    host.run(0.1)
    assert host.state().load == 1000
    host.faults.heat(71, 1)
    host.run(0.030)
    assert status(host) == 0
    host.run(0.030)
    assert (status(host), host.state().load) == (Status.TEMPERATURE, 0)
    assert host.read(r.TORQUE_ENABLE) == 1
    host.faults.heat(66, 1)
    host.run(0.5)
    assert status(host) == Status.TEMPERATURE
    host.faults.heat(65, 1)
    host.run(0.01)
    assert (status(host), host.state().load) == (0, 1000)


def test_heat_that_is_not_masked_is_only_told():
    host = joint(unloading_mask=40)
    pushing(host)
    host.faults.heat(80, 1)
    host.run(0.1)
    assert (status(host), host.state().load) == (Status.TEMPERATURE, 1000)


def test_over_current_for_two_seconds_switches_torque_off(host):
    host.goal(2100)
    host.faults.draw(3300, 1)
    host.run(1.9)
    assert (status(host), host.read(r.TORQUE_ENABLE)) == (0, 1)
    host.run(0.2)
    assert (status(host), host.read(r.TORQUE_ENABLE)) == (Status.CURRENT, 0)
    host.faults.draw(None, 1)
    host.run(5.0)
    assert (status(host), host.read(r.TORQUE_ENABLE)) == (Status.CURRENT, 0)


def test_a_goal_re_energises_a_servo_right_after_its_own_trip(host):
    host.faults.draw(3300, 1)
    host.run(2.1)
    assert status(host) == Status.CURRENT
    host.goal(2100)
    assert (status(host), host.read(r.TORQUE_ENABLE)) == (0, 1)


def test_a_short_surge_is_no_over_current(host):
    for _ in range(5):
        host.faults.draw(3300, 1)
        host.run(1.5)
        host.faults.draw(None, 1)
        host.run(0.01)
    assert status(host) == 0


def test_the_current_limit_and_time_are_registers():
    host = joint(protection_current=250, overcurrent_time=50)
    host.faults.draw(1630, 1)
    host.run(0.45)
    assert status(host) == 0
    host.run(0.1)
    assert status(host) == Status.CURRENT


def test_overload_for_two_seconds_without_motion_limits_the_drive(host):
    pushing(host)
    host.run(1.9)
    assert (status(host), host.state().load) == (0, 1000)
    host.run(0.2)
    assert (status(host), host.state().load) == (Status.OVERLOAD, 200)
    assert host.read(r.TORQUE_ENABLE) == 1


def test_overload_ends_when_torque_is_switched_off(host):
    pushing(host)
    host.run(2.1)
    host.write(r.TORQUE_ENABLE, 0)
    assert status(host) == 0


@pytest.mark.parametrize("goal", [2047, 2060, 1900])
def test_overload_ends_with_a_goal_that_asks_for_less_or_the_reverse(host, goal):
    pushing(host)
    host.run(2.1)
    host.goal(goal)
    host.run(0.01)
    assert status(host) == 0


def test_overload_stays_while_the_goal_does(host):
    pushing(host)
    host.run(2.1)
    for _ in range(20):
        host.goal(2500)
        host.run(0.1)
    assert status(host) == Status.OVERLOAD


def test_a_motor_that_moves_is_not_overloaded(host):
    for goal in (4000, 100, 4000, 100):
        host.goal(goal)
        host.run(1.2)
        assert status(host) == 0


def test_the_error_byte_of_every_reply_is_the_status(host):
    host.faults.heat(80, 1)
    host.run(0.1)
    assert host.write(r.TORQUE_LIMIT, 900).error == Status.TEMPERATURE
    assert host.read(r.STATUS) == Status.TEMPERATURE


def test_a_boot_forgets_the_status(host):
    host.faults.draw(3300, 1)
    host.run(2.1)
    host.faults.draw(None, 1)
    host.faults.reboot(1)
    host.run(0.01)
    assert status(host) == 0
