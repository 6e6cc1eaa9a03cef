"""in_region: the point between the fingertips, in a box."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bt_robot.arm import so101
from bt_robot.arm.kinematics import So101Kinematics
from bt_robot.messages import Body, Setup, Status
from bt_robot.nodes.in_region import InRegion


class Straight:
    """A hand whose place is its joints."""

    def tip(self, joints):
        return joints


@pytest.fixture
def world(world):
    world.body = Body(kinematics=Straight())
    return world


def at(world, x, y, z):
    world.joints = np.array([x, y, z])


def test_a_tip_in_the_box_is_in_it_and_the_nearest_wall_says_how_clearly(world):
    at(world, 0.20, 0.0, 0.05)
    said = world.tick(InRegion(x_m=(0.1, 0.3), y_m=(-0.1, 0.1), z_m=(0.0, 0.06)), start=True)
    assert said.status is Status.SUCCESS
    assert said.reason == "tip at 0.200, 0.000, 0.050 m, 0.010 m inside; 0.00 s old, confidence 0.75"


def test_a_tip_out_of_the_box_is_not_and_the_corner_says_how_clearly(world):
    at(world, 0.33, 0.14, 0.05)
    said = world.tick(InRegion(x_m=(0.1, 0.3), y_m=(-0.1, 0.1)), start=True)
    assert said.status is Status.FAILURE
    assert said.reason == "tip at 0.330, 0.140, 0.050 m, 0.050 m outside; 0.00 s old, confidence 0.92"


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize(("place", "inside"), [(0.1, True), (0.3, True), (0.0999, False), (0.3001, False)])
def test_the_walls_belong_to_the_box_and_an_axis_left_out_has_none(world, axis, place, inside):
    point = np.full(3, 77.0)
    point[axis] = place
    at(world, *point)
    leaf = InRegion(**{("x_m", "y_m", "z_m")[axis]: (0.1, 0.3)})
    assert (world.tick(leaf, start=True).status is Status.SUCCESS) is inside


@given(st.tuples(*[st.floats(-0.5, 0.5)] * 3))
def test_inside_and_outside_are_opposites_wherever_the_tip_is(point):
    def ask(inside):
        leaf = InRegion(x_m=(-0.2, 0.1), z_m=(0.0, 0.3), inside=inside)
        return leaf.on_tick(World(np.array(point)))

    yes, no = ask(True), ask(False)
    assert {yes.status, no.status} == {Status.SUCCESS, Status.FAILURE}
    assert yes.confidence == pytest.approx(no.confidence)
    assert 0.5 <= yes.confidence <= 1.0


class World:
    """Just enough of a context for one look."""

    now_s = 1.0
    body = Body(kinematics=Straight())

    def __init__(self, joints):
        self.observation = type("Observation", (), {"time_s": 1.0, "joints": joints})


@pytest.mark.parametrize("inside", [True, False])
def test_old_joints_say_neither_yes_nor_no(world, inside):
    at(world, 0.2, 0.0, 0.05)
    world.now_s, world.measured_s = 5.0, 4.0
    said = world.tick(InRegion(x_m=(0.1, 0.3), inside=inside), start=True)
    assert said.status is Status.FAILURE
    assert said.reason == "not known: the joints were last measured 1.00 s ago, the limit is 0.5 s"


@pytest.mark.parametrize(
    ("walls", "found"),
    [
        ({}, ("x_m", "walls, by at least one of 'x_m', 'y_m' and 'z_m'")),
        ({"y_m": (0.2, 0.1)}, ("y_m", "the smaller number first")),
        ({"x_m": (0.1, 0.1)}, ("x_m", "the smaller number first")),
        ({"x_m": (0.1, 0.2)}, None),
    ],
)
def test_a_box_that_is_none_is_found_when_the_tree_is_loaded_and_by_keys_when_it_runs(world, walls, found):
    values = {"x_m": None, "y_m": None, "z_m": None, **walls}
    assert InRegion.amiss(values, {}) == found
    said = world.tick(InRegion(**walls), start=True)
    if found:
        assert said.reason == f"`{found[0]}` is {values[found[0]]}; expected {found[1]}"


def test_walls_that_a_key_will_bring_are_not_missing():
    assert InRegion.amiss({"x_m": None, "z_m": None}, {}) is None


def test_a_robot_without_kinematics_is_told_before_the_start(world):
    why = InRegion(x_m=(0.1, 0.2)).why_not(Setup(world.limits, {}, (), Body()))
    assert why == "where this robot's hand is can't be told: it has no kinematics"


def test_the_so101_at_rest_has_its_hand_above_the_table_in_front_of_the_base(world):
    world.body, world.joints = Body(kinematics=So101Kinematics()), so101.REST
    leaf = InRegion(x_m=(0.1, 0.3), y_m=(-0.05, 0.05), z_m=(0.03, 0.2))
    assert world.tick(leaf, start=True).status is Status.SUCCESS
    assert math.isclose(world.tick(leaf).age_s, 0.0)
