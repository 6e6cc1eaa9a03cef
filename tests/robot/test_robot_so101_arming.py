"""Switching the torque on without a motion: the order on the wire, what makes it fail, and what is left then."""

from itertools import pairwise

import numpy as np
import pytest

from bt_robot.arm.so101 import REST, to_rad
from bt_robot.robot.emulator.servo import RAD_PER_TICK
from bt_robot.robot.so101.guardian.arming import MOST_MOTION, VERIFY_WITHIN_S, Arming, Progress
from bt_robot.robot.so101.guardian.limbs import Limbs, Write
from bt_robot.robot.so101.guardian.messages import State
from bt_robot.robot.so101.settings import GuardSettings, TorqueSettings
from bt_robot.robot.so101.wire.registers import (
    ACCELERATION,
    GOAL_POSITION,
    GOAL_SPEED,
    TORQUE_ENABLE,
    TORQUE_LIMIT,
    ServoSettings,
)
from tests.robot.so101_kit import GRIPPER, IDS, Arm

REST_RAD = to_rad(REST)


def begun(**values):
    """An arm that was told to arm, and has not done so yet."""
    arm = Arm(**values)
    arm.run(0.05)
    assert arm.core.arm(arm.now_s) == ""
    arm.core.heard(arm.now_s)
    arm.armed_s = arm.now_s
    return arm


def outcome(arm, most_s=5.0):
    """Run until it is armed, or has given up, and what was written last has reached the servos."""
    until_s = arm.now_s + most_s
    while arm.state not in (State.ARMED, State.RELEASED) and arm.now_s < until_s:
        arm.tick()
    arm.port.wait_until(arm.now_s + 0.001)
    return arm.state


def writes(arm, register):
    return [entry for entry in arm.log.writes(register) if entry[0] > arm.armed_s]


def first(arm, register, servo_id=1):
    return next(time_s for time_s, told, _ in writes(arm, register) if told == servo_id)


def torques(arm):
    return [servo.torque for servo in arm.line.servos]


def positions_rad(arm):
    return np.array([servo.motion.position_rad for servo in arm.line.servos])


def assert_let_go(arm, reason):
    """It has given up for that reason, and every servo is released and has its torque limit back."""
    assert outcome(arm, 90.0) is State.RELEASED
    assert arm.core.finished
    assert arm.core.latched == f"not armed: {reason}"
    assert torques(arm) == [0] * 6
    limits = [servo.memory.get(TORQUE_LIMIT) for servo in arm.line.servos]
    assert limits == [1000] * 5 + [500]


# the order on the wire ------------------------------------------------------------------------------------------


def test_before_it_is_asked_to_nothing_is_written():
    arm = Arm()
    arm.run(1.0)
    assert arm.state is State.DISARMED
    assert {packet.kind for packet in arm.log} == {"sync_read", "reply"}


@pytest.mark.parametrize("servo_id", IDS)
def test_little_torque_comes_first_then_the_goal_then_more_torque(servo_id):
    arm = begun()
    assert outcome(arm) is State.ARMED
    limits = [(at_s, value) for at_s, told, value in writes(arm, TORQUE_LIMIT) if told == servo_id]
    goal_s = first(arm, GOAL_POSITION, servo_id)
    more_s = next(at_s for at_s, value in limits if value > 200)
    assert limits[0][1] == 200
    assert limits[0][0] < first(arm, ACCELERATION, servo_id) < first(arm, GOAL_SPEED, servo_id) < goal_s < more_s
    assert [value for _, value in limits] == sorted(value for _, value in limits)
    assert limits[-1][1] == (500 if servo_id == GRIPPER else 1000)


def test_what_the_servos_say_is_read_between_the_goal_and_more_torque():
    arm = begun()
    outcome(arm)
    goal_s = first(arm, GOAL_POSITION)
    more_s = next(at_s for at_s, _, value in writes(arm, TORQUE_LIMIT) if value > 200)
    reads = [p for p in arm.log if p.kind == "sync_read" and goal_s < p.time_s < more_s]
    assert any((read.address, read.length) == (40, 31) for read in reads)


def test_every_goal_is_where_the_joint_is():
    arm = begun()
    present = {i: round(joint.position) for i, joint in zip(IDS, arm.report.joints, strict=True)}
    outcome(arm)
    assert {(told, value) for _, told, value in writes(arm, GOAL_POSITION)} == set(present.items())


def test_torque_is_switched_on_by_the_goal_and_by_nothing_else():
    arm = begun()
    outcome(arm)
    assert writes(arm, TORQUE_ENABLE) == []
    assert torques(arm) == [1] * 6


def test_a_servo_that_has_just_booted_does_not_drive_to_zero():
    arm = begun()
    assert all(servo.memory.get(GOAL_POSITION) == 0 for servo in arm.line.servos)
    before = positions_rad(arm)
    outcome(arm)
    assert np.abs(positions_rad(arm) - before).max() < np.radians(0.2)


def test_the_servos_own_speed_limit_is_above_the_guardians():
    arm = begun(servo_acceleration=77)
    outcome(arm)
    for joint, servo in zip(arm.plan.joints, arm.line.servos, strict=True):
        assert servo.memory.get(GOAL_SPEED) == round(1.25 * joint.envelope.velocity)
        assert servo.memory.get(ACCELERATION) == 77


def test_torque_comes_up_as_long_as_the_config_says():
    arm = begun(torque=TorqueSettings(normal=0.8, gripper=0.4, arming=0.1))
    outcome(arm)
    limits = [(at_s, value) for at_s, told, value in writes(arm, TORQUE_LIMIT) if told == 1]
    assert (limits[0][1], limits[-1][1]) == (100, 800)
    assert limits[-1][0] - limits[1][0] == pytest.approx(0.7 * arm.plan.ramp_s, abs=0.02)
    assert max(b[1] - a[1] for a, b in pairwise(limits)) <= 25


def test_it_takes_less_than_a_second():
    arm = begun()
    outcome(arm)
    assert arm.now_s - arm.armed_s < 0.6
    assert arm.words == ["arming", "armed"]
    assert arm.report.reason == ""


def test_goals_are_not_followed_while_it_arms():
    arm = begun()
    for _ in range(10):
        arm.send(arm.joints + 0.05)
        arm.tick()
        assert arm.state is State.ARMING
    present = {i: round(joint.position) for i, joint in zip(IDS, arm.report.joints, strict=True)}
    assert {(told, value) for _, told, value in writes(arm, GOAL_POSITION)} <= set(present.items())


# what is lost on the way ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("skipped", range(12))
def test_a_write_that_gets_lost_is_repeated(skipped):
    arm = begun()
    before = positions_rad(arm)
    while arm.state is not State.ARMED:
        if len([p for p in arm.log if p.kind == "sync_write"]) == skipped:
            arm.faults.swallow(writes=1)
        arm.tick()
        assert arm.now_s - arm.armed_s < 1.5
    outcome(arm)
    arm.hold(0.3)
    assert torques(arm) == [1] * 6
    assert [servo.memory.get(TORQUE_LIMIT) for servo in arm.line.servos] == [1000] * 5 + [500]
    assert [servo.memory.get(GOAL_SPEED) for servo in arm.line.servos] == list(arm.plan.goal_speeds.values())
    assert np.abs(positions_rad(arm) - before).max() < np.radians(1.0)


@pytest.mark.parametrize("cycles", range(8))
def test_a_reply_that_gets_lost_ends_nothing(cycles):
    arm = begun()
    arm.run(cycles * arm.plan.cycle_s)
    arm.faults.silence(3, 1)
    assert outcome(arm) is State.ARMED


def test_a_reply_that_got_lost_just_before_it_is_asked_ends_nothing():
    arm = Arm()
    arm.run(0.05)
    arm.faults.silence(3, 1)
    arm.tick()
    arm.armed_s = arm.now_s
    assert arm.core.arm(arm.now_s) == ""
    assert outcome(arm) is State.ARMED


# what makes it fail ---------------------------------------------------------------------------------------------


def test_a_joint_that_sinks_while_the_torque_comes_up_ends_it():
    arm = begun()
    arm.run(0.1)
    start_rad = arm.line.servos[1].motion.position_rad
    for n in range(1, 9):
        arm.faults.place(2, start_rad - n * 3 * RAD_PER_TICK)
        arm.tick()
    moved = arm.core.latched.split("moved by ")[1].split("°")[0]
    assert 1.0 < float(moved) < 2.0
    assert_let_go(
        arm,
        f"shoulder_lift (id 2) moved by {moved}° while it was armed; let the arm rest where it does not sink, and try"
        " again",
    )


def test_it_is_given_up_with_little_torque():
    arm = begun()
    arm.run(0.03)
    arm.faults.place(2, arm.line.servos[1].motion.position_rad - 30 * RAD_PER_TICK)
    outcome(arm)
    assert all(value <= 600 for _, _, value in writes(arm, TORQUE_LIMIT)[:-6])


@pytest.mark.parametrize("exit_", ["park", "release"])
def test_an_arm_that_could_not_be_armed_is_not_moved_any_more(exit_):
    """It rested where it stood; whatever went wrong, the worst now is a motion."""
    arm = begun(guard=GuardSettings(exit=exit_), start_rad=REST_RAD + 0.3)
    before = positions_rad(arm)
    for _ in range(4):
        arm.tick()
    arm.faults.report(4, 0)
    arm.faults.poke(4, "goal_position", 1000)
    arm.faults.silence(4)
    assert outcome(arm, 10.0) is State.RELEASED
    others = [0, 1, 2, 4, 5]
    assert np.abs(positions_rad(arm) - before)[others].max() < np.radians(1.0)
    assert torques(arm) == [0] * 6


def test_a_servo_that_does_not_answer_any_more_ends_it():
    arm = begun()
    arm.run(0.02)
    arm.faults.silence(5)
    outcome(arm)
    assert arm.core.latched == "not armed: wrist_roll (id 5): no answer for 3 cycles (30 ms)"
    assert torques(arm) == [0] * 6
    assert arm.words[-1] == (
        "wrist_roll (id 5) did not confirm that the torque is off; switch the supply off if the arm is stiff"
    )


def test_a_servo_that_does_not_take_its_goal_ends_it():
    arm = begun()
    servo = arm.line.servos[2]
    write = servo.write

    def deaf(address, data, **values):
        if address != GOAL_POSITION.address:
            write(address, data, **values)

    servo.write = deaf
    outcome(arm)
    assert_let_go(arm, "elbow_flex (id 3) did not switch its torque on")


def test_a_servo_that_clamps_its_goal_ends_it():
    """Its own range was changed since it was looked at, and now it would go elsewhere."""
    arm = begun()
    limit = round(arm.report.joints[0].position) + 8
    arm.faults.poke(1, "min_position", limit)
    servo = arm.line.servos[0]
    write = servo.write

    def clamped(address, data, **values):
        if address == GOAL_POSITION.address:
            data = max(limit, int.from_bytes(data, "little")).to_bytes(2, "little")
        write(address, data, **values)

    servo.write = clamped
    outcome(arm)
    assert arm.core.latched.startswith(f"not armed: shoulder_pan (id 1) has the goal {limit}; expected {limit - 8}")
    assert torques(arm) == [0] * 6


def test_a_servo_that_does_not_take_its_torque_limit_ends_it():
    arm = begun()
    servo = arm.line.servos[3]
    write = servo.write

    def strong(address, data, **values):
        if address != TORQUE_LIMIT.address:
            write(address, data, **values)

    servo.write = strong
    outcome(arm)
    assert arm.core.latched == "not armed: wrist_flex (id 4) has the torque limit 1000; expected 200"
    assert torques(arm) == [0] * 6


def test_it_waits_a_while_before_it_gives_up():
    arm = begun()
    arm.line.servos[3].write = lambda *_, **__: None
    while not arm.core.latched:
        arm.tick()
    assert VERIFY_WITHIN_S < arm.now_s - arm.armed_s < VERIFY_WITHIN_S + 0.1


def test_a_port_that_vanishes_ends_it():
    arm = begun()
    arm.run(0.1)
    arm.port.gone = "/dev/ttyACM0 has vanished; is the USB cable in?"
    arm.tick()
    assert arm.core.latched == arm.port.gone


@pytest.mark.parametrize("after_s", [0.02, 0.05, 0.1, 0.3])
def test_a_servo_that_restarts_meanwhile_is_noticed_and_never_moves(after_s):
    arm = begun()
    before = positions_rad(arm)
    arm.run(after_s)
    arm.faults.reboot(2)
    outcome(arm)
    arm.run(0.15)
    whole = arm.line.servos[1].memory.get(GOAL_SPEED) == arm.plan.goal_speeds[2]  # told everything a second time
    noticed = arm.core.latched.startswith(("shoulder_lift (id 2): it restarted", "not armed: shoulder_lift (id 2)"))
    assert whole != noticed
    assert np.abs(positions_rad(arm) - before).max() < np.radians(1.0)


# the sequence alone ---------------------------------------------------------------------------------------------


def sequence():
    plan = Arm().plan
    limbs = Limbs(plan)
    limbs.measured = {joint.servo_id: round(joint.park) for joint in plan.joints}
    return plan, limbs, Arming(plan, limbs, 0.0)


def confirmed(plan, limbs, **values):
    return {
        i: ServoSettings(
            **{
                "torque_enable": 1,
                "acceleration": plan.acceleration,
                "goal_position": round(limbs.measured[i]),
                "goal_time": 0,
                "goal_speed": plan.goal_speeds[i],
                "torque_limit": plan.arm_torque,
                "lock": 1,
                **values,
            }
        )
        for i in IDS
    }


def test_the_first_step_switches_nothing_on():
    plan, limbs, arming = sequence()
    assert arming.cycle(0.0, None) == [
        Write(TORQUE_LIMIT, dict.fromkeys(IDS, plan.arm_torque)),
        Write(ACCELERATION, dict.fromkeys(IDS, plan.acceleration)),
        Write(GOAL_SPEED, plan.goal_speeds),
    ]
    assert limbs.energised == set()


def test_the_second_step_writes_the_goals():
    _, limbs, arming = sequence()
    arming.cycle(0.0, None)
    assert arming.cycle(0.01, None) == [Write(GOAL_POSITION, {i: round(limbs.measured[i]) for i in IDS})]
    assert limbs.energised == set(IDS)
    assert arming.wants_settings


def test_without_a_confirmation_no_more_torque_comes():
    plan, limbs, arming = sequence()
    for n in range(1000):
        arming.cycle(n * 0.01, None)
    assert limbs.torque_limits() == dict.fromkeys(IDS, plan.arm_torque)
    assert arming.progress is Progress.BUSY


def test_with_a_confirmation_the_torque_comes_up():
    plan, limbs, arming = sequence()
    arming.cycle(0.0, None)
    arming.cycle(0.01, None)
    arming.cycle(0.02, confirmed(plan, limbs))
    for n in range(3, 60):
        arming.cycle(n * 0.01, None)
    assert arming.progress is Progress.DONE
    assert limbs.torque_limits() == {**dict.fromkeys(IDS, 1000), GRIPPER: 500}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"torque_enable": 0}, "shoulder_pan (id 1) did not switch its torque on"),
        ({"torque_enable": 2}, "shoulder_pan (id 1) did not switch its torque on"),
        ({"torque_limit": 1000}, "shoulder_pan (id 1) has the torque limit 1000; expected 200"),
        ({"goal_speed": 0}, "shoulder_pan (id 1) has the speed limit 0; expected 2444"),
        ({"goal_position": 0}, "shoulder_pan (id 1) has the goal 0; expected 2047"),
    ],
)
def test_a_servo_that_says_something_else_fails_it(values, reason):
    plan, limbs, arming = sequence()
    for n in range(70):
        arming.cycle(n * 0.01, confirmed(plan, limbs, **values))
    assert arming.progress is Progress.FAILED
    assert arming.reason == reason


def test_a_servo_that_says_nothing_fails_it():
    plan, limbs, arming = sequence()
    settings = confirmed(plan, limbs)
    del settings[6]
    for n in range(70):
        arming.cycle(n * 0.01, settings)
    assert arming.reason == "gripper (id 6) did not confirm that it is armed: no answer"


@pytest.mark.parametrize(("ticks", "progress"), [(MOST_MOTION, Progress.BUSY), (MOST_MOTION + 1, Progress.FAILED)])
def test_a_degree_of_motion_is_forgiven_and_no_more(ticks, progress):
    _, limbs, arming = sequence()
    arming.cycle(0.0, None)
    limbs.measured[4] -= ticks
    assert arming.cycle(0.01, None) == [] or progress is Progress.BUSY
    assert arming.progress is progress
