import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.robot.so101.evidence import Lasting, Told, Track
from bt_robot.robot.so101.wire.registers import ServoState, Status

AT_REST = ServoState(
    servo_id=3,
    position=2000,
    speed=0,
    load=0,
    voltage_v=7.4,
    temperature_c=30,
    status=0,
    moving=False,
    goal_echo=2000,
    current_ma=0.0,
)


def at(position, speed=0, status=0):
    return dataclasses.replace(AT_REST, position=position, speed=speed, status=status)


def track(*samples, cycle_s=0.01):
    found = Track(6000.0)
    for i, sample in enumerate(samples):
        found.see(i * cycle_s, sample)
    return found


# how long -------------------------------------------------------------------------------------------------------


def test_a_condition_lasts_from_its_first_cycle_on():
    lasting = Lasting()
    assert lasting.see(1.0, False) == -1.0
    assert lasting.see(1.1, True) == pytest.approx(0.0, abs=1e-8)
    assert lasting.see(1.4, True) == pytest.approx(0.3)
    assert lasting.see(1.5, False) == -1.0
    assert lasting.see(1.6, True) == pytest.approx(0.0, abs=1e-8)
    assert lasting.seconds == pytest.approx(0.0, abs=1e-8)


@given(st.integers(1, 500))
def test_rounding_never_costs_a_cycle(cycles):
    lasting = Lasting()
    for i in range(cycles + 1):
        lasting.see(12.34 + i * 0.01, True)
    assert lasting.seconds >= cycles * 0.01


# what was told --------------------------------------------------------------------------------------------------


def test_before_anything_was_told_everything_is_recognised():
    told = Told(0.1)
    assert told.recognises(0)
    assert told.last is None


def test_what_was_told_is_recognised_rounded_either_way():
    told = Told(0.1)
    told.tell(0.0, 100.5)
    assert told.recognises(100)
    assert told.recognises(101)
    assert not told.recognises(102)
    assert told.last == 100.5


def test_what_was_in_force_when_the_window_began_may_still_be():
    told = Told(0.1)
    told.tell(0.0, 100)
    for i in range(10):
        told.tell(1.0 + i * 0.01, 200)
        assert told.recognises(100)
        assert told.recognises(200)
    told.tell(1.1, 200)
    assert not told.recognises(100)
    assert told.recognises(200)


def test_a_stream_of_values_is_remembered_for_the_window_only():
    told = Told(0.1)
    for i in range(1000):
        told.tell(i * 0.01, i * 10.0)
    assert [i for i in range(1000) if told.recognises(i * 10)] == list(range(989, 1000))


# where ----------------------------------------------------------------------------------------------------------


def test_the_position_is_what_was_measured():
    found = track(at(2000), at(2010), at(2030))
    assert found.position == 2030
    assert (found.lost, found.good, found.jumps) == (0, 3, 0)


def test_before_the_first_answer_there_is_no_position():
    assert track(None, None).position is None
    assert track(at(2000, status=Status.ENCODER)).position is None
    assert track(None, None).answered_s is None


def test_a_lost_reply_is_bridged_by_the_speed_for_one_cycle():
    moving = at(2000, speed=1000)
    assert track(moving, None).position == pytest.approx(2010)
    assert track(moving, None, None, None).position == pytest.approx(2010)
    assert track(moving, None, None, None).lost == 3


def test_a_bridge_is_never_longer_than_a_joint_can_move():
    assert track(at(2000, speed=-32767), None).position == pytest.approx(1940)


def test_an_answer_ends_the_bridge():
    found = track(at(2000, speed=1000), None, at(2020, speed=1000), None)
    assert found.position == pytest.approx(2030)
    assert found.lost == 1
    assert found.answered_s == pytest.approx(0.02)


@pytest.mark.parametrize("jump", [61, -61, 700, 2048])
def test_an_impossible_sample_is_dropped_and_bridged(jump):
    found = track(at(2000), at(2000 + jump))
    assert found.position == 2000
    assert (found.jumps, found.jumped) == (1, abs(jump))
    assert found.good == 2  # the servo did answer


@pytest.mark.parametrize("step", [60, -60])
def test_a_possible_sample_is_kept(step):
    assert track(at(2000), at(2000 + step)).position == 2000 + step


def test_a_joint_that_is_fast_may_move_further():
    assert track(at(2000, speed=3400), at(2090, speed=3400)).position == 2090
    assert track(at(2000, speed=3400), at(1910, speed=-3400)).position == 1910
    assert track(at(2000), at(2090)).position == 2000


def test_a_sample_can_not_excuse_itself_by_its_own_speed():
    assert track(at(2000), at(2500, speed=32767)).position == 2000


def test_after_lost_replies_it_may_have_moved_further():
    assert track(at(2000), None, None, at(2170)).position == 2170
    assert track(at(2000), None, None, at(2190)).position == 2000


def test_cycles_that_follow_at_once_are_judged_like_a_tick():
    assert track(at(2000), at(2050), cycle_s=0.0).position == 2050


@pytest.mark.parametrize("path", [range(4080, 4110, 3), range(15, -15, -3)])
def test_the_seam_is_no_jump(path):
    assert track(*[at(ticks % 4096) for ticks in path]).jumps == 0
    assert track(*[at(ticks) for ticks in path]).jumps == 0


def test_a_sample_that_comes_back_was_a_glitch():
    found = track(at(2000), at(2700), at(2002))
    assert (found.position, found.jumps) == (2002, 0)


def test_the_third_impossible_sample_is_believed():
    assert track(at(2000), at(2700), at(2700)).position == 2000
    third = track(at(2000), at(2700), at(2700), at(2700))
    assert (third.position, third.jumps) == (2700, 3)
    assert track(at(2000), at(2700), at(2700), at(2700), at(2703)).jumps == 0


def test_an_encoder_that_reports_a_fault_is_never_believed():
    found = track(at(2000), *[at(2001, status=Status.ENCODER)] * 5)
    assert (found.position, found.jumps, found.jumped) == (2000, 5, 0.0)


@given(
    st.lists(
        st.none() | st.builds(at, st.integers(-32767, 32767), st.integers(-32767, 32767), st.integers(0, 255)),
        max_size=30,
    )
)
def test_whatever_a_servo_says_the_position_is_near_something_it_said(samples):
    found = Track(6000.0)
    for i, sample in enumerate(samples):
        found.see(i * 0.01, sample)
        said = [s.position for s in samples[: i + 1] if s is not None]
        if found.position is not None:
            assert min(abs(found.position - position) for position in said) <= 6000.0 * 0.01 * (i + 1)
