"""Rows B30 to B32 of the fault table: switching an arm on and off, and taking over one that was left.

An SO-101 in virtual time. Each test asserts what reached the servos, what a person reads, and how it is afterwards.
"""

from itertools import pairwise

import numpy as np
import pytest

from bt_robot.robot.so101.guardian.messages import State
from bt_robot.robot.so101.wire.registers import (
    ACCELERATION,
    FULL_LENGTH,
    GOAL_POSITION,
    GOAL_SPEED,
    TORQUE_ENABLE,
    TORQUE_LIMIT,
    Status,
)
from tests.faults.servo_kit import (
    CYCLE_S,
    WRITING,
    Flight,
    armed_again,
    assert_lawful,
    last_goal,
    left,
    standing,
    under_way,
)
from tests.robot.so101_kit import IDS

ONE_DEGREE = 4096 / 360


def test_b30_while_a_person_moves_a_disarmed_arm_nothing_at_all_is_written():
    arm = Flight()
    for step in range(100):
        arm.faults.place(2, -1.6 + 0.01 * step)
        arm.send(arm.joints if step else np.zeros(6))
        arm.tick()
    arm.core.stop("the run is over")
    arm.run(0.2)
    assert arm.log.kinds(*WRITING) == []
    assert arm.torques == [0] * 6
    assert arm.state is State.DISARMED
    assert arm.words == []
    arm.core.leave(arm.now_s)
    arm.run(0.1)
    assert arm.core.finished
    assert arm.log.kinds(*WRITING) == []


def test_b30_an_arm_that_was_let_go_gets_no_goal_however_long_goals_still_come():
    arm = left(under_way())
    let_go_s = max(write[0] for write in arm.log.torque_writes())
    for _ in range(20):
        arm.send(arm.joints)
        arm.cycle.run()
        arm.port.wait_until(arm.now_s + CYCLE_S)
    assert arm.goals_after(let_go_s) == []
    assert arm.torques == [0] * 6


# B31: switching on ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gravity", [False, True])
def test_b31_an_arm_is_switched_on_weakly_where_it_is_looked_at_and_only_then_made_strong(gravity):
    arm = Flight(gravity=gravity)
    before = [arm.truth(servo_id) for servo_id in IDS]
    most = 0.0
    arm.run(0.05)
    assert arm.core.arm(arm.now_s) == ""
    while arm.state is not State.ARMED:
        arm.tick()
        most = max(most, *(abs(arm.truth(i) - was) for i, was in zip(IDS, before, strict=True)))
    assert most < ONE_DEGREE
    writes = arm.log.kinds(*WRITING, "sync_read")
    steps = [packet for packet in writes if packet.kind != "sync_read"]
    assert [packet.address for packet in steps[:4]] == [
        TORQUE_LIMIT.address,
        ACCELERATION.address,
        GOAL_SPEED.address,
        GOAL_POSITION.address,
    ]
    assert all(set(packet.values) == set(IDS) for packet in steps[:4])
    assert {steps[0].value(TORQUE_LIMIT, i) for i in IDS} == {200}
    goal = steps[3]
    assert [goal.value(GOAL_POSITION, i) for i in IDS] == [round(position) for position in before]
    stronger = next(p for p in steps[4:] if p.address == TORQUE_LIMIT.address and p.value(TORQUE_LIMIT, 1) > 200)
    looks = [p for p in writes if p.kind == "sync_read" and p.length == FULL_LENGTH]
    assert any(goal.time_s < look.time_s < stronger.time_s for look in looks)
    ramp = [value for _, _, value in arm.log.writes(TORQUE_LIMIT, 1)]
    assert ramp == sorted(ramp)
    assert ramp[-1] == 1000
    assert max(b - a for a, b in pairwise(ramp)) <= 1000 * CYCLE_S / arm.plan.ramp_s + 1
    assert arm.words == ["arming", "armed"]
    assert arm.log.writes(TORQUE_ENABLE) == []


def assert_let_go(arm):
    """Nothing is energised any more, and nothing was moved."""
    arm.until(lambda: arm.core.finished, 5.0)
    assert arm.torques == [0] * 6
    goals = {i: {write[2] for write in arm.log.goal_writes(i)} for i in IDS}
    assert all(len(ticks) <= 1 for ticks in goals.values())


def test_b31_a_servo_that_is_not_switched_on_fails_the_arming_and_nothing_stays_energised():
    arm = Flight()
    arm.run(0.05)
    arm.faults.swallow(writes=1000)
    assert arm.core.arm(arm.now_s) == ""
    took_s = arm.until(lambda: arm.state is not State.ARMING, 1.0)
    assert 0.5 <= took_s <= 0.6
    assert arm.core.latched == "not armed: shoulder_pan (id 1) did not switch its torque on"
    assert_let_go(arm)


def test_b31_lost_writes_are_made_up_for_while_the_arm_is_switched_on():
    arm = Flight()
    arm.run(0.05)
    arm.faults.swallow(writes=9)
    arm.arm()
    assert arm.torques == [1] * 6
    assert [arm.memory(i, GOAL_SPEED) for i in IDS] == [arm.plan.goal_speeds[i] for i in IDS]
    assert [arm.memory(i, TORQUE_LIMIT) for i in IDS] == [1000] * 5 + [500]


def test_b31_a_joint_that_moves_while_it_is_switched_on_fails_the_arming_and_the_arm_is_not_parked():
    arm = Flight(start_rad=(0.5, -1.0, 0.5, 0.5, 0.0, 0.5))
    arm.run(0.05)
    assert arm.core.arm(arm.now_s) == ""
    arm.run(0.06)
    arm.faults.place(2, -1.1)
    arm.until(lambda: arm.state is not State.ARMING, 0.1)
    assert arm.core.latched.startswith("not armed: shoulder_lift (id 2) moved by ")
    assert arm.core.latched.endswith("° while it was armed; let the arm rest where it does not sink, and try again")
    assert_let_go(arm)
    again = Flight(line=arm.line, start_s=arm.now_s)
    again.arm()


def test_b31_an_emergency_stop_while_the_arm_is_switched_on_lets_go_of_it_where_it_is():
    arm = Flight(start_rad=(0.5, -1.0, 0.5, 0.5, 0.0, 0.5))
    arm.run(0.05)
    assert arm.core.arm(arm.now_s) == ""
    arm.run(0.1)
    arm.core.emergency("a person")
    arm.run(0.2)
    assert arm.core.latched == "emergency stop: a person"
    arm.core.hurry()
    assert_let_go(arm)


# B32: switching off ---------------------------------------------------------------------------------------------


def release_times(arm):
    """When torque-off was written to all servos at once [s]."""
    return [
        packet.time_s
        for packet in arm.log.kinds("sync_write")
        if packet.address == TORQUE_ENABLE.address and set(packet.values) == set(IDS)
    ]


def test_b32_a_healthy_arm_is_switched_off_three_times_at_once_and_looked_at():
    arm = left(standing())
    assert len(release_times(arm)) == 3
    assert arm.words[-1] == "the arm is parked and released"
    assert arm.torques == [0] * 6
    assert [arm.memory(i, TORQUE_LIMIT) for i in IDS] == [1000] * 5 + [500]  # as it was before
    armed_again(arm)


def test_b32_a_servo_that_keeps_its_torque_does_not_keep_the_others_and_is_named():
    arm = standing()
    arm.faults.ignore_torque_off(3)
    left(arm)
    assert arm.torques == [0, 0, 1, 0, 0, 0]
    assert 3 < len(release_times(arm)) <= 25
    assert arm.words[-1] == (
        "elbow_flex (id 3) did not confirm that the torque is off; switch the supply off if the arm is stiff"
    )
    last_s = release_times(arm)[0]
    assert arm.goals_after(last_s) == []
    assert arm.core.stuck == (3,)


@pytest.mark.parametrize("status", [Status.OVERLOAD, Status.VOLTAGE, Status.TEMPERATURE | Status.OVERLOAD])
def test_b32_an_error_bit_in_a_servos_answers_keeps_nobody_from_being_switched_off(status):
    arm = standing()
    arm.faults.report(3, status)
    left(arm)
    assert arm.torques == [0] * 6
    assert arm.core.stuck == ()
    assert "released" in arm.words[-1]


def test_b32_a_silent_servo_is_switched_off_with_the_others_and_reported_because_nobody_knows():
    arm = standing()
    arm.fall_silent()
    arm.core.leave(arm.now_s)
    arm.until(lambda: arm.core.doing == "letting go softly", 5.0)
    arm.faults.silence(3)
    arm.until(lambda: arm.core.finished, 5.0)
    assert arm.torques == [0] * 6
    assert arm.core.stuck == (3,)
    assert arm.words[-1].startswith("elbow_flex (id 3) did not confirm that the torque is off; ")


def test_b32_torque_off_that_is_lost_is_written_again_until_everybody_is_off():
    arm = standing()
    arm.fall_silent()
    arm.core.leave(arm.now_s)
    arm.until(lambda: arm.core.doing == "letting go softly", 5.0)
    arm.until(lambda: arm.core.doing == "switching the torque off", 2.0)
    arm.faults.swallow(writes=8)
    arm.until(lambda: arm.core.finished, 1.0)
    assert arm.torques == [0] * 6
    assert arm.core.stuck == ()
    assert len(release_times(arm)) >= 9


# taking over what another guardian left ---------------------------------------------------------------------------


def taken_over(arm):
    """What a guardian does that is started for an arm whose guardian died."""
    rescuer = Flight(line=arm.line, start_s=arm.now_s)
    rescuer.core.rescue()
    return rescuer


def test_an_arm_that_was_left_energised_is_parked_from_where_its_goals_are():
    arm = under_way(joint=0, rate_rad_s=0.5)
    before = {i: arm.log.goal_writes(i)[-1][2] for i in IDS}
    since_s = arm.now_s
    rescuer = taken_over(arm)
    rescuer.until(lambda: rescuer.core.finished, 6.0)
    first = {i: rescuer.goals_after(since_s, i)[0][2] for i in IDS}
    assert all(abs(first[i] - before[i]) <= 20 for i in IDS)
    rescuer.heard("bringing an arm to rest that was left energised")
    rescuer.heard("the arm is parked and released")
    assert rescuer.torques == [0] * 6
    assert_lawful(rescuer)


@pytest.mark.parametrize("silent", [IDS, (2,)])
def test_an_arm_that_answers_late_to_whoever_takes_it_over_is_brought_to_rest_all_the_same(silent):
    arm = under_way(joint=0, rate_rad_s=0.5, start_rad=(0.5, -1.0, 0.8, 0.5, 0.0, 0.5))
    for servo_id in silent:
        arm.faults.silence(servo_id, count=5)
    before, since_s = {i: last_goal(arm, i) for i in IDS}, arm.now_s
    rescuer = taken_over(arm)
    rescuer.until(lambda: rescuer.core.finished, 6.0)
    assert all(abs(rescuer.goals_after(since_s, i)[0][2] - before[i]) <= 3 for i in IDS)  # a cycle's acceleration
    rescuer.heard("the arm is parked and released")
    assert rescuer.torques == [0] * 6
    assert_lawful(rescuer)


def test_an_order_to_leave_does_not_end_whoever_takes_over_before_it_knows_what_was_left():
    arm = under_way(joint=0, rate_rad_s=0.5)
    arm.faults.silence(2, count=5)
    rescuer = taken_over(arm)
    rescuer.tick()
    assert rescuer.core.arm(rescuer.now_s) == "the arm is being brought to rest"
    rescuer.core.leave(rescuer.now_s)
    assert not rescuer.core.finished
    rescuer.until(lambda: rescuer.core.finished, 6.0)
    rescuer.heard("the arm is parked and released")
    assert rescuer.torques == [0] * 6


def test_an_arm_that_never_answers_whoever_takes_it_over_is_switched_off_unseen():
    arm = under_way(joint=0, rate_rad_s=0.5)
    since_s = arm.now_s
    for servo_id in IDS:
        arm.faults.silence(servo_id)
    rescuer = taken_over(arm)
    rescuer.until(lambda: rescuer.core.finished, 6.0)
    assert rescuer.goals_after(since_s) == []
    assert rescuer.torques == [0] * 6
    assert rescuer.core.stuck == IDS
    assert "did not confirm that the torque is off" in rescuer.words[-1]


def test_whoever_takes_over_an_arm_that_lies_there_switched_off_writes_nothing():
    arm = Flight()
    arm.run(0.1)
    rescuer = taken_over(arm)
    rescuer.run(0.2)
    assert rescuer.core.finished
    assert arm.log.kinds(*WRITING) == []
