"""What is found in a picture: patches of a colour, and markers, with where they are."""

import colorsys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bt_robot.messages import MARKER_FAMILIES, Blob, Marker
from bt_robot.sight.finding import MOST_SPOTS, find_in
from tests.scale import examples

from sight_kit import RED, picture, with_marker, with_patch  # isort: skip

inside = st.floats(0.2, 0.8)  # with all of its paper


@settings(max_examples=examples(30), deadline=None)
@given(inside, inside, st.integers(16, 60))
def test_a_patch_is_found_where_it_is_with_its_size(x, y, size_px):
    (spot,) = find_in(RED, with_patch(picture(), x, y, size_px))
    assert (spot.x, spot.y) == (pytest.approx(x, abs=1 / 480), pytest.approx(y, abs=1 / 480))
    assert spot.area == pytest.approx(size_px**2 / (480 * 640))
    assert (spot.box[2] - spot.box[0], spot.box[3] - spot.box[1]) == pytest.approx((size_px / 640, size_px / 480))


@settings(max_examples=examples(40), deadline=None)
@given(st.floats(0, 359), st.floats(10, 60))
def test_a_patch_is_found_by_its_hue_and_by_no_other(hue_deg, half_deg):
    red, green, blue = colorsys.hsv_to_rgb(hue_deg / 360, 0.9, 0.8)
    image = with_patch(picture(), 0.5, 0.5, 40, [round(255 * c) for c in (red, green, blue)])
    around = ((hue_deg - half_deg) % 360, (hue_deg + half_deg) % 360)
    assert len(find_in(Blob(around, 0.4, 0.16, 0.0005), image)) == 1
    assert find_in(Blob((around[1] + 3, (around[0] - 3) % 360), 0.4, 0.16, 0.0005), image) == () or half_deg > 85


def test_grey_and_dark_patches_have_no_colour():
    assert find_in(RED, with_patch(picture(), 0.5, 0.5, 40, (140, 110, 110))) == ()
    assert find_in(RED, with_patch(picture(), 0.5, 0.5, 40, (30, 2, 2))) == ()


@pytest.mark.parametrize(("size_px", "found"), [(12, 0), (13, 1)])
def test_what_is_smaller_than_the_least_area_is_noise(size_px, found):
    least = 13**2 / (480 * 640)
    assert len(find_in(Blob(RED.hue_deg, 0.4, 0.16, least), with_patch(picture(), 0.5, 0.5, size_px))) == found


def test_the_largest_patch_comes_first():
    image = with_patch(with_patch(picture(), 0.2, 0.5, 20), 0.8, 0.5, 40)
    assert [round(spot.x, 1) for spot in find_in(RED, image)] == [0.8, 0.2]


def test_a_picture_full_of_specks_is_told_by_its_largest_ones():
    image = np.random.default_rng(5).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    with_patch(image, 0.5, 0.5, 60)
    spots = find_in(Blob(RED.hue_deg, 0.4, 0.16, 0.0), image)
    assert len(spots) == MOST_SPOTS
    assert (round(spots[0].x, 1), round(spots[0].y, 1)) == (0.5, 0.5)
    assert [spot.area for spot in spots] == sorted((spot.area for spot in spots), reverse=True)


def test_a_patch_at_the_edge_is_found_as_far_as_it_is_seen():
    (spot,) = find_in(RED, with_patch(picture(), 0.0, 0.5, 40))
    assert spot.box[0] == 0.0
    assert spot.x == pytest.approx(10 / 640)


@pytest.mark.parametrize("family", ["4x4_50", "6x6_250", "aruco_original", "april_16h5", "april_36h11"])
def test_a_marker_of_any_family_is_found_where_it_is(family):
    (spot,) = find_in(Marker(family, 7), with_marker(picture(), 7, 0.3, 0.6, 80, family))
    assert (spot.x, spot.y) == (pytest.approx(0.3, abs=0.005), pytest.approx(0.6, abs=0.005))
    assert spot.area == pytest.approx(80**2 / (480 * 640), rel=0.05)


@settings(max_examples=examples(25), deadline=None)
@given(st.integers(0, 49), st.floats(-180, 180), inside, inside)
def test_a_marker_is_found_however_it_lies_and_no_other_in_its_place(number, turn_deg, x, y):
    image = with_marker(picture(), number, x, y, 70, turn_deg=turn_deg)
    assert len(find_in(Marker("4x4_50", number), image)) == 1
    assert find_in(Marker("4x4_50", (number + 1) % 50), image) == ()


def test_two_markers_with_one_number_are_two_spots():
    image = with_marker(with_marker(picture(), 3, 0.2, 0.5, 60), 3, 0.8, 0.5, 90)
    assert [round(spot.x, 1) for spot in find_in(Marker("4x4_50", 3), image)] == [0.8, 0.2]


def test_a_marker_that_is_cut_off_by_the_edge_is_not_seen():
    assert find_in(Marker("4x4_50", 3), with_marker(picture(), 3, 0.02, 0.5, 80)) == ()


@pytest.mark.parametrize(("blur_px", "found"), [(3, 1), (101, 0)])
def test_a_little_blur_does_no_harm_and_much_hides_a_marker(blur_px, found):
    image = cv2.GaussianBlur(with_marker(picture(), 3, 0.5, 0.5, 80), (blur_px, blur_px), 0)
    assert len(find_in(Marker("4x4_50", 3), image)) == found


def test_noise_shows_nothing():
    image = np.random.default_rng(5).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    assert find_in(Marker("6x6_250", 3), image) == ()
    assert find_in(RED, image) == ()


@pytest.mark.parametrize("family", MARKER_FAMILIES)
def test_the_families_are_as_large_as_opencvs(family):
    name = family.replace("april_", "APRILTAG_").upper()
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, f"DICT_{name}"))
    assert len(dictionary.bytesList) == MARKER_FAMILIES[family]
    assert find_in(Marker(family, 0), picture(64, 64)) == ()
