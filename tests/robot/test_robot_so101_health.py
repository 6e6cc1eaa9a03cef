import dataclasses
import math

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bt_robot.arm.so101 import JOINT_NAMES
from bt_robot.robot.so101.health import Finding, Health, HealthLimits, Severity
from bt_robot.robot.so101.wire.registers import ServoSettings, ServoState, Status
from tests.scale import examples

IDS = (1, 2, 3, 4, 5, 6)
NAMES = dict(zip(IDS, JOINT_NAMES, strict=True))
CYCLE_S = 0.01
NOTE, RELIEVE, STOP, LATCH = Severity.NOTE, Severity.RELIEVE, Severity.STOP, Severity.LATCH


def state(servo_id=1, **changes):
    well = ServoState(
        servo_id=servo_id,
        position=2000,
        speed=0,
        load=0,
        voltage_v=7.4,
        temperature_c=30,
        status=0,
        moving=False,
        goal_echo=2000,
        current_ma=100.0,
    )
    return dataclasses.replace(well, **changes)


def told(**changes):
    well = ServoSettings(
        torque_enable=1, acceleration=0, goal_position=2000, goal_time=0, goal_speed=0, torque_limit=1000, lock=1
    )
    return dataclasses.replace(well, **changes)


class Arm:
    """Six servos that are well, unless told otherwise, and an armed health that watches them cycle by cycle."""

    def __init__(self, limits=None, *, armed=True):
        self.health = Health(limits or HealthLimits(), IDS, NAMES, grippers=frozenset({6}))
        self.now_s = 100.0
        self.cycles = 0
        self.armed = armed
        self.goals = dict.fromkeys(IDS, 2000.0 if armed else None)
        if armed:
            self.health.armed = frozenset(IDS)
            self.health.expect(dict.fromkeys(IDS, 1000))
        assert self.see(3) == []

    def see(self, cycles=1, *, settings=None, lost=(), **changes):
        """Return the findings of the last of some cycles; changes are `id3={...}`."""
        findings = []
        for _ in range(cycles):
            self.now_s = round(self.now_s + CYCLE_S, 6)
            self.cycles += 1
            states = {i: None if i in lost else state(i, **changes.get(f"id{i}", {})) for i in IDS}
            full = None if settings is None else {i: settings.get(i, told()) for i in IDS if i not in lost}
            findings = self.health.see(self.now_s, states, self.goals, full)
        return findings

    def first(self, cycles, **changes):
        """Return in which of some cycles something is found first, and what."""
        for i in range(1, cycles + 1):
            if found := self.see(**changes):
                return i, found
        return None, []


@pytest.fixture
def arm():
    return Arm()


def finding(severity, servo_id, code, text):
    return Finding(severity, servo_id, code, text)


def codes(findings):
    return [(f.severity, f.servo_id, f.code) for f in findings]


def test_servos_that_are_well_give_no_findings(arm):
    assert arm.see(200, settings={}) == []
    assert arm.health.forbidden == frozenset()
    assert arm.health.suspect == frozenset()


# B6, B7, B8: lost replies ---------------------------------------------------------------------------------------


def test_b6_a_lost_reply_is_bridged_without_a_word(arm):
    arm.see(id3={"position": 2010, "speed": 500})
    assert arm.see(lost=(3,)) == []
    assert arm.health.position(3) == pytest.approx(2015)
    assert arm.health.position(2) == 2000
    assert arm.see(lost=(3,)) == []
    assert arm.health.position(3) == pytest.approx(2015)  # for one cycle only
    assert arm.see(id3={"position": 2016}) == []
    assert arm.health.position(3) == 2016


def test_b6_before_the_first_answer_there_is_no_position():
    health = Health(HealthLimits(), IDS, NAMES)
    health.see(0.0, {}, {})
    assert health.position(3) is None


def test_b7_three_lost_replies_stop_the_arm_and_name_the_joint(arm):
    assert arm.see(2, lost=(3,)) == []
    assert arm.see(lost=(3,)) == [finding(STOP, 3, "B7", "elbow_flex (id 3): no answer for 3 cycles (30 ms)")]
    assert arm.see(lost=(3,)) == [finding(STOP, 3, "B7", "elbow_flex (id 3): no answer for 4 cycles (40 ms)")]


def test_b7_is_over_after_fifty_good_cycles(arm):
    arm.see(3, lost=(3,))
    text = "elbow_flex (id 3): answers again, 1 of 50 good replies until the arm may go on"
    assert arm.see() == [finding(STOP, 3, "B7", text)]
    assert codes(arm.see(48)) == [(STOP, 3, "B7")]
    assert arm.see() == []


def test_b7_a_reply_lost_on_the_way_back_begins_the_count_anew(arm):
    arm.see(3, lost=(3,))
    arm.see(40)
    text = "elbow_flex (id 3): no answer for 1 cycle (10 ms)"
    assert arm.see(lost=(3,)) == [finding(STOP, 3, "B7", text)]
    assert codes(arm.see(49)) == [(STOP, 3, "B7")]
    assert arm.see() == []


def test_b7_a_servo_that_never_answered_is_told_as_such():
    health = Health(HealthLimits(), IDS, NAMES)
    for i in range(3):
        found = health.see(i * CYCLE_S, {j: state(j) for j in IDS if j != 4}, {})
    assert found == [finding(STOP, 4, "B7", "wrist_flex (id 4): no answer for 3 cycles, and never before")]


def test_b7_several_silent_servos_are_each_named(arm):
    assert codes(arm.see(3, lost=(3, 5))) == [(STOP, 3, "B7"), (STOP, 5, "B7")]


def test_b7_single_losses_in_between_never_stop_the_arm(arm):
    for _ in range(50):
        assert arm.see(2, lost=(1, 2, 3, 4, 5, 6)) == []
        assert arm.see() == []


def test_b7_how_many_may_be_lost_is_a_setting():
    arm = Arm(HealthLimits(lost_cycles=1, good_cycles=2))
    assert codes(arm.see(lost=(1,))) == [(STOP, 1, "B7")]
    assert codes(arm.see()) == [(STOP, 1, "B7")]
    assert arm.see() == []


def test_b8_when_no_servo_answers_it_is_the_supply_or_the_cable(arm):
    assert arm.see(2, lost=IDS) == []
    silent = [finding(STOP, None, "B8", "no servo answers: is the supply on and the cable in?")]
    assert arm.see(lost=IDS) == silent
    assert arm.see(500, lost=IDS) == silent


def test_b8_all_servos_come_back_in_one_sentence(arm):
    arm.see(3, lost=IDS)
    arm.see(11)
    text = "6 servos answer again, 12 of 50 good replies until the arm may go on"
    assert arm.see() == [finding(STOP, None, "B8", text)]
    assert arm.see(38) == []


def test_b8_a_servo_that_does_not_come_back_is_named(arm):
    arm.see(3, lost=IDS)
    found = arm.see(5, lost=(2,))
    assert found == [
        finding(STOP, 2, "B7", "shoulder_lift (id 2): no answer for 8 cycles (80 ms)"),
        finding(STOP, None, "B7", "5 servos answer again, 5 of 50 good replies until the arm may go on"),
    ]


def test_a_servo_that_was_silent_is_suspect_until_its_goal_shows_that_it_did_not_restart(arm):
    arm.see(2, lost=(3,))
    assert arm.health.suspect == frozenset()
    arm.see(lost=(3,))
    assert arm.health.suspect == {3}
    arm.goals[3] = None  # the caller writes no goal meanwhile
    arm.see(id3={"goal_echo": 1234})
    assert arm.health.suspect == {3}
    arm.see()
    assert arm.health.suspect == frozenset()


def test_a_servo_that_was_silent_is_suspect_until_its_settings_show_that_it_did_not_restart(arm):
    arm.see(3, lost=(3,))
    arm.see(5, id3={"goal_echo": 1234})
    assert arm.health.suspect == {3}
    arm.see(settings={}, id3={"goal_echo": 1234})
    assert arm.health.suspect == frozenset()


# B16: lost writes -----------------------------------------------------------------------------------------------


def test_b16_a_goal_that_never_arrives_is_noticed_in_100_ms_and_told_once(arm):
    arm.goals[2] = 2100.0
    cycle, found = arm.first(50)
    assert cycle == 11  # the first cycle was within 10 ms of the write
    text = "shoulder_lift (id 2): write lost: after 100 ms its goal is still 2000"
    assert found == [finding(NOTE, 2, "B16", text)]
    assert arm.see(100) == []


def test_b16_is_told_again_when_it_happens_again(arm):
    arm.goals[2] = 2100.0
    assert arm.first(20)[1]
    assert arm.see(20, id2={"goal_echo": 2100}) == []
    arm.goals[2] = 2200.0
    assert codes(arm.first(20, id2={"goal_echo": 2100})[1]) == [(NOTE, 2, "B16")]


def test_b16_a_stream_of_goals_of_which_some_are_lost_is_no_lost_write(arm):
    for i in range(200):
        arm.goals[2] = 2000.0 + 3 * i
        assert arm.see(id2={"goal_echo": 2000 + 3 * (i - i % 7), "position": 2000 + 3 * i}) == []


def test_b16_a_stream_of_goals_of_which_none_arrives_is_a_lost_write(arm):
    for i in range(9):
        arm.goals[2] = 2010.0 + 10 * i
        assert arm.see() == []
    arm.goals[2] = 2100.0
    found = arm.first(5)[1]
    assert codes(found) == [(NOTE, 2, "B16")]


def test_b16_a_firmware_that_does_not_tell_its_goal_is_left_alone():
    health = Health(HealthLimits(), IDS, NAMES)
    health.armed = frozenset(IDS)
    for i in range(100):
        mute = {j: state(j, goal_echo=0) for j in IDS}
        assert health.see(i * CYCLE_S, mute, dict.fromkeys(IDS, 2000.0 + i)) == []


# B17: supply ----------------------------------------------------------------------------------------------------


def test_b17_a_weak_supply_is_told_once_after_a_second(arm):
    cycle, found = arm.first(200, id6={"voltage_v": 5.8})
    assert cycle == 101
    text = "gripper (id 6): 5.8 V, the warning is at 6 V; is the supply strong enough?"
    assert found == [finding(NOTE, 6, "B17", text)]
    assert arm.see(300, id6={"voltage_v": 5.8}) == []
    assert arm.see() == []
    assert codes(arm.first(200, id6={"voltage_v": 5.8})[1]) == [(NOTE, 6, "B17")]


def test_b17_a_dip_is_no_finding(arm):
    for _ in range(20):
        assert arm.see(90, id6={"voltage_v": 5.0}) == []
        assert arm.see() == []


@pytest.mark.parametrize("limit_v", [None, 5.5])
def test_b17_a_voltage_out_of_limits_for_half_a_second_latches(limit_v):
    arm = Arm(HealthLimits(stop_voltage_v=limit_v))
    bad = {"voltage_v": 4.9, "status": int(Status.VOLTAGE) if limit_v is None else 0}
    cycle, found = arm.first(200, id6=bad)
    assert cycle == 51
    limits = "the servo's own limits" if limit_v is None else "5.5 V"
    text = f"gripper (id 6): 4.9 V, outside {limits} for 0.5 s; check the supply and its plugs, then arm again"
    assert found == [finding(LATCH, 6, "B17", text)]
    assert codes(arm.see(100, id6=bad)) == [(LATCH, 6, "B17")]
    assert arm.see() == []
    assert arm.health.forbidden == frozenset()


def test_b17_a_supply_that_is_bad_for_all_servos_is_one_finding_with_the_worst_of_them(arm):
    low = {f"id{i}": {"voltage_v": 5.5 - 0.1 * i, "status": int(Status.VOLTAGE)} for i in IDS}
    (found,) = arm.see(60, **low)
    assert (found.severity, found.servo_id) == (LATCH, None)
    assert found.text.startswith("gripper (id 6) (and 5 more): 4.9 V, outside the servo's own limits for 0.5 s")


def test_b17_holds_while_a_single_reply_is_lost(arm):
    bad = {"voltage_v": 4.9, "status": int(Status.VOLTAGE)}
    arm.see(60, id6=bad)
    assert codes(arm.see(lost=(6,))) == [(LATCH, 6, "B17")]


# B18: overload --------------------------------------------------------------------------------------------------


def test_b18_an_overload_is_relieved_in_the_same_cycle_and_stops_the_arm_after_half_a_second(arm):
    bad = {"status": int(Status.OVERLOAD), "load": -850, "current_ma": 1300.0}
    relief = finding(RELIEVE, 2, "B18", "shoulder_lift (id 2): overload (load 85 %, 1.3 A); it stops pushing")
    assert arm.see(id2=bad) == [relief]
    assert arm.see(49, id2=bad) == [relief]
    text = "shoulder_lift (id 2): overload for 0.5 s; move it away from what it pushes against"
    assert arm.see(id2=bad) == [relief, finding(STOP, 2, "B18", text)]
    assert arm.see() == []
    assert arm.see(id2=bad) == [relief]


def test_b18_an_overload_that_is_left_over_from_before_is_nothing_while_nothing_is_driven():
    arm = Arm(armed=False)
    assert arm.see(100, id2={"status": int(Status.OVERLOAD)}) == []


def test_b18_lasts_while_a_single_reply_is_lost_and_no_longer(arm):
    bad = {"status": int(Status.OVERLOAD)}
    arm.see(id2=bad)
    assert codes(arm.see(2, lost=(2,))) == [(RELIEVE, 2, "B18")]
    assert codes(arm.see(lost=(2,))) == [(STOP, 2, "B7")]


# B19: over-current ----------------------------------------------------------------------------------------------

TRIPPED = (
    "shoulder_lift (id 2): it switched itself off because of too much current (0.2 A now); look what it pushed"
    " against; no"
    " goal is written to it until the arm is armed again"
)


def test_b19_after_a_trip_no_goal_may_be_written_from_the_same_cycle_on(arm):
    bad = {"status": int(Status.CURRENT), "current_ma": 200.0}
    assert arm.see(id2=bad) == [finding(LATCH, 2, "B19", TRIPPED)]
    assert arm.health.forbidden == {2}
    arm.goals[2] = None
    assert arm.see(20, id2=bad) == [finding(LATCH, 2, "B19", TRIPPED)]
    assert arm.see(20) == [finding(LATCH, 2, "B19", TRIPPED)]  # the bit is gone, the trip is not
    assert arm.health.forbidden == {2}


def test_b19_the_settings_show_the_trip_too(arm):
    bad = {"status": int(Status.CURRENT), "current_ma": 200.0}
    assert arm.see(settings={2: told(torque_enable=0)}, id2=bad) == [finding(LATCH, 2, "B19", TRIPPED)]


def test_b19_too_much_current_with_the_torque_still_on_is_relieved(arm):
    bad = {"status": int(Status.CURRENT), "current_ma": 3300.0, "load": 900}
    text = "shoulder_lift (id 2): too much current (load 90 %, 3.3 A); it stops pushing"
    assert arm.see(settings={}, id2=bad) == [finding(RELIEVE, 2, "B19", text)]
    assert arm.health.forbidden == frozenset()


def test_b19_torque_that_is_gone_without_a_word_latches(arm):
    text = (
        "wrist_flex (id 4): its torque is off although the arm is armed; no goal is written to it until the arm"
        " is armed again"
    )
    assert arm.see(settings={4: told(torque_enable=0)}) == [finding(LATCH, 4, "B19", text)]
    assert arm.health.forbidden == {4}


def test_b19_is_forgotten_when_a_person_arms_again(arm):
    bad = {"status": int(Status.CURRENT)}
    arm.see(id2=bad)
    arm.health.reset()
    assert arm.health.forbidden == frozenset()
    assert arm.see(settings={}) == []


def test_b19_a_bit_that_is_left_over_does_not_keep_the_arm_from_being_armed():
    arm = Arm(armed=False)
    bad = {"status": int(Status.CURRENT)}
    assert arm.see(20, settings={2: told(torque_enable=0)}, id2=bad) == []
    arm.health.reset()
    arm.goals = dict.fromkeys(IDS, 2000.0)
    assert arm.see(id2=bad) == []
    arm.health.armed = frozenset(IDS)
    assert arm.see() == []
    assert codes(arm.see(id2=bad)) == [(LATCH, 2, "B19")]  # a new trip


def test_torque_that_is_off_is_nothing_while_the_arm_is_disarmed():
    arm = Arm(armed=False)
    off = {i: told(torque_enable=0, goal_position=0) for i in IDS}
    assert arm.see(50, settings=off) == []


# B20: heat ------------------------------------------------------------------------------------------------------


def test_b20_a_warm_servo_is_told_once_until_it_has_cooled_down(arm):
    text = "shoulder_lift (id 2): 61 °C; the arm stops at 65 °C"
    assert arm.see(id2={"temperature_c": 61}) == [finding(NOTE, 2, "B20", text)]
    for celsius in (61, 64, 59, 60, 55, 61):
        assert arm.see(10, id2={"temperature_c": celsius}) == []
    assert arm.see(id2={"temperature_c": 54}) == []
    assert codes(arm.see(id2={"temperature_c": 60})) == [(NOTE, 2, "B20")]


def test_b20_a_hot_servo_stops_the_arm_until_it_has_cooled_down(arm):
    text = "shoulder_lift (id 2): 66 °C, the limit is 65 °C; let it cool down below 55 °C"
    assert arm.see(id2={"temperature_c": 66}) == [finding(STOP, 2, "B20", text)]
    for celsius in (64, 60, 55):
        assert codes(arm.see(10, id2={"temperature_c": celsius})) == [(STOP, 2, "B20")]
    assert arm.see(id2={"temperature_c": 54}) == []


def test_b20_a_servo_that_gave_up_by_itself_says_so(arm):
    bad = {"temperature_c": 71, "status": int(Status.TEMPERATURE)}
    text = "shoulder_lift (id 2): 71 °C, it switched its output off; let it cool down below 55 °C"
    assert arm.see(id2=bad) == [finding(STOP, 2, "B20", text)]


def test_b20_a_lost_reply_does_not_let_a_hot_arm_go_on(arm):
    arm.see(id2={"temperature_c": 66})
    assert codes(arm.see(lost=(2,))) == [(STOP, 2, "B20")]


def test_b20_holds_for_a_disarmed_arm_too():
    assert codes(Arm(armed=False).see(id2={"temperature_c": 66})) == [(STOP, 2, "B20")]


# B21, B22: impossible positions ---------------------------------------------------------------------------------


def test_b21_an_impossible_sample_is_dropped_and_told(arm):
    text = "elbow_flex (id 3): its position jumped by 700 ticks (62°); the sample is dropped"
    assert arm.see(id3={"position": 2700}) == [finding(NOTE, 3, "B21", text)]
    assert arm.health.position(3) == 2000
    assert arm.see() == []
    assert arm.health.position(3) == 2000


def test_b21_the_third_impossible_sample_latches(arm):
    assert codes(arm.see(id3={"position": 2700})) == [(NOTE, 3, "B21")]
    assert arm.see(id3={"position": 2700}) == []
    text = (
        "elbow_flex (id 3): its position jumped by 700 ticks (62°), 3 samples in a row; look at the joint, then"
        " arm again"
    )
    assert arm.see(id3={"position": 2700}) == [finding(LATCH, 3, "B21", text)]
    assert arm.health.position(3) == 2700
    assert arm.see(100, id3={"position": 2700}) == [finding(LATCH, 3, "B21", text)]
    arm.health.reset()
    assert arm.see(id3={"position": 2700}) == []
    assert arm.health.forbidden == frozenset()


def test_b21_an_encoder_fault_is_handled_alike(arm):
    bad = {"position": 2003, "status": int(Status.ENCODER)}
    text = "elbow_flex (id 3): its encoder reports a fault; the sample is dropped"
    assert arm.see(id3=bad) == [finding(NOTE, 3, "B21", text)]
    assert arm.health.position(3) == 2000
    (found,) = arm.see(2, id3=bad)
    assert (found.severity, found.code) == (LATCH, "B21")
    assert found.text.startswith(
        "elbow_flex (id 3): its encoder reports a fault, 3 samples in a row; look at the joint"
    )
    assert arm.health.position(3) == 2000


def test_b21_a_person_who_moves_a_disarmed_arm_fast_is_no_fault():
    arm = Arm(armed=False)
    for i in range(20):
        assert LATCH not in [f.severity for f in arm.see(id5={"position": (2000 + 150 * i) % 4096})]
    assert arm.see(3, id5={"position": (2000 + 150 * 19) % 4096}) == []
    assert arm.health.position(5) == (2000 + 150 * 19) % 4096


@pytest.mark.parametrize("wraps", [True, False])
def test_b22_the_seam_is_no_jump(wraps):
    arm = Arm(armed=False)
    positions = [2000 + 30 * i for i in range(200)]
    for ticks in positions:
        assert arm.see(id5={"position": ticks % 4096 if wraps else ticks, "speed": 3000}) == []


# B23: restarts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "sign"),
    [
        ({"torque_enable": 0, "goal_position": 0}, "its goal is gone"),
        ({"goal_position": 0}, "its goal is gone"),
        ({"torque_limit": 850}, "its torque limit is 85 % instead of 100 %"),
        ({"torque_enable": 0, "torque_limit": 850}, "its torque limit is 85 % instead of 100 %"),
    ],
)
def test_b23_settings_that_are_gone_show_a_restart(arm, found, sign):
    text = (
        f"wrist_flex (id 4): it restarted ({sign}, 6.1 V now): a weak supply or a loose plug? no goal is written"
        " to it until"
        " the arm is armed again"
    )
    low = {"voltage_v": 6.1}
    assert arm.see(settings={4: told(**found)}, id4=low) == [finding(LATCH, 4, "B23", text)]
    assert arm.health.forbidden == {4}
    assert arm.see(30, id4=low) == [finding(LATCH, 4, "B23", text)]
    arm.health.reset()
    assert arm.health.forbidden == frozenset()


def test_b23_a_goal_that_is_gone_from_the_state_shows_a_restart_without_waiting_for_the_settings(arm):
    (found,) = arm.see(id4={"goal_echo": 0})
    assert (found.severity, found.servo_id, found.code) == (LATCH, 4, "B23")
    assert arm.health.forbidden == {4}


def test_b23_a_servo_that_comes_back_from_a_restart_is_never_allowed_a_goal(arm):
    for _ in range(30):
        arm.see(lost=(4,))
        arm.goals[4] = None if 4 in arm.health.forbidden | arm.health.suspect else 2000.0
    assert arm.goals[4] is None
    arm.see(id4={"goal_echo": 0})
    assert arm.health.forbidden == {4}


def test_b23_a_restart_that_a_goal_has_hidden_is_shown_by_the_speed_limit_that_is_gone(arm):
    assert arm.see(settings={}) == []  # nobody told it a speed limit
    arm.health.expect(dict.fromkeys(IDS, 1000), goal_speeds=dict.fromkeys(IDS, 2400))
    limited = {i: told(goal_speed=2400) for i in IDS}
    assert arm.see(settings=limited) == []
    (found,) = arm.see(settings={**limited, 4: told()})
    assert (found.severity, found.servo_id, found.code) == (LATCH, 4, "B23")
    assert "its speed limit is gone" in found.text
    assert arm.health.forbidden == {4}


def test_b23_a_lock_that_is_back_shows_a_restart(arm):
    arm.health.expect(dict.fromkeys(IDS, 1000), unlocked=True)
    unlocked = {i: told(lock=0) for i in IDS}
    assert arm.see(settings=unlocked) == []
    (found,) = arm.see(settings={**unlocked, 4: told(lock=1)})
    assert (found.servo_id, found.code) == (4, "B23")
    assert "it is locked again" in found.text


def test_b23_a_torque_limit_whose_change_was_lost_is_no_restart(arm):
    arm.health.expect({4: 600})
    assert arm.see(30, settings={}) == []
    assert codes(arm.first(5, settings={})[1]) == [(LATCH, 4, "B23")]  # but it does not stay like that


def test_b23_a_torque_limit_that_is_changed_gradually_is_followed(arm):
    for i in range(40):
        arm.health.expect(dict.fromkeys(IDS, 1000 - 10 * i))
        late = {j: told(torque_limit=1000 - 10 * max(i - 1, 0)) for j in IDS}
        assert arm.see(settings=late) == []


def test_b23_a_servo_whose_goal_is_0_was_not_restarted():
    arm = Arm(armed=False)
    arm.health.reset()
    arm.goals = dict.fromkeys(IDS, 0.3)
    arm.health.armed = frozenset(IDS)
    zero = {f"id{i}": {"goal_echo": 0} for i in IDS}
    assert arm.see(30, settings={i: told(goal_position=0) for i in IDS}, **zero) == []


def test_b23_comes_before_the_torque_that_went_with_it(arm):
    found = arm.see(settings={4: told(torque_enable=0, goal_position=0)}, id4={"goal_echo": 0})
    assert codes(found) == [(LATCH, 4, "B23")]


# B26: stalls ----------------------------------------------------------------------------------------------------

BLOCKED = {"position": 2000, "load": -700, "current_ma": 900.0}


def test_b26_a_blocked_joint_stops_pushing_after_0_3_s(arm):
    arm.goals[2] = 1900.0
    blocked = {**BLOCKED, "goal_echo": 1900}
    cycle, found = arm.first(100, id2=blocked)
    assert cycle == 31
    text = "shoulder_lift (id 2): blocked, so it stops pushing: 9° short of its goal for 0.3 s, load 70 %, 0.9 A"
    assert found == [finding(RELIEVE, 2, "B26", text)]
    assert codes(arm.see(id2=blocked)) == [(RELIEVE, 2, "B26")]
    arm.goals[2] = 2000.0
    assert arm.see(id2=BLOCKED) == []


def test_b26_a_gripper_that_is_stalled_holds_something(arm):
    arm.goals[6] = 1900.0
    (found,) = arm.see(31, id6={**BLOCKED, "goal_echo": 1900})
    assert found.text == (
        "gripper (id 6): holds something and squeezes no further: 9° short of its goal for 0.3 s, load 70 %, 0.9 A"
    )
    assert found.severity is RELIEVE


@pytest.mark.parametrize(("goal", "load"), [(1943.0, 700), (1900.0, 600), (2057.0, -1000), (2000.0, 1000)], ids=str)
def test_b26_little_error_or_little_load_is_no_stall(arm, goal, load):
    arm.goals[2] = goal
    assert arm.see(100, id2={"load": load, "goal_echo": round(goal)}) == []


def test_b26_a_joint_that_comes_on_is_not_blocked(arm):
    arm.goals[2] = 3000.0
    for i in range(150):
        moving = {"position": 2000 + 5 * i, "load": 900, "goal_echo": 3000, "speed": 500}
        assert arm.see(id2=moving) == []


def test_b26_a_joint_that_only_creeps_is_blocked(arm):
    arm.goals[2] = 3000.0
    found = []
    for i in range(40):
        found += arm.see(id2={"position": 2000 + i, "load": 900, "goal_echo": 3000})
    assert found


def test_b26_a_load_that_lets_go_begins_anew(arm):
    arm.goals[2] = 1900.0
    for _ in range(5):
        assert arm.see(29, id2={**BLOCKED, "goal_echo": 1900}) == []
        assert arm.see(id2={"goal_echo": 1900}) == []


def test_b26_the_error_is_taken_the_shorter_way_around():
    health = Health(HealthLimits(), IDS, NAMES)
    for i in range(100):
        near = {j: state(j, position=4, load=900, goal_echo=4090) for j in IDS}
        assert health.see(i * CYCLE_S, near, dict.fromkeys(IDS, 4090.0)) == []


def test_b26_too_much_current_for_too_long_is_relieved():
    arm = Arm(HealthLimits(max_current_ma=1500.0))
    assert arm.see(100, id2={"current_ma": 1500.0}) == []
    cycle, found = arm.first(100, id2={"current_ma": 1700.0, "load": 400})
    assert cycle == 31
    text = "shoulder_lift (id 2): blocked, so it stops pushing: more than 1.5 A for 0.3 s, load 40 %, 1.7 A"
    assert found == [finding(RELIEVE, 2, "B26", text)]
    assert arm.see() == []


# values ---------------------------------------------------------------------------------------------------------


def test_limits_that_would_stop_before_they_warn_are_refused():
    with pytest.raises(ValueError, match="the temperatures must rise") as caught:
        HealthLimits(warn_temperature_c=70.0)
    assert str(caught.value) == (
        "the temperatures must rise from resume_temperature_c (55) to warn_temperature_c (70) and"
        " stop_temperature_c (65)"
    )


def test_several_troubles_of_one_servo_are_all_told(arm):
    bad = {"temperature_c": 66, "status": int(Status.OVERLOAD | Status.CURRENT)}
    assert codes(arm.see(id2=bad)) == [(LATCH, 2, "B19"), (STOP, 2, "B20"), (RELIEVE, 2, "B18")]


# laws -----------------------------------------------------------------------------------------------------------

any_state = st.builds(
    ServoState,
    servo_id=st.sampled_from(IDS),
    position=st.integers(-32767, 32767),
    speed=st.integers(-32767, 32767),
    load=st.integers(-1023, 1023),
    voltage_v=st.floats(0.0, 25.5) | st.just(math.nan),
    temperature_c=st.integers(0, 255),
    status=st.integers(0, 255),
    moving=st.booleans(),
    goal_echo=st.integers(-32767, 32767) | st.just(0),
    current_ma=st.floats(0.0, 400_000.0),
)
any_settings = st.builds(
    ServoSettings,
    torque_enable=st.sampled_from([0, 1, 2]),
    acceleration=st.integers(0, 255),
    goal_position=st.integers(-32767, 32767) | st.just(0),
    goal_time=st.integers(0, 65535),
    goal_speed=st.integers(-32767, 32767),
    torque_limit=st.integers(0, 65535),
    lock=st.integers(0, 1),
)
any_goal = st.none() | st.floats() | st.floats(0, 4095)
servos = st.sampled_from(IDS)


class AnyArm(RuleBasedStateMachine):
    """Whatever the servos say, in whatever order, however the caller behaves."""

    def __init__(self):
        super().__init__()
        self.health = Health(HealthLimits(max_current_ma=1000.0), IDS, NAMES, frozenset({6}))
        self.now_s = 0.0
        self.forbidden = frozenset()
        self.found = []

    @rule(
        states=st.dictionaries(servos, st.none() | any_state),
        goals=st.dictionaries(servos, any_goal),
        settings=st.none() | st.dictionaries(servos, any_settings),
        passed_s=st.sampled_from([0.0, 0.01, 0.011, 0.3, 5.0]),
    )
    def cycle(self, states, goals, settings, passed_s):
        self.now_s += passed_s
        self.found = self.health.see(self.now_s, states, goals, settings)

    @rule(servo_id=servos, state=any_state, goal=any_goal)
    def the_same_for_a_while(self, servo_id, state, goal):
        for _ in range(60):
            self.now_s += 0.01
            self.found = self.health.see(self.now_s, {servo_id: state}, {servo_id: goal})

    @rule(
        ids=st.frozensets(servos),
        limits=st.dictionaries(servos, st.integers(0, 1000)),
        speeds=st.dictionaries(servos, st.integers(0, 3000)),
        unlocked=st.booleans(),
    )
    def arm(self, ids, limits, speeds, unlocked):
        self.health.armed = ids
        self.health.expect(limits, goal_speeds=speeds, unlocked=unlocked)

    @precondition(lambda self: self.forbidden)
    @rule()
    def reset(self):
        self.health.reset()
        self.forbidden = frozenset()
        assert self.health.forbidden == frozenset()
        self.found = []

    @invariant()
    def who_is_forbidden_stays_forbidden_until_a_person_resets_it(self):
        assert self.health.forbidden >= self.forbidden
        self.forbidden = self.health.forbidden

    @invariant()
    def whoever_is_forbidden_is_latched(self):
        if self.found:
            latched = {f.servo_id for f in self.found if f.severity is Severity.LATCH}
            assert self.forbidden <= latched

    @invariant()
    def every_finding_can_be_read(self):
        for f in self.found:
            assert f.text.strip()
            assert "\n" not in f.text
            assert f.servo_id is None or f.servo_id in IDS
            assert f.code.startswith("B")

    @invariant()
    def positions_are_numbers(self):
        for servo_id in IDS:
            position = self.health.position(servo_id)
            assert position is None or math.isfinite(position)


AnyArm.TestCase.settings = hypothesis_settings(max_examples=examples(40), stateful_step_count=15, deadline=None)
test_any_arm = AnyArm.TestCase
