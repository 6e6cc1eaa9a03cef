"""holding_object: what keeps the jaws from closing."""

import numpy as np
import pytest

from bt_robot.messages import Body, Effort, Setup, Status
from bt_robot.nodes.holding_object import HoldingObject


def gripper(world, measured, commanded=None):
    world.joints = np.array([0.0, 0.0, measured])
    world.commanded = np.array([0.0, 0.0, measured if commanded is None else commanded])


def effort(world, *, load=None, current_a=None):
    arm = [0.9, 0.9]  # what the arm's motors do says nothing about the jaws
    world.effort = Effort(
        load=None if load is None else np.array([*arm, load]),
        current_a=None if current_a is None else np.array([*arm, current_a]),
    )


def squeezing(world, leaf, ticks=5):
    gripper(world, 0.17, 0.0)
    world.tick(leaf, start=True)
    return [world.tick(leaf, after_s=0.1) for _ in range(ticks)]


def test_a_gripper_that_stops_short_of_its_command_holds_something(world):
    said = squeezing(world, HoldingObject())
    assert said[0].status is Status.FAILURE
    assert said[-1].status is Status.SUCCESS
    assert said[-1].reason == "gap 0.17 for 0.4 s; 0.00 s old, confidence 0.77"


def test_a_closing_gripper_holds_nothing_however_far_behind_its_command(world):
    leaf = HoldingObject(for_s=0.3)
    world.tick(leaf, start=True)
    for measured in np.linspace(0.9, 0.1, 20):
        gripper(world, measured, 0.0)
        assert world.tick(leaf, after_s=0.1).status is Status.FAILURE


def test_a_gripper_that_closed_on_nothing_holds_nothing(world):
    leaf = HoldingObject()
    gripper(world, 0.01, 0.0)
    world.tick(leaf, start=True)
    said = [world.tick(leaf, after_s=0.2) for _ in range(5)]
    assert {outcome.status for outcome in said} == {Status.FAILURE}
    assert said[-1].confidence == pytest.approx(1 - 0.01 / 0.06)


def test_a_gripper_that_is_stuck_wide_open_holds_nothing(world):
    leaf = HoldingObject()
    gripper(world, 1.0, 0.5)
    world.tick(leaf, start=True)
    assert [world.tick(leaf, after_s=0.2).status for _ in range(5)] == [Status.FAILURE] * 5


def test_evidence_from_before_a_pause_does_not_count(world):
    leaf = HoldingObject()
    squeezing(world, leaf)
    assert world.tick(leaf, after_s=10.0).status is Status.FAILURE


def test_joints_that_were_measured_long_ago_say_nothing(world):
    leaf = HoldingObject()
    squeezing(world, leaf)
    world.measured_s = world.now_s - 0.6
    said = world.tick(leaf, after_s=0.0)
    assert (said.status, said.confidence) == (Status.FAILURE, None)
    assert said.reason == "not known: the joints were last measured 0.60 s ago, the limit is 0.5 s"


@pytest.mark.parametrize(
    ("limits", "felt", "holds"),
    [
        ({"min_load": 0.2}, {"load": 0.20}, True),
        ({"min_load": 0.2}, {"load": 0.19}, False),
        ({"min_current_a": 0.3}, {"current_a": 0.30}, True),
        ({"min_current_a": 0.3}, {"current_a": 0.29}, False),
        ({"min_load": 0.2, "min_current_a": 0.3}, {"load": 0.5, "current_a": 0.1}, False),
        ({"min_load": 0.2, "min_current_a": 0.3}, {"load": 0.5, "current_a": 0.5}, True),
    ],
)
def test_jaws_that_are_stuck_halfway_push_against_nothing(world, limits, felt, holds):
    effort(world, **felt)
    said = squeezing(world, HoldingObject(**limits))[-1]
    assert said.status is (Status.SUCCESS if holds else Status.FAILURE)


def test_the_answer_is_as_confident_as_its_least_clear_part(world):
    effort(world, load=0.4)
    said = squeezing(world, HoldingObject(min_load=0.2))[-1]
    assert said.reason == "gap 0.17, load 0.40 for 0.4 s; 0.00 s old, confidence 0.67"


def test_a_lost_reply_is_no_zero(world):
    effort(world, load=0.4)
    leaf = HoldingObject(min_load=0.2)
    squeezing(world, leaf)
    effort(world, load=np.nan)
    assert world.tick(leaf, after_s=0.1).status is Status.SUCCESS


@pytest.mark.parametrize("load", [None, np.nan])
def test_a_gripper_that_does_not_tell_its_load_is_not_known_to_hold(world, load):
    effort(world, load=0.4)
    leaf = HoldingObject(min_load=0.2)
    squeezing(world, leaf)
    effort(world, load=load)
    said = [world.tick(leaf, after_s=0.1) for _ in range(6)][-1]
    assert said.status is Status.FAILURE
    assert said.reason == "not known: the gripper has not told its load for 0.5 s"


@pytest.mark.parametrize(
    ("limits", "body", "why"),
    [
        ({"min_load": 0.2}, Body(current=True), "this robot does not tell its motors' load; leave out `min_load`"),
        (
            {"min_current_a": 0.2},
            Body(load=True),
            "this robot does not tell its motors' current; leave out `min_current_a`",
        ),
        ({"min_load": 0.2, "min_current_a": 0.2}, Body(load=True, current=True), ""),
        ({}, Body(), ""),
    ],
)
def test_what_the_robot_does_not_feel_is_told_before_the_start(world, limits, body, why):
    assert HoldingObject(**limits).why_not(Setup(world.limits, {}, (), body)) == why
