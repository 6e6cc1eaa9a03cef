"""Rows B18, B19, B23 and B26 of the fault table: a joint that pushes, and a servo that switched itself off.

An SO-101 in virtual time. Each test asserts what reached the servos, what a person reads, and how it is afterwards.
"""

from bt_robot.robot.so101.guardian.messages import State
from bt_robot.robot.so101.wire.registers import ACCELERATION, GOAL_SPEED, TORQUE_ENABLE, TORQUE_LIMIT, Status
from tests.faults.servo_kit import (
    CYCLE_S,
    armed_again,
    assert_held_weakly,
    assert_latched,
    assert_lawful,
    goals_of_last_cycle,
    last_goal,
    left,
    standing,
    stops,
    under_way,
)
from tests.robot.so101_kit import IDS

# B18, B26: a joint that pushes -------------------------------------------------------------------------------


def test_b18_an_overloaded_joint_stops_pushing_in_the_same_cycle_while_the_others_go_on():
    arm = under_way(joint=2, rate_rad_s=0.5)
    before = last_goal(arm, 3)
    speed = before - arm.log.goal_writes(3)[-2][2]
    assert speed >= 3
    arm.faults.report(3, Status.OVERLOAD)
    arm.tick()
    present = arm.seen(3)
    assert arm.report.strain.startswith("elbow_flex (id 3): overload (load ")
    assert arm.report.strain.endswith("; it stops pushing")
    assert last_goal(arm, 3) - before < speed  # it brakes at once
    assert goals_of_last_cycle(arm) == set(IDS)
    arm.run(0.15)
    assert abs(last_goal(arm, 3) - present) <= 1
    arm.run(0.5)
    assert abs(last_goal(arm, 3) - present) <= 1
    assert [arm.memory(i, TORQUE_LIMIT) for i in IDS] == [1000, 1000, 600, 1000, 1000, 500]
    assert arm.report.strain != ""  # and after 0.5 s of that the tree is told: see test_faults_servo_port.py
    assert arm.state is State.ARMED
    assert_lawful(arm)


def test_b18_an_overloaded_joint_follows_again_when_its_goal_comes_away_from_the_contact():
    arm = under_way(joint=2, rate_rad_s=0.5)
    arm.faults.report(3, Status.OVERLOAD)
    arm.run(0.6)
    held = last_goal(arm, 3)
    arm.faults.report(3, 0)
    arm.sweep(2, -0.5)
    arm.run(1.0)
    assert arm.report.strain == ""
    assert last_goal(arm, 3) < held - 200
    assert abs(arm.truth(3) - last_goal(arm, 3)) < 30
    assert arm.memory(3, TORQUE_LIMIT) == 1000
    assert_lawful(arm)


def test_b26_a_blocked_joint_stops_pushing_after_a_third_of_a_second_and_the_others_go_on():
    arm = under_way(joint=2, rate_rad_s=-0.5)
    arm.faults.freeze(3)
    at = arm.truth(3)
    arm.until(lambda: abs(last_goal(arm, 3) - at) > 57, 0.3)
    strained_s = arm.now_s
    arm.until(lambda: bool(arm.report.strain), 0.5)
    assert 0.3 <= arm.now_s - strained_s <= 0.3 + 3 * CYCLE_S
    words = arm.report.strain
    assert words.startswith("elbow_flex (id 3): blocked, so it stops pushing: ")
    assert "short of its goal for 0.3 s, load " in words
    arm.run(0.3)
    assert abs(last_goal(arm, 3) - at) <= 1
    assert arm.memory(3, TORQUE_LIMIT) == 600
    assert goals_of_last_cycle(arm) == set(IDS)
    assert arm.state is State.ARMED
    assert_lawful(arm)


def test_b26_a_blocked_joint_follows_again_when_its_goal_turns_back():
    arm = under_way(joint=2, rate_rad_s=-0.5)
    arm.faults.freeze(3)
    arm.until(lambda: bool(arm.report.strain), 0.6)
    arm.faults.freeze(3, on=False)
    arm.sweep(2, 0.4)
    arm.run(1.0)
    assert arm.report.strain == ""
    assert abs(arm.truth(3) - last_goal(arm, 3)) < 30
    assert arm.memory(3, TORQUE_LIMIT) == 1000
    assert_lawful(arm)


def test_b26_a_joint_that_is_blocked_while_the_arm_is_parked_ends_the_parking():
    arm = standing(start_rad=(1.2, -1.0, 0.8, 0.5, 0.0, 0.5))
    arm.faults.freeze(1)
    at = arm.truth(1)
    arm.fall_silent()
    arm.core.leave(arm.now_s)
    arm.until(lambda: abs(last_goal(arm, 1) - at) > 57, 1.0)
    strained_s = arm.now_s
    arm.until(lambda: arm.core.doing == "letting go softly", 0.5)
    assert arm.now_s - strained_s <= 0.3 + 4 * CYCLE_S
    let_go_s = arm.now_s
    arm.until(lambda: arm.core.finished, 2.0)
    arm.heard("the arm is released where it stood")
    assert arm.goals_after(let_go_s + CYCLE_S) == []
    assert arm.torques == [0] * 6
    assert_lawful(arm)


def test_b26_a_joint_that_was_blocked_does_not_keep_the_arm_from_being_parked():
    arm = standing(start_rad=(0.5, -1.0, 0.8, 0.5, 0.0, 0.5))
    arm.sweep(2, 0.5)
    arm.faults.freeze(3)
    arm.until(lambda: bool(arm.report.strain), 0.8)
    arm.faults.freeze(3, on=False)
    left(arm)
    arm.heard("the arm is parked and released")
    assert_lawful(arm)


def test_b26_a_gripper_that_holds_something_squeezes_no_further_and_is_no_fault():
    arm = under_way(joint=5, rate_rad_s=-0.1, start_rad=(0.0, -1.6, 1.35, 1.2, 0.05, 1.2))
    arm.faults.freeze(6)
    at = arm.truth(6)
    arm.run(2.0)
    margin = arm.plan.grip_margin
    assert at - margin - 1 <= last_goal(arm, 6) <= at - margin + 1
    arm.run(0.5)
    assert at - margin - 1 <= last_goal(arm, 6) <= at - margin + 1
    assert arm.report.strain == ""
    assert arm.words == []
    arm.faults.freeze(6, on=False)
    arm.sweep(5, 0.3)
    arm.run(1.0)
    assert arm.truth(6) > at + 50
    assert_lawful(arm)


# B19, B23: a servo that is off and must stay off --------------------------------------------------------------


def first_reply_with(arm, servo_id, bit):
    replies = [packet for packet in arm.log.kinds("reply") if packet.servo_id == servo_id and packet.raw[4] & bit]
    return replies[0].time_s if replies else None


def tripped():
    """An arm one of whose servos has drawn too much current for too long."""
    arm = under_way(joint=3, rate_rad_s=-0.5)
    arm.faults.draw(4000.0, 4)
    arm.until(lambda: arm.state is not State.ARMED, 3.0)
    return arm


def test_b19_a_servo_that_tripped_gets_no_goal_from_the_cycle_on_in_which_it_says_so():
    arm = tripped()
    known_s = first_reply_with(arm, 4, Status.CURRENT)
    assert arm.now_s - known_s <= CYCLE_S
    arm.heard("stopped: wrist_flex (id 4): it switched itself off because of too much current (4.0 A now); ")
    arm.run(2.0)
    assert arm.goals_after(known_s, 4) == []
    assert arm.torques == [1, 1, 1, 0, 1, 1]
    assert_held_weakly(arm, known_s, servo_ids=[1, 2, 3, 5, 6])


def test_b19_a_servo_that_tripped_is_only_switched_on_by_arming_it_again():
    arm = tripped()
    arm.faults.draw(None, 4)
    known_s = arm.now_s
    assert_latched(arm)
    arm.core.reset()
    arm.fly()
    arm.run(0.3)
    assert arm.state is State.STOPPED  # goals alone switch nothing on
    arm.heard("refused goals while wrist_flex (id 4) is switched off; arm it again")
    assert arm.goals_after(known_s) == []
    assert arm.core.arm(arm.now_s) == ""
    arm.until(lambda: arm.state is State.ARMED, 1.5)
    arm.fly()
    arm.run(0.3)
    assert arm.torques == [1] * 6
    assert abs(arm.goals_after(known_s, 4)[0][2] - arm.truth(4)) <= 2
    assert goals_of_last_cycle(arm) == set(IDS)


def test_b19_another_guardian_arms_a_servo_that_tripped_when_nothing_pushes_any_more():
    arm = tripped()
    arm.faults.draw(None, 4)
    trip_s = first_reply_with(arm, 4, Status.CURRENT)
    left(arm)
    assert arm.goals_after(trip_s, 4) == []
    armed_again(arm)


def test_b23_a_servo_that_restarts_is_noticed_in_the_next_cycle_and_gets_no_goal():
    arm = under_way(joint=1, rate_rad_s=0.5)
    arm.faults.reboot(2)
    restarted_s = arm.now_s
    stopped_s = stops(arm, 0.1)
    assert stopped_s - restarted_s <= 2 * CYCLE_S
    words = arm.heard("stopped: shoulder_lift (id 2): it restarted (its goal is gone, ")
    assert words.endswith("a weak supply or a loose plug? no goal is written to it until the arm is armed again")
    arm.run(2.0)
    assert arm.goals_after(restarted_s, 2) == []
    assert arm.torques == [1, 0, 1, 1, 1, 1]
    assert_held_weakly(arm, stopped_s, servo_ids=[1, 3, 4, 5, 6])
    assert_latched(arm)


def test_b23_a_servo_that_restarted_is_given_its_settings_again_before_its_goal():
    arm = under_way(joint=1, rate_rad_s=0.5)
    arm.faults.reboot(2)
    arm.run(0.5)
    since_s = arm.now_s
    arm.core.reset()
    assert arm.core.arm(arm.now_s) == ""
    arm.until(lambda: arm.state is State.ARMED, 1.5)
    arm.fly()
    arm.run(0.3)
    assert arm.torques == [1] * 6
    first = {r.name: next(w for w in arm.log.writes(r, 2) if w[0] > since_s) for r in (TORQUE_LIMIT, GOAL_SPEED)}
    goals = arm.goals_after(since_s, 2)
    assert first["torque_limit"][2] == 200
    assert first["torque_limit"][0] < first["goal_speed"][0] < goals[0][0]
    assert abs(goals[0][2] - arm.truth(2)) <= 2
    assert arm.memory(2, GOAL_SPEED) == arm.plan.goal_speeds[2]
    assert arm.memory(2, ACCELERATION) == arm.plan.acceleration
    assert arm.memory(2, TORQUE_LIMIT) == 1000
    assert_lawful(arm, since_s)


def test_b23_a_reset_does_not_hide_a_restart_that_comes_at_the_same_moment():
    arm = standing()
    arm.core.emergency("a person")
    arm.run(0.3)
    arm.faults.reboot(2)
    arm.core.reset()
    arm.fly()
    arm.run(0.3)
    assert arm.report.latched
    arm.heard("reset by a person")
    assert "shoulder_lift (id 2): it restarted (its goal is gone" in arm.report.reason
    assert arm.torques == [1, 0, 1, 1, 1, 1]
    assert_lawful(arm)


def test_b23_servos_that_only_seem_to_have_restarted_are_switched_off_at_the_end_all_the_same():
    """They lost the settings by which a restart is told, and nothing else."""
    arm = standing()
    for servo_id in IDS:
        arm.faults.poke(servo_id, GOAL_SPEED.name, 0)
    stopped_s = stops(arm, 0.15)
    arm.heard("it restarted (")
    assert arm.torques == [1] * 6
    left(arm)
    assert arm.goals_after(stopped_s) == []
    assert arm.torques == [0] * 6
    arm.heard("the arm is released where it stood")


def test_b23_a_restart_that_a_goal_hides_is_noticed_within_100_ms_by_the_lost_settings(monkeypatch):
    """The servo restarts after it was read, and the goal that is written then switches it on again."""
    arm = under_way(joint=1, rate_rad_s=0.5)
    sync_write = arm.bus.sync_write

    def after_a_restart(register, values):
        arm.line.servos[1].boot()
        monkeypatch.undo()
        sync_write(register, values)

    monkeypatch.setattr(arm.bus, "sync_write", after_a_restart)
    arm.tick()
    assert arm.memory(2, TORQUE_ENABLE) == 1
    restarted_s = arm.now_s
    stopped_s = stops(arm, 0.12)
    assert stopped_s - restarted_s <= 0.1 + CYCLE_S
    arm.heard("stopped: shoulder_lift (id 2): it restarted (")
    arm.run(0.5)
    assert arm.goals_after(stopped_s, 2) == []
    assert_latched(arm)
