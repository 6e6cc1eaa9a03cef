"""The governor's promises, held against an independent reader of its commands."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.messages import Command, JointLimits
from bt_robot.runtime.governor import braking_step, govern, rest_at
from bt_robot.telemetry.audit import audit
from tests.scale import examples

PERIOD_S = 1 / 30
LIMITS = JointLimits(
    names=("pan", "lift", "gripper"),
    lower=np.array([-1.9, -1.7, 0.0]),
    upper=np.array([1.9, 1.7, 1.0]),
    velocity=np.array([3.0, 2.0, 5.0]),
    acceleration=np.array([30.0, 12.0, 80.0]),
)
START = np.array([0.3, -1.6, 0.2])

anything = st.one_of(
    st.none(),
    st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), min_size=3, max_size=3),
    st.lists(st.floats(-4, 4), min_size=3, max_size=3),
    st.lists(st.floats(-1e30, 1e30), min_size=2, max_size=4),
)


def drive(proposals, start=START, limits=LIMITS):
    """Run proposals through the governor; return its outputs."""
    previous, target, outputs = rest_at(start, -1), None, []
    for step, proposal in enumerate(proposals):
        array = None if proposal is None else np.array(proposal, dtype=float)
        governed = govern(array, previous, limits, PERIOD_S, step=step, previous_target=target)
        previous, target = governed.command, governed.target
        outputs.append(governed)
    return outputs


@settings(max_examples=examples(300))
@given(st.lists(anything, max_size=60))
def test_whatever_is_proposed_every_command_is_finite_and_within_every_limit(proposals):
    commands = [governed.command.positions for governed in drive(proposals)]
    assert all(np.all(np.isfinite(command)) for command in commands)
    assert audit(commands, START, LIMITS, PERIOD_S) == []


@given(st.lists(anything, max_size=40))
def test_without_proposals_the_arm_comes_to_rest_within_its_acceleration(proposals):
    outputs = drive(proposals)
    speed = np.abs(outputs[-1].command.velocities) if outputs else np.zeros(3)
    ticks = int(np.ceil(np.max(speed / (LIMITS.acceleration * PERIOD_S)))) + 1
    outputs = drive([*proposals, *[None] * (ticks + 3)])
    assert np.allclose(outputs[-1].command.velocities, 0.0, atol=1e-9)
    assert np.allclose(outputs[-1].command.positions, outputs[-2].command.positions, atol=1e-9)


@given(st.floats(-1.9, 1.9), st.floats(-1.7, 1.7), st.floats(0, 1))
def test_a_resting_target_is_reached_and_never_overshot(pan, lift, gripper):
    target = np.array([pan, lift, gripper])
    positions = np.array([g.command.positions for g in drive([target] * 120)])
    assert np.allclose(positions[-1], target, atol=1e-9)
    passed = (positions - target) * np.sign(target - START)
    assert np.all(passed <= 1e-9)


def test_a_stream_that_keeps_the_limits_passes_unchanged():
    steps = np.arange(90)
    wave = START + np.outer(1 - np.cos(steps * 2 * np.pi / 90), np.array([0.4, 0.2, 0.1]))
    outputs = drive(list(wave))
    assert np.allclose([g.command.positions for g in outputs], wave, atol=1e-12)
    assert all(g.verdict.clamped == () for g in outputs)


@given(st.floats(0, 5), st.floats(1e-4, 2))
def test_the_braking_step_is_the_longest_from_which_the_joint_can_stop(distance, change):
    def stopping(step):
        total = 0.0
        while step > 0:
            total += step
            step -= change
        return total

    step = float(braking_step(np.array([distance]), np.array([change]))[0])
    assert stopping(step) <= distance + 1e-9
    assert stopping(step + 1e-6 * (1 + step)) > distance


@pytest.mark.parametrize(
    ("proposal", "words"),
    [
        ([0.0, np.nan, 0.0], "lift is nan, not a finite number"),
        ([np.inf, 0.0, 0.0], "pan is inf, not a finite number"),
        ([0.0, 0.0], "a command of shape (2,), expected (3,)"),
    ],
)
def test_what_is_no_joint_vector_is_refused_with_its_reason_and_the_arm_holds(proposal, words):
    verdict = drive([proposal])[0].verdict
    assert (verdict.refused, verdict.held) == (words, True)


def test_every_clamp_is_told_with_its_joint_and_limit():
    assert drive([START + np.array([0.0, 0.0, 9.0])])[0].verdict.clamped == ("gripper: position", "gripper: velocity")
    assert drive([START + np.array([0.05, 0.0, 0.0])])[0].verdict.clamped == ("pan: acceleration",)


def test_the_first_command_starts_from_the_measured_pose_at_rest():
    command = drive([START + 1.0])[0].command
    assert np.all(np.abs(command.positions - START) <= LIMITS.acceleration * PERIOD_S**2 + 1e-12)


def test_a_joint_outside_its_limits_may_only_move_back_inside():
    outside = np.array([2.1, -1.6, 0.2])
    positions = [g.command.positions[0] for g in drive([[5.0, -1.6, 0.2]] * 60, start=outside)]
    assert np.all(np.diff([2.1, *positions]) <= 1e-12)
    assert positions[-1] == pytest.approx(1.9)
    speeds = np.abs(np.diff([2.1, *positions])) / PERIOD_S
    assert np.all(speeds <= 3.0 + 1e-9)


def test_the_speed_before_is_part_of_the_law():
    moving = Command(0, START, np.array([3.0, 0.0, 0.0]))
    governed = govern(START - 1.0, moving, LIMITS, PERIOD_S, step=1)
    assert governed.command.velocities[0] == pytest.approx(3.0 - 30.0 * PERIOD_S)
