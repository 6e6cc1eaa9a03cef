"""Rows B6 to B14, B16, B24 and B25 of the fault table: replies and writes that are lost, spoilt, or late; a lost port.

An SO-101 in virtual time. Each test asserts what reached the servos, what a person reads, and how it is afterwards.
"""

import pytest

from bt_robot.robot.so101.guardian.messages import State
from bt_robot.robot.so101.port import PortLost
from bt_robot.robot.so101.wire.packets import status_packet
from bt_robot.robot.so101.wire.registers import GOAL_POSITION, Status
from tests.faults.servo_kit import (
    BRAKING_S,
    CYCLE_S,
    READ_S,
    SLACK_S,
    armed_again,
    assert_lawful,
    assert_nothing_is_mixed_up,
    assert_stood_still_from,
    goals_of_last_cycle,
    losses,
    standing,
    under_way,
)
from tests.robot.so101_kit import IDS


def counted(arm, monkeypatch):
    """Count how often the bus asks the port for bytes."""
    calls, receive = [], arm.port.receive
    monkeypatch.setattr(arm.port, "receive", lambda *times_s: calls.append(times_s) or receive(*times_s))
    return calls


def tick_block(arm, inject):
    """Run a cycle without a fault, and then one with it, in which no settings are read."""
    arm.tick()
    while arm.core.wants_settings:
        arm.tick()
    inject()
    arm.tick()


# B6, B7, B8: lost replies -----------------------------------------------------------------------------------


def test_b6_one_lost_reply_costs_its_joint_one_measurement_and_nobody_a_goal():
    arm = under_way(joint=2, rate_rad_s=0.5)
    arm.faults.silence(3, count=1)
    arm.tick()
    ages = {i: joint.age_s for i, joint in zip(IDS, arm.report.joints, strict=True)}
    assert ages[3] == pytest.approx(CYCLE_S)
    assert all(age_s == 0.0 for i, age_s in ages.items() if i != 3)
    assert abs(arm.seen(3) - arm.truth(3)) < 4  # it goes on as it moved
    assert goals_of_last_cycle(arm) == set(IDS)
    assert losses(arm) == [0, 0, 1, 0, 0, 0]
    arm.tick()
    assert arm.report.joints[2].age_s == 0.0
    assert arm.state is State.ARMED
    assert arm.words == []
    assert_lawful(arm)


def test_b7_a_servo_that_is_silent_for_three_cycles_stops_all_within_40_ms_by_name():
    arm = under_way(joint=2, rate_rad_s=0.5)
    last_answer_s = arm.log.kinds("reply")[-1].time_s
    arm.faults.silence(3)
    arm.until(lambda: arm.state is State.STOPPED, 0.05)
    assert arm.now_s - last_answer_s <= 0.04
    arm.heard("stopped: elbow_flex (id 3): no answer for 3 cycles (30 ms)")
    stopped_s = arm.now_s
    arm.run(0.3)
    assert_stood_still_from(arm, stopped_s + BRAKING_S)
    assert arm.goals_after(stopped_s, 3) == []  # it may have restarted: a goal would switch it on
    assert_lawful(arm)


def test_b7_the_arm_goes_on_by_itself_after_50_good_cycles_with_goals_that_begin_where_it_is():
    arm = under_way(joint=2, rate_rad_s=0.5)
    arm.faults.silence(3, count=3)
    arm.until(lambda: arm.state is State.STOPPED, 0.05)
    back_s = arm.now_s
    arm.until(lambda: arm.said("the reason to stop is over"), 0.7)
    assert 0.5 <= arm.now_s - back_s <= 0.53
    arm.run(0.1)
    assert arm.state is State.STOPPED  # the path has gone on without the arm
    words = "away from the arm after a stop; they must begin where it is"
    arm.heard("refused goals ", words)
    assert words in arm.report.reason  # so the loop knows, and begins again where the arm is
    arm.fly()
    resumed_s = arm.now_s
    arm.until(lambda: arm.state is State.ARMED, 0.05)
    arm.heard("follows again")
    assert arm.report.reason == ""
    arm.run(0.5)
    first = arm.goals_after(resumed_s, 3)[0]
    assert abs(first[2] - arm.truth(3)) <= 3
    assert goals_of_last_cycle(arm) == set(IDS)
    assert_lawful(arm)


def test_b7_a_servo_that_answers_again_while_the_arm_is_parked_does_not_jump_after_the_others():
    arm = standing(start_rad=(0.8, -1.0, 0.8, 0.5, 0.0, 0.5))
    arm.fall_silent()
    arm.core.leave(arm.now_s)
    arm.run(0.4)
    arm.faults.silence(1, count=30)
    arm.until(lambda: arm.core.finished, 10.0)
    assert_lawful(arm)
    assert arm.torques == [0] * 6


def test_b8_no_servo_answers_is_told_as_supply_or_cable_and_stops_without_a_busy_loop(monkeypatch):
    arm = under_way()
    calls = counted(arm, monkeypatch)
    for servo_id in IDS:
        arm.faults.silence(servo_id)
    arm.until(lambda: arm.state is State.STOPPED, 0.04)
    arm.heard("stopped: no servo answers: is the supply on and the cable in?")
    stopped_s = arm.now_s
    arm.run(1.0)
    assert len(calls) <= 2 * 1.04 / CYCLE_S
    assert arm.goals_after(stopped_s) == []
    arm.faults.clear()
    arm.until(lambda: arm.said("the reason to stop is over"), 0.6)
    arm.fly()
    arm.run(0.2)
    assert arm.state is State.ARMED
    assert goals_of_last_cycle(arm) == set(IDS)
    assert_lawful(arm)


def test_b8_a_supply_that_comes_back_energises_nothing_until_a_person_arms_again():
    arm = under_way()
    arm.faults.power(False)
    arm.until(lambda: arm.state is State.STOPPED, 0.04)
    off_s = arm.now_s
    arm.run(0.5)
    arm.faults.power(True)
    arm.run(2.0)
    assert arm.core.latched
    assert "it restarted" in arm.report.reason
    assert arm.goals_after(off_s) == []
    assert arm.torques == [0] * 6
    assert_lawful(arm)
    armed_again(arm)


# B9 to B12: spoilt replies ----------------------------------------------------------------------------------


def test_b9_a_wrong_checksum_costs_its_servo_one_measurement():
    arm = under_way()
    arm.faults.corrupt_checksum(4)
    arm.tick()
    assert losses(arm) == [0, 0, 0, 1, 0, 0]
    assert [joint.age_s == 0.0 for joint in arm.report.joints] == [True, True, True, False, True, True]
    assert goals_of_last_cycle(arm) == set(IDS)
    arm.tick()
    assert all(joint.age_s == 0.0 for joint in arm.report.joints)
    assert arm.words == []
    assert arm.state is State.ARMED


def test_b10_each_of_the_1008_bit_flips_of_a_burst_costs_one_servo_one_measurement():
    """126 bytes, 8 bits."""
    arm = standing()
    for byte in range(126):
        for bit in range(8):
            before = losses(arm)
            tick_block(arm, lambda byte=byte, bit=bit: arm.faults.flip(byte, bit))
            lost = [after - was for after, was in zip(losses(arm), before, strict=True)]
            assert lost == [int(joint == byte // 21) for joint in range(6)]
            assert_nothing_is_mixed_up(arm)
    assert arm.words == []
    assert arm.state is State.ARMED
    assert len({write[2] for write in arm.goals_after(arm.now_s - 10.0, 1)}) == 1
    assert_lawful(arm)


def test_b11_of_a_truncated_burst_everybody_before_the_cut_is_used():
    arm = under_way(rate_rad_s=0.1)
    for length in range(126):
        before = losses(arm)
        tick_block(arm, lambda length=length: arm.faults.cut(length))
        lost = [after - was for after, was in zip(losses(arm), before, strict=True)]
        assert lost == [int(joint >= length // 21) for joint in range(6)]
        assert_nothing_is_mixed_up(arm)
    assert arm.words == []
    assert arm.state is State.ARMED
    assert_lawful(arm)


FALSE_STATE = bytes((0, 8, 0, 0, 0, 0, 120, 30, 0, 0, 0, 0, 8, 0, 0))
GARBAGE = {
    "noise": bytes(range(1, 40)),
    "half a header": b"\xff",
    "a header": b"\xff\xff",
    "three of it": b"\xff\xff\xff",
    "a fake head": b"\xff\xff\x03\x11",
    "a fake head of another length": b"\xff\xff\x03\x7f\x00",
    "a fake head and noise": b"\xff\xff\x01\x11" + bytes(range(60, 80)),
    "a whole reply of somebody's": status_packet(3, 0, FALSE_STATE),
    "a whole reply of the last one": status_packet(6, 0, FALSE_STATE),
    "a whole reply of nobody": status_packet(77, 0, FALSE_STATE),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_b12_garbage_before_a_burst_costs_nobody_anything(name):
    arm = standing()  # of moving ones, one burst in 256 gives a fake head a right checksum, and costs a servo its reply
    for _ in range(20):
        tick_block(arm, lambda: arm.faults.precede(GARBAGE[name].hex()))
        assert_nothing_is_mixed_up(arm)
    assert losses(arm) == [0] * 6
    assert arm.words == []
    assert arm.state is State.ARMED
    assert_lawful(arm)


# B13 to B16: a line that is used wrongly --------------------------------------------------------------------


@pytest.mark.parametrize("bytes_s", [60_000, 100_000])
def test_b13_a_babbling_line_keeps_no_cycle_longer_than_8_ms_and_stops_after_three(bytes_s, monkeypatch):
    arm = under_way()
    calls = counted(arm, monkeypatch)
    arm.faults.babble(bytes_s)
    began_s, longest_s = arm.now_s, 0.0
    for _ in range(100):
        due_s = arm._due_s
        arm.tick()
        longest_s = max(longest_s, arm.now_s - due_s)
    assert longest_s <= 0.008 + SLACK_S
    assert len(calls) <= 100 * 20  # bytes come once per millisecond: nothing is asked for twice
    assert arm.state is State.STOPPED
    words = arm.heard("stopped: ", "no ")
    assert "answer" in words
    if bytes_s == 100_000:  # nobody can be understood
        assert not arm.goals_after(began_s + 0.04 + BRAKING_S)
    arm.faults.babble(0.0)
    arm.quiet()
    arm.until(lambda: arm.said("the reason to stop is over"), 0.7)
    arm.fly()
    arm.run(0.2)
    assert arm.state is State.ARMED
    assert_lawful(arm)


def test_b14_a_late_reply_is_dropped_and_never_taken_for_a_fresh_one():
    arm = under_way(joint=2, rate_rad_s=1.5)
    dropped = arm.bus.dropped
    tick_block(arm, lambda: arm.faults.delay(3, 0.0072))
    assert losses(arm) == [0, 0, 1, 0, 0, 0]
    for _ in range(3):
        arm.tick()
        assert abs(arm.seen(3) - arm.truth(3)) <= 4  # a reply of the cycle before is 10 ticks off
    assert arm.bus.dropped - dropped == 21
    assert losses(arm) == [0, 0, 1, 0, 0, 0]
    assert arm.words == []
    assert_lawful(arm)


@pytest.mark.parametrize("late_s", [0.0072, 0.0093, 0.0098, 0.0102, 0.0107])
def test_b14_a_servo_that_is_always_late_is_as_good_as_silent(late_s):
    arm = under_way(joint=2, rate_rad_s=1.0)
    arm.faults.delay(3, late_s, count=None)
    arm.until(lambda: arm.state is State.STOPPED, 0.05)
    arm.heard("stopped: elbow_flex (id 3): no answer for 3 cycles (30 ms)")
    stopped_s = arm.now_s
    arm.run(0.3)
    assert_stood_still_from(arm, stopped_s + BRAKING_S)
    assert_lawful(arm)


def test_b16_lost_writes_are_noticed_within_100_ms_and_sent_again_in_every_cycle():
    arm = under_way(joint=0, rate_rad_s=0.5)
    began_s = arm.now_s
    arm.faults.swallow(writes=14)
    arm.until(lambda: arm.said("write lost"), 0.3)
    assert arm.now_s - began_s <= 0.1 + 2 * CYCLE_S + READ_S
    words = arm.heard("write lost: after 100 ms its goal is still")
    assert words.startswith("shoulder_pan (id 1): ")
    arm.run(0.3)
    unheard = [packet for packet in arm.log.kinds("sync_write") if packet.time_s > began_s and not packet.heard]
    assert len(unheard) == 14
    assert all(packet.value(GOAL_POSITION, 1) is not None for packet in unheard)
    assert arm.state is State.ARMED
    assert abs(arm.truth(1) - arm.goals_after(began_s, 1)[-1][2]) < 30  # it has caught up but for its lag
    assert_lawful(arm)


# B24, B25: a port that is lost; over a real tty in test_faults_servo_port.py -----------------------------------

VANISHED = "/dev/ttyACM0 has vanished; is the USB cable in?"
JAMMED = "/dev/ttyACM0 has taken no bytes for 20 ms; unplug the USB cable and plug it in again"


@pytest.mark.parametrize("words", [VANISHED, JAMMED])
def test_b24_b25_a_lost_port_stops_the_arm_in_the_same_cycle_until_a_person_resets_it(words):
    arm = under_way()
    arm.port.gone = words
    arm.tick()
    lost_s = arm.now_s
    assert arm.state is State.STOPPED
    assert arm.report.latched
    assert arm.report.reason == words
    assert arm.words == [f"stopped: {words}"]
    arm.run(2.0)
    assert arm.torques == [1] * 6  # each holds its last goal by itself
    arm.core.reset()
    assert arm.report.latched
    arm.port.gone = ""
    arm.fly()
    arm.run(0.5)
    assert arm.report.latched
    assert arm.goals_after(lost_s) == []
    arm.core.reset()
    arm.fly()
    resumed_s = arm.now_s
    arm.run(0.3)
    assert arm.state is State.ARMED
    assert arm.report.reason == ""
    assert all(abs(arm.goals_after(resumed_s, i)[0][2] - arm.truth(i)) <= 3 for i in IDS)
    assert_lawful(arm)


def test_b24_a_joint_that_was_being_relieved_is_not_moved_either_when_the_port_is_back():
    arm = under_way(joint=2, rate_rad_s=-1.0)
    arm.faults.report(3, Status.OVERLOAD)
    arm.tick()
    assert arm.report.strain
    arm.port.gone = VANISHED
    arm.tick()
    lost_s = arm.now_s
    arm.port.gone = ""
    arm.run(0.5)
    assert arm.goals_after(lost_s) == []


def test_b25_a_port_that_jams_between_reading_and_writing_is_lost_in_the_same_cycle(monkeypatch):
    arm = under_way()

    def jam(register, values):
        raise PortLost(JAMMED)

    monkeypatch.setattr(arm.bus, "sync_write", jam)
    arm.tick()
    monkeypatch.undo()
    assert arm.state is State.STOPPED
    assert arm.report.reason == JAMMED
    lost_s = arm.now_s
    arm.fly()
    arm.run(0.5)
    assert arm.goals_after(lost_s) == []
    arm.core.reset()
    arm.fly()
    arm.run(0.3)
    assert arm.state is State.ARMED
    assert_lawful(arm)
