"""Bringing the arm to rest for good: brake, park or hold, let go softly, and see that every servo did."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.arm.so101 import RANGES_RAD, REST
from bt_robot.robot.so101.guardian.leaving import RELEASES
from bt_robot.robot.so101.guardian.messages import State
from bt_robot.robot.so101.settings import GuardSettings
from bt_robot.robot.so101.wire.registers import GOAL_POSITION, TORQUE_ENABLE, TORQUE_LIMIT
from tests.robot.so101_kit import IDS, Arm
from tests.scale import examples

AWAY_RAD = (0.6, -0.4, 0.5, 0.3, -0.5, 1.0)


def armed(exit_="park", *, gravity=False, start_rad=AWAY_RAD, **guard):
    """An arm in mid-air."""
    arm = Arm(GuardSettings(exit=exit_, **guard), start_rad=start_rad, gravity=gravity)
    arm.arm()
    arm.hold(0.2)
    return arm


def left(arm, most_s=100.0):
    """Have it brought to rest; return how long that took [s]."""
    arm.left_s = arm.now_s
    if arm.state is not State.LEAVING:
        arm.core.leave(arm.now_s)
    arm.run(most_s)
    took_s = arm.now_s - arm.left_s
    arm.port.wait_until(arm.now_s + 0.001)
    assert arm.core.finished
    return took_s


def until(arm, words, most_s=10.0):
    """Run until it says that it does something."""
    until_s = arm.now_s + most_s
    while arm.core.doing != words:
        assert arm.now_s < until_s, arm.core.doing
        arm.tick()


def writes(arm, register, servo_id=1):
    return [(at_s, value) for at_s, told, value in arm.log.writes(register, servo_id) if at_s > arm.left_s]


def torques(arm):
    return [servo.torque for servo in arm.line.servos]


def pose_of(arm):
    return arm.calibration.to_joints([round(servo.present_ticks()) for servo in arm.line.servos])


def assert_slow(arm, since_s, velocity=None):
    """Goals stay in the envelope, within the speed limit, and change speed gradually."""
    for joint in arm.plan.joints:
        goals = [(at_s, value) for at_s, _, value in arm.log.goal_writes(joint.servo_id) if at_s >= since_s - 0.05]
        envelope, dt_s = joint.envelope, arm.plan.cycle_s
        assert all(envelope.lower - 1 <= value <= envelope.upper + 1 for _, value in goals)
        runs = [(a, b, c) for a, b, c in zip(goals, goals[1:], goals[2:], strict=False) if c[0] - a[0] < 2.5 * dt_s]
        assert all(abs(b[1] - a[1]) <= (velocity or envelope.velocity) * dt_s + 1.0 for a, b, _ in runs)
        assert all(abs(c[1] - 2 * b[1] + a[1]) <= envelope.acceleration * dt_s**2 + 2.0 for a, b, c in runs)


def assert_let_go(arm):
    """Torque down to 0, then off three times, seen to be off, and given back."""
    for servo_id in IDS:
        off = writes(arm, TORQUE_ENABLE, servo_id)
        limits = writes(arm, TORQUE_LIMIT, servo_id)
        assert [value for _, value in off] == [0] * RELEASES
        before = [value for at_s, value in limits if at_s < off[0][0]]
        assert before[-1] == 0
        after = [(at_s, value) for at_s, value in limits if at_s > off[-1][0]]
        assert [value for _, value in after] == [500 if servo_id == 6 else 1000]
        reads = [p.time_s for p in arm.log.kinds("sync_read") if p.address == 40 and p.time_s > off[-1][0]]
        assert reads[0] < after[0][0]
        assert not [at_s for at_s, _ in writes(arm, GOAL_POSITION, servo_id) if at_s > off[0][0]]
    assert torques(arm) == [0] * 6


# parking --------------------------------------------------------------------------------------------------------


def test_the_arm_is_parked_and_released():
    arm = armed()
    assert left(arm) < 5.0
    assert arm.state is State.RELEASED
    assert arm.words[-2:] == ["braking", "the arm is parked and released"]
    assert pose_of(arm) == pytest.approx(REST, abs=0.02)
    assert_slow(arm, arm.left_s)
    assert_let_go(arm)


def test_a_moving_arm_brakes_before_it_is_parked():
    arm = armed()
    arm.wave(0.5, 0, 2.0)
    began = arm.log.goal_writes(1)[-1][2]
    arm.left_s = arm.now_s
    arm.core.leave(arm.now_s)
    until(arm, "parking")
    assert arm.now_s - arm.left_s <= 2.0 / 30.0 + 3 * arm.plan.cycle_s
    assert arm.log.goal_writes(1)[-1][2] > began
    left(arm)
    assert_slow(arm, arm.left_s)
    assert_let_go(arm)


def test_it_is_parked_slowly():
    arm = armed(park_speed_rad_s=0.3, start_rad=(0.3, -1.5, 1.3, 1.2, 0.05, 0.2))
    left(arm)
    assert arm.words[-1] == "the arm is parked and released"
    assert_slow(arm, arm.left_s, velocity=0.3 / (2 * np.pi) * 4096)


def test_all_joints_arrive_together():
    arm = armed()
    left(arm)
    ends = []
    for servo_id in IDS[:5]:
        goals = writes(arm, GOAL_POSITION, servo_id)
        ends.append(next(at_s for at_s, value in goals if value == goals[-1][1]))
    assert max(ends) - min(ends) < 0.3


@settings(max_examples=examples(6))
@given(st.tuples(*[st.floats(low + 0.03, high - 0.03) for low, high in RANGES_RAD]))
def test_from_anywhere_it_is_parked_in_its_time_and_within_its_limits(start_rad):
    arm = armed(start_rad=start_rad)
    assert left(arm) <= arm.plan.park_s + 1.5
    assert arm.words[-1] == "the arm is parked and released"
    assert_slow(arm, arm.left_s)
    assert_let_go(arm)


def test_when_the_time_for_parking_is_over_it_is_let_go_where_it_is():
    arm = armed(park_s=0.5, start_rad=(1.8, 1.6, -1.6, -1.6, 2.7, 1.7))
    took_s = left(arm)
    assert took_s <= 0.5 + 1.5
    assert arm.words[-1] == "the arm is released where it stood"
    assert_slow(arm, arm.left_s)
    assert_let_go(arm)


def test_torque_comes_back_for_parking_after_a_stop():
    arm = armed()
    arm.run(0.8)
    assert arm.state is State.STOPPED
    left(arm)
    assert max(value for _, value in writes(arm, TORQUE_LIMIT)) == 1000
    assert pose_of(arm) == pytest.approx(REST, abs=0.02)


def test_one_lost_reply_does_not_cost_the_parking():
    arm = armed()
    arm.faults.silence(3, 1)
    arm.tick()
    left(arm)
    assert arm.words[-1] == "the arm is parked and released"


@pytest.mark.parametrize("count", [1, 2])
def test_lost_replies_do_not_end_the_parking(count):
    arm = armed()
    arm.core.leave(arm.now_s)
    until(arm, "parking")
    for _ in range(5):
        arm.faults.silence(3, count)
        arm.run(0.1)
    left(arm)
    assert arm.words[-1] == "the arm is parked and released"


def test_an_arm_with_a_silent_servo_is_not_moved():
    arm = armed()
    arm.faults.silence(3)
    arm.run(0.1)
    before = pose_of(arm)
    left(arm)
    assert pose_of(arm)[[0, 1, 3, 4, 5]] == pytest.approx(before[[0, 1, 3, 4, 5]], abs=0.01)


def test_a_joint_that_is_blocked_ends_the_parking():
    arm = armed(start_rad=(1.5, -0.4, 0.5, 0.3, -0.5, 1.0))
    arm.faults.freeze(1)
    left(arm)
    assert arm.words[-1] == "the arm is released where it stood"
    assert arm.now_s - arm.left_s < 3.0
    assert_let_go(arm)


def test_a_joint_that_was_relieved_in_the_run_does_not_prevent_the_parking():
    arm = armed()
    arm.faults.freeze(1)
    arm.wave(1.0, 0, 0.5)
    assert "blocked" in arm.report.strain
    arm.faults.freeze(1, on=False)
    left(arm)
    assert arm.words[-1] == "the arm is parked and released"


# releasing where it stands, holding -----------------------------------------------------------------------------


def test_an_arm_can_be_released_where_it_stands():
    arm = armed("release")
    before = pose_of(arm)
    assert left(arm) < 1.5
    assert pose_of(arm) == pytest.approx(before, abs=0.01)
    assert arm.words[-1] == "the arm is released where it stood"
    assert_let_go(arm)


def test_it_sinks_softly_as_the_torque_goes():
    arm = armed("release")
    left(arm)
    limits = writes(arm, TORQUE_LIMIT)
    down = limits[: [value for _, value in limits].index(0) + 1]
    assert down[-1][0] - down[0][0] == pytest.approx(1.0, abs=0.05)
    assert max(a[1] - b[1] for a, b in pairwise(down)) <= 10


def test_an_arm_can_be_held_for_a_while():
    arm = armed("hold", linger_s=5.0)
    before = pose_of(arm)
    arm.core.leave(arm.now_s)
    arm.left_s = arm.now_s
    until(arm, "holding for 5 s")
    arm.run(4.0)
    assert arm.core.doing == "holding for 5 s"
    assert torques(arm) == [1] * 6
    assert [servo.memory.get(TORQUE_LIMIT) for servo in arm.line.servos] == [600] * 5 + [500]
    assert 5.0 < left(arm) + 4.0 < 6.5
    assert pose_of(arm) == pytest.approx(before, abs=0.01)
    assert_let_go(arm)


@pytest.mark.parametrize("after_s", [0.0, 0.02, 1.0, 5.0])
def test_holding_can_be_cut_short(after_s):
    arm = armed("hold", linger_s=60.0)
    arm.wave(0.3, 0, 1.0)
    arm.core.leave(arm.now_s)
    arm.run(after_s)
    arm.core.hurry()
    assert left(arm) < 1.5
    assert_let_go(arm)


def test_hurrying_does_not_skip_the_parking():
    arm = armed()
    arm.core.leave(arm.now_s, "asked to end")
    arm.core.hurry()
    left(arm)
    assert arm.words[-3:] == ["asked to end", "braking", "the arm is parked and released"]
    assert_let_go(arm)


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.3, 0.8])
def test_insisting_stops_the_parking_and_holds(after_s):
    arm = armed(linger_s=2.0)
    arm.core.leave(arm.now_s)
    arm.run(after_s)
    arm.core.stand_still()
    stood_s = arm.now_s
    until(arm, "holding for 2 s", 0.5)
    still_s = arm.now_s
    arm.run(1.5)
    assert {entry[2] for entry in arm.goals_after(still_s, 1)} <= {arm.log.goal_writes(1)[-1][2]}
    assert torques(arm) == [1] * 6
    left(arm)
    assert arm.words[-1] == "the arm is released where it stood"
    assert_slow(arm, stood_s)


def test_insisting_while_it_lets_go_changes_nothing():
    arm = armed("release")
    arm.core.leave(arm.now_s)
    until(arm, "letting go softly")
    arm.core.stand_still()
    arm.core.hurry()
    assert left(arm) < 1.5
    assert_let_go(arm)


def test_leaving_twice_is_leaving_once():
    arm = armed("release")
    arm.core.leave(arm.now_s)
    arm.run(0.5)
    arm.core.leave(arm.now_s, "again")
    assert "again" not in arm.words
    assert left(arm) < 1.0


def test_it_says_what_it_is_doing_all_the_way():
    arm = armed()
    arm.core.leave(arm.now_s)
    said = []
    while not arm.core.finished:
        said.append(arm.report.reason)
        arm.tick()
    assert list(dict.fromkeys(said)) == ["braking", "parking", "letting go softly", "switching the torque off"]
    assert arm.report.reason == "released"


# what can go wrong with letting go ------------------------------------------------------------------------------


@pytest.mark.parametrize("stuck", [1, 3, 6])
def test_a_servo_that_keeps_its_torque_does_not_stop_the_others(stuck):
    arm = armed("release")
    arm.faults.ignore_torque_off(stuck)
    left(arm)
    assert torques(arm) == [1 if i == stuck else 0 for i in IDS]
    name = arm.plan.names[stuck]
    assert arm.words[-1] == (
        f"{name} (id {stuck}) did not confirm that the torque is off; switch the supply off if the arm is stiff"
    )
    assert arm.core.stuck == (stuck,)
    assert len(writes(arm, TORQUE_ENABLE, stuck)) == 25


def test_a_servo_that_does_not_answer_does_not_stop_the_others():
    arm = armed("release")
    arm.faults.silence(2)
    left(arm)
    assert torques(arm) == [0] * 6
    assert arm.words[-1] == (
        "shoulder_lift (id 2) did not confirm that the torque is off; switch the supply off if the arm is stiff"
    )


def test_several_that_do_not_let_go_are_all_named():
    arm = armed("release")
    for servo_id in (2, 3, 5):
        arm.faults.ignore_torque_off(servo_id)
    left(arm)
    assert arm.words[-1].startswith("shoulder_lift (id 2), elbow_flex (id 3) and wrist_roll (id 5) did not confirm")


@pytest.mark.parametrize("status", [1, 4, 8, 32, 0xFF])
def test_no_error_bit_stops_the_release(status):
    arm = armed("release")
    for servo_id in IDS:
        arm.faults.report(servo_id, status)
    left(arm)
    assert torques(arm) == [0] * 6


@pytest.mark.parametrize("lost", [1, 2, 3, 5])
def test_releases_that_get_lost_are_repeated(lost):
    arm = armed("release")
    arm.core.leave(arm.now_s)
    until(arm, "switching the torque off")
    arm.faults.swallow(writes=lost)
    left(arm)
    assert torques(arm) == [0] * 6
    assert arm.words[-1] == "the arm is released where it stood"


def test_a_lost_confirmation_is_asked_for_again():
    arm = armed("release")
    arm.core.leave(arm.now_s)
    until(arm, "switching the torque off")
    arm.run(0.02)
    arm.faults.silence(4, 2)
    left(arm)
    assert arm.words[-1] == "the arm is released where it stood"


def test_an_arm_that_was_never_switched_on_is_left_alone():
    arm = Arm()
    arm.run(0.1)
    arm.core.leave(arm.now_s, "the controller is gone")
    assert arm.core.finished
    assert arm.core.take_events() == ["the controller is gone"]
    arm.tick()
    assert {packet.kind for packet in arm.log} == {"sync_read", "reply"}


def test_with_gravity_nothing_falls_while_it_is_held():
    arm = armed("hold", gravity=True, linger_s=4.0)
    before = pose_of(arm)
    arm.core.leave(arm.now_s)
    arm.run(3.5)
    assert pose_of(arm) == pytest.approx(before, abs=0.02)
    left(arm)
    assert torques(arm) == [0] * 6
