"""Rows B17, B20 and B21 of the fault table: supply, heat, and positions that can't be.

An SO-101 in virtual time. Each test asserts what reached the servos, what a person reads, and how it is afterwards.
"""

import pytest

from bt_robot.robot.so101.guardian.messages import State
from bt_robot.robot.so101.settings import HealthSettings
from bt_robot.robot.so101.wire.registers import Status
from tests.faults.servo_kit import (
    CYCLE_S,
    Flight,
    assert_follows_after_a_reset,
    assert_held_weakly,
    assert_latched,
    assert_lawful,
    goals_between,
    goals_of_last_cycle,
    left,
    standing,
    stops,
    under_way,
)
from tests.robot.so101_kit import IDS

# B17: the supply --------------------------------------------------------------------------------------------


def test_b17_a_weak_supply_is_told_after_a_second_and_the_arm_goes_on():
    arm = standing()
    arm.faults.supply(5.5, 2)
    took_s = arm.until(lambda: bool(arm.words), 1.2)
    assert 1.0 <= took_s <= 1.0 + 3 * CYCLE_S
    assert arm.words == ["shoulder_lift (id 2): 5.5 V, the warning is at 6 V; is the supply strong enough?"]
    arm.run(2.0)
    assert len(arm.words) == 1
    assert arm.state is State.ARMED
    assert goals_of_last_cycle(arm) == set(IDS)
    arm.faults.supply(None, 2)
    arm.run(0.5)
    assert len(arm.words) == 1


def test_b17_a_short_dip_of_the_supply_stops_nothing():
    arm = standing()
    arm.faults.supply(3.5, 2)
    arm.run(0.4)
    arm.faults.supply(None, 2)
    arm.run(1.0)
    assert arm.words == []
    assert arm.state is State.ARMED


def test_b17_a_supply_below_the_servos_limit_for_half_a_second_stops_until_a_reset():
    arm = under_way()
    arm.faults.supply(3.5, 2)
    began_s = arm.now_s
    stopped_s = stops(arm, 0.6)
    assert 0.5 <= stopped_s - began_s <= 0.5 + 3 * CYCLE_S
    arm.heard("stopped: shoulder_lift (id 2): 3.5 V, outside the servo's own limits for 0.5 s; check the supply")
    assert_held_weakly(arm, stopped_s)
    arm.faults.supply(None, 2)
    assert_latched(arm)
    assert_follows_after_a_reset(arm)


def test_b17_twelve_volt_servos_have_limits_of_their_own():
    arm = standing(health=HealthSettings(warn_voltage_v=10.0, stop_voltage_v=9.0))
    for servo_id in IDS:
        arm.faults.supply(9.5, servo_id)
    arm.run(1.1)
    assert arm.words == [
        "shoulder_pan (id 1) (and 5 more): 9.5 V, the warning is at 10 V; is the supply strong enough?"
    ]
    assert arm.state is State.ARMED
    arm.faults.supply(8.7, 4)
    stopped_s = stops(arm, 0.6)
    arm.heard("stopped: wrist_flex (id 4): 8.7 V, outside 9 V for 0.5 s")
    assert_held_weakly(arm, stopped_s)
    for servo_id in IDS:
        arm.faults.supply(None, servo_id)
    assert_latched(arm)
    assert_follows_after_a_reset(arm)


# B20: heat --------------------------------------------------------------------------------------------------


def test_b20_a_warm_servo_is_told_at_once_and_a_hot_one_stops_the_arm_until_it_is_cool():
    arm = under_way(joint=0, rate_rad_s=0.2)
    arm.faults.heat(61.0, 2)
    arm.run(1.0)
    assert arm.words == ["shoulder_lift (id 2): 61 °C; the arm stops at 65 °C"]
    assert arm.state is State.ARMED
    arm.faults.heat(66.0, 2)
    hot_s = arm.now_s
    stopped_s = stops(arm, 0.05)
    assert stopped_s - hot_s <= 3 * CYCLE_S
    arm.heard("stopped: shoulder_lift (id 2): 66 °C, the limit is 65 °C; let it cool down below 55 °C")
    assert_held_weakly(arm, stopped_s)
    for celsius in (64.0, 57.0, 55.0):
        arm.faults.heat(celsius, 2)
        arm.fly()
        arm.run(0.5)
        assert arm.state is State.STOPPED
        assert f"{celsius:g} °C" in arm.report.reason or "°C" in arm.report.reason
    arm.faults.heat(54.0, 2)
    arm.run(0.1)
    arm.heard("the reason to stop is over")
    arm.heard("follows again")
    assert arm.state is State.ARMED
    assert_lawful(arm)


def test_b20_a_servo_that_switched_its_output_off_for_heat_is_told_so():
    arm = under_way(joint=0, rate_rad_s=0.2)
    arm.faults.heat(72.0, 2)
    stops(arm, 0.15)
    arm.run(0.2)
    assert "shoulder_lift (id 2): 72 °C" in arm.report.reason
    arm.faults.heat(40.0, 2)
    arm.run(0.2)
    arm.fly()
    arm.run(0.3)
    assert arm.state is State.ARMED
    assert_lawful(arm)


# B21: positions that can't be ---------------------------------------------------------------------------------


@pytest.mark.parametrize("ticks", [500, -500, 1700, 2048])
@pytest.mark.parametrize("count", [1, 2])
def test_b21_an_impossible_sample_or_two_are_dropped_and_told(ticks, count):
    arm = under_way(joint=1, rate_rad_s=0.3)
    arm.faults.jump(2, ticks, count)
    for _ in range(count + 2):
        arm.tick()
        assert abs(arm.seen(2) - arm.truth(2)) <= 6
    words = arm.heard("shoulder_lift (id 2): its position jumped by ")
    assert words.endswith("; the sample is dropped")
    assert len(arm.words) == 1
    assert arm.state is State.ARMED
    assert goals_of_last_cycle(arm) == set(IDS)
    assert_lawful(arm)


def test_b21_the_third_impossible_sample_stops_the_arm_and_it_is_not_parked():
    arm = under_way(joint=1, rate_rad_s=0.3)
    arm.faults.jump(2, 500, count=None)
    stopped_s = stops(arm, 3 * CYCLE_S + 0.005)
    arm.heard("stopped: shoulder_lift (id 2): its position jumped by 50", " ticks (44°), 3 samples in a row; look at ")
    assert_held_weakly(arm, stopped_s)
    assert_latched(arm)
    since_s = arm.now_s
    left(arm)
    assert arm.goals_after(since_s) == []  # a goal from a position that is not believed could be anywhere
    assert arm.torques == [0] * 6
    arm.heard("the arm is released where it stood")


def test_b21_an_arm_whose_encoder_is_well_again_is_armed_after_a_reset():
    arm = under_way(joint=1, rate_rad_s=0.3)
    arm.faults.report(2, Status.ENCODER)
    stopped_s = stops(arm, 3 * CYCLE_S + 0.005)
    arm.heard("stopped: shoulder_lift (id 2): its encoder reports a fault, 3 samples in a row; ")
    assert_held_weakly(arm, stopped_s)
    arm.faults.report(2, 0)
    assert_latched(arm)
    assert_follows_after_a_reset(arm)


def test_b21_an_encoder_that_is_faulty_from_the_start_refuses_the_arming():
    arm = Flight()
    arm.faults.report(2, Status.ENCODER)
    arm.run(0.3)
    refusal = arm.core.arm(arm.now_s)
    assert refusal.startswith("nobody knows where shoulder_lift (id 2) stands: its encoder reports a fault, ")
    arm.run(0.3)
    assert arm.state is State.DISARMED
    assert goals_between(arm, 0.0, arm.now_s) == []
    arm.faults.report(2, 0)
    arm.arm()


def test_b21_an_encoder_that_fails_while_a_person_moves_the_arm_refuses_the_arming_from_where_it_was():
    arm = Flight()
    arm.run(0.3)
    arm.faults.report(2, Status.ENCODER)
    arm.faults.place(2, -1.2)
    arm.run(0.3)
    assert arm.report.joints[1].age_s >= 0.29  # what is told of it is that old
    assert "nobody knows where shoulder_lift (id 2) stands" in arm.core.arm(arm.now_s)
    arm.run(0.3)
    assert goals_between(arm, 0.0, arm.now_s) == []
