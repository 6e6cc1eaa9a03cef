"""How the guardian moves one goal: laws for any envelope, any start and any stream of goals."""

import math
import re
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bt_robot.robot.so101.guardian.motion import JointEnvelope, JointMotion

DT_S = 0.01
CONTROL_S = 1.0 / 30.0
ENVELOPE = JointEnvelope(1000.0, 3000.0, 1000.0, 10_000.0)
ROUNDING = 1e-6
LOST = 1e12
"""A goal as far away as a number in a message can say without being refused."""


def numbers(low, high):
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


@st.composite
def envelopes(draw):
    """Anything from a joint of two ticks to one of many turns, slow and fast."""
    lower = draw(numbers(-5000.0, 5000.0))
    width = draw(numbers(0.5, 6000.0))
    return JointEnvelope(lower, lower + width, draw(numbers(1.0, 50_000.0)), draw(numbers(1.0, 1e6)))


cycles = st.sampled_from([0.0025, 0.005, 0.01, 0.02, 0.05])
periods = st.sampled_from([0.005, 0.02, 1.0 / 30.0, 0.1, 0.2])
goals = st.one_of(numbers(-10_000.0, 10_000.0), numbers(-LOST, LOST))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("follow"), goals, numbers(-1.0, 1.0)),
        st.tuples(st.just("approach"), goals, numbers(0.0, 60_000.0)),
        st.tuples(st.just("brake"), st.none(), st.none()),
    ),
    min_size=1,
    max_size=40,
)


def outside(envelope, position):
    """How far a position is outside an envelope [ticks]."""
    return abs(position - envelope.clamp(position))


def take(motion, step, dt_s, control_s):
    """Take a step; return how much its speed may have changed."""
    kind, goal, value = step
    acceleration = motion.envelope.acceleration
    if kind == "follow":
        motion.follow(goal, value, dt_s, control_s)
        return acceleration * max(dt_s, control_s)
    if kind == "approach":
        motion.approach(goal, value, dt_s)
    else:
        motion.brake(dt_s)
    return acceleration * dt_s


# laws for everything it can do ----------------------------------------------------------------------------------


@given(envelopes(), numbers(-12_000.0, 12_000.0), steps, cycles, periods)
def test_a_goal_is_finite_and_never_leaves_the_envelope(envelope, start, steps, dt_s, control_s):
    motion = JointMotion(envelope)
    motion.start(start)
    for step in steps:
        take(motion, step, dt_s, control_s)
        assert math.isfinite(motion.position)
        assert math.isfinite(motion.velocity)
        if envelope.lower <= start <= envelope.upper:
            assert outside(envelope, motion.position) == 0.0


@given(envelopes(), numbers(-12_000.0, 12_000.0), steps, cycles, periods)
def test_a_joint_that_was_moved_outside_by_hand_only_comes_back(envelope, start, steps, dt_s, control_s):
    motion = JointMotion(envelope)
    motion.start(start)
    for step in steps:
        before = motion.position
        take(motion, step, dt_s, control_s)
        if before > envelope.upper:
            assert envelope.lower <= motion.position <= before
        elif before < envelope.lower:
            assert before <= motion.position <= envelope.upper
        else:
            assert outside(envelope, motion.position) == 0.0


@given(envelopes(), numbers(-12_000.0, 12_000.0), steps, cycles, periods)
def test_no_step_is_longer_than_the_speed_limit_allows(envelope, start, steps, dt_s, control_s):
    motion = JointMotion(envelope)
    motion.start(start)
    for step in steps:
        before = motion.position
        take(motion, step, dt_s, control_s)
        assert abs(motion.position - before) <= envelope.velocity * dt_s + ROUNDING
        assert motion.velocity == pytest.approx((motion.position - before) / dt_s, abs=ROUNDING)


@given(envelopes(), numbers(-12_000.0, 12_000.0), steps, cycles, periods)
def test_no_speed_changes_by_more_than_the_acceleration_limit_allows(envelope, start, steps, dt_s, control_s):
    """The envelope's ends come first: a goal that would pass one stands still there at once."""
    motion = JointMotion(envelope)
    motion.start(start)
    for step in steps:
        before = motion.velocity
        change = take(motion, step, dt_s, control_s)
        if motion.position in (envelope.lower, envelope.upper) or motion.velocity == 0.0:
            assert abs(motion.velocity) <= abs(before) + change + ROUNDING
        else:
            assert abs(motion.velocity - before) <= change + ROUNDING


# braking --------------------------------------------------------------------------------------------------------


def moving(velocity, envelope=ENVELOPE, position=2000.0):
    motion = JointMotion(envelope)
    motion.start(position)
    motion.velocity = velocity
    return motion


@given(numbers(-1000.0, 1000.0), numbers(100.0, 1e5), cycles)
def test_braking_ends_after_the_speed_over_the_acceleration(velocity, acceleration, dt_s):
    wide = JointEnvelope(-1e6, 1e6, 1000.0, acceleration)
    motion = moving(velocity, wide)
    cycles_needed = math.ceil(abs(velocity) / (acceleration * dt_s) - 1e-9)
    assume(cycles_needed < 2000)
    for _ in range(cycles_needed):
        assert not motion.at_rest
        motion.brake(dt_s)
    assert abs(motion.velocity) <= ROUNDING
    motion.brake(dt_s)
    assert motion.at_rest


@given(numbers(-1000.0, 1000.0))
def test_braking_takes_no_longer_way_than_the_limits_say(velocity):
    motion = moving(velocity)
    for _ in range(20):
        motion.brake(DT_S)
    assert motion.at_rest
    assert abs(motion.position - 2000.0) <= velocity**2 / (2.0 * ENVELOPE.acceleration) + ROUNDING


def test_braking_at_rest_does_nothing():
    motion = moving(0.0)
    motion.brake(DT_S)
    assert (motion.position, motion.velocity) == (2000.0, 0.0)


def test_braking_ends_at_the_envelope_if_that_is_nearer():
    motion = moving(1000.0, position=2995.0)
    positions = []
    while not motion.at_rest:
        motion.brake(DT_S)
        positions.append(motion.position)
    assert positions == [3000.0, 3000.0]


# approaching a place --------------------------------------------------------------------------------------------


@given(numbers(1000.0, 3000.0), numbers(1000.0, 3000.0), numbers(1.0, 2000.0), numbers(100.0, 1e5), cycles)
def test_an_approach_from_rest_arrives_and_never_overshoots(start, goal, speed, acceleration, dt_s):
    envelope = JointEnvelope(1000.0, 3000.0, 1000.0, acceleration)
    motion = JointMotion(envelope)
    motion.start(start)
    fastest = min(speed, envelope.velocity)
    # As if it sped up from rest and down to rest, with some cycles to spare.
    most = int((abs(goal - start) / fastest + 2.0 * fastest / acceleration) / dt_s * 1.3) + 20
    assume(most < 20_000)
    for _ in range(most):
        left = goal - motion.position
        motion.approach(goal, speed, dt_s)
        assert abs(motion.velocity) <= fastest + ROUNDING
        assert abs(goal - motion.position) <= abs(left) + ROUNDING
        assert (goal - motion.position) * left >= -ROUNDING
        if abs(goal - motion.position) < ROUNDING:
            break
    assert motion.position == pytest.approx(goal, abs=1e-3)


@given(numbers(-1e6, 1e6))
def test_an_approach_to_a_place_outside_ends_at_the_envelope(goal):
    motion = JointMotion(ENVELOPE)
    motion.start(2000.0)
    for _ in range(500):
        motion.approach(goal, 1000.0, DT_S)
    assert motion.position == pytest.approx(ENVELOPE.clamp(goal), abs=1e-6)


def test_an_approach_turns_a_motion_around_within_the_limits():
    motion = moving(-800.0)
    positions = [2000.0]
    while motion.velocity < 0.0:
        motion.approach(2500.0, 1000.0, DT_S)
        positions.append(motion.position)
    assert positions == pytest.approx([2000.0, 1993.0, 1987.0, 1982.0, 1978.0, 1975.0, 1973.0, 1972.0, 1972.0])


# following the controller ---------------------------------------------------------------------------------------


def followed(motion, path, seconds, dt_s=DT_S, control_s=CONTROL_S):
    """Follow goals that come once per control period; return all positions."""
    positions, number, due_s = [], -1, 0.0
    for cycle in range(round(seconds / dt_s)):
        now_s = cycle * dt_s
        if now_s >= (number + 1) * control_s - 1e-9:
            number += 1
            goal, due_s = path(number), now_s + control_s + dt_s
        motion.follow(goal, due_s - now_s, dt_s, control_s)
        positions.append(motion.position)
    return positions


def test_it_is_at_a_goal_when_the_next_one_is_due():
    motion = moving(0.0)
    for left_s in (0.04, 0.03, 0.02, 0.01):
        motion.follow(2012.0, left_s, DT_S, CONTROL_S)
    assert motion.position == pytest.approx(2012.0)


def test_a_steady_stream_becomes_a_steady_motion():
    motion = moving(0.0)
    positions = followed(motion, lambda number: 2000.0 + 10.0 * (number + 1), 1.0)
    speeds = [(b - a) / DT_S for a, b in pairwise(positions)][20:]
    assert min(speeds) > 200.0
    assert max(speeds) < 400.0
    assert sum(speeds) / len(speeds) == pytest.approx(300.0, rel=0.05)
    assert motion.clamps == 0


def test_a_goal_far_away_is_followed_at_the_speed_limit_and_counted():
    motion = moving(0.0)
    positions = followed(motion, lambda _: 2900.0, 0.5)
    assert max(b - a for a, b in pairwise(positions)) == pytest.approx(10.0)
    assert motion.clamps > 10


def test_a_goal_outside_the_envelope_is_clamped_and_counted():
    motion = moving(0.0, position=2999.0)
    motion.follow(3001.0, DT_S, DT_S, CONTROL_S)
    assert (motion.position, motion.clamps) == (3000.0, 1)
    motion.follow(3000.0, DT_S, DT_S, CONTROL_S)
    assert motion.clamps == 1


def test_a_goal_whose_time_is_over_is_reached_in_one_cycle():
    motion = moving(0.0)
    motion.follow(2001.0, -5.0, DT_S, CONTROL_S)
    assert motion.position == 2001.0


def test_it_comes_back_from_outside_at_its_own_pace():
    motion = JointMotion(ENVELOPE)
    motion.start(3100.0)
    positions = followed(motion, lambda _: 2950.0, 0.5)
    assert positions == sorted(positions, reverse=True)
    assert positions[-1] == pytest.approx(2950.0)
    assert max(a - b for a, b in pairwise(positions)) <= 10.0 + ROUNDING


def test_it_goes_no_further_outside():
    motion = JointMotion(ENVELOPE)
    motion.start(3100.0)
    motion.velocity = 500.0
    motion.brake(DT_S)
    assert (motion.position, motion.velocity) == (3100.0, 0.0)


def test_it_does_not_leave_at_the_other_end_on_its_way_back():
    """A fast joint with a narrow range: what brings it back must not carry it past the far end."""
    motion = JointMotion(JointEnvelope(0.0, 1.0, 50_000.0, 100_000.0))
    motion.start(300.0)
    motion.velocity = -50_000.0
    motion.follow(0.5, DT_S, DT_S, CONTROL_S)
    assert motion.position == 0.0


# what an envelope must be ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_limit_that_is_no_finite_number_is_refused(at, value):
    numbers = [0.0, 4095.0, 1000.0, 10_000.0]
    numbers[at] = value
    with pytest.raises(ValueError, match="expected finite numbers"):
        JointEnvelope(*numbers)


@pytest.mark.parametrize(
    "numbers",
    [
        (100.0, 100.0, 1.0, 1.0),
        (101.0, 100.0, 1.0, 1.0),
        (0.0, 100.0, 0.0, 1.0),
        (0.0, 100.0, -1.0, 1.0),
        (0.0, 100.0, 1.0, 0.0),
        (0.0, 100.0, 1.0, -5.0),
    ],
)
def test_an_envelope_without_room_is_refused(numbers):
    with pytest.raises(ValueError, match=re.escape(f"an envelope of {numbers} leaves the joint no room")):
        JointEnvelope(*numbers)


@given(envelopes(), numbers(-LOST, LOST))
def test_the_nearest_place_inside_is_inside(envelope, position):
    inside = envelope.clamp(position)
    assert envelope.lower <= inside <= envelope.upper
    if envelope.lower <= position <= envelope.upper:
        assert inside == position
