"""What the guardian decides: every order in every state, which goals it takes, and what it does without any."""

import copy
import functools
import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.arm.so101 import RANGES_RAD
from bt_robot.robot.so101.guardian.core import FULL_READ_EVERY
from bt_robot.robot.so101.guardian.messages import Goal, State
from bt_robot.robot.so101.settings import GuardSettings, HealthSettings
from bt_robot.robot.so101.wire.registers import GOAL_SPEED, TORQUE_LIMIT
from tests.robot.so101_kit import IDS, PERIOD_S, Arm
from tests.scale import examples

AWAY_RAD = (0.6, -0.4, 0.5, 0.3, -0.5, 1.0)
CYCLE_S = 0.01


def armed(**values):
    return newly_armed(**values) if values else arm_in(State.ARMED)


def newly_armed(**values):
    arm = Arm(start_rad=AWAY_RAD, **values)
    arm.arm()
    arm.hold(0.2)
    return arm


def goal_at(arm, number=1000, sent_s=None, period_s=PERIOD_S, positions=None):
    """A goal where the arm is, or what a test changes about it."""
    here = tuple(joint.position for joint in arm.report.joints)
    return Goal(number, arm.now_s if sent_s is None else sent_s, period_s, positions or here)


def moving(arm, joint=0, rate_rad_s=1.0, seconds=0.5):
    """Have a joint move, and the controller fall silent; return when its last goal was sent [s]."""
    arm.wave(seconds, joint, rate_rad_s)
    return arm.core._goal_s


def torques(arm):
    return [servo.torque for servo in arm.line.servos]


def limits_of(arm):
    arm.port.wait_until(arm.now_s + 0.001)
    return [servo.memory.get(TORQUE_LIMIT) for servo in arm.line.servos]


# every order in every state -------------------------------------------------------------------------------------


def disarmed():
    arm = Arm(start_rad=AWAY_RAD)
    arm.run(0.1)
    return arm


def arming():
    arm = disarmed()
    assert arm.core.arm(arm.now_s) == ""
    arm.core.heard(arm.now_s)
    arm.run(0.1)
    return arm


def stopped():
    arm = armed()
    arm.core.stop("the run is over")
    arm.run(0.3)
    return arm


def leaving():
    arm = armed()
    arm.core.leave(arm.now_s)
    arm.run(0.2)
    return arm


def released():
    arm = leaving()
    arm.run(10.0)
    return arm


BEGINNINGS = {
    State.DISARMED: disarmed,
    State.ARMING: arming,
    State.ARMED: newly_armed,
    State.STOPPED: stopped,
    State.LEAVING: leaving,
    State.RELEASED: released,
}


@functools.cache
def _in(state):
    arm = BEGINNINGS[state]()
    arm.log.clear()
    return arm


def arm_in(state):
    """An arm in a state, of its own."""
    return copy.deepcopy(_in(state))


ORDERS = {
    "heard": lambda arm: arm.core.heard(arm.now_s),
    "goal": lambda arm: arm.core.goal(goal_at(arm), arm.now_s),
    "arm": lambda arm: arm.core.arm(arm.now_s),
    "stop": lambda arm: arm.core.stop("why"),
    "emergency": lambda arm: arm.core.emergency("why"),
    "reset": lambda arm: arm.core.reset(),
    "leave": lambda arm: arm.core.leave(arm.now_s, "why"),
    "stand_still": lambda arm: arm.core.stand_still(),
    "hurry": lambda arm: arm.core.hurry(),
    "port_lost": lambda arm: arm.core.port_lost("why"),
    "give_up": lambda arm: arm.core.give_up("why"),
}

CHANGES = {
    (State.DISARMED, "arm"): State.ARMING,
    (State.ARMED, "stop"): State.STOPPED,
    (State.ARMED, "emergency"): State.STOPPED,
    (State.ARMED, "port_lost"): State.STOPPED,
    (State.STOPPED, "goal"): State.ARMED,
    (State.STOPPED, "arm"): State.ARMING,
    (State.ARMING, "leave"): State.LEAVING,
    (State.ARMED, "leave"): State.LEAVING,
    (State.STOPPED, "leave"): State.LEAVING,
}
"""What an order does at once; in every other state it changes none."""


@pytest.mark.parametrize("state", BEGINNINGS)
def test_each_state_is_reached(state):
    arm = arm_in(state)
    assert arm.state is state
    assert arm.core.latched == ""
    assert arm.core.finished is (state is State.RELEASED)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("state", BEGINNINGS)
def test_every_order_in_every_state(state, order):
    arm = arm_in(state)
    since_s = arm.now_s
    ORDERS[order](arm)
    assert arm.state is CHANGES.get((state, order), state)
    assert bool(arm.core.latched) is (order in ("emergency", "port_lost"))
    ends = order == "give_up" or (order == "leave" and state is State.DISARMED)
    assert arm.core.finished is (ends or state is State.RELEASED)
    arm.run(0.3)
    assert_lawful(arm, since_s)


@pytest.mark.parametrize("order", [order for order in ORDERS if order != "arm"])
def test_nothing_is_written_to_an_arm_that_was_never_armed(order):
    arm = disarmed()
    ORDERS[order](arm)
    arm.run(0.5)
    assert {packet.kind for packet in arm.log} == {"sync_read", "reply"}


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        (State.DISARMED, ""),
        (State.ARMING, ""),
        (State.ARMED, ""),
        (State.STOPPED, ""),
        (State.LEAVING, "the arm is leaving"),
        (State.RELEASED, "the arm was let go for good"),
    ],
)
def test_arming_says_why_not(state, answer):
    arm = arm_in(state)
    assert arm.core.arm(arm.now_s) == answer


def test_an_arm_that_latched_is_not_armed():
    arm = disarmed()
    arm.core.emergency("Ctrl-\\")
    assert arm.core.arm(arm.now_s) == "emergency stop: Ctrl-\\; reset it first"


def test_an_arm_with_silent_servos_is_not_armed():
    arm = Arm()
    arm.faults.silence(3)
    arm.faults.silence(5)
    arm.tick()
    assert arm.core.arm(arm.now_s) == "elbow_flex and wrist_roll did not answer"


def test_an_arm_without_a_supply_is_not_armed():
    arm = Arm()
    arm.run(0.05)
    arm.faults.power(False)
    arm.run(0.1)
    assert arm.core.arm(arm.now_s) == "no servo answers: is the supply on and the cable in?"


def test_a_joint_outside_its_limits_is_not_armed():
    arm = Arm(start_rad=AWAY_RAD, ranges={"elbow_flex": (-0.3, 0.3)})
    arm.run(0.05)
    assert arm.core.arm(arm.now_s) == "elbow_flex (id 3) stands 12.6° outside its limits; move it inside by hand"


# which goals it takes -------------------------------------------------------------------------------------------


def taken(arm, goal, now_s=None):
    """Whether a goal is taken; one that is not is counted."""
    before = arm.core.refused
    arm.core.goal(goal, arm.now_s if now_s is None else now_s)
    was_taken = arm.report.goal_number == goal.number
    assert arm.core.refused == before + (not was_taken)
    return was_taken


@pytest.mark.parametrize(("age_s", "fresh"), [(-0.01, True), (0.0, True), (0.049, True), (0.051, False), (5.0, False)])
def test_only_fresh_goals_are_taken(age_s, fresh):
    arm = armed()
    assert taken(arm, goal_at(arm, sent_s=arm.now_s - age_s)) is fresh


def test_a_goal_of_no_time_is_not_fresh():
    arm = armed()
    assert not taken(arm, goal_at(arm, sent_s=math.nan))


def test_goals_are_taken_in_their_order_and_once():
    arm = armed()
    assert taken(arm, goal_at(arm, number=1000))
    refused = arm.core.refused
    for number in (1000, 999, 1):
        arm.core.goal(goal_at(arm, number=number), arm.now_s)
    assert arm.report.goal_number == 1000
    assert arm.core.refused == refused + 3
    assert taken(arm, goal_at(arm, number=1001))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("at", [0, 5])
def test_a_goal_that_is_no_number_is_not_taken(value, at):
    arm = armed()
    positions = [joint.position for joint in arm.report.joints]
    positions[at] = value
    assert not taken(arm, goal_at(arm, positions=tuple(positions)))
    arm.tick()
    assert arm.words[-1] == "refused goals that are no finite numbers"


@pytest.mark.parametrize("period_s", [0.0, -1.0, math.nan, math.inf, 0.3, 1e9])
def test_a_goal_for_no_time_or_for_too_long_is_not_taken(period_s):
    """The acceleration limit holds per control period: one that has no end would switch it off."""
    arm = armed()
    assert not taken(arm, goal_at(arm, period_s=period_s))
    arm.tick()
    assert arm.words[-1] == f"refused goals for {period_s:g} s; expected at most 0.25 s"


@pytest.mark.parametrize("period_s", [0.005, 1.0 / 200.0, 1.0 / 30.0, 0.25])
def test_a_goal_for_any_usual_period_is_taken(period_s):
    arm = armed()
    assert taken(arm, goal_at(arm, period_s=period_s))


@pytest.mark.parametrize("position", [1e30, -1e30, 32767.0, -5000.0])
def test_a_goal_beyond_the_limits_is_clamped_and_told_once(position):
    arm = armed()
    since_s = arm.now_s
    for _ in range(20):
        positions = (position, *(joint.position for joint in arm.report.joints[1:]))
        arm.number += 1
        arm.core.goal(goal_at(arm, number=1000 + arm.number, positions=positions), arm.now_s)
        arm.run(0.03)
    assert_lawful(arm, since_s)
    assert arm.words.count("clamped the goal of shoulder_pan to its limits") == 1
    assert arm.core.clamped == 20


def test_each_kind_of_refusal_is_told_once_and_whatever_was_refused_before():
    arm = armed()
    arm.core.goal(goal_at(arm, sent_s=0.0), arm.now_s)
    for number in range(5):
        nan = (math.nan,) * 6
        arm.core.goal(goal_at(arm, number=1000 + number, positions=nan), arm.now_s)
    arm.tick()
    assert arm.words.count("refused goals that are no finite numbers") == 1


# following, holding, stopping -----------------------------------------------------------------------------------


def assert_lawful(arm, since_s=0.0, starts=frozenset()):
    """Goals stay in the envelope, and none is further from the one before than the speed limit allows.

    Args:
        arm: Whose packet log is read.
        since_s: Since when [s].
        starts: (id, ticks) where following began again: there the goal is where the joint was measured.
    """
    for joint in arm.plan.joints:
        envelope = joint.envelope
        goals = [(at_s, value) for at_s, _, value in arm.log.goal_writes(joint.servo_id) if at_s >= since_s]
        assert all(envelope.lower - 1 <= value <= envelope.upper + 1 for _, value in goals)
        for (_, before), (_, after) in pairwise(goals):
            near = {ticks for i, ticks in starts if i == joint.servo_id and abs(ticks - before) <= 100}
            assert min(abs(after - ticks) for ticks in {before, *near}) <= envelope.velocity * CYCLE_S + 1


def test_a_steady_motion_is_followed_steadily():
    arm = armed()
    began_s = arm.wave(1.0, 0, 0.5)
    goals = [value for at_s, _, value in arm.log.goal_writes(1) if at_s > began_s + 0.2]
    steps = [b - a for a, b in pairwise(goals)]
    assert set(steps) <= {2, 3, 4, 5}
    assert sum(steps) / len(steps) == pytest.approx(0.5 / (2 * np.pi) * 4096 * CYCLE_S, rel=0.05)
    assert (arm.core.refused, arm.core.clamped) == (0, 0)


def test_a_goal_is_reached_a_control_period_after_it_was_sent():
    arm = armed()
    target = [joint.position for joint in arm.report.joints]
    target[0] = round(target[0]) + 12.0
    arm.core.goal(goal_at(arm, positions=tuple(target)), arm.now_s)
    arm.run(PERIOD_S + 2 * CYCLE_S)
    assert arm.report.joints[0].goal == pytest.approx(target[0], abs=1.0)


streams = st.lists(
    st.one_of(
        st.tuples(st.just("move"), st.integers(0, 5), st.floats(-0.2, 0.2)),
        st.tuples(st.just("jump"), st.integers(0, 5), st.floats(-20.0, 20.0)),
        st.tuples(st.just("pause"), st.just(0), st.floats(0.0, 0.4)),
        st.tuples(st.just("stale"), st.just(0), st.floats(0.04, 1.0)),
        st.tuples(st.just("nan"), st.integers(0, 5), st.just(math.nan)),
        st.tuples(st.just("stop"), st.just(0), st.just(0.0)),
        st.tuples(st.just("leave"), st.just(0), st.just(0.0)),
    ),
    min_size=10,
    max_size=30,
)


@settings(max_examples=examples(10))
@given(st.tuples(*[st.floats(low + 0.03, high - 0.03) for low, high in RANGES_RAD]), streams)
def test_whatever_goals_come_what_is_sent_stays_within_the_limits(start_rad, stream):
    arm = Arm(GuardSettings(orphan_after_s=1.0, park_s=0.5), start_rad=start_rad)
    arm.arm()
    since_s, joints, starts = arm.now_s, arm.joints, set()
    wanted = joints
    for what, joint, value in stream:
        was = arm.state
        if what in ("move", "jump", "nan"):
            wanted = joints.copy()
            wanted[joint] = joints[joint] + value
            arm.send(wanted)
        elif what == "stale":
            arm.send(joints, sent_s=arm.now_s - value)
        elif what == "stop":
            arm.core.stop("why")
        elif what == "leave":
            arm.core.leave(arm.now_s)
        if (was, arm.state) == (State.STOPPED, State.ARMED):
            starts |= {(i, round(found.position)) for i, found in zip(IDS, arm.report.joints, strict=True)}
        arm.run(value if what == "pause" else PERIOD_S)
        joints = arm.joints if arm.state is State.STOPPED or what == "nan" else wanted
    assert_lawful(arm, since_s, starts)


@pytest.mark.parametrize("rate_rad_s", [0.3, 1.0, 2.5])
def test_without_a_fresh_goal_the_arm_holds_after_50_ms(rate_rad_s):
    arm = armed()
    last_s = moving(arm, 0, rate_rad_s)
    arm.run(0.2)
    braking_s = 3.0 / 30.0
    goals = [value for at_s, _, value in arm.log.goal_writes(1) if at_s > last_s + 0.05 + CYCLE_S + braking_s]
    assert len(goals) > 3
    assert len(set(goals)) == 1
    assert arm.state is State.ARMED
    assert arm.report.reason == ""


def test_a_motion_of_usual_speed_ends_where_the_last_goal_was():
    arm = armed()
    moving(arm, 0, 0.3)
    wanted = arm.core._goal.positions[0]
    arm.run(0.2)
    assert arm.report.joints[0].goal == pytest.approx(wanted, abs=1.0)


def test_after_250_ms_it_stops_with_reduced_torque():
    arm = armed()
    last_s = moving(arm)
    while arm.state is State.ARMED:
        arm.tick()
    assert 0.25 < arm.now_s - last_s <= 0.25 + 2 * CYCLE_S
    assert arm.words[-1].startswith("stopped: no goal from the controller for 0.2")
    arm.run(0.3)
    assert limits_of(arm) == [600] * 5 + [500]
    assert torques(arm) == [1] * 6
    assert arm.report.reason == ""


def test_a_stopped_arm_that_stands_still_is_told_nothing_more():
    arm = stopped()
    arm.run(0.5)
    quiet_s = arm.now_s
    arm.run(2.0)
    assert [p for p in arm.log if p.time_s > quiet_s and p.kind == "sync_write"] == []


def test_a_controller_that_lives_keeps_a_stopped_arm():
    arm = armed(guard=GuardSettings(orphan_after_s=2.0))
    for _ in range(50):
        arm.core.heard(arm.now_s)
        arm.run(0.1)
    assert arm.state is State.STOPPED


def test_a_controller_that_says_nothing_for_long_is_taken_for_dead():
    arm = armed(guard=GuardSettings(orphan_after_s=2.0))
    arm.core.heard(arm.now_s)
    heard_s = arm.now_s
    while arm.state is not State.LEAVING:
        arm.tick()
    assert 2.0 < arm.now_s - heard_s < 2.0 + 5 * CYCLE_S
    arm.run(10.0)
    assert arm.words[-3:] == [
        "nothing heard from the controller for 2 s",
        "braking",
        "the arm is parked and released",
    ]
    assert torques(arm) == [0] * 6


# going on after a stop ------------------------------------------------------------------------------------------


def test_goals_that_begin_where_the_arm_is_are_followed_again():
    arm = stopped()
    arm.hold(0.5)
    assert arm.state is State.ARMED
    assert arm.words[-1] == "follows again"
    assert limits_of(arm) == [1000] * 5 + [500]


@pytest.mark.parametrize(("ticks", "follows"), [(59.0, True), (-59.0, True), (61.0, False), (-500.0, False)])
def test_goals_must_begin_near_the_arm_after_a_stop(ticks, follows):
    arm = stopped()
    positions = [joint.position for joint in arm.report.joints]
    positions[3] += ticks
    arm.core.goal(goal_at(arm, positions=tuple(positions)), arm.now_s)
    assert (arm.state is State.ARMED) is follows
    if not follows:
        arm.tick()
        assert arm.words[-1] == (
            f"refused goals {abs(ticks) * 360 / 4096:.1f}° away from the arm after a stop; they must begin where it is"
        )


def test_it_goes_on_from_where_the_arm_is():
    arm = stopped()
    arm.faults.place(1, AWAY_RAD[0] + 0.05)
    arm.run(0.1)
    since_s = arm.now_s
    arm.hold(0.3)
    assert_lawful(arm, since_s)


def test_a_stop_that_has_a_cause_lasts_as_long_as_that():
    arm = armed()
    arm.faults.silence(3)
    arm.hold(0.1)
    assert arm.state is State.STOPPED
    assert arm.report.reason.startswith("elbow_flex (id 3): no answer for 3 cycles")
    arm.hold(0.5)
    assert arm.state is State.STOPPED
    arm.faults.silence(3, 0)
    arm.hold(1.0)
    assert arm.state is State.ARMED
    assert "the reason to stop is over" in arm.words


# what latches ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [state for state in BEGINNINGS if state is not State.RELEASED])
def test_an_emergency_stop_latches_in_every_state(state):
    arm = arm_in(state)
    arm.core.emergency("key")
    arm.tick()
    assert arm.core.latched == "emergency stop: key"
    assert arm.report.latched
    assert arm.report.reason == "emergency stop: key"
    stopped_s = arm.now_s
    arm.hold(1.0)
    assert arm.state is not State.ARMED
    for servo_id in IDS:
        goals = [value for at_s, _, value in arm.goals_after(stopped_s + 0.15, servo_id)]
        assert len(set(goals)) <= 1
    assert arm.core.latched == "emergency stop: key"


def test_an_emergency_stop_brakes_within_the_limits_and_holds():
    arm = armed()
    moving(arm, 0, 2.5)
    since_s = arm.now_s
    arm.core.emergency("key")
    arm.run(1.0)
    assert arm.words[-1] == "stopped: emergency stop: key"
    last = arm.log.goal_writes(1)[-1]
    assert last[0] - since_s <= 2.5 / 30.0 + 4 * CYCLE_S
    assert torques(arm) == [1] * 6
    assert limits_of(arm) == [600] * 5 + [500]
    assert_lawful(arm, since_s)


def test_only_a_reset_ends_an_emergency_stop():
    arm = armed()
    arm.core.emergency("key")
    arm.hold(0.5)
    assert arm.state is State.STOPPED
    arm.core.reset()
    assert arm.core.latched == ""
    arm.hold(0.5)
    assert arm.state is State.ARMED
    assert arm.words[-2:] == ["reset by a person", "follows again"]


def test_the_first_thing_that_latched_is_what_a_person_reads():
    arm = armed()
    arm.core.port_lost("/dev/ttyACM0 has vanished")
    arm.core.emergency("key")
    assert arm.core.latched == "/dev/ttyACM0 has vanished"


def test_an_emergency_stop_holds_before_it_lets_go():
    arm = armed(guard=GuardSettings(linger_s=5.0))
    arm.core.emergency("key")
    arm.run(0.2)
    arm.core.leave(arm.now_s)
    arm.run(4.5)
    assert torques(arm) == [1] * 6
    assert arm.core.doing == "holding for 5 s"
    arm.run(3.0)
    assert arm.core.finished
    assert torques(arm) == [0] * 6
    assert arm.words[-1] == "the arm is released where it stood"


def test_an_emergency_stop_ends_the_parking():
    arm = armed(guard=GuardSettings(linger_s=5.0))
    arm.core.leave(arm.now_s)
    arm.run(0.5)
    assert arm.core.doing == "parking"
    arm.core.emergency("key")
    arm.run(0.3)
    assert arm.core.doing == "holding for 5 s"
    assert torques(arm) == [1] * 6


def test_a_lost_port_latches_until_a_person_resets_it():
    arm = armed()
    arm.port.gone = "/dev/ttyACM0 has vanished; is the USB cable in?"
    arm.tick()
    assert arm.state is State.STOPPED
    assert arm.report.reason == arm.port.gone
    arm.core.reset()
    arm.tick()
    assert "not reset: no servo can be reached" in arm.words
    assert arm.core.latched == arm.port.gone
    arm.port.gone = ""
    arm.run(0.1)
    assert arm.core.latched
    arm.core.reset()
    arm.hold(0.5)
    assert arm.state is State.ARMED


def test_nothing_is_reset_by_itself():
    arm = armed(health=HealthSettings(stop_voltage_v=9.0))
    for servo_id in IDS:
        arm.faults.supply(8.0, servo_id)
    arm.hold(1.0)
    assert "8.0 V" in arm.core.latched
    for servo_id in IDS:
        arm.faults.supply(None, servo_id)
    arm.hold(3.0)
    assert "8.0 V" in arm.core.latched
    assert arm.state is State.STOPPED


# strain ---------------------------------------------------------------------------------------------------------


def test_a_blocked_joint_is_relieved_and_the_others_go_on():
    arm = armed()
    arm.faults.freeze(1)
    start = arm.joints
    step = np.array([0.4, 0.0, 0.0, 0.3, 0.0, 0.0])
    arm.follow(lambda time_s: start + step * time_s, 1.0)
    assert arm.state is State.ARMED
    assert arm.report.reason == ""
    assert arm.report.strain.startswith("shoulder_pan (id 1): blocked, so it stops pushing: ")
    measured, goal = arm.report.joints[0].position, arm.report.joints[0].goal
    assert goal == pytest.approx(measured, abs=5.0)
    assert arm.joints[3] - start[3] > 0.2
    assert limits_of(arm) == [600, 1000, 1000, 1000, 1000, 500]


def test_it_follows_again_when_its_goal_comes_back():
    arm = armed()
    arm.faults.freeze(1)
    start = arm.joints
    arm.wave(1.0, 0, 0.4)
    arm.faults.freeze(1, on=False)
    arm.follow(lambda _: start, 1.0)
    assert arm.report.strain == ""
    assert arm.joints[0] == pytest.approx(start[0], abs=0.01)
    assert limits_of(arm) == [1000] * 5 + [500]


def test_a_stop_and_a_start_forget_the_strain():
    arm = armed()
    arm.faults.freeze(1)
    arm.wave(1.0, 0, 0.4)
    assert arm.report.strain
    arm.faults.freeze(1, on=False)
    arm.core.stop("why")
    arm.run(0.2)
    arm.hold(0.5)
    assert arm.state is State.ARMED
    assert arm.report.strain == ""


# taking over an arm that somebody left --------------------------------------------------------------------------


def left_behind(exit_="park", **values):
    """An arm whose guardian died in mid-motion, and a new guardian for it."""
    arm = Arm(GuardSettings(exit=exit_), start_rad=AWAY_RAD)
    arm.arm()
    arm.wave(0.5, 0, 1.0)
    for name, value in values.items():
        for servo_id in IDS:
            arm.faults.poke(servo_id, name, value)
    new = Arm(GuardSettings(exit=exit_), line=arm.line, start_s=arm.now_s + 0.1)
    new.core.rescue()
    new.began_s = new.now_s
    return new


def first_goals(arm):
    found = {}
    for _, servo_id, value in arm.goals_after(arm.began_s):
        found.setdefault(servo_id, value)
    return found


@pytest.mark.parametrize("values", [{}, {"goal_speed": 0}, {"torque_limit": 700}, {"acceleration": 254}])
def test_an_arm_that_was_left_energised_is_parked_from_where_its_goals_are(values):
    """Whoever left it, with whatever settings: our own guardian, or another program."""
    arm = left_behind(**values)
    goals = {i: arm.log.goal_writes(i)[-1][2] for i in IDS}
    arm.run(10.0)
    assert arm.core.finished
    assert arm.core.latched == ""
    assert arm.words == [
        "bringing an arm to rest that was left energised",
        "braking",
        "the arm is parked and released",
    ]
    assert torques(arm) == [0] * 6
    assert all(abs(value - goals[i]) <= 3 for i, value in first_goals(arm).items())
    assert_lawful(arm, arm.began_s - 0.2)


def test_an_arm_that_was_left_is_let_go_softly():
    arm = left_behind("release")
    arm.run(10.0)
    limits = [(at_s, value) for at_s, _, value in arm.log.writes(TORQUE_LIMIT, 1) if at_s > arm.began_s]
    assert max(abs(b[1] - a[1]) for a, b in pairwise(limits[:-1])) <= 25
    assert limits[0][1] > 900
    assert torques(arm) == [0] * 6


def test_an_arm_that_nobody_left_is_not_touched():
    arm = Arm()
    arm.core.rescue()
    arm.run(1.0)
    assert arm.core.finished
    assert {packet.kind for packet in arm.log} == {"sync_read", "reply"}


def test_a_reply_that_gets_lost_meanwhile_changes_nothing():
    arm = left_behind()
    arm.faults.silence(2, 1)
    arm.run(10.0)
    assert arm.words[-1] == "the arm is parked and released"
    assert set(first_goals(arm)) == set(IDS)


def test_a_servo_that_says_nothing_is_switched_off_with_the_others():
    arm = left_behind()
    arm.faults.silence(2)
    arm.run(10.0)
    assert torques(arm) == [0] * 6
    assert 2 not in first_goals(arm)
    assert arm.words[-1].startswith("shoulder_lift (id 2) did not confirm that the torque is off")


def test_a_servo_that_was_off_stays_off_until_the_end():
    arm = left_behind()
    arm.line.servo(6).write(40, b"\0")
    arm.run(1.0)
    assert 6 not in first_goals(arm)
    arm.run(9.0)
    assert torques(arm) == [0] * 6


# what is told ---------------------------------------------------------------------------------------------------


def test_settings_are_read_in_every_tenth_cycle():
    arm = armed()
    since_s = arm.now_s
    arm.hold(1.0)
    reads = [p.length for p in arm.log.kinds("sync_read") if p.time_s > since_s]
    assert reads.count(31) == pytest.approx(len(reads) / FULL_READ_EVERY, abs=1)


def test_a_report_says_how_things_stand():
    arm = armed()
    arm.wave(0.5)
    report = arm.report
    assert (report.state, report.latched, report.reason, report.strain) == (State.ARMED, False, "", "")
    assert report.goal_number == arm.number
    assert report.cycle > 50
    assert 0.0 <= arm.now_s - report.time_s < 0.005
    joint = report.joints[0]
    assert joint.position == pytest.approx(joint.goal, abs=15.0)
    assert joint.voltage_v == pytest.approx(12.0, abs=0.5)
    assert (joint.age_s, joint.losses, joint.status) == (0.0, 0.0, 0)


def test_before_anything_was_measured_nothing_is_claimed():
    report = Arm().report
    assert all(math.isnan(joint.position) and math.isnan(joint.goal) for joint in report.joints)
    assert all(joint.age_s == math.inf for joint in report.joints)


def test_lost_replies_are_counted_and_age():
    arm = armed()
    arm.faults.silence(3, 2)
    ages_s = []
    for _ in range(3):
        arm.tick()
        ages_s.append(arm.report.joints[2].age_s)
        assert not math.isnan(arm.report.joints[2].position)
    assert ages_s == pytest.approx([CYCLE_S, 2 * CYCLE_S, 0.0], abs=1e-6)
    assert arm.report.joints[2].losses == 2.0


def test_events_are_told_once_and_have_a_bound():
    arm = disarmed()
    for number in range(1000):
        arm.core.give_up(f"event {number}")
    events = arm.core.take_events()
    assert len(events) == 100
    assert events[-1] == "event 999"
    assert arm.core.take_events() == []


def test_giving_up_ends_it_with_words():
    arm = armed()
    arm.core.give_up("the port did not come back; switch the supply off if the arm is stiff")
    assert arm.core.finished
    assert arm.core.take_events() == ["the port did not come back; switch the supply off if the arm is stiff"]


def test_a_plan_can_be_of_fewer_joints():
    plan = replace(Arm().plan, joints=Arm().plan.joints[:2])
    core = type(Arm().core)(plan)
    assert core.cycle(0.0, {}) == []
    assert len(core.report().joints) == 2


def test_servos_are_told_their_speed_limit_before_any_goal():
    arm = newly_armed()
    speeds = [entry for entry in arm.log if entry.kind == "sync_write" and entry.value(GOAL_SPEED, 1) is not None]
    assert speeds[0].time_s < arm.log.goal_writes(1)[0][0]
