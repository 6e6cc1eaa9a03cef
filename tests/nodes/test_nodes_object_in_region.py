"""object_in_region: a thing in a part of a camera's picture; what is not known is neither a yes nor a no."""

import numpy as np
import pytest

from bt_robot.messages import Body, Frame, Setup, Sighting, Spot, Status
from bt_robot.nodes.object_in_region import ObjectInRegion

LEFT_HALF = (0.0, 0.0, 0.5, 1.0)


class Sight:
    """Tells what it is told to tell, and notes what it was asked."""

    def __init__(self):
        self.sighting = None
        self.asked = []

    def find(self, wanted, frame):
        self.asked.append((wanted, frame.camera))
        return self.sighting


@pytest.fixture
def world(world):
    world.sight = Sight()
    world.frames = {"front": Frame("front", 0.0, lambda: np.zeros((4, 4, 3), np.uint8))}
    world.now_s = 10.0
    return world


def spot(x, y=0.5, size=0.1, area=0.01):
    return Spot(x, y, (x - size / 2, y - size / 2, x + size / 2, y + size / 2), area)


def sees(world, *spots, age_s=0.1, trouble=""):
    world.sight.sighting = Sighting(world.now_s - age_s, spots, trouble)


def leaf(**ports):
    return ObjectInRegion(**{"camera": "front", "colour": "red", "region": LEFT_HALF, **ports})


def said(world, **ports):
    return world.tick(leaf(**ports), start=True)


def test_a_thing_in_the_region_is_there(world):
    sees(world, spot(0.2))
    outcome = said(world)
    assert outcome.status is Status.SUCCESS
    assert outcome.reason == "red at 0.20, 0.50 in the region; 0.10 s old, confidence 0.95"


def test_a_thing_outside_the_region_is_not(world):
    sees(world, spot(0.7))
    outcome = said(world)
    assert outcome.status is Status.FAILURE
    assert outcome.reason == "red at 0.70, 0.50, outside the region; 0.10 s old, confidence 0.90"


def test_a_thing_that_is_not_seen_is_not_there_but_it_may_be_hidden(world):
    sees(world)
    assert said(world).reason == "red is not to be seen; 0.10 s old, confidence 0.50"


@pytest.mark.parametrize(("x", "inside"), [(0.0, True), (0.5, True), (0.501, False)])
def test_the_middle_decides_and_the_edge_belongs_to_the_region(world, x, inside):
    sees(world, spot(x))
    assert (said(world).status is Status.SUCCESS) is inside


@pytest.mark.parametrize(("y", "inside"), [(0.24, False), (0.25, True), (0.75, True), (0.76, False)])
def test_a_region_has_a_top_and_a_bottom(world, y, inside):
    sees(world, spot(0.2, y))
    assert (said(world, region=(0.0, 0.25, 1.0, 0.75)).status is Status.SUCCESS) is inside


def test_half_a_thing_in_the_region_makes_half_as_sure(world):
    sees(world, spot(0.5, area=1.0))
    assert said(world).confidence == pytest.approx(0.75)


def test_another_one_outside_does_not_count(world):
    sees(world, spot(0.8, area=0.2), spot(0.2))
    assert said(world).status is Status.SUCCESS
    assert said(world, present=False).status is Status.FAILURE


@pytest.mark.parametrize(("spots", "absent"), [((), True), ((spot(0.7),), True), ((spot(0.2),), False)])
def test_a_region_can_be_asked_to_be_empty(world, spots, absent):
    sees(world, *spots)
    assert (said(world, present=False).status is Status.SUCCESS) is absent


@pytest.mark.parametrize("present", [True, False])
def test_an_old_picture_is_neither_a_yes_nor_a_no(world, present):
    sees(world, spot(0.2 if present else 0.8), age_s=0.6)
    outcome = said(world, present=present)
    assert (outcome.status, outcome.confidence) == (Status.FAILURE, None)
    assert outcome.reason == (
        "not known: the newest picture of 'front' that was looked at is 0.60 s old, the limit is 0.5 s"
    )


@pytest.mark.parametrize("present", [True, False])
def test_before_the_first_look_nothing_is_known(world, present):
    assert said(world, present=present).reason == "not known: no picture was looked at yet"


@pytest.mark.parametrize("present", [True, False])
def test_a_camera_without_pictures_shows_nothing(world, present):
    world.frames = {"wrist": world.frames["front"]}
    assert said(world, present=present).reason == "not known: no picture of the camera 'front'; there is wrist"
    assert world.sight.asked == []


def test_a_broken_picture_is_told(world):
    sees(world, trouble="OSError: the decoder gave up")
    expected = "not known: the picture of 'front' can't be looked at: OSError: the decoder gave up"
    assert said(world, present=False).reason == expected


def test_a_marker_is_asked_for_by_its_number_and_family(world):
    sees(world, spot(0.2))
    outcome = said(world, colour=None, marker=7, family="april_36h11")
    assert outcome.reason == "marker 7 at 0.20, 0.50 in the region; 0.10 s old, confidence 1.00"
    (wanted, camera), *_ = world.sight.asked
    assert (wanted.family, wanted.id, camera) == ("april_36h11", 7, "front")


def test_a_hue_is_asked_for_as_it_is_given(world):
    sees(world)
    said(world, colour=None, hue_deg=(300.0, 330.0), min_saturation=0.2, min_value=0.3, min_area=0.1)
    wanted = world.sight.asked[0][0]
    assert (wanted.hue_deg, wanted.min_saturation, wanted.min_value, wanted.min_area) == ((300, 330), 0.2, 0.3, 0.1)


ONE_OF = "exactly one of 'colour', 'hue_deg' and 'marker'"


@pytest.mark.parametrize(
    ("ports", "found"),
    [
        ({"colour": "red"}, None),
        ({"marker": 0}, None),
        ({}, ("colour", ONE_OF)),
        ({"colour": "red", "marker": 3}, ("marker", ONE_OF)),
        ({"marker": 50}, ("marker", "0 … 49 in the family 4x4_50")),
        (
            {"colour": "red", "region": (0.5, 0.0, 0.5, 1.0)},
            ("region", "left, top, right and bottom of a region that is not empty"),
        ),
    ],
)
def test_what_does_not_go_together_is_found_when_the_tree_is_loaded_and_by_keys_when_it_runs(world, ports, found):
    values = {name: port.default for name, port in ObjectInRegion.ports.items()} | {"camera": "front"} | ports
    assert ObjectInRegion.amiss(values, {}) == found
    outcome = world.tick(ObjectInRegion(camera="front", **ports), start=True)
    if found:
        assert outcome.reason == f"`{found[0]}` is {values[found[0]]}; expected {found[1]}"


def test_what_a_key_will_bring_is_not_missing():
    values = {"hue_deg": None, "marker": None, "region": (0.0, 0.0, 1.0, 1.0)}
    assert ObjectInRegion.amiss(values, {}) is None
    assert ObjectInRegion.amiss({**values, "marker": 3}, {}) == ("marker", ONE_OF)


def test_a_camera_that_is_not_there_is_told_before_the_start(world):
    def why(camera):
        return leaf(camera=camera).why_not(Setup(world.limits, {}, ("front", "wrist"), Body()))

    assert why("front") == ""
    assert why("frnt") == "no camera 'frnt' in the config; there is front, wrist (did you mean 'front'?)"
